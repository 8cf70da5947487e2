/* See path.h. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "beneath.h"

/* The same number on every architecture. */
#define SYS_OPENAT2 437

/* The type of the file system /proc. */
#define PROC_MAGIC 0x9fa0

/* Whether openat2 does not exist (before Linux 5.6), or is forbidden: it refuses no empty rule. */
static bool lacks_openat2(void)
{
  return syscall(SYS_OPENAT2, AT_FDCWD, "", NULL, 0) < 0 && errno != EINVAL;
}

/* Asked each time, since a process may forbid itself system calls at any time. */
static int open_beneath(int directory, const char *path, const struct open_rule *rule)
{
  long descriptor = syscall(SYS_OPENAT2, directory, path, rule, sizeof *rule);
  if (descriptor >= 0) return (int)descriptor;
  int error = errno;
  if ((error != ENOSYS && error != EPERM) || !lacks_openat2()) return -error;
  return beneath_open(directory, path, (int)rule->flags, (mode_t)rule->mode);
}

int path_open(int directory, const char *path, const struct open_rule *rule)
{
  if (rule->resolve == 0) {
    int descriptor = openat(directory, path, (int)rule->flags, (mode_t)rule->mode);
    return descriptor < 0 ? -errno : descriptor;
  }
  for (int attempt = 0;; attempt++) {
    int descriptor = open_beneath(directory, path, rule);
    /* It gives up with EAGAIN when something on the way was renamed meanwhile. */
    if (descriptor != -EAGAIN || attempt >= PATH_ATTEMPTS) return descriptor;
  }
}

int path_look(const struct operation *operation, bool link)
{
  struct open_rule rule = { .flags = O_PATH | O_CLOEXEC };
  if (link) rule.flags |= O_NOFOLLOW;
  if (operation->argument & STAGE_ARGUMENT_BENEATH) rule.resolve = PATH_RESOLVE_BENEATH;
  int descriptor = path_open(operation->descriptor, operation->path, &rule);
  return descriptor == -EXDEV ? -EACCES : descriptor;
}

int path_reference(const struct operation *operation)
{
  return path_look(operation, (operation->flags & STAT_FLAG_NO_FOLLOW) != 0);
}

/* Opens what lies before `length` bytes of the path. The descriptor, or -errno. */
static int open_parent(int directory, const char *path, size_t length)
{
  char parent[PATH_SIZE];
  struct open_rule rule = { O_PATH | O_DIRECTORY | O_CLOEXEC, 0, PATH_RESOLVE_BENEATH };
  if (length >= sizeof parent) return -ENAMETOOLONG;
  memcpy(parent, path, length);
  parent[length] = '\0';
  int descriptor = path_open(directory, parent, &rule);
  return descriptor == -EXDEV ? -EACCES : descriptor;
}

int path_place_at(int directory, const char *path, bool beneath, struct path_place *place)
{
  *place = (struct path_place){ .directory = directory, .name = path };
  if (!beneath) return 0;
  if (path[0] == '/') return -EACCES;
  size_t end = strlen(path);
  while (end > 0 && path[end - 1] == '/') end--;
  size_t start = end;
  while (start > 0 && path[start - 1] != '/') start--;
  if (end - start == 2 && memcmp(path + start, "..", 2) == 0) {
    /* No call does anything there, but what they say of a directory outside tells of it. */
    int above = open_parent(directory, path, end);
    if (above < 0) return above;
    close(above);
  }
  if (start == 0) return 0;
  int parent = open_parent(directory, path, start);
  if (parent < 0) return parent;
  *place = (struct path_place){ parent, true, path + start };
  return 0;
}

int path_place(const struct operation *operation, struct path_place *place)
{
  bool beneath = (operation->argument & STAGE_ARGUMENT_BENEATH) != 0;
  return path_place_at(operation->descriptor, operation->path, beneath, place);
}

void path_leave(const struct path_place *place)
{
  if (place->owned) close(place->directory);
}

struct path_name path_of_descriptor(int descriptor)
{
  struct path_name name;
  snprintf(name.text, sizeof name.text, "/proc/self/fd/%d", descriptor);
  return name;
}

bool path_is_process(int descriptor, bool writes)
{
  static const char *const private[] = {
    "auxv", "environ", "kcore", "maps", "mem", "numa_maps", "pagemap", "smaps", "smaps_rollup",
    "stack", "syscall",
  };
  struct stat stat;
  struct statfs system;
  /* Files of /proc say that they are empty. To ask of which system a file is may take a network. */
  if (fstat(descriptor, &stat) < 0) return true;
  if (!S_ISREG(stat.st_mode) || stat.st_size != 0 || stat.st_blocks != 0) return false;
  if (fstatfs(descriptor, &system) < 0) return true;
  if (system.f_type != PROC_MAGIC) return false;
  if (writes) return true;
  char text[PATH_SIZE];
  struct path_name name = path_of_descriptor(descriptor);
  ssize_t length = readlink(name.text, text, sizeof text);
  if (length < 0 || (size_t)length >= sizeof text) return true;
  text[length] = '\0';
  const char *slash = strrchr(text, '/');
  const char *last = slash == NULL ? text : slash + 1;
  for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
    size_t end = strlen(private[i]);
    /* Behind the name of what has gone meanwhile is a blank, and that it has. */
    if (strncmp(last, private[i], end) == 0 && (last[end] == '\0' || last[end] == ' ')) return true;
  }
  return false;
}
