/*
 * Paths that must not leave a granted directory, and descriptors that stand for the file of a path.
 * No state; any thread; blocks as long as the file system does.
 */
#ifndef STD_PATH_H
#define STD_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "operation.h"

/* RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS of openat2. */
#define PATH_RESOLVE_BENEATH (0x08u | 0x02u)

/* How often a lookup that raced with a rename is tried again before it is given up. */
#define PATH_ATTEMPTS 64

/*
 * Opens `path` below `directory` as `rule` says; where the kernel cannot hold it there, by the walk
 * of beneath.h, which gives the same. The descriptor, or -errno; -EXDEV when the path
 * leaves the directory although `rule` forbids it.
 */
int path_open(int directory, const char *path, const struct open_rule *rule);

/* A descriptor that only names the file of a path-taking operation (O_PATH), or -errno. */
int path_reference(const struct operation *operation);

/*
 * A descriptor that only names what the path of the operation leads to; or, with `link`, a symbolic
 * link itself when the path ends in one. -errno.
 */
int path_look(const struct operation *operation, bool link);

/* A directory, and what is meant in it. */
struct path_place {
  int directory;
  bool owned; /* the directory was opened for this */
  const char *name;
};

/*
 * Finds the directory that a call for the last component of a path needs. With `beneath` the name
 * is one component, so that no call that does not follow links leaves the directory. 0 or -errno.
 */
int path_place_at(int directory, const char *path, bool beneath, struct path_place *place);

/* The same for the path of an operation. */
int path_place(const struct operation *operation, struct path_place *place);

void path_leave(const struct path_place *place);

/*
 * Whether an open file shows or changes a process rather than being a file: its memory or its
 * environment, or whatever of /proc can be written. In our own memory there is all that a guest was
 * not given. What the file shows to everybody is not meant.
 */
bool path_is_process(int descriptor, bool writes);

/* The name of an open file in /proc, for the calls that take no descriptor. */
struct path_name {
  char text[40];
};
struct path_name path_of_descriptor(int descriptor);

#endif
