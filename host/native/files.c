/* See files.h. */
#include "files.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

void files_opened(struct files *files, const struct ring *ring, int descriptor)
{
  if ((uint32_t)descriptor >= FILE_LIMIT) return;
  files->patience[descriptor] = READ_NOW;
  if (files->refused) return;
  /* In older kernels a file that leaves the table may be closed some time later. */
  files->refused = (ring->features & URING_FEATURE_RW_ATTR) == 0;
  if (!files->refused) files->states[descriptor] = FILE_OPENED;
}

int64_t files_read_cached(struct files *files, int descriptor, void *data, uint32_t length,
                          uint64_t offset)
{
  if ((uint32_t)descriptor >= FILE_LIMIT || length == 0) return -EAGAIN;
  uint8_t patience = files->patience[descriptor];
  if (patience != READ_NOW) {
    if (patience > READ_NOW) files->patience[descriptor]--;
    return -EAGAIN;
  }
  struct iovec range = { data, length };
  /* Not by libc: there it is a cancellation point, to enter and leave which costs some 20 ns. */
  long got = syscall(SYS_preadv2, descriptor, &range, 1, (long)offset,
                     (long)(offset >> (sizeof(long) * 4) >> (sizeof(long) * 4)), RWF_NOWAIT);
  if (got == (long)length) return got;
  /* Short at the end of the file, or where the cache ends: only the ring can tell. */
  bool passing = got >= 0 || errno == EAGAIN || errno == EINTR;
  files->patience[descriptor] = passing ? READ_LATER : READ_NEVER;
  return -EAGAIN;
}

void files_register(struct files *files, const struct ring *ring, int descriptor)
{
  files->states[descriptor] = FILE_UNKNOWN;
  if (!files->has_table && !files->refused) {
    files->has_table = ring_register_table(ring, FILE_LIMIT) >= 0;
    files->refused = !files->has_table;
  }
  if (files->refused) return;
  if (ring_register_file(ring, (uint32_t)descriptor, descriptor) != 1) return;
  files->states[descriptor] = FILE_REGISTERED;
}

void files_forget(struct files *files, const struct ring *ring, int descriptor)
{
  if ((uint32_t)descriptor >= FILE_LIMIT) return;
  if (files->states[descriptor] == FILE_REGISTERED) {
    (void)ring_register_file(ring, (uint32_t)descriptor, -1);
  }
  files->states[descriptor] = FILE_UNKNOWN;
  files->patience[descriptor] = READ_NEVER;
}
