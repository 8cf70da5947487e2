/*
 * Paths that must not leave a granted directory, and descriptors that stand for the file of a path.
 * No state; any thread; blocks as long as the file system does.
 */
#ifndef STD_PATH_H
#define STD_PATH_H

#include <stdint.h>

#include "operation.h"

/* RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS of openat2. */
#define PATH_RESOLVE_BENEATH (0x08u | 0x02u)

/* How often a lookup that raced with a rename is tried again before it is given up. */
#define PATH_ATTEMPTS 64

/*
 * Opens `path` below `directory` as `rule` says. The descriptor, or -errno; -EXDEV when the path
 * leaves the directory although `rule` forbids it.
 */
int path_open(int directory, const char *path, const struct open_rule *rule);

/* A descriptor that only names the file of a path-taking operation (O_PATH), or -errno. */
int path_reference(const struct operation *operation);

/* The name of an open file in /proc, for the calls that take no descriptor. */
struct path_name {
  char text[40];
};
struct path_name path_of_descriptor(int descriptor);

#endif
