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
  PLAN_DONE,     /* `perform` at once: it does not block */
  PLAN_READABLE, /* wait until the descriptor is readable, then `perform_ready` */
  PLAN_WRITABLE, /* wait until it is writable, then `perform_ready` */
  PLAN_BLOCK,    /* `perform` on a thread that may block */
};

enum plan plan(const struct operation *operation);

/* Performs it. The result, or -errno. */
int64_t perform(struct operation *operation);

/*
 * Performs what has to wait for its descriptor, without blocking: -EAGAIN when it is not ready
 * after all. May be called before waiting, too. Except for reads and writes, which exist in a
 * blocking form as well, it is `perform` that does not block.
 */
int64_t perform_ready(struct operation *operation);

/* Undoes what nobody will take over: closes the descriptors that the operation gave. */
void perform_dispose(const struct operation *operation, int64_t result);

/* The system calls: `perform_<function>` for each row of ops.def, in the file of its family. */
#define OPERATION(name, function, opcode, state, plan, gives) \
  int64_t perform_##function(struct operation *operation);
#include "ops.def"
#undef OPERATION

/* Whether `descriptor` can be waited for, as streams can and files cannot. */
bool is_stream(int descriptor);

/* Flags and offset as `statx` takes them, for a path or for the descriptor itself. */
const char *stat_path(const struct operation *operation);
uint32_t stat_flags(const struct operation *operation);

#endif
