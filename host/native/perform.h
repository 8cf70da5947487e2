/*
 * Operations as plain system calls: what the pool runs, what readiness backends run, and what
 * io_uring falls back on.
 *
 * No state. Any thread. `perform` may block; `perform_ready` does not.
 */
#ifndef STD_PERFORM_H
#define STD_PERFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "operation.h"

/* What a descriptor stands for, as far as it matters to how one waits for it. */
enum kind {
  KIND_UNKNOWN, /* nobody has looked */
  KIND_FILE,    /* a file, a directory, or nothing: cannot be waited for */
  KIND_PIPE,
  KIND_SOCKET,
  KIND_DEVICE,  /* a terminal or another character device */
};

/* Looks. */
enum kind kind_of(int descriptor);

/* Whether one can wait for it. */
static inline bool is_stream(enum kind kind)
{
  return kind > KIND_FILE;
}

/* How to go about an operation without a completion system. */
enum plan {
  PLAN_DONE,     /* `perform` at once: it does not block */
  PLAN_READABLE, /* wait until the descriptor is readable, then `perform_ready` */
  PLAN_WRITABLE, /* wait until it is writable, then `perform_ready` */
  PLAN_BLOCK,    /* `perform` on a thread that may block */
};

/* `kind` is the descriptor's, or KIND_UNKNOWN to have it looked up where the plan depends on it. */
enum plan plan(uint8_t op, int descriptor, enum kind kind);

/* Performs it. The result, or -errno. */
int64_t perform(struct operation *operation);

/*
 * Performs what has to wait for its descriptor, without blocking: -EAGAIN when it is not ready
 * after all. May be called before waiting, too. Except for reads and writes, which exist in a
 * blocking form as well, it is `perform` that does not block.
 */
int64_t perform_ready(struct operation *operation);

/* One read or write, wherever its data lies. */
struct transfer {
  void *data;
  size_t length;
  uint64_t offset; /* of a file; a stream has none */
  int descriptor;
  bool writes;
  bool looks; /* pretend that the kernel knows no RWF_NOWAIT (tests) */
  const struct msghdr *message; /* or NULL; of a vectored write, what names all of its data */
};

/* The read or write of a slot, whose data lies where it lies now. */
struct transfer transfer_of_slot(const struct core *core, const struct slot *slot);

/*
 * Moves data as far as that goes without blocking: -EAGAIN when it does not go at all, -EOPNOTSUPP
 * when the file cannot tell.
 */
int64_t transfer_ready(const struct transfer *transfer, enum kind kind);

/* Undoes what nobody will take over: closes the descriptors that the operation gave. */
void perform_dispose(const struct operation *operation, int64_t result);

/* The system calls: `perform_<function>` for each row of ops.def, in the file of its family. */
#define OPERATION(name, function, opcode, state, plan, gives) \
  int64_t perform_##function(struct operation *operation);
#include "ops.def"
#undef OPERATION

/* A write to a pipe without readers is an error from now on, never the end of the process. */
void ignore_sigpipe(void);

/* Flags and offset as `statx` takes them, for a path or for the descriptor itself. */
const char *stat_path(const struct operation *operation);
uint32_t stat_flags(const struct operation *operation);

#endif
