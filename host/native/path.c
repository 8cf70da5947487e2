/* See path.h. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same number on every architecture. */
#define SYS_OPENAT2 437

int path_open(int directory, const char *path, const struct open_rule *rule)
{
  if (rule->resolve == 0) {
    int descriptor = openat(directory, path, (int)rule->flags, (mode_t)rule->mode);
    return descriptor < 0 ? -errno : descriptor;
  }
  for (int attempt = 0;; attempt++) {
    long descriptor = syscall(SYS_OPENAT2, directory, path, rule, sizeof *rule);
    if (descriptor >= 0) return (int)descriptor;
    /* The kernel gives up with EAGAIN when something on the way was renamed meanwhile. */
    if (errno != EAGAIN || attempt >= PATH_ATTEMPTS) return -errno;
  }
}

int path_reference(const struct operation *operation)
{
  struct open_rule rule = { .flags = O_PATH | O_CLOEXEC };
  if (operation->flags & STAT_FLAG_NO_FOLLOW) rule.flags |= O_NOFOLLOW;
  if (operation->argument & STAGE_ARGUMENT_BENEATH) rule.resolve = PATH_RESOLVE_BENEATH;
  return path_open(operation->descriptor, operation->path, &rule);
}

struct path_name path_of_descriptor(int descriptor)
{
  struct path_name name;
  snprintf(name.text, sizeof name.text, "/proc/self/fd/%d", descriptor);
  return name;
}
