/* Paths that are held beneath a directory: nothing outside is opened, described or changed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

static struct submission beneath(struct fixture *fixture, uint32_t op, int directory,
                                 const char *path)
{
  struct submission submission = {
    .op = op, .descriptor = directory, .argument = STAGE_ARGUMENT_BENEATH,
    .pointer1 = RECORD_AT, .length1 = STAT_SIZE,
  };
  if (op == OP_OPEN) submission.flags = OPEN_FLAG_READ;
  if (op == OP_SET_PERMISSIONS) submission.offset = 0600;
  return with_path(fixture, submission, path);
}

static void expect(struct fixture *fixture, int directory, const char *path, int expected)
{
  static const uint32_t ops[] = { OP_OPEN, OP_STAT, OP_SET_PERMISSIONS, OP_SET_TIMES };
  int64_t times[2] = { 7000000000, 7000000000 };
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    memcpy(fixture->memory + RECORD_AT, times, sizeof times);
    int64_t result = run(fixture, beneath(fixture, ops[i], directory, path));
    if (ops[i] == OP_OPEN && result >= 0) {
      close((int)result);
      result = 0;
    }
    if (result != expected) fprintf(stderr, "path %s, op %u\n", path, ops[i]);
    CHECK_EQUAL(result, expected);
  }
}

static void make_tree(void)
{
  CHECK_EQUAL(mkdir(in_folder("outside"), 0755), 0);
  write_file(in_folder("outside/secret"), "secret");
  CHECK_EQUAL(mkdir(in_folder("granted"), 0755), 0);
  CHECK_EQUAL(mkdir(in_folder("granted/sub"), 0755), 0);
  write_file(in_folder("granted/sub/file"), "inside");
  CHECK_EQUAL(symlink("sub/file", in_folder("granted/good")), 0);
  CHECK_EQUAL(symlink("../sub/../sub/file", in_folder("granted/sub/winding")), 0);
  CHECK_EQUAL(symlink("../outside/secret", in_folder("granted/bad")), 0);
  CHECK_EQUAL(symlink(in_folder("outside/secret"), in_folder("granted/absolute")), 0);
  CHECK_EQUAL(symlink("../outside", in_folder("granted/way")), 0);
  CHECK_EQUAL(symlink("loop", in_folder("granted/loop")), 0);
}

static void test_tree(struct fixture *fixture, int granted)
{
  expect(fixture, granted, "sub/file", 0);
  expect(fixture, granted, "sub/../sub/file", 0);
  expect(fixture, granted, "good", 0);
  expect(fixture, granted, "sub/winding", 0);
  expect(fixture, granted, "none", -ENOENT);
  expect(fixture, granted, "sub/file/deeper", -ENOTDIR);
  expect(fixture, granted, "loop", -ELOOP);
  static const char *const hostile[] = {
    "..", "../", "../outside/secret", "sub/../../outside/secret", "/etc/passwd", "/", "bad",
    "absolute", "way/secret", "way", "way/", "./../granted/sub/file", "//etc/passwd",
  };
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    expect(fixture, granted, hostile[i], -EACCES);
  }
  struct stat stat;
  CHECK_EQUAL(lstat(in_folder("outside/secret"), &stat), 0);
  CHECK_EQUAL(stat.st_mode & 07777, 0644);
  CHECK(stat.st_mtim.tv_sec != 7);
  CHECK_EQUAL(lstat(in_folder("granted/sub/file"), &stat), 0);
  CHECK_EQUAL(stat.st_mode & 07777, 0600);
  CHECK_EQUAL(stat.st_mtim.tv_sec, 7);
}

/* A link that leads out may itself be looked at, but not followed. */
static void test_links_themselves(struct fixture *fixture, int granted)
{
  struct submission stat = beneath(fixture, OP_STAT, granted, "bad");
  stat.flags = STAT_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, stat), 0);
  CHECK_EQUAL(fixture->memory[RECORD_AT + STAT_KIND], FILE_KIND_SYMLINK);
  struct submission mode = beneath(fixture, OP_SET_PERMISSIONS, granted, "bad");
  mode.flags = STAT_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, mode), -EOPNOTSUPP);
  struct submission times = beneath(fixture, OP_SET_TIMES, granted, "bad");
  times.flags = STAT_FLAG_NO_FOLLOW;
  int64_t wanted[2] = { 9000000000, 9000000000 };
  memcpy(fixture->memory + RECORD_AT, wanted, sizeof wanted);
  CHECK_EQUAL(run(fixture, times), 0);
  struct stat is;
  CHECK_EQUAL(lstat(in_folder("outside/secret"), &is), 0);
  CHECK(is.st_mtim.tv_sec != 9);
  struct submission open = beneath(fixture, OP_OPEN, granted, "bad");
  open.flags = OPEN_FLAG_READ | OPEN_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, open), -ELOOP);
}

static void test_creation(struct fixture *fixture, int granted)
{
  uint32_t make = OPEN_FLAG_WRITE | OPEN_FLAG_CREATE | OPEN_FLAG_TRUNCATE;
  struct submission open = beneath(fixture, OP_OPEN, granted, "../outside/new");
  open.flags = make;
  CHECK_EQUAL(run(fixture, open), -EACCES);
  CHECK_EQUAL(access(in_folder("outside/new"), F_OK), -1);
  open = beneath(fixture, OP_OPEN, granted, "bad");
  open.flags = make;
  CHECK_EQUAL(run(fixture, open), -EACCES);
  struct stat stat;
  CHECK_EQUAL(lstat(in_folder("outside/secret"), &stat), 0);
  CHECK_EQUAL(stat.st_size, 6);
  open = beneath(fixture, OP_OPEN, granted, "new");
  open.flags = make;
  open.offset = 07777777640;
  int64_t result = run(fixture, open);
  CHECK(result >= 0);
  close((int)result);
  unlink(in_folder("granted/new"));
}

static void test_magic_links(struct fixture *fixture)
{
  int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(proc >= 0);
  struct submission open = beneath(fixture, OP_OPEN, proc, "cwd/");
  CHECK(run(fixture, open) < 0);
  open = beneath(fixture, OP_OPEN, proc, "root/etc/passwd");
  CHECK(run(fixture, open) < 0);
  open = beneath(fixture, OP_STAT, proc, "exe");
  CHECK(run(fixture, open) < 0);
  close(proc);
}

static int granted;

static void test_modes(void)
{
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_tree(&fixture, granted);
    test_links_themselves(&fixture, granted);
    test_creation(&fixture, granted);
    test_magic_links(&fixture);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
}

/* Linux before 5.6. */
static void test_without_openat2(void)
{
  refuse(SYS_openat2, ENOSYS);
  test_modes();
}

/* Containers whose filter was made before there was an openat2. */
static void test_forbidden_openat2(void)
{
  refuse(SYS_openat2, EPERM);
  test_modes();
}

int main(void)
{
  make_tree();
  umask(022);
  granted = open(in_folder("granted"), O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(granted >= 0);
  run_apart(test_modes);
  run_apart(test_without_openat2);
  run_apart(test_forbidden_openat2);
  return 0;
}
