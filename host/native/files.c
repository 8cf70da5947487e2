/* See files.h. */
#include "files.h"

void files_opened(struct files *files, const struct ring *ring, int descriptor)
{
  if (files->refused || (uint32_t)descriptor >= FILE_LIMIT) return;
  /* In older kernels a file that leaves the table may be closed some time later. */
  files->refused = (ring->features & URING_FEATURE_RW_ATTR) == 0;
  if (!files->refused) files->states[descriptor] = FILE_OPENED;
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
}
