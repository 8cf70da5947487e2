/*
 * Operations as plain system calls: what the pool runs, what readiness backends run, and what
 * io_uring falls back on.
 *
 * No state. Any thread. `perform` may block; `perform_ready` does not.
 */
#ifndef STD_PERFORM_H
#define STD_PERFORM_H

#include <stdint.h>

#include "operation.h"

/* How to go about an operation without a completion system. */
enum plan {
  PLAN_DONE,  /* `perform` at once: it does not block */
  PLAN_READ,  /* wait until the descriptor is readable, then `perform_ready` */
  PLAN_WRITE, /* wait until it is writable, then `perform_ready` */
  PLAN_BLOCK, /* `perform` on a thread that may block */
};

enum plan plan(const struct operation *operation);

/* Performs it. The result, or -errno. */
int64_t perform(struct operation *operation);

/* Performs a read or write on a stream without blocking: -EAGAIN when it is not ready after all. */
int64_t perform_ready(struct operation *operation);

/* Undoes what nobody will take over: closes the descriptor that an open gave. */
void perform_dispose(const struct operation *operation, int64_t result);

/* Whether `descriptor` can be waited for, as streams can and files cannot. */
bool is_stream(int descriptor);

/* Flags and offset as `statx` takes them, for a path or for the descriptor itself. */
const char *stat_path(const struct operation *operation);
uint32_t stat_flags(const struct operation *operation);

#endif
