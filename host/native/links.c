/*
 * Names of files: renaming, linking, and what a name leads to. See perform.h and tree.h.
 *
 * No state; any thread; blocks as long as the file system does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"
#include "path.h"
#include "perform.h"

/* Where the second path of the operation leads. */
static int second_place(const struct operation *operation, struct path_place *place)
{
  const struct tree_record *tree = &operation->record.tree;
  bool beneath = (operation->argument & STAGE_ARGUMENT_BENEATH) != 0;
  return path_place_at(tree->second, tree->text, beneath, place);
}

int64_t perform_rename(struct operation *operation)
{
  struct path_place from, to;
  int result = path_place(operation, &from);
  if (result < 0) return result;
  result = second_place(operation, &to);
  if (result == 0) {
    if (renameat(from.directory, from.name, to.directory, to.name) < 0) result = -errno;
    path_leave(&to);
  }
  path_leave(&from);
  return result;
}

/*
 * A slash behind a name makes the kernel follow a link of that name, even out of the directory. So
 * it never sees the slash: what is there must be a directory then, which cannot be linked.
 */
static int link_beneath(const struct path_place *from, const struct path_place *to)
{
  size_t length = strlen(from->name);
  if (from->name[length - 1] == '/') {
    char name[PATH_SIZE];
    struct stat stat;
    while (length > 1 && from->name[length - 1] == '/') length--;
    memcpy(name, from->name, length);
    name[length] = '\0';
    if (fstatat(from->directory, name, &stat, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    return S_ISDIR(stat.st_mode) ? -EPERM : -ENOTDIR;
  }
  return linkat(from->directory, from->name, to->directory, to->name, 0) < 0 ? -errno : 0;
}

int64_t perform_hard_link(struct operation *operation)
{
  struct path_place from, to;
  int result = path_place(operation, &from);
  if (result < 0) return result;
  result = second_place(operation, &to);
  if (result == 0) {
    if (operation->argument & STAGE_ARGUMENT_BENEATH) result = link_beneath(&from, &to);
    else if (linkat(from.directory, from.name, to.directory, to.name, 0) < 0) result = -errno;
    path_leave(&to);
  }
  path_leave(&from);
  return result;
}

int64_t perform_symbolic_link(struct operation *operation)
{
  const char *target = operation->record.tree.text;
  /* The guest could not follow it, and whoever else does would be led astray. */
  bool beneath = (operation->argument & STAGE_ARGUMENT_BENEATH) != 0;
  if (beneath && target[0] == '/') return -EACCES;
  struct path_place place;
  int result = path_place(operation, &place);
  if (result < 0) return result;
  if (symlinkat(target, place.directory, place.name) < 0) result = -errno;
  path_leave(&place);
  return result;
}

int64_t perform_read_link(struct operation *operation)
{
  struct tree_record *tree = &operation->record.tree;
  int descriptor = path_look(operation, true);
  if (descriptor < 0) return descriptor;
  ssize_t length = readlinkat(descriptor, "", tree->text, tree->room);
  int64_t result = length < 0 ? -errno : length;
  /* Of what is no link the kernel says that there is no name. */
  if (result == -ENOENT) result = -EINVAL;
  close(descriptor);
  return result;
}

/* ---- Canonical paths ---- */

/* The path of an open file, with a NUL. Its length, or -errno. */
static int path_of(int descriptor, char text[PATH_SIZE])
{
  struct path_name name = path_of_descriptor(descriptor);
  ssize_t length = readlink(name.text, text, PATH_SIZE);
  if (length < 0) return -errno;
  if (length >= PATH_SIZE) return -ENAMETOOLONG;
  text[length] = '\0';
  return (int)length;
}

static bool is_same_file(int left, int right)
{
  struct stat a, b;
  if (fstat(left, &a) < 0 || fstat(right, &b) < 0) return false;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * The part of the file's path below the directory: empty, or with a slash before it. NULL when
 * that is not, or no longer, a path of this file.
 */
static const char *path_below(int directory, int descriptor, char text[PATH_SIZE])
{
  char above[PATH_SIZE];
  int start = path_of(directory, above);
  if (start < 0 || path_of(descriptor, text) < 0) return NULL;
  if (start == 1) start = 0; /* the root itself */
  if (strncmp(above, text, (size_t)start) != 0) return NULL;
  const char *below = text + start;
  if (below[0] == '\0' || strcmp(below, "/") == 0) {
    return is_same_file(directory, descriptor) ? "" : NULL;
  }
  if (below[0] != '/') return NULL;
  struct open_rule rule = { O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, PATH_RESOLVE_BENEATH };
  int found = path_open(directory, below + 1, &rule);
  bool same = found >= 0 && is_same_file(found, descriptor);
  if (found >= 0) close(found);
  return same ? below : NULL;
}

/* Puts what the guest shall see behind the guest's own path of the directory. */
static int64_t put_path(struct operation *operation, const char *below)
{
  struct tree_record *tree = &operation->record.tree;
  size_t mounted = tree->length;
  if (mounted == 1 && below[0] != '\0') mounted = 0;
  size_t length = strlen(below);
  if (mounted + length > operation->length || mounted + length > tree->room) return -ENAMETOOLONG;
  memcpy(tree->text + mounted, below, length);
  return (int64_t)(mounted + length);
}

int64_t perform_canonicalize(struct operation *operation)
{
  if (!(operation->argument & STAGE_ARGUMENT_BENEATH)) {
    char *real = realpath(operation->path, NULL);
    if (real == NULL) return -errno;
    operation->record.tree.length = 0;
    int64_t result = put_path(operation, real);
    free(real);
    return result;
  }
  for (int attempt = 0; attempt < PATH_ATTEMPTS; attempt++) {
    char text[PATH_SIZE];
    int descriptor = path_look(operation, false);
    if (descriptor < 0) return descriptor;
    const char *below = path_below(operation->descriptor, descriptor, text);
    close(descriptor);
    if (below != NULL) return put_path(operation, below);
  }
  /* It is moved about, or removed, all the time. */
  return -ENOENT;
}
