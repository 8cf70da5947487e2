/* See fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../host/native/uring.h"

#define OLD_SETUP \
  (URING_SETUP_SUBMIT_ALL | URING_SETUP_COOP_TASKRUN | URING_SETUP_TASKRUN_FLAG | \
   URING_SETUP_SINGLE_ISSUER | URING_SETUP_DEFER_TASKRUN | URING_SETUP_NO_SQARRAY)

const struct mode modes[] = {
  { "direct", "io_uring", false, { 0 } },
  { "bounce", "io_uring", true, { 0 } },
  { "no opcodes", "io_uring", false, { .without_ops = ~0ull } },
  { "no opcodes, bounce", "io_uring", true, { .without_ops = ~0ull } },
  { "old kernel", "io_uring", false,
    { .without_setup = OLD_SETUP,
      .without_features = URING_FEATURE_EXT_ARG | URING_FEATURE_NO_IOWAIT } },
  { "cooperative", "io_uring", true,
    { .without_setup = URING_SETUP_DEFER_TASKRUN | URING_SETUP_NO_SQARRAY } },
  { "old kernel, no opcodes", "io_uring", true,
    { .without_ops = ~0ull, .without_setup = OLD_SETUP,
      .without_features = URING_FEATURE_EXT_ARG | URING_FEATURE_NO_IOWAIT } },
  { "epoll", "epoll", false, { 0 } },
  { "epoll, old kernel", "epoll", true, { .without_ops = ~0ull } },
  { NULL, NULL, false, { 0 } },
};

const char *running = "";

_Noreturn void fail_at(const char *file, int line, const char *what)
{
  fprintf(stderr, "%s:%d: [%s] not so: %s\n", file, line, running, what);
  exit(1);
}

void check_equal(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
  if (actual == expected) return;
  fprintf(stderr, "%s:%d: [%s] %s is %lld, expected %lld\n", file, line, running, what,
          (long long)actual, (long long)expected);
  exit(1);
}

const struct mode *mode_named(const char *name)
{
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    if (strcmp(mode->name, name) == 0) return mode;
  }
  fail_at(__FILE__, __LINE__, name);
}

const struct backend *backend_named(const char *name)
{
  for (const struct backend *backend = backends; backend->name != NULL; backend++) {
    if (strcmp(backend->name, name) == 0) return backend;
  }
  fail_at(__FILE__, __LINE__, name);
}

void fixture_open(struct fixture *fixture, const struct mode *mode)
{
  memset(fixture, 0, sizeof *fixture);
  running = mode->name;
  fixture->mode = mode;
  fixture->backend = backend_named(mode->backend);
  /* From malloc, so that AddressSanitizer knows where both end. */
  fixture->stage = calloc(1, STAGE_LAYOUT_SIZE);
  fixture->memory = calloc(1, MEMORY_SIZE);
  struct backend_options options = mode->options;
  options.stage = fixture->stage;
  const char *step = "";
  int result = fixture->backend->create(&options, &fixture->core, &step);
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", step, strerror(-result));
    exit(77);
  }
  CHECK_EQUAL(core_attach(fixture->core, fixture->memory, MEMORY_SIZE, !mode->bounce), 0);
}

void fixture_close(struct fixture *fixture)
{
  CHECK_EQUAL(fixture->backend->close(fixture->core), 0);
  free(fixture->stage);
  free(fixture->memory);
  memset(fixture, 0, sizeof *fixture);
}

static void put(struct fixture *fixture, const struct submission *submission)
{
  CHECK(fixture->staged < STAGE_LAYOUT_SUBMISSIONS_CAPACITY);
  uint8_t *at = fixture->stage + STAGE_LAYOUT_SUBMISSIONS;
  memcpy(at + fixture->staged++ * sizeof *submission, submission, sizeof *submission);
}

uint32_t stage(struct fixture *fixture, struct submission submission)
{
  submission.generation = ++fixture->generation;
  put(fixture, &submission);
  return submission.generation;
}

void stage_cancel(struct fixture *fixture, uint32_t slot, uint32_t generation)
{
  struct submission submission = { .op = STAGE_OP_CANCEL, .slot = slot, .generation = generation };
  put(fixture, &submission);
}

uint32_t turn(struct fixture *fixture, int64_t timeout)
{
  int64_t produced = fixture->backend->turn(fixture->core, fixture->staged, timeout);
  fixture->staged = 0;
  CHECK(produced >= 0);
  return (uint32_t)produced;
}

struct completion completion(const struct fixture *fixture, uint32_t index)
{
  struct completion result;
  const uint8_t *at = fixture->stage + STAGE_LAYOUT_COMPLETIONS;
  memcpy(&result, at + index * sizeof result, sizeof result);
  /* The tests go by the names of <errno.h>. */
  if (result.result < 0) result.result = -(result.result >> 32 & 0x7fffffff);
  return result;
}

int64_t run(struct fixture *fixture, struct submission submission)
{
  uint32_t generation = stage(fixture, submission);
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(produced, 1);
  struct completion got = completion(fixture, 0);
  CHECK_EQUAL(got.slot, submission.slot);
  CHECK_EQUAL(got.generation, generation);
  return got.result;
}

struct submission with_path(struct fixture *fixture, struct submission submission,
                            const char *path)
{
  submission.pointer0 = PATH_AT;
  submission.length0 = (uint32_t)strlen(path);
  memcpy(fixture->memory + PATH_AT, path, submission.length0);
  return submission;
}

int open_file(struct fixture *fixture, const char *path, uint32_t flags)
{
  struct submission open = { .op = OP_OPEN, .descriptor = -1, .flags = flags, .offset = 0644 };
  int64_t result = run(fixture, with_path(fixture, open, path));
  if (result < 0) fprintf(stderr, "%s: %s\n", path, strerror((int)-result));
  CHECK(result >= 0);
  return (int)result;
}

static char folder_path[PATH_MAX / 2];
static pid_t folder_maker;

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
  (void)stat, (void)kind, (void)walk;
  return remove(path);
}

static void remove_folder(void)
{
  if (getpid() != folder_maker) return;
  nftw(folder_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *folder(void)
{
  if (folder_path[0] == '\0') {
    const char *base = getenv("TMPDIR");
    snprintf(folder_path, sizeof folder_path, "%s/native-XXXXXX", base ? base : "/tmp");
    CHECK(mkdtemp(folder_path) != NULL);
    folder_maker = getpid();
    atexit(remove_folder);
  }
  return folder_path;
}

const char *in_folder(const char *name)
{
  static char texts[8][PATH_MAX];
  static unsigned next;
  char *text = texts[next++ % 8];
  snprintf(text, PATH_MAX, "%s/%s", folder(), name);
  return text;
}

void write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "we");
  CHECK(file != NULL);
  CHECK(fputs(text, file) >= 0);
  CHECK(fclose(file) == 0);
}

int count_descriptors(void)
{
  int count = 0;
  DIR *listing = opendir("/proc/self/fd");
  CHECK(listing != NULL);
  while (readdir(listing) != NULL) count++;
  closedir(listing);
  return count;
}

void refuse(uint32_t number, uint32_t error)
{
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  CHECK_EQUAL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHECK_EQUAL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

void run_apart(void (*body)(void))
{
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    exit(0);
  }
  int status;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK_EQUAL(status, 0);
}

void pause_milliseconds(int milliseconds)
{
  struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
  while (nanosleep(&time, &time) < 0 && errno == EINTR) continue;
}
