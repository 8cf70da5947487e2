/*
 * Paths walked by hand, for systems whose kernel cannot hold a path beneath a directory: as openat2
 * with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS does, by nothing but POSIX calls.
 *
 * No state; any thread; blocks as long as the file system does.
 */
#ifndef STD_BENEATH_H
#define STD_BENEATH_H

#include <sys/types.h>

/*
 * Opens `path` below `directory`, with the flags and the mode of `openat`. The descriptor, or
 * -errno: -EXDEV when the path leaves the directory, -ELOOP after too many symbolic links, -EAGAIN
 * when something on the way was exchanged meanwhile, so that it should be tried again.
 */
int beneath_open(int directory, const char *path, int flags, mode_t mode);

#endif
