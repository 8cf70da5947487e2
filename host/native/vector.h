/*
 * Vectored writes: the part of one that lives in `struct operation`. It keeps where in guest memory
 * its data lies, since that memory may move while it waits; addresses are made of it for each try.
 * Where the kernel may not touch guest memory, and in the pool, it has the data itself.
 *
 * Thread: as operation.h. Invariant: `message` names data in guest memory, which only the
 * JavaScript thread may touch, as long as `count` is not 0; otherwise the data is in `storage`.
 */
#ifndef STD_VECTOR_H
#define STD_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core.h"

struct operation;

struct vector_record {
  uint32_t count;        /* ranges of guest memory in `storage`, behind as many `struct iovec`s; */
  struct iovec gathered; /* or 0, and this is all the data */
  struct msghdr message; /* what the kernel is given, or only its vector */
};

/*
 * Makes the operation from the list that was staged; the data stays where it is. 0, or -errno:
 * -EINVAL and -EFAULT for the list, otherwise as `operation_make`.
 */
int vector_make(struct core *core, const struct submission *from, struct operation **made);

/* Copies the data of a slot's operation, or its beginning, to a buffer that takes its place. */
int vector_gather(struct core *core, uint32_t index);

/*
 * Names the data, wherever it lies now. Memory never shrinks, but an embedder may attach less: then
 * only what comes before the first range that lies outside.
 */
const struct msghdr *vector_locate(const struct core *core, struct operation *operation);

/* Copies what a vector names, up to `room` bytes. Returns how many these are. */
uint32_t vector_copy(uint8_t *to, uint32_t room, const struct msghdr *message);

/* Whether `vector_locate` gives addresses in guest memory. */
bool vector_is_direct(const struct operation *operation);

#endif
