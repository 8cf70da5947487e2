/*
 * What every backend does in the same way with operations that its kernel interface cannot do:
 * those that do not block are performed at once, those that do go to the pool of threads.
 *
 * Thread: the JavaScript thread of the backend.
 * Invariant: `count` slots are in PHASE_POOL, and `pool` has the operation of each.
 */
#ifndef STD_WORK_H
#define STD_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "perform.h"
#include "pool.h"

struct work {
  struct pool *pool; /* made when first needed */
  uint32_t count;    /* slots in PHASE_POOL */
};

/*
 * Performs the slot's operation as `plan` says, or gives it to the pool. False, having done
 * nothing, when it has to wait for its descriptor: how to do that only the backend knows.
 */
bool work_by_plan(struct work *work, struct core *core, uint32_t index, enum plan plan);

/* Gives the slot's operation to the pool, or finishes it with the reason why not. */
void work_give(struct work *work, struct core *core, uint32_t index);

/*
 * The next operation that the pool has performed, to be ended with `core_finish`. NULL when there
 * is none, or no room for its completion.
 */
struct operation *work_take(struct work *work, const struct core *core);

/* Asks for the end of an operation in PHASE_POOL. It may go on, and completes in any case. */
void work_cancel(struct work *work, struct core *core, uint32_t index);

/*
 * Whether the descriptor that this operation is to close will be closed by somebody else: by the
 * reaper, or by the last thread of the pool that still uses it, after its operations were given up.
 * To be asked before each close.
 */
bool work_closes_later(struct work *work, const struct slot *slot);

/* Hands what the pool has to the pool's own care, which needs no guest memory, and gives it up. */
void work_leave(struct work *work, struct core *core);

#endif
