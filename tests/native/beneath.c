/*
 * The walk by hand: it opens, and refuses, what openat2 does, whatever the path; it needs no more
 * descriptors for a deep one; and it stays beneath, whatever is exchanged while it walks.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../host/native/beneath.h"
#include "../../host/native/path.h"
#include "fixture.h"

static int granted;
static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t limit)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 20) % limit;
}

static void make_link(const char *target, const char *name)
{
  CHECK_EQUAL(symlinkat(target, granted, name), 0);
}

static void make_file(int directory, const char *name, const char *text)
{
  int made = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  CHECK_EQUAL(write(made, text, strlen(text)), strlen(text));
  close(made);
}

static void make_tree(void)
{
  CHECK_EQUAL(mkdir(in_folder("outside"), 0755), 0);
  write_file(in_folder("outside/secret"), "outside");
  CHECK_EQUAL(mkdir(in_folder("granted"), 0755), 0);
  granted = open(in_folder("granted"), O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK_EQUAL(mkdirat(granted, "a", 0755), 0);
  CHECK_EQUAL(mkdirat(granted, "a/b", 0755), 0);
  make_file(granted, "file", "inside");
  make_file(granted, "a/b/file", "inside");
  make_link("file", "to-file");
  make_link("file/", "to-file-slash");
  make_link("a/b", "to-b");
  make_link("a/b/", "to-b-slash");
  make_link("a/b/..", "to-a");
  make_link("a/../to-b/../b/file", "winding");
  make_link("..", "up");
  make_link("a/../../outside", "out");
  make_link(in_folder("granted/a"), "absolute");
  make_link("nothing", "dangling");
  make_link("loop", "loop");
  make_link("to-b", "twice");
  make_link("../../file", "a/b/to-root");
}

/* What is found: the number of its file, or why it is not. */
static int64_t taken(int descriptor)
{
  if (descriptor < 0) return descriptor;
  struct stat stat;
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  close(descriptor);
  return (int64_t)stat.st_ino;
}

static const char *const names[] = {
  "a", "b", "file", "..", ".", "", "to-file", "to-file-slash", "to-b", "to-b-slash", "to-a",
  "winding", "up", "out", "absolute", "dangling", "loop", "twice", "to-root", "nothing", "..",
};
enum { NAMES = sizeof names / sizeof *names };

static void random_path(char *path)
{
  uint32_t count = 1 + below(5);
  path[0] = '\0';
  for (uint32_t i = 0; i < count; i++) {
    strcat(path, names[below(NAMES)]);
    if (i + 1 < count || below(5) == 0) strcat(path, "/");
  }
}

/* Removes what an open has made, which is empty. Which of the places it was: a bit for each. */
static uint64_t remove_made(void)
{
  static const char *const directories[] = { "", "a/", "a/b/" };
  uint64_t found = 0;
  for (uint32_t i = 0; i < 3 * NAMES; i++) {
    char path[64];
    struct stat stat;
    snprintf(path, sizeof path, "%s%s", directories[i / NAMES], names[i % NAMES]);
    if (fstatat(granted, path, &stat, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (!S_ISREG(stat.st_mode) || stat.st_size > 0) continue;
    CHECK_EQUAL(unlinkat(granted, path, 0), 0);
    found |= 1ull << i;
  }
  return found;
}

static void compare(const char *path, int flags)
{
  mode_t mode = flags & O_CREAT ? 0600 : 0;
  struct open_rule rule = { (uint64_t)flags, mode, PATH_RESOLVE_BENEATH };
  long opened = syscall(SYS_openat2, granted, path, &rule, sizeof rule);
  int64_t expected = taken(opened < 0 ? -errno : (int)opened);
  uint64_t expected_made = flags & O_CREAT ? remove_made() : 0;
  int64_t actual = taken(beneath_open(granted, path, flags, mode));
  uint64_t made = flags & O_CREAT ? remove_made() : 0;
  if (made != 0 && actual > 0) actual = expected; /* another file, but in the same place */
  if (actual != expected || made != expected_made) {
    fprintf(stderr, "path %s, flags %o\n", path, (unsigned)flags);
  }
  CHECK_EQUAL(made, expected_made);
  CHECK_EQUAL(actual, expected);
}

/* Both ways must find the same, make the same, or refuse for the same reason. */
static void test_same_as_openat2(void)
{
  static const int ways[] = {
    O_RDONLY, O_RDONLY | O_NOFOLLOW, O_RDONLY | O_DIRECTORY, O_WRONLY, O_PATH,
    O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
    O_WRONLY | O_CREAT, O_WRONLY | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_NOFOLLOW,
  };
  if (syscall(SYS_openat2, AT_FDCWD, "", NULL, 0) < 0 && errno != EINVAL) return;
  char path[256];
  for (int i = 0; i < 10000; i++) {
    random_path(path);
    compare(path, ways[below(sizeof ways / sizeof *ways)] | O_CLOEXEC);
  }
  compare("", O_RDONLY | O_CLOEXEC);
  compare("/", O_RDONLY | O_CLOEXEC);
  compare("file", O_RDONLY | O_CREAT | O_DIRECTORY | O_CLOEXEC);
}

static int walk(const char *path)
{
  return beneath_open(granted, path, O_RDONLY | O_CLOEXEC, 0);
}

/* Hundreds of levels down, and up again, with hardly a descriptor to spare. */
static void test_depth(void)
{
  enum { LEVELS = 250 };
  char path[PATH_SIZE] = "";
  int directory = dup(granted);
  for (int i = 0; i < LEVELS; i++) {
    CHECK_EQUAL(mkdirat(directory, "d", 0755), 0);
    int next = openat(directory, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    close(directory);
    directory = next;
    strcat(path, "d/");
  }
  make_file(directory, "bottom", "inside");
  close(directory);
  struct rlimit few = { (rlim_t)granted + 3, (rlim_t)granted + 3 };
  CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0);
  size_t length = strlen(path);
  strcpy(path + length, "bottom");
  CHECK(taken(walk(path)) > 0);
  for (int i = 0; i < LEVELS; i++) strcpy(path + length + (size_t)i * 3, "../");
  strcpy(path + length + LEVELS * 3, "file");
  struct stat stat;
  CHECK_EQUAL(fstatat(granted, "file", &stat, 0), 0);
  CHECK_EQUAL(taken(walk(path)), stat.st_ino);
  strcpy(path + length + LEVELS * 3, "../");
  CHECK_EQUAL(walk(path), -EXDEV);
}

/* Each limit has its own answer, and none of them costs more than moments. */
static void test_limits(void)
{
  char name[64];
  char path[PATH_SIZE + 1];
  make_link("file", "link0");
  for (int i = 1; i <= 40; i++) {
    char target[64];
    snprintf(target, sizeof target, "link%d", i - 1);
    snprintf(name, sizeof name, "link%d", i);
    make_link(target, name);
  }
  CHECK(taken(walk("link39")) > 0);
  CHECK_EQUAL(walk("link40"), -ELOOP);
  memset(path, 'x', PATH_SIZE);
  path[PATH_SIZE] = '\0';
  CHECK_EQUAL(walk(path), -ENAMETOOLONG);
  path[PATH_SIZE - 1] = '\0';
  CHECK_EQUAL(walk(path), -ENAMETOOLONG);
  path[300] = '\0';
  CHECK_EQUAL(walk(path), -ENAMETOOLONG);
  /* A link that holds itself, and more than there is room for. */
  memset(path, 0, sizeof path);
  strcpy(path, "a/../wide");
  while (strlen(path) < 3000) strcat(path, "/..");
  make_link(path, "wide");
  CHECK_EQUAL(walk("wide"), -ENAMETOOLONG);
}

static atomic_bool stops;

/* Exchanges two names for as long as the test runs. */
static void *exchange(void *names)
{
  const char *const *pair = names;
  while (!stops) {
    CHECK_EQUAL(renameat2(AT_FDCWD, pair[0], AT_FDCWD, pair[1], RENAME_EXCHANGE), 0);
  }
  return NULL;
}

/* Opens the path again and again meanwhile. How often it found a file, which was always inside. */
static uint32_t race(const char *path, const char *first, const char *second)
{
  const char *names[] = { first, second };
  pthread_t thread;
  uint32_t found = 0;
  stops = false;
  CHECK_EQUAL(pthread_create(&thread, NULL, exchange, names), 0);
  for (int i = 0; i < 5000; i++) {
    int descriptor = walk(path);
    if (descriptor < 0) continue;
    char text[8] = "";
    CHECK_EQUAL(read(descriptor, text, 7), 6);
    CHECK(strcmp(text, "inside") == 0);
    close(descriptor);
    found++;
  }
  stops = true;
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  return found;
}

static void test_races(void)
{
  /* A directory that becomes a link out of it. */
  CHECK_EQUAL(mkdirat(granted, "swap", 0755), 0);
  make_file(granted, "swap/secret", "inside");
  make_link("../outside", "other");
  CHECK(race("swap/secret", in_folder("granted/swap"), in_folder("granted/other")) > 0);
  /* A file that becomes a link out of it. */
  make_file(granted, "leaf", "inside");
  make_link("../outside/secret", "out-leaf");
  CHECK(race("leaf", in_folder("granted/leaf"), in_folder("granted/out-leaf")) > 0);
  /* A directory that is moved out, from where `..` would lead to the secret. */
  CHECK_EQUAL(mkdirat(granted, "moved", 0755), 0);
  CHECK_EQUAL(mkdirat(granted, "moved/sub", 0755), 0);
  CHECK_EQUAL(mkdir(in_folder("outside/place"), 0755), 0);
  CHECK_EQUAL(mkdir(in_folder("outside/place/sub"), 0755), 0);
  const char *inside = in_folder("granted/moved"), *outside = in_folder("outside/place");
  CHECK_EQUAL(race("moved/sub/../../secret", inside, outside), 0);
  CHECK(race("moved/sub/../../file", inside, outside) > 0);
}

int main(void)
{
  umask(022);
  make_tree();
  int before = count_descriptors();
  test_same_as_openat2();
  test_limits();
  test_races();
  CHECK_EQUAL(count_descriptors(), before);
  run_apart(test_depth);
  return 0;
}
