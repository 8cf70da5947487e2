/*
 * One io_uring: its mappings, its two queues, and the one system call that drives them. Knows
 * nothing of operations; `uring.c` gives the entries their meaning.
 *
 * Thread: every function only on the thread that opened the ring (the kernel may enforce that).
 * Invariant: `outstanding` is how many completions the kernel still owes, prepared submissions
 * included; while it is not 0 the kernel may use the memory that the submissions named.
 */
#ifndef STD_RING_H
#define STD_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "uring.h"

struct ring {
  /* The submission queue. We are its producer. */
  struct uring_sqe *sqes;
  uint32_t *sq_head;
  uint32_t *sq_tail;
  uint32_t *sq_flags;
  uint32_t sq_mask;
  uint32_t sq_entries;
  uint32_t tail;      /* entries we have prepared */
  uint32_t submitted; /* entries the kernel has taken */
  /* The completion queue. We are its consumer. */
  struct uring_cqe *cqes;
  uint32_t *cq_head;
  uint32_t *cq_tail;
  uint32_t *cq_flags; /* NULL before 5.8 */
  uint32_t cq_mask;
  uint32_t outstanding;
  int descriptor;
  /* What every enter needs: the descriptor, or the number that this thread knows the ring by. */
  int entry;
  uint32_t enter_flags;
  bool tells_taskrun; /* sq_flags says when completions wait for an enter */
  int events; /* an eventfd that is written to when there is something to enter for, or -1 */
  bool has_wait_argument;
  uint32_t setup_flags;
  uint32_t features;
  void *maps[3];
  uint64_t map_sizes[3];
  uint8_t supported[32]; /* bitmap of the kernel's opcodes */
};

struct ring_options {
  uint32_t entries;            /* of the submission queue, a power of two */
  uint32_t completion_entries; /* of the completion queue */
  uint32_t without_setup;      /* `uring_setup` flags to do without, for tests */
  uint32_t without_features;   /* `uring_feature` bits to do without, for tests */
};

/* Opens the best ring that this kernel gives. 0, or -errno with `*step` saying what was refused. */
int ring_open(struct ring *ring, const struct ring_options *options, const char **step);

/* Closes it. The caller has seen `outstanding` reach 0, or keeps the memory for ever. */
void ring_close(struct ring *ring);

bool ring_supports(const struct ring *ring, uint8_t opcode);

/*
 * One system call: submits what is prepared, and waits until there are `minimum` completions or
 * `timeout` nanoseconds are over (< 0: no limit; only with `has_wait_argument` may it be > 0).
 * Also runs the kernel's deferred work. 0, or -errno: -ETIME, -EINTR, -EAGAIN, -EBUSY.
 */
int ring_enter(struct ring *ring, uint32_t minimum, int64_t timeout);

/*
 * A descriptor that becomes readable when there is something to enter for, once the ring rests: the
 * ring's own does not, where the kernel leaves its work for the next enter. Opens it the first
 * time. The descriptor, or -errno.
 */
int ring_watch(struct ring *ring);

/*
 * Forgets what that descriptor has told. Whether there is something to enter for already; if not,
 * the descriptor tells of whatever comes from now on.
 */
bool ring_rest(const struct ring *ring);

/* Ends the telling: entering costs the kernel less without. */
void ring_stir(const struct ring *ring);

/* Makes a table for so many registered files, all empty. 0 or -errno. */
int ring_register_table(const struct ring *ring, uint32_t count);

/* Puts the file of `descriptor` into the table, or empties the place (-1). 1 or -errno. */
int ring_register_file(const struct ring *ring, uint32_t index, int32_t descriptor);

/* A cleared entry to fill in, or NULL when the kernel takes no more. Counted as outstanding. */
struct uring_sqe *ring_prepare(struct ring *ring);

static inline uint32_t ring_unsubmitted(const struct ring *ring)
{
  return ring->tail - ring->submitted;
}

/* The next completion, or NULL. Valid until `ring_advance`. */
static inline const struct uring_cqe *ring_peek(const struct ring *ring)
{
  uint32_t head = *ring->cq_head;
  if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE)) return NULL;
  return &ring->cqes[head & ring->cq_mask];
}

static inline void ring_advance(struct ring *ring)
{
  __atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
  ring->outstanding--;
}

/* Whether completions exist that only another enter brings into the queue. */
static inline bool ring_has_deferred(const struct ring *ring)
{
  uint32_t flags = __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED);
  return (flags & (URING_SQ_TASKRUN | URING_SQ_CQ_OVERFLOW)) != 0;
}

#endif
