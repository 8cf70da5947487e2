/*
 * The part of an operation that lives outside its slot: a copy of everything it needs from guest
 * memory, and room for what it gives. It holds no address in guest memory, so a worker thread that
 * hangs in a system call can be left behind with it.
 *
 * Thread: owned by one thread at a time, the JavaScript thread or a worker.
 */
#ifndef STD_OPERATION_H
#define STD_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core.h"
#include "net.h"
#include "spawn.h"
#include "tree.h"
#include "vector.h"

/* Longest path, its NUL included; the kernel's own limit. */
#define PATH_SIZE 4096

/*
 * Most bytes that one read or write moves through a buffer of our own. Short transfers are normal,
 * and the more memory the operations in flight take the shorter they are: a guest cannot make the
 * host allocate gigabytes. A page is never cut, which a pipe takes as a whole.
 */
#define BUFFER_LIMIT (1u << 20)
#define BUFFER_LIMIT_SCARCE (1u << 16)
#define BUFFER_LIMIT_LEAST (1u << 12)

/* More than any datagram has, of which nothing can come later. */
#define DATAGRAM_LIMIT (1u << 18)

/* The argument of openat2, in our own words. */
struct open_rule {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

/* What an operation needs besides its slot: the column of ops.def. */
enum state { STATE_NONE, STATE_DATA, STATE_ALWAYS };

struct operation {
  /* The pool's, guarded by its lock while it has the operation. */
  struct operation *next;
  struct operation *previous;
  uint8_t progress; /* an `enum progress` of pool.c */
  int32_t thread;   /* who performs it */
  int32_t timer;    /* what interrupts that thread, see interrupt.h; meaningful while INTERRUPTED */
  bool closes;      /* its descriptor is to be closed when it ends */
  bool unwanted;    /* its end was asked for while it ran */
  uint8_t op;
  uint32_t slot;
  uint32_t generation;
  int32_t descriptor;
  uint32_t flags;
  uint32_t argument;
  uint64_t offset;
  uint32_t pointer; /* where in guest memory the outcome goes */
  uint32_t length;  /* bytes of `data` to read or write */
  int64_t result;
  const char *path; /* in `storage`, or NULL: the file of `descriptor` */
  union {
    struct open_rule open;
    struct statx stat;
    int64_t times[2];
    uint32_t owner[2];
    struct net_record net;
    struct command command;
    struct tree_record tree;
    struct vector_record vector;
  } record;
  uint8_t storage[]; /* the path, or the data */
};

/* Whether it writes to a file or a stream: data that lies in guest memory. */
static inline bool op_writes(uint32_t op)
{
  return op == OP_WRITE || op == OP_WRITE_VECTORED;
}

/* Whether it reads or writes so. */
static inline bool op_transfers(uint32_t op)
{
  return op == OP_READ || op_writes(op);
}

/* Of an op below OP_COUNT. */
enum state operation_state(uint32_t op);

/*
 * Makes it from what was staged: copies paths, times and data to be written. 0, or -errno:
 * -EINVAL, -ENAMETOOLONG, -EFAULT, -ENOMEM; -EAGAIN when all operations take too much memory.
 */
int operation_make(struct core *core, const struct submission *submission, struct operation **made);

/* One with room for `storage` bytes, and what every operation has from its submission. Or NULL. */
struct operation *operation_allocate(const struct submission *from, size_t storage);

/*
 * Has a slot's read or write, which is already under way, move its data through a buffer of its
 * own, unless it does so. 0, or -errno as `operation_make`.
 */
int operation_take_data(struct core *core, uint32_t index);

/* A submission as the slot has it: of what it was made of without texts. */
struct submission operation_resubmission(const struct core *core, uint32_t index);

/* How many bytes of data the buffer of one more operation may have. */
uint32_t operation_buffer_limit(const struct core *core);

/* Copies the outcome to guest memory. Returns the result as the host wants it. */
int64_t operation_settle(struct core *core, struct operation *operation, int64_t result);

void operation_free(struct operation *operation);

/* O_* flags for `OpenFlag`s. */
uint64_t open_flags(uint32_t flags);

#endif
