/*
 * What is known of the descriptors that the ring has opened, and how that makes using them cheaper.
 *
 * Those that are read or written again and again are known to the ring as registered files: the
 * kernel then neither looks them up nor counts who uses them, twice per operation. Only for
 * descriptors that this ring opened and will close, since a registered file stays open until it is
 * forgotten here, whoever closes its descriptor.
 *
 * A read that is all that a turn submits need not go through the ring when the page cache has what
 * it asks for: one system call serves in either case, and the plain one costs a fifth less, since
 * nothing has to be queued, allocated and waited for. It never waits: whatever the kernel does not
 * have at hand it refuses, and the ring gets the read as if nothing had been tried.
 *
 * Thread: that of the ring. Invariant: a descriptor in FILE_REGISTERED is the index of its file in
 * the ring's table.
 */
#ifndef STD_FILES_H
#define STD_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

/* Descriptors from here on are never registered. The table takes 8 bytes for each in the kernel. */
#define FILE_LIMIT 1024

/* What is known of a descriptor; between the two named states, how often it was used. */
enum file_state {
  FILE_UNKNOWN = 0,
  FILE_OPENED = 1,
  FILE_HOT = 16, /* registering takes two system calls, which have to pay */
  FILE_REGISTERED = 255,
};

/* When the next read may be tried without the ring; above READ_NOW, after so many others. */
enum read_patience {
  READ_NEVER = 0,
  READ_NOW = 1,
  READ_LATER = 33, /* after one that was refused: a file that is not cached pays for one in 32 */
};

struct files {
  bool refused; /* the kernel has no such table for us */
  bool has_table;
  uint8_t states[FILE_LIMIT];
  uint8_t patience[FILE_LIMIT];
};

/* An operation of the ring has opened this descriptor, and another will close it. */
void files_opened(struct files *files, const struct ring *ring, int descriptor);

/*
 * Reads from the page cache, if all of `length` is there. `length`, or -EAGAIN: nothing is known of
 * the outcome, be it the end of the file or an error, until the ring has read.
 */
int64_t files_read_cached(struct files *files, int descriptor, void *data, uint32_t length,
                          uint64_t offset);

/* Registers a descriptor if that can be done. */
void files_register(struct files *files, const struct ring *ring, int descriptor);

/* The descriptor is about to be closed by us. */
void files_forget(struct files *files, const struct ring *ring, int descriptor);

/* Notes one more use. Whether the submission is to name the file by its index, the descriptor. */
static inline bool files_use(struct files *files, const struct ring *ring, int descriptor)
{
  if ((uint32_t)descriptor >= FILE_LIMIT) return false;
  uint8_t state = files->states[descriptor];
  if (state == FILE_REGISTERED) return true;
  if (state == FILE_UNKNOWN) return false;
  files->states[descriptor]++;
  if (state < FILE_HOT) return false;
  files_register(files, ring, descriptor);
  return files->states[descriptor] == FILE_REGISTERED;
}

#endif
