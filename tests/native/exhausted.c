/*
 * Descriptors, threads and locked memory that have run out: an error that says so, nothing lost,
 * and all is well again when the cause has gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

static void set_limit(int resource, rlim_t value)
{
  struct rlimit limit;
  CHECK_EQUAL(getrlimit((__rlimit_resource_t)resource, &limit), 0);
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  CHECK_EQUAL(setrlimit((__rlimit_resource_t)resource, &limit), 0);
}

/* Whether descriptors can be opened; what is open stays so. With a limit of 0 `poll` would fail. */
static void allow_descriptors(bool allowed)
{
  set_limit(RLIMIT_NOFILE, allowed ? RLIM_INFINITY : 1);
}

static int create_another(const struct mode *mode)
{
  uint8_t *stage = calloc(1, STAGE_LAYOUT_SIZE);
  struct backend_options options = { .stage = stage };
  struct core *core = NULL;
  const char *step = "";
  int result = backend_named(mode->backend)->create(&options, &core, &step);
  if (result == 0) backend_named(mode->backend)->close(core);
  free(stage);
  return result;
}

static void check_descriptors(const struct mode *mode)
{
  struct fixture fixture;
  fixture_open(&fixture, mode);
  write_file(in_folder("file"), "contents");
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  int file = open(in_folder("file"), O_RDONLY | O_CLOEXEC);
  struct submission open = { .op = OP_OPEN, .descriptor = -1, .flags = OPEN_FLAG_READ };
  struct submission read = { .op = OP_READ, .pointer0 = DATA_AT, .length0 = 8 };
  for (int round = 0; round < 3; round++) {
    allow_descriptors(false);
    CHECK_EQUAL(run(&fixture, with_path(&fixture, open, in_folder("file"))), -EMFILE);
    CHECK_EQUAL(create_another(mode), -EMFILE);
    /* What is open works, and waits; the pool may have got its own descriptor, or not. */
    read.descriptor = ends[0];
    stage(&fixture, read);
    CHECK_EQUAL(turn(&fixture, 0), 0);
    CHECK_EQUAL(write(ends[1], "8 bytes!", 8), 8);
    uint32_t produced = 0;
    while (produced == 0) produced = turn(&fixture, -1);
    CHECK_EQUAL(completion(&fixture, 0).result, 8);
    read.descriptor = file;
    int64_t result = run(&fixture, read);
    CHECK(result == 8 || result == -EMFILE);
    /* Closing is what helps, so it works by all means. */
    CHECK_EQUAL(run(&fixture, (struct submission){ .op = OP_CLOSE, .descriptor = file }), 0);
    CHECK(fcntl(file, F_GETFD) < 0);
    allow_descriptors(true);
    file = open_file(&fixture, in_folder("file"), OPEN_FLAG_READ);
    read.descriptor = file;
    CHECK_EQUAL(run(&fixture, read), 8);
  }
  fixture_close(&fixture);
  close(file);
  close(ends[0]);
  close(ends[1]);
}

static void test_descriptors(void)
{
  for (const struct mode *mode = modes; mode->name != NULL; mode++) check_descriptors(mode);
}

/* The limit of threads does not hold for a privileged user. */
static void become_nobody(void)
{
  if (getuid() == 0) CHECK_EQUAL(setuid(65534), 0);
}

static void test_threads(void)
{
  write_file(in_folder("file"), "contents");
  int file = open(in_folder("file"), O_RDONLY | O_CLOEXEC);
  become_nobody();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    if (mode->options.without_ops == 0) continue;
    struct fixture fixture;
    fixture_open(&fixture, mode);
    struct submission open = { .op = OP_OPEN, .descriptor = -1, .flags = OPEN_FLAG_READ };
    int again = fcntl(file, F_DUPFD_CLOEXEC, 0);
    set_limit(RLIMIT_NPROC, 0);
    for (int round = 0; round < 3; round++) {
      CHECK_EQUAL(run(&fixture, with_path(&fixture, open, "/proc/version")), -EAGAIN);
    }
    CHECK_EQUAL(run(&fixture, (struct submission){ .op = OP_CLOSE, .descriptor = again }), 0);
    set_limit(RLIMIT_NPROC, RLIM_INFINITY);
    close(open_file(&fixture, "/proc/version", OPEN_FLAG_READ));
    /* One thread is enough for everything, if not at the same time. */
    set_limit(RLIMIT_NPROC, 0);
    for (uint32_t i = 0; i < 100; i++) {
      open.slot = i;
      stage(&fixture, with_path(&fixture, open, "/proc/version"));
    }
    for (uint32_t done = 0; done < 100;) {
      uint32_t produced = turn(&fixture, -1);
      for (uint32_t i = 0; i < produced; i++) {
        CHECK(completion(&fixture, i).result >= 0);
        close((int)completion(&fixture, i).result);
      }
      done += produced;
    }
    set_limit(RLIMIT_NPROC, RLIM_INFINITY);
    fixture_close(&fixture);
  }
  close(file);
}

/* Up to Linux 5.11 a ring takes of it; there it has to do with a smaller one, or refuse. */
static void test_locked_memory(void)
{
  become_nobody();
  set_limit(RLIMIT_MEMLOCK, 0);
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    int result = create_another(mode);
    CHECK(result == 0 || (result == -ENOMEM && strcmp(mode->backend, "io_uring") == 0));
  }
}

int main(void)
{
  folder();
  run_apart(test_descriptors);
  run_apart(test_threads);
  run_apart(test_locked_memory);
  return 0;
}
