/*
 * Copying inside of the kernel: as a reflink where the file system has them, which
 * `copy_file_range` makes by itself; else from page to page; and by a buffer where the kernel
 * refuses. Holes stay holes. See perform.h and tree.h.
 *
 * No state; any thread; blocks as long as the file system does.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"
#include "perform.h"

/* Most bytes that one operation copies, so that a cancel need not wait for long. */
#define COPY_LIMIT (16u << 20)

#define BUFFER_SIZE (256u << 10)

struct range {
  int from;
  int to;
  off_t offset;
  off_t target;
  size_t length;
};

static int64_t copy_by_buffer(const struct range *range)
{
  char *buffer = malloc(BUFFER_SIZE);
  if (buffer == NULL) return -ENOMEM;
  size_t done = 0;
  int64_t result = 0;
  while (done < range->length) {
    size_t wanted = range->length - done < BUFFER_SIZE ? range->length - done : BUFFER_SIZE;
    ssize_t got = pread(range->from, buffer, wanted, range->offset + (off_t)done);
    if (got <= 0) {
      if (got < 0) result = -errno;
      break;
    }
    ssize_t put = pwrite(range->to, buffer, (size_t)got, range->target + (off_t)done);
    if (put <= 0) {
      result = put < 0 ? -errno : -EIO;
      break;
    }
    done += (size_t)put;
  }
  free(buffer);
  return done > 0 ? (int64_t)done : result;
}

/* Refusals that are about the pair of files, not about the copy. */
static bool is_refused(int error)
{
  return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP ||
         error == EPERM || error == ETXTBSY;
}

static int64_t copy_data(const struct range *range)
{
  off_t from = range->offset, to = range->target;
  ssize_t copied = copy_file_range(range->from, &from, range->to, &to, range->length, 0);
  if (copied > 0) return copied;
  /* Files of /proc seem empty to it. */
  if (copied == 0 || is_refused(errno)) return copy_by_buffer(range);
  return -errno;
}

/*
 * Looks for a hole where the range begins, and cuts the range off where one begins. The bytes of a
 * hole that the target now has too, `limit` at most; 0 when there is data, or the end; or -errno.
 */
static int64_t copy_hole(struct range *range, off_t limit, const struct stat *from,
                         const struct stat *to)
{
  if (!S_ISREG(from->st_mode) || !S_ISREG(to->st_mode)) return 0;
  if (range->offset >= from->st_size || to->st_size > range->target) return 0;
  off_t data = lseek(range->from, range->offset, SEEK_DATA);
  if (data < 0 && errno == ENXIO) data = from->st_size;
  if (data < 0) return 0;
  if (data > range->offset) {
    off_t hole = data - range->offset < limit ? data - range->offset : limit;
    if (range->target > INT64_MAX - hole) return -EFBIG;
    return ftruncate(range->to, range->target + hole) < 0 ? -errno : hole;
  }
  off_t end = lseek(range->from, range->offset, SEEK_HOLE);
  if (end > range->offset && (size_t)(end - range->offset) < range->length) {
    range->length = (size_t)(end - range->offset);
  }
  return 0;
}

int64_t perform_copy_range(struct operation *operation)
{
  const struct tree_record *tree = &operation->record.tree;
  struct range range = {
    operation->descriptor, tree->second, (off_t)operation->offset, (off_t)tree->offset,
    operation->length < COPY_LIMIT ? operation->length : COPY_LIMIT,
  };
  struct stat from, to;
  if (fstat(range.from, &from) < 0 || fstat(range.to, &to) < 0) return -errno;
  if (range.length == 0) return 0;
  bool is_same = from.st_dev == to.st_dev && from.st_ino == to.st_ino;
  off_t length = (off_t)range.length;
  bool overlaps = range.offset - length < range.target && range.target - length < range.offset;
  if (is_same && overlaps) return -EINVAL;
  int64_t hole = copy_hole(&range, (off_t)operation->length, &from, &to);
  return hole != 0 ? hole : copy_data(&range);
}
