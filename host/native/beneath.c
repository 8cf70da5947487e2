/*
 * See beneath.h. Each component is opened in the directory that was opened before it, by a call
 * that follows no link: whatever is exchanged on the way, the call that meets it stays in that
 * directory. The text of a link takes the link's place in the path.
 *
 * The system is not asked for `..`: a directory that is moved out meanwhile would lead to a parent
 * outside. The walk begins anew instead, with the components that led here but for the last. That
 * costs time, but no descriptor for each level.
 */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longest path with its NUL, whether it was given or is what a link makes of one. */
#define PATH_SIZE 4096

/* Longest name of a file with its NUL; the file system itself may allow less. */
#define NAME_SIZE 1024

/* Most links on one path, as in Linux. */
#define LINK_LIMIT 40

/* Most components opened for one path: what hostile links and `..` may cost is a second. */
#define STEP_LIMIT (1u << 20)

/* A directory that is only gone through need not be readable. */
#if defined O_PATH
#define PASS_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#elif defined O_SEARCH
#define PASS_FLAGS (O_SEARCH | O_DIRECTORY | O_CLOEXEC)
#else
#define PASS_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

/* What a step gives that opened nothing, but put the text of a link into the path. */
#define FOLLOWED INT32_MIN

struct walk {
  int root;
  int directory; /* where the walk is: the root, or a descriptor of its own */
  uint32_t links;
  uint32_t steps;
  char name[NAME_SIZE];   /* the component that is looked at */
  size_t depth;           /* bytes of `passed` */
  char passed[PATH_SIZE]; /* the components from the root to here, each with a slash behind it */
  char rest[PATH_SIZE];   /* what follows the component */
};

static void move_to(struct walk *walk, int directory)
{
  if (walk->directory != walk->root) close(walk->directory);
  walk->directory = directory;
}

static bool has_more(const struct walk *walk)
{
  return walk->rest[strspn(walk->rest, "/")] != '\0';
}

/* Puts `length` bytes before the rest. 0 or -ENAMETOOLONG. */
static int put_before(struct walk *walk, const char *text, size_t length)
{
  size_t rest = strlen(walk->rest);
  if (length + rest >= PATH_SIZE) return -ENAMETOOLONG;
  memmove(walk->rest + length, walk->rest, rest + 1);
  memcpy(walk->rest, text, length);
  return 0;
}

/* Takes the next component from the rest. 0 or -ENAMETOOLONG. */
static int take_name(struct walk *walk)
{
  const char *start = walk->rest + strspn(walk->rest, "/");
  size_t length = strcspn(start, "/");
  if (length >= NAME_SIZE) return -ENAMETOOLONG;
  memcpy(walk->name, start, length);
  walk->name[length] = '\0';
  memmove(walk->rest, start + length, strlen(start + length) + 1);
  return 0;
}

/* Goes on in a directory that was opened as `name`. 0 or -errno. */
static int enter(struct walk *walk, int directory)
{
  size_t length = strlen(walk->name);
  if (walk->depth + length + 1 > PATH_SIZE) {
    close(directory);
    return -ENAMETOOLONG;
  }
  memcpy(walk->passed + walk->depth, walk->name, length);
  walk->depth += length;
  walk->passed[walk->depth++] = '/';
  move_to(walk, directory);
  return 0;
}

/* Begins anew, towards the directory that leads here. 0 or -errno. */
static int go_up(struct walk *walk)
{
  struct stat stat;
  if (walk->depth == 0) return -EXDEV;
  /* Who may not search a directory may not leave it by `..` either. */
  if (fstatat(walk->directory, ".", &stat, 0) < 0) return -errno;
  do walk->depth--;
  while (walk->depth > 0 && walk->passed[walk->depth - 1] != '/');
  int result = has_more(walk) ? 0 : put_before(walk, ".", 1);
  /* The rest begins with the slash that ends what is put before it. */
  if (result == 0 && walk->depth > 0) result = put_before(walk, walk->passed, walk->depth);
  walk->depth = 0;
  move_to(walk, walk->root);
  return result;
}

/*
 * Puts the text of the link `name` into its place. FOLLOWED, or -errno. `error` is why it was not
 * opened, and what is said of that which is no link.
 */
static int follow(struct walk *walk, int error)
{
  char target[PATH_SIZE];
  struct stat stat;
  if (fstatat(walk->directory, walk->name, &stat, AT_SYMLINK_NOFOLLOW) < 0) {
    return errno == ENOENT ? -EAGAIN : -errno;
  }
  if (!S_ISLNK(stat.st_mode)) {
    return error == ENOTDIR && !S_ISDIR(stat.st_mode) ? -ENOTDIR : -EAGAIN;
  }
  if (++walk->links > LINK_LIMIT) return -ELOOP;
  ssize_t length = readlinkat(walk->directory, walk->name, target, sizeof target);
  if (length < 0) return errno == ENOENT || errno == EINVAL ? -EAGAIN : -errno;
  if (length == 0) return -ENOENT;
  if (target[0] == '/') return -EXDEV;
  int result = put_before(walk, target, (size_t)length);
  return result < 0 ? result : FOLLOWED;
}

/* Whether an open that must not follow links fails so for one: systems differ. */
static bool says_link(int error)
{
#if defined EFTYPE
  if (error == EFTYPE) return true;
#endif
  return error == ELOOP || error == EMLINK || error == ENOTDIR;
}

/* Whether it is a link itself that such flags have opened. */
static bool opened_link(int descriptor, int flags)
{
#if defined O_PATH
  struct stat stat;
  return (flags & O_PATH) && fstat(descriptor, &stat) == 0 && S_ISLNK(stat.st_mode);
#else
  (void)descriptor, (void)flags;
  return false;
#endif
}

/* Opens `name`, or follows it when it is a link. The descriptor, FOLLOWED or -errno. */
static int step(struct walk *walk, int flags, mode_t mode)
{
  int descriptor = openat(walk->directory, walk->name, flags | O_NOFOLLOW, mode);
  if (descriptor < 0) return says_link(errno) ? follow(walk, errno) : -errno;
  if (!opened_link(descriptor, flags)) return descriptor;
  close(descriptor);
  return follow(walk, ELOOP);
}

/* Opens the last component as the caller wants it. */
static int step_last(struct walk *walk, int flags, mode_t mode)
{
  bool creates = (flags & O_CREAT) != 0;
  bool exclusive = creates && (flags & O_EXCL) != 0;
  if (strcmp(walk->name, ".") == 0 && creates) return exclusive ? -EEXIST : -EISDIR;
  if (walk->rest[0] == '/') {
    /* A slash behind it: it must be a directory, be it through a link. */
    if (creates) return -EISDIR;
    return step(walk, (flags & ~O_NOFOLLOW) | O_DIRECTORY, mode);
  }
  if (!(flags & O_NOFOLLOW) && !exclusive) return step(walk, flags, mode);
  int descriptor = openat(walk->directory, walk->name, flags | O_NOFOLLOW, mode);
  return descriptor < 0 ? -errno : descriptor;
}

static int walk_path(struct walk *walk, int flags, mode_t mode)
{
  for (;;) {
    int result = take_name(walk);
    if (result < 0) return result;
    if (++walk->steps > STEP_LIMIT) return -ELOOP;
    bool last = !has_more(walk);
    if (strcmp(walk->name, "..") == 0) {
      result = go_up(walk);
    } else if (last) {
      result = step_last(walk, flags, mode);
      if (result != FOLLOWED) return result;
    } else if (strcmp(walk->name, ".") != 0) {
      result = step(walk, PASS_FLAGS, 0);
      if (result >= 0) result = enter(walk, result);
    }
    if (result < 0 && result != FOLLOWED) return result;
  }
}

int beneath_open(int directory, const char *path, int flags, mode_t mode)
{
  struct walk walk;
  size_t length = strlen(path);
  if (length == 0) return -ENOENT;
  if (length >= PATH_SIZE) return -ENAMETOOLONG;
  if (path[0] == '/') return -EXDEV;
  /* Some systems would make a file, and then say that it is no directory. */
  if ((flags & O_CREAT) && (flags & O_DIRECTORY)) return -EINVAL;
  walk.root = walk.directory = directory;
  walk.links = walk.steps = 0;
  walk.depth = 0;
  memcpy(walk.rest, path, length + 1);
  int result = walk_path(&walk, flags, mode);
  move_to(&walk, directory);
  return result;
}
