/* See core.h. */
#include "core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "operation.h"
#include "reaper.h"
#include "signals.h"
#include "spawn.h"
#include "terminal.h"

/*
 * A turn gives at most one completion per submission besides those that the backend lets in because
 * there is room; so never more than one turn's worth of submissions is late.
 */
#define LATE_CAPACITY STAGE_LAYOUT_SUBMISSIONS_CAPACITY

enum gives core_gives(uint32_t op)
{
  static const uint8_t gives[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = GIVES_##gives,
#include "ops.def"
#undef OPERATION
  };
  return gives[op];
}

void core_discard(enum gives gives, int64_t result)
{
  if (gives == GIVES_VALUE || result < 0) return;
  if (gives == GIVES_CHILD) {
    spawn_discard((int)(uint32_t)result);
    return;
  }
  signals_unwatch((int)(uint32_t)result, false);
  close((int)(uint32_t)result);
  if (gives == GIVES_HANDLES) close((int)(result >> 32));
}

int core_init(struct core *core, uint8_t *stage)
{
  memset(core, 0, sizeof *core);
  core->stage = stage;
  core->late = calloc(LATE_CAPACITY, sizeof *core->late);
  core->late_gives = calloc(LATE_CAPACITY, sizeof *core->late_gives);
  if (core->late == NULL || core->late_gives == NULL) {
    core_free(core);
    return -ENOMEM;
  }
  return 0;
}

void core_free(struct core *core)
{
  for (uint32_t i = 0; i < core->late_count; i++) {
    uint32_t at = (core->late_first + i) % LATE_CAPACITY;
    core_discard(core->late_gives[at], core->late[at].result);
  }
  reaper_release(core->reaper);
  free(core->slots);
  free(core->late);
  free(core->late_gives);
  memset(core, 0, sizeof *core);
}

int core_attach(struct core *core, uint8_t *memory, uint64_t length, bool direct)
{
  bool moved = memory != core->memory || length < core->memory_length;
  if (moved && core->direct_count > 0) return -EBUSY;
  core->memory = memory;
  core->memory_length = length;
  core->direct = direct;
  return 0;
}

/* Puts a completion into the stage, where there is room. */
static void produce(struct core *core, struct completion completion)
{
  size_t at = STAGE_LAYOUT_COMPLETIONS + core->produced++ * sizeof completion;
  completion.result = result_of_system(completion.result);
  memcpy(core->stage + at, &completion, sizeof completion);
}

static void deliver(struct core *core, struct completion completion, enum gives gives)
{
  if (core->closing) {
    core_discard(gives, completion.result);
  } else if (core_has_room(core)) {
    produce(core, completion);
  } else if (core->late_count < LATE_CAPACITY) {
    uint32_t at = (core->late_first + core->late_count++) % LATE_CAPACITY;
    core->late[at] = completion;
    core->late_gives[at] = (uint8_t)gives;
  } else {
    abort(); /* The bound at LATE_CAPACITY was broken; a lost completion would hang the guest. */
  }
}

void core_begin_turn(struct core *core)
{
  core->produced = 0;
  while (core->late_count > 0 && core_has_room(core)) {
    produce(core, core->late[core->late_first]);
    core->late_first = (core->late_first + 1) % LATE_CAPACITY;
    core->late_count--;
  }
}

static int grow(struct core *core, uint32_t index)
{
  if (index >= STAGE_LAYOUT_SLOTS) return -EINVAL;
  uint32_t count = core->slot_count ? core->slot_count : 64;
  while (count <= index) count *= 2;
  struct slot *slots = realloc(core->slots, count * sizeof *slots);
  if (slots == NULL) return -ENOMEM;
  memset(slots + core->slot_count, 0, (count - core->slot_count) * sizeof *slots);
  core->slots = slots;
  core->slot_count = count;
  return 0;
}

static int check(struct core *core, const struct submission *submission)
{
  int result = submission->slot < core->slot_count ? 0 : grow(core, submission->slot);
  if (result < 0) return result;
  if (core->slots[submission->slot].phase != PHASE_FREE) return -EBUSY;
  if (submission->op >= OP_COUNT) return -ENOSYS;
  if (!core_in_memory(core, submission->pointer0, submission->length0)) return -EFAULT;
  if (!core_in_memory(core, submission->pointer1, submission->length1)) return -EFAULT;
  return 0;
}

int core_admit(struct core *core, const struct submission *submission)
{
  int result = check(core, submission);
  if (result < 0) {
    struct completion refused = { submission->slot, submission->generation, result };
    deliver(core, refused, GIVES_VALUE);
    return result;
  }
  uint8_t marks = 0;
  if (submission->op == OP_CLOSE) {
    bool gives_back = (submission->argument & STAGE_ARGUMENT_ENDED) == 0;
    terminals_closing(submission->descriptor);
    signals_unwatch(submission->descriptor, gives_back);
    bool is_child = (submission->argument & STAGE_ARGUMENT_CHILD) != 0;
    if (is_child && reaper_take(&core->reaper, submission->descriptor)) marks = MARK_KEPT;
  }
  core->slots[submission->slot] = (struct slot){
    .offset = submission->offset,
    .generation = submission->generation,
    .descriptor = submission->descriptor,
    .pointer = submission->pointer0,
    .length = submission->length0,
    .flags = submission->flags,
    .argument = submission->argument,
    .op = (uint8_t)submission->op,
    .phase = PHASE_RING,
    .marks = marks,
  };
  core->in_flight++;
  return 0;
}

int core_hold(struct core *core, uint32_t index, size_t bytes)
{
  struct slot *slot = &core->slots[index];
  uint64_t others = core->held - slot->held;
  if (bytes > HELD_LIMIT - others) return -EAGAIN;
  slot->held = (uint32_t)bytes;
  core->held = others + bytes;
  return 0;
}

void core_finish(struct core *core, uint32_t index, int64_t result)
{
  struct slot *slot = &core->slots[index];
  core_unmark_direct(core, slot);
  if (slot->operation != NULL) {
    result = operation_settle(core, slot->operation, result);
    operation_free(slot->operation);
    slot->operation = NULL;
  }
  slot->phase = PHASE_FREE;
  core->in_flight--;
  core->held -= slot->held;
  struct completion completion = { index, slot->generation, result };
  enum gives gives = core_gives(slot->op);
  if (gives != GIVES_VALUE && result >= 0 && core->given != NULL && !core->closing) {
    core->given(core, (int)(uint32_t)result);
    if (gives == GIVES_HANDLES) core->given(core, (int)(result >> 32));
  }
  deliver(core, completion, gives);
}
