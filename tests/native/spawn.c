/* Children: started, waited for, ended, let go; and what they get to see of us. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* The same number on every architecture. */
#define SYS_CLOSE_RANGE 436

enum { MOST = 8 };

/* A command in the words of a test. */
struct wanted {
  const char *program;
  const char *search;
  const char *directory;
  const char *arguments[MOST];
  const char *variables[MOST];
  int streams[3];
  uint32_t user_id;
  uint32_t group_id;
};

static const struct wanted usual = {
  .search = "/no:/usr/bin:/bin", .streams = { STAGE_DESCRIPTOR_NULL, STAGE_DESCRIPTOR_NULL, 2 },
  .user_id = COMMAND_OWNER_INHERIT, .group_id = COMMAND_OWNER_INHERIT,
};

static struct wanted shell(const char *script)
{
  struct wanted wanted = usual;
  wanted.program = "sh";
  wanted.arguments[0] = "sh";
  wanted.arguments[1] = "-c";
  wanted.arguments[2] = script;
  return wanted;
}

static size_t put_text(uint8_t *at, const char *text)
{
  size_t size = text != NULL ? strlen(text) + 1 : 1;
  memcpy(at, text != NULL ? text : "", size);
  return size;
}

/* Puts it into the stage. */
static struct submission command(struct fixture *fixture, const struct wanted *wanted)
{
  uint8_t *to = fixture->stage + STAGE_LAYOUT_PREFIXES;
  uint8_t *at = to + STAGE_COMMAND_STRINGS;
  uint32_t counts[2] = { 0, 0 };
  at += put_text(at, wanted->program);
  at += put_text(at, wanted->search);
  at += put_text(at, wanted->directory);
  for (int i = 0; i < MOST && wanted->arguments[i] != NULL; i++, counts[0]++) {
    at += put_text(at, wanted->arguments[i]);
  }
  for (int i = 0; i < MOST && wanted->variables[i] != NULL; i++, counts[1]++) {
    at += put_text(at, wanted->variables[i]);
  }
  memcpy(to + STAGE_COMMAND_ARGUMENT_COUNT, counts, sizeof counts);
  memcpy(to + STAGE_COMMAND_STDIN, wanted->streams, sizeof wanted->streams);
  memcpy(to + STAGE_COMMAND_USER_ID, &wanted->user_id, sizeof wanted->user_id);
  memcpy(to + STAGE_COMMAND_GROUP_ID, &wanted->group_id, sizeof wanted->group_id);
  return (struct submission){
    .op = OP_SPAWN, .slot = 1, .descriptor = STAGE_DESCRIPTOR_CURRENT_DIR,
    .prefix_offset = STAGE_LAYOUT_PREFIXES, .prefix_length = (uint32_t)(at - to),
    .pointer1 = RECORD_AT, .length1 = 4,
  };
}

static int64_t spawn(struct fixture *fixture, struct wanted wanted)
{
  return run(fixture, command(fixture, &wanted));
}

static struct submission on_child(uint32_t op, uint32_t slot, int child)
{
  return (struct submission){ .op = op, .slot = slot, .descriptor = child };
}

static int64_t wait_for(struct fixture *fixture, int child)
{
  return run(fixture, on_child(OP_WAIT, 2, child));
}

static void close_child(struct fixture *fixture, int child)
{
  struct submission closing = on_child(OP_CLOSE, 3, child);
  closing.argument = STAGE_ARGUMENT_CHILD;
  CHECK_EQUAL(run(fixture, closing), 0);
}

/* Runs a command to its end; its exit word. */
static int64_t ending(struct fixture *fixture, struct wanted wanted)
{
  int64_t started = spawn(fixture, wanted);
  CHECK(started >= 0);
  int64_t word = wait_for(fixture, (int)started);
  CHECK_EQUAL(wait_for(fixture, (int)started), word);
  close_child(fixture, (int)started);
  return word;
}

/* No child of ours is left, dead or alive. It may take the system a moment. */
static void expect_no_child(void)
{
  siginfo_t information;
  for (int patience = 0; patience < 5000; patience++) {
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) < 0) return;
    pause_milliseconds(1);
  }
  CHECK(!"a child is left");
}

static void test_endings(struct fixture *fixture)
{
  CHECK_EQUAL(ending(fixture, shell("exit 0")), 0);
  CHECK_EQUAL(ending(fixture, shell("exit 255")), 255);
  CHECK_EQUAL(ending(fixture, shell("kill -KILL $$")), (int64_t)SIGNAL_KILL << 32);
  CHECK_EQUAL(ending(fixture, shell("ulimit -c 0; kill -SEGV $$")),
              (int64_t)SIGNAL_SEGMENTATION << 32);
  CHECK_EQUAL(ending(fixture, shell("kill -40 $$")), (int64_t)(40 | EXIT_WORD_FOREIGN) << 32);
  expect_no_child();
}

static void test_waits(struct fixture *fixture)
{
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  struct wanted wanted = shell("read line; exit 5");
  wanted.streams[0] = ends[0];
  int64_t started = spawn(fixture, wanted);
  CHECK(started >= 0);
  CHECK((int)(started >> 32) > 1);
  int child = (int)started;
  CHECK(fcntl(child, F_GETFD) & FD_CLOEXEC);
  stage(fixture, on_child(OP_WAIT, 1, child));
  stage(fixture, on_child(OP_WAIT, 2, child));
  uint32_t third = stage(fixture, on_child(OP_WAIT, 3, child));
  CHECK_EQUAL(turn(fixture, 10000000), 0);
  stage_cancel(fixture, 3, third);
  CHECK_EQUAL(turn(fixture, -1), 1);
  CHECK_EQUAL(completion(fixture, 0).result, -ECANCELED);
  CHECK_EQUAL(write(ends[1], "\n", 1), 1);
  for (uint32_t told = 0; told < 2;) {
    uint32_t produced = turn(fixture, -1);
    for (uint32_t i = 0; i < produced; i++) CHECK_EQUAL(completion(fixture, i).result, 5);
    told += produced;
  }
  close_child(fixture, child);
  CHECK_EQUAL(run(fixture, on_child(OP_WAIT, 1, ends[0])), -EBADF);
  CHECK_EQUAL(run(fixture, on_child(OP_WAIT, 1, -1)) < 0, true);
  close(ends[0]);
  close(ends[1]);
  expect_no_child();
}

static void test_signals(struct fixture *fixture)
{
  int64_t started = spawn(fixture, shell("while :; do sleep 1; done"));
  CHECK(started >= 0);
  struct submission kill = on_child(OP_KILL, 1, (int)started);
  CHECK_EQUAL(run(fixture, kill), -EINVAL);
  kill.flags = 31;
  CHECK_EQUAL(run(fixture, kill), -EINVAL);
  kill.flags = SIGNAL_TERMINATE;
  CHECK_EQUAL(run(fixture, kill), 0);
  CHECK_EQUAL(wait_for(fixture, (int)started), (int64_t)SIGNAL_TERMINATE << 32);
  CHECK_EQUAL(run(fixture, kill), 0);
  close_child(fixture, (int)started);
  kill.descriptor = 2;
  CHECK(run(fixture, kill) < 0);
  expect_no_child();
}

static void expect_failure(struct fixture *fixture, struct wanted wanted, int error, uint32_t step)
{
  uint32_t told = 99;
  memcpy(fixture->memory + RECORD_AT, &told, sizeof told);
  int before = count_descriptors();
  CHECK_EQUAL(spawn(fixture, wanted), -error);
  CHECK_EQUAL(count_descriptors(), before);
  memcpy(&told, fixture->memory + RECORD_AT, sizeof told);
  CHECK_EQUAL(told, step);
}

static void test_failures(struct fixture *fixture)
{
  struct wanted wanted = shell("");
  /* The pool is made by the first one. */
  CHECK_EQUAL(ending(fixture, wanted), 0);
  wanted.program = "no-such-program";
  expect_failure(fixture, wanted, ENOENT, COMMAND_STEP_PROGRAM);
  wanted.search = "";
  expect_failure(fixture, wanted, ENOENT, COMMAND_STEP_PROGRAM);
  wanted.program = "/etc/passwd";
  expect_failure(fixture, wanted, EACCES, COMMAND_STEP_PROGRAM);
  wanted = shell("");
  wanted.directory = "/no/such/directory";
  expect_failure(fixture, wanted, ENOENT, COMMAND_STEP_DIRECTORY);
  wanted.directory = "/etc/passwd";
  expect_failure(fixture, wanted, ENOTDIR, COMMAND_STEP_DIRECTORY);
  wanted.directory = "../..";
  struct submission beneath = command(fixture, &wanted);
  beneath.argument = STAGE_ARGUMENT_BENEATH;
  CHECK_EQUAL(run(fixture, beneath), -EACCES);
  expect_no_child();
}

/* A child that is somebody else has no memory of ours, which stays what it was. */
static void test_owner(struct fixture *fixture)
{
  struct wanted wanted = shell("exit 3");
  wanted.user_id = geteuid();
  wanted.group_id = getegid();
  CHECK_EQUAL(ending(fixture, wanted), 3);
  wanted.program = "no-such-program";
  expect_failure(fixture, wanted, ENOENT, COMMAND_STEP_PROGRAM);
  wanted = shell("test \"$(id -u):$(id -g):$(id -G)\" = 65534:65534:65534");
  wanted.user_id = wanted.group_id = 65534;
  int dumpable = prctl(PR_GET_DUMPABLE);
  if (geteuid() == 0) CHECK_EQUAL(ending(fixture, wanted), 0);
  else expect_failure(fixture, wanted, EPERM, COMMAND_STEP_OWNER);
  CHECK_EQUAL(prctl(PR_GET_DUMPABLE), dumpable);
  expect_no_child();
}

/* More than the stage takes is lent: up to what the system takes. */
static void test_large(struct fixture *fixture)
{
  static const struct {
    uint32_t arguments;
    int64_t result;
  } cases[] = { { 30, 0 }, { 600, -E2BIG }, { 6, 0 } };
  enum { LENGTH = 10000, MOST_ARGUMENTS = 600 };
  static uint8_t text[STAGE_COMMAND_STRINGS + MOST_ARGUMENTS * (LENGTH + 1) + 100];
  static const int32_t streams[] = { STAGE_DESCRIPTOR_NULL, STAGE_DESCRIPTOR_NULL, 2 };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t *at = text + STAGE_COMMAND_STRINGS;
    uint32_t counts[2] = { cases[i].arguments, 0 };
    memcpy(text + STAGE_COMMAND_ARGUMENT_COUNT, counts, sizeof counts);
    memcpy(text + STAGE_COMMAND_STDIN, streams, sizeof streams);
    memset(text + STAGE_COMMAND_USER_ID, 0xff, 2 * sizeof(uint32_t));
    at += put_text(at, "true");
    at += put_text(at, "/usr/bin:/bin");
    at += put_text(at, "");
    for (uint32_t k = 0; k < cases[i].arguments; k++) {
      memset(at, 'x', LENGTH);
      at[LENGTH] = '\0';
      at += LENGTH + 1;
    }
    struct submission submission = {
      .op = OP_SPAWN, .slot = 1, .descriptor = STAGE_DESCRIPTOR_CURRENT_DIR,
      .argument = STAGE_ARGUMENT_ANNEX, .prefix_length = (uint32_t)(at - text),
    };
    CHECK_EQUAL(run(fixture, submission), -EFAULT);
    fixture->core->annex = text;
    fixture->core->annex_length = submission.prefix_length - 1;
    CHECK_EQUAL(run(fixture, submission), -EFAULT);
    fixture->core->annex_length = submission.prefix_length;
    int64_t started = run(fixture, submission);
    fixture->core->annex = NULL;
    if (cases[i].result < 0) {
      CHECK_EQUAL(started, cases[i].result);
      continue;
    }
    CHECK_EQUAL(wait_for(fixture, (int)started), 0);
    close_child(fixture, (int)started);
  }
  expect_no_child();
}

/* Records that no host stages. */
static void test_hostile(struct fixture *fixture)
{
  struct wanted wanted = shell("exit 1");
  wanted.variables[0] = "A=B";
  struct submission good = command(fixture, &wanted);
  for (uint32_t length = 0; length < good.prefix_length; length++) {
    struct submission cut = command(fixture, &wanted);
    cut.prefix_length = length;
    CHECK_EQUAL(run(fixture, cut), -EINVAL);
  }
  static const uint32_t counts[][2] = {
    { 0, 1 }, { 0, 0 }, { 2, 1 }, { 4, 1 }, { 3, 0 }, { 3, 2 }, { 0xffffffff, 1 },
    { 3, 0xffffffff }, { 0x80000000, 0x80000000 }, { 0xffffffff, 0xffffffff },
  };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    struct submission wrong = command(fixture, &wanted);
    memcpy(fixture->stage + STAGE_LAYOUT_PREFIXES, counts[i], sizeof counts[i]);
    CHECK_EQUAL(run(fixture, wrong), -EINVAL);
  }
  struct submission outside = command(fixture, &wanted);
  outside.prefix_offset = STAGE_LAYOUT_SIZE - 10;
  CHECK_EQUAL(run(fixture, outside), -EFAULT);
  outside.prefix_offset = 0xffffffff;
  CHECK_EQUAL(run(fixture, outside), -EFAULT);
  wanted.streams[1] = 900000;
  CHECK_EQUAL(spawn(fixture, wanted), -EBADF);
  wanted.streams[1] = -1;
  CHECK_EQUAL(spawn(fixture, wanted), -EBADF);
  wanted.streams[1] = STAGE_DESCRIPTOR_NULL;
  wanted.program = "";
  CHECK_EQUAL(spawn(fixture, wanted), -ENOENT);
  expect_no_child();
}

/* What a child writes to the pipe that is its output. */
static void expect_output(struct fixture *fixture, struct wanted wanted, const char *expected)
{
  char text[4096] = "";
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  wanted.streams[1] = ends[1];
  CHECK_EQUAL(ending(fixture, wanted), 0);
  close(ends[1]);
  CHECK(read(ends[0], text, sizeof text - 1) >= 0);
  if (strcmp(text, expected) != 0) fprintf(stderr, "it says: %s\n", text);
  CHECK(strcmp(text, expected) == 0);
  close(ends[0]);
}

/* Only its three streams, whatever we have open, and whatever their numbers are here. */
static void test_descriptors(struct fixture *fixture)
{
  int inherited = fcntl(2, F_DUPFD, 50);
  int higher = fcntl(2, F_DUPFD, 700);
  CHECK(inherited >= 50 && higher >= 700);
  struct wanted listing = shell("for i in /proc/self/fd/*; do echo ${i##*/}; done");
  /* The shell has the directory open that it lists. */
  expect_output(fixture, listing, "0\n1\n2\n3\n");
  close(inherited);
  close(higher);
  struct wanted crossed = shell("cat; echo error >&2");
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  CHECK_EQUAL(write(ends[1], "input ", 6), 6);
  close(ends[1]);
  crossed.streams[0] = ends[0];
  crossed.streams[2] = STAGE_DESCRIPTOR_NULL;
  expect_output(fixture, crossed, "input ");
  close(ends[0]);
}

/* Streams of ours that are each other's numbers. */
static void test_numbers(void)
{
  struct fixture fixture;
  int ends[2];
  fixture_open(&fixture, mode_named(running));
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  int error = fcntl(2, F_DUPFD_CLOEXEC, 100);
  CHECK_EQUAL(dup2(ends[1], 0), 0);
  CHECK_EQUAL(dup2(ends[0], 1), 1);
  CHECK_EQUAL(write(0, "through", 7), 7);
  struct wanted wanted = shell("head -c 7 | tr t T");
  wanted.streams[0] = 1;
  wanted.streams[1] = 0;
  wanted.streams[2] = error;
  CHECK_EQUAL(ending(&fixture, wanted), 0);
  char text[8] = "";
  CHECK_EQUAL(read(1, text, 7), 7);
  CHECK(strcmp(text, "Through") == 0);
  /* None of the three is open here. */
  for (int i = 0; i < 3; i++) close(i);
  wanted.streams[0] = wanted.streams[1] = wanted.streams[2] = STAGE_DESCRIPTOR_NULL;
  wanted.arguments[2] = "[ -e /dev/fd/0 ] && [ -e /dev/fd/1 ] && echo x && echo x >&2";
  CHECK_EQUAL(ending(&fixture, wanted), 0);
  wanted.streams[1] = error;
  wanted.arguments[2] = "[ /proc/self/fd/1 -ef /dev/null ] && exit 1; exit 0";
  CHECK_EQUAL(ending(&fixture, wanted), 0);
  dup2(error, 2);
  fixture_close(&fixture);
}

static void handler(int number)
{
  (void)number;
}

static void test_dispositions(void)
{
  struct fixture fixture;
  fixture_open(&fixture, mode_named(running));
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, NULL);
  signal(SIGHUP, handler);
  signal(SIGUSR2, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  struct wanted wanted = shell("cat /proc/self/status | grep -E 'Sig(Blk|Ign|Cgt)'");
  /* SIGUSR2 is bit 11. */
  expect_output(&fixture, wanted,
                "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000800\n"
                "SigCgt:\t0000000000000000\n");
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  CHECK(sigismember(&now, SIGUSR1) && !sigismember(&now, SIGTERM));
  fixture_close(&fixture);
}

/* A child that nobody waits for any more is reaped when it ends. */
static void test_orphans(const struct mode *mode)
{
  struct fixture fixture;
  int before = count_descriptors();
  fixture_open(&fixture, mode);
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  struct wanted wanted = shell("read line");
  wanted.streams[0] = ends[0];
  for (int i = 0; i < 5; i++) {
    int64_t started = spawn(&fixture, wanted);
    CHECK(started >= 0);
    close_child(&fixture, (int)started);
  }
  /* One that has ended already, and one that ends while the others run. */
  int64_t started = spawn(&fixture, shell("exit 0"));
  CHECK_EQUAL(wait_for(&fixture, (int)started), 0);
  close_child(&fixture, (int)started);
  CHECK_EQUAL(write(ends[1], "\n", 1), 1);
  pause_milliseconds(5);
  started = spawn(&fixture, wanted);
  CHECK(started >= 0);
  close_child(&fixture, (int)started);
  fixture_close(&fixture);
  close(ends[0]);
  close(ends[1]);
  expect_no_child();
  /* The thread that reaps closes last what it has. */
  for (int patience = 0; count_descriptors() > before && patience < 5000; patience++) {
    pause_milliseconds(1);
  }
  CHECK_EQUAL(count_descriptors(), before);
}

/* Also those that are let go when no descriptor can be had for the thread that reaps. */
static void test_orphans_without_descriptors(const struct mode *mode)
{
  struct fixture fixture;
  int before = count_descriptors();
  fixture_open(&fixture, mode);
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  struct wanted wanted = shell("read line");
  wanted.streams[0] = ends[0];
  int first = (int)spawn(&fixture, wanted);
  int second = (int)spawn(&fixture, wanted);
  CHECK(first >= 0 && second >= 0);
  struct rlimit limit;
  CHECK_EQUAL(getrlimit((__rlimit_resource_t)RLIMIT_NOFILE, &limit), 0);
  struct rlimit none = { .rlim_cur = 1, .rlim_max = limit.rlim_max };
  CHECK_EQUAL(setrlimit((__rlimit_resource_t)RLIMIT_NOFILE, &none), 0);
  close_child(&fixture, first);
  close_child(&fixture, second);
  close(ends[0]);
  CHECK_EQUAL(write(ends[1], "\n", 1), 1);
  close(ends[1]);
  expect_no_child();
  CHECK_EQUAL(setrlimit((__rlimit_resource_t)RLIMIT_NOFILE, &limit), 0);
  fixture_close(&fixture);
  for (int patience = 0; count_descriptors() > before && patience < 5000; patience++) {
    pause_milliseconds(1);
  }
  CHECK_EQUAL(count_descriptors(), before);
}

/* Where a child is when it turns out that nobody will take it over. */
enum place { IN_HAND, PERFORMED, BEING_PERFORMED, STAGED, PLACES };

/* It must not run on. */
static void test_discarded(const struct mode *mode)
{
  struct fixture fixture;
  for (int place = 0; place < PLACES; place++) {
    int before = count_descriptors();
    fixture_open(&fixture, mode);
    struct wanted wanted = shell("exec sleep 1000");
    stage(&fixture, command(&fixture, &wanted));
    uint32_t produced = place == STAGED ? 0 : turn(&fixture, 0);
    while (place == IN_HAND && produced == 0) produced = turn(&fixture, -1);
    if (place == PERFORMED) pause_milliseconds(50);
    if (produced > 0) core_discard(GIVES_CHILD, completion(&fixture, 0).result);
    fixture_close(&fixture);
    expect_no_child();
    CHECK_EQUAL(count_descriptors(), before);
  }
}

/* Linux before 5.9. */
static void test_no_close_range(void)
{
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_CLOSE_RANGE, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  struct fixture fixture;
  fixture_open(&fixture, mode_named(running));
  CHECK_EQUAL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHECK_EQUAL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
  test_descriptors(&fixture);
  fixture_close(&fixture);
}

int main(void)
{
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_endings(&fixture);
    test_waits(&fixture);
    test_signals(&fixture);
    test_failures(&fixture);
    test_owner(&fixture);
    test_large(&fixture);
    test_hostile(&fixture);
    test_descriptors(&fixture);
    fixture_close(&fixture);
    test_orphans(mode);
    test_orphans_without_descriptors(mode);
    test_discarded(mode);
    run_apart(test_numbers);
    run_apart(test_dispositions);
    run_apart(test_no_close_range);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
