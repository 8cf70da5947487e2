/* See work.h. */
#include "work.h"

#include <errno.h>
#include <stddef.h>

#include "operation.h"

#define WORKERS 8

bool work_by_plan(struct work *work, struct core *core, uint32_t index, enum plan plan)
{
  const struct slot *slot = &core->slots[index];
  if (slot->op == OP_CLOSE && work_closes_later(work, slot)) {
    core_finish(core, index, 0);
    return true;
  }
  switch (plan) {
  case PLAN_DONE:
    core_finish(core, index, perform(slot->operation));
    return true;
  case PLAN_BLOCK:
    work_give(work, core, index);
    return true;
  default:
    return false;
  }
}

void work_give(struct work *work, struct core *core, uint32_t index)
{
  struct slot *slot = &core->slots[index];
  int result = 0;
  if (work->pool == NULL) result = pool_create(WORKERS, &work->pool);
  if (result == 0) result = pool_submit(work->pool, slot->operation);
  if (result < 0) {
    /* A close is what helps when descriptors are short, and must not fail for want of them. */
    if (slot->op == OP_CLOSE) result = (int)perform(slot->operation);
    core_finish(core, index, result);
    return;
  }
  slot->phase = PHASE_POOL;
  work->count++;
}

struct operation *work_take(struct work *work, const struct core *core)
{
  if (work->count == 0 || !core_has_room(core)) return NULL;
  struct operation *operation = pool_take(work->pool);
  if (operation != NULL) work->count--;
  return operation;
}

void work_cancel(struct work *work, struct core *core, uint32_t index)
{
  struct slot *slot = &core->slots[index];
  if (pool_remove(work->pool, slot->operation)) {
    work->count--;
    core_finish(core, index, -ECANCELED);
  } else if (slot->op == OP_LOOKUP_HOST && pool_abandon(work->pool, slot->operation)) {
    /* Nobody can tell one that was left behind from one that was cancelled. */
    work->count--;
    slot->operation = NULL;
    core_finish(core, index, -ECANCELED);
  } else {
    /* One that was left behind would still open or make something, when nobody expects it. */
    pool_interrupt(work->pool, slot->operation);
  }
}

bool work_closes_later(struct work *work, const struct slot *slot)
{
  if (slot->marks & MARK_KEPT) return true;
  return work->count > 0 && pool_close_later(work->pool, slot->descriptor);
}

void work_leave(struct work *work, struct core *core)
{
  for (uint32_t index = 0; index < core->slot_count; index++) {
    struct slot *slot = &core->slots[index];
    if (slot->phase != PHASE_POOL) continue;
    slot->phase = PHASE_FREE;
    slot->operation = NULL;
  }
  work->count = 0;
  if (work->pool != NULL) pool_release(work->pool);
  work->pool = NULL;
}
