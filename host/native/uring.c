/*
 * The io_uring backend: turns operations into submissions and completions into results. One system
 * call per turn submits the batch and waits. What the kernel has no opcode for goes by its `plan`.
 *
 * Thread: the JavaScript thread that made it, and no other (the ring is opened SINGLE_ISSUER).
 * Invariant: a slot in PHASE_RING or PHASE_POLL has exactly one submission whose completion has not
 * been taken; its user_data is the slot's index and generation.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core.h"
#include "files.h"
#include "operation.h"
#include "path.h"
#include "perform.h"
#include "prepare.h"
#include "ring.h"
#include "uring_backend.h"
#include "work.h"

/* Submissions that fit in the first-level cache; a larger batch is submitted in parts. */
#define SUBMISSION_ENTRIES 256
#define COMPLETION_ENTRIES 4096

/* Of sockets with higher descriptors it is not known whether there is more to receive. */
#define UNREAD_LIMIT 65536u

/* Enters after a turn's own one, to fetch what the kernel deferred (it runs 20 at a time). */
#define EXTRA_ENTERS 64

/* How long one wait of a drain lasts before it looks at the clock, and how long the whole drain. */
#define DRAIN_STEP_NS 100000000LL
#define DRAIN_LIMIT_NS 5000000000LL

/* How long an operation that goes on is left alone before it is cancelled again; the last stays. */
static const struct uring_timespec pauses[] = {
  { 0, 1000000 }, { 0, 2000000 }, { 0, 5000000 }, { 0, 10000000 }, { 0, 50000000 },
  { 0, 200000000 },
};
#define PAUSE_COUNT (sizeof pauses / sizeof *pauses)

/* What completions that belong to no slot are: the low half of their user_data. */
enum internal {
  INTERNAL_CANCEL = 0xfffffffc, /* a cancel; the high half is the slot, or NO_SLOT */
  INTERNAL_PAUSE = 0xfffffffd,  /* the time before the next cancel of a slot is over */
  INTERNAL_WAKE = 0xfffffffe,
  INTERNAL_TIMER = 0xffffffff,
};
#define NO_SLOT UINT32_MAX
_Static_assert(STAGE_LAYOUT_SLOTS < INTERNAL_CANCEL, "no slot has an internal number");

struct uring {
  struct core core; /* first: backend.h hands us its address */
  struct ring ring;
  struct files files;
  struct work work;
  bool wake_armed;       /* the kernel watches the pool's descriptor */
  bool alone;            /* the turn submits one operation, and nothing else calls for an enter */
  bool timer_expired;
  uint32_t timer;        /* generation of the newest timer */
  uint32_t timers;       /* timers in the ring */
  uint32_t pauses;       /* pauses in the ring */
  bool owes_cancels;     /* the ring had no room for one */
  uint8_t opcodes[OP_COUNT];
  bool has_socket_calls; /* the kernel has SEND and RECV, */
  bool can_poll_first;   /* and they know URING_POLL_FIRST */
  /* Bits: sockets that had more than the last receive took, by descriptor. */
  uint8_t unread[UNREAD_LIMIT / 8];
};

static uint64_t user_data_of(uint32_t index, uint32_t generation)
{
  return (uint64_t)generation << 32 | index;
}

/* ---- The ways an operation can go ---- */

static bool is_unread(const struct uring *uring, int descriptor)
{
  uint32_t number = (uint32_t)descriptor;
  return number < UNREAD_LIMIT && (uring->unread[number / 8] >> number % 8 & 1) != 0;
}

static void note_unread(struct uring *uring, const struct slot *slot, bool more)
{
  uint32_t number = (uint32_t)slot->descriptor;
  if (slot->op != OP_READ || number >= UNREAD_LIMIT) return;
  uint8_t bit = (uint8_t)(1u << number % 8);
  if (more) uring->unread[number / 8] |= bit;
  else uring->unread[number / 8] &= (uint8_t)~bit;
}

/*
 * Sockets have calls of their own, shorter ones. A receive usually comes before what it is to
 * receive, as the answer to what was sent last: then trying at once would be in vain.
 */
static void prefer_socket_call(struct uring *uring, const struct slot *slot, struct uring_sqe *sqe)
{
  if (!uring->has_socket_calls) return;
  sqe->offset = 0;
  if (slot->op == OP_WRITE) {
    sqe->opcode = URING_OP_SEND;
    sqe->op_flags = MSG_NOSIGNAL;
  } else if (slot->op == OP_WRITE_VECTORED) {
    sqe->opcode = URING_OP_SENDMSG;
    sqe->address = (uint64_t)(uintptr_t)&slot->operation->record.vector.message;
    sqe->length = 1;
    sqe->op_flags = MSG_NOSIGNAL;
  } else {
    sqe->opcode = URING_OP_RECV;
    if (uring->can_poll_first && !is_unread(uring, slot->descriptor)) {
      sqe->priority = URING_POLL_FIRST;
    }
  }
}

static void submit(struct uring *uring, uint32_t index)
{
  struct slot *slot = &uring->core.slots[index];
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) {
    core_finish(&uring->core, index, -EAGAIN);
    return;
  }
  slot->phase = PHASE_RING;
  sqe->opcode = uring->opcodes[slot->op];
  sqe->descriptor = slot->descriptor;
  sqe->user_data = user_data_of(index, slot->generation);
  prepare(&uring->core, slot, sqe);
  if (!op_transfers(slot->op)) return;
  if (slot->argument & STAGE_ARGUMENT_SOCKET) prefer_socket_call(uring, slot, sqe);
  if (files_use(&uring->files, &uring->ring, slot->descriptor)) sqe->flags |= URING_SQE_FIXED_FILE;
}

static void arm_poll(struct uring *uring, uint32_t index)
{
  struct slot *slot = &uring->core.slots[index];
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) {
    core_finish(&uring->core, index, -EAGAIN);
    return;
  }
  slot->phase = PHASE_POLL;
  sqe->opcode = URING_OP_POLL_ADD;
  sqe->descriptor = slot->descriptor;
  bool out = plan(slot->op, slot->descriptor, KIND_PIPE) == PLAN_WRITABLE;
  sqe->op_flags = out ? POLLOUT : POLLIN;
  sqe->user_data = user_data_of(index, slot->generation);
}

/* Performs what waits for its descriptor, if that is ready. */
static void try_ready(struct uring *uring, uint32_t index)
{
  int64_t done = perform_ready(uring->core.slots[index].operation);
  if (done == -EAGAIN) arm_poll(uring, index);
  else core_finish(&uring->core, index, done);
}

/* Performs an operation for which the kernel has no opcode. It has its `operation`. */
static void go_by_plan(struct uring *uring, uint32_t index)
{
  const struct slot *slot = &uring->core.slots[index];
  enum plan how = plan(slot->op, slot->descriptor, KIND_UNKNOWN);
  if (!work_by_plan(&uring->work, &uring->core, index, how)) try_ready(uring, index);
}

/* Reads without the ring where that saves the system call for the ring. See files.h. */
static bool read_cached(struct uring *uring, uint32_t index)
{
  struct core *core = &uring->core;
  const struct slot *slot = &core->slots[index];
  if (!uring->alone || slot->op != OP_READ || slot->operation != NULL) return false;
  if (slot->offset == (uint64_t)OFFSET_CURRENT) return false;
  int64_t result = files_read_cached(&uring->files, slot->descriptor, core->memory + slot->pointer,
                                     slot->length, slot->offset);
  if (result < 0) return false;
  core_finish(core, index, result);
  return true;
}

/*
 * Whether it moves a position that others may have, too. The ring does that without the lock that
 * they take, so that both could write to one place.
 */
static bool moves_shared_position(const struct slot *slot)
{
  return op_transfers(slot->op) && (slot->argument & STAGE_ARGUMENT_SHARED) != 0 &&
         slot->offset == (uint64_t)OFFSET_CURRENT && kind_of(slot->descriptor) == KIND_FILE;
}

/* A read or write that has to wait for its descriptor, or for a thread where it cannot. */
static void wait_for_descriptor(struct uring *uring, uint32_t index)
{
  struct slot *slot = &uring->core.slots[index];
  if (is_stream(kind_of(slot->descriptor))) {
    arm_poll(uring, index);
    return;
  }
  int result = operation_take_data(&uring->core, index);
  if (result < 0) core_finish(&uring->core, index, result);
  else work_give(&uring->work, &uring->core, index);
}

/* Such a transfer, by the system call that takes the lock: at once, or else in the pool. */
static void transfer_at_position(struct uring *uring, uint32_t index)
{
  struct transfer transfer = transfer_of_slot(&uring->core, &uring->core.slots[index]);
  int64_t result = transfer_ready(&transfer, KIND_FILE);
  /* Nothing at all is the end, or a kernel that means "not without waiting". */
  if (result > 0) core_finish(&uring->core, index, result);
  else wait_for_descriptor(uring, index);
}

static void begin(struct uring *uring, const struct submission *submission)
{
  if (core_admit(&uring->core, submission) < 0) return;
  uint32_t index = submission->slot;
  struct slot *slot = &uring->core.slots[index];
  if (slot->op == OP_CLOSE) files_forget(&uring->files, &uring->ring, slot->descriptor);
  if (slot->op == OP_CLOSE && work_closes_later(&uring->work, slot)) {
    core_finish(&uring->core, index, 0);
    return;
  }
  bool by_ring = uring->opcodes[slot->op] != URING_OP_NONE;
  enum state state = operation_state(slot->op);
  if (state != STATE_NONE || !by_ring) {
    bool copies = !by_ring || !uring->core.direct;
    bool needed = state != STATE_DATA || copies;
    int result = needed ? operation_make(&uring->core, submission, &slot->operation) : 0;
    if (result == 0 && copies && op_transfers(slot->op)) {
      result = operation_take_data(&uring->core, index);
    }
    if (result < 0) {
      core_finish(&uring->core, index, result);
      return;
    }
    /* A connection to be made is a socket of its own. */
    if (slot->op == OP_CONNECT) slot->descriptor = slot->operation->descriptor;
    /* The kernel has no statx that stays beneath a directory: it takes two calls. */
    bool beneath = (slot->argument & STAGE_ARGUMENT_BENEATH) != 0;
    if (slot->op == OP_STAT && beneath && slot->operation->path != NULL) by_ring = false;
  }
  if (!by_ring) go_by_plan(uring, index);
  else if (moves_shared_position(slot)) transfer_at_position(uring, index);
  else if (slot->argument & STAGE_ARGUMENT_TERMINAL && slot->op == OP_READ) arm_poll(uring, index);
  else if (!read_cached(uring, index)) submit(uring, index);
}

/* ---- Cancelling ---- */

/* Cancels a submission; its slot, if it has one, hears of what came of that. */
static void cancel_submission(struct uring *uring, uint64_t user_data, uint32_t index)
{
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) {
    uring->owes_cancels = true;
    return;
  }
  sqe->opcode = URING_OP_ASYNC_CANCEL;
  sqe->descriptor = -1;
  sqe->address = user_data;
  sqe->user_data = user_data_of(INTERNAL_CANCEL, index);
}

/* Whether the kernel still has an operation whose end was asked for. */
static bool is_ending(const struct slot *slot)
{
  bool in_kernel = slot->phase == PHASE_RING || slot->phase == PHASE_POLL;
  return in_kernel && (slot->marks & MARK_CANCELLED) != 0;
}

static void cancel_slot(struct uring *uring, uint32_t index)
{
  const struct slot *slot = &uring->core.slots[index];
  cancel_submission(uring, user_data_of(index, slot->generation), index);
}

/* Cancels the operation of a slot again, when the pause is over. */
static void cancel_later(struct uring *uring, uint32_t index, const struct uring_timespec *pause)
{
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) {
    uring->owes_cancels = true;
    return;
  }
  sqe->opcode = URING_OP_TIMEOUT;
  sqe->descriptor = -1;
  sqe->address = (uint64_t)(uintptr_t)pause;
  sqe->length = 1;
  sqe->user_data = user_data_of(INTERNAL_PAUSE, index);
  uring->pauses++;
}

/*
 * A cancel did not end the operation of its slot. One reason: the kernel was about to try it once
 * more, when it is not to be found, and let it wait again. Another: a thread of the kernel has it,
 * which is told, but may just then have looked for the last time. So only asking again ends it for
 * certain; at once, since most often that does, and then after ever longer pauses.
 */
static void insist(struct uring *uring, uint32_t index)
{
  if (index >= uring->core.slot_count || !is_ending(&uring->core.slots[index])) return;
  struct slot *slot = &uring->core.slots[index];
  size_t attempt = slot->attempts;
  if (attempt < PAUSE_COUNT) slot->attempts++;
  if (attempt == 0) cancel_slot(uring, index);
  else cancel_later(uring, index, &pauses[attempt - 1]);
}

/* Sends the cancels for which the ring had no room, as far as it has now. */
static void pay_cancels(struct uring *uring)
{
  if (!uring->owes_cancels) return;
  uring->owes_cancels = false;
  for (uint32_t index = 0; index < uring->core.slot_count && !uring->owes_cancels; index++) {
    if (is_ending(&uring->core.slots[index])) cancel_slot(uring, index);
  }
}

static void end_in_kernel(struct uring *uring, uint32_t index)
{
  struct slot *slot = &uring->core.slots[index];
  slot->marks |= MARK_CANCELLED;
  slot->attempts = 0;
  cancel_slot(uring, index);
}

/* A request only: whatever becomes of it, the operation gives its own completion. */
static void cancel(struct uring *uring, uint32_t index, uint32_t generation)
{
  struct slot *slot = core_find(&uring->core, index, generation);
  if (slot == NULL || slot->op == OP_CLOSE) return;
  if (slot->phase != PHASE_POOL) {
    end_in_kernel(uring, index);
    return;
  }
  slot->marks |= MARK_CANCELLED;
  work_cancel(&uring->work, &uring->core, index);
}

/* ---- Completions ---- */

/* The kernel's own codes for "interrupted, start again" are not meant to be seen, but are. */
static bool was_interrupted(int32_t result)
{
  return result == -EINTR || (result <= -512 && result >= -516);
}

/* A failure that may only say "not like this": try another way, or finish with it. */
static void retry_or_fail(struct uring *uring, uint32_t index, int32_t result)
{
  struct slot *slot = &uring->core.slots[index];
  bool moves_data = op_transfers(slot->op);
  if (was_interrupted(result)) result = -EINTR;
  bool passing = result == -EINTR || result == -EAGAIN;
  if (uring->core.closing || !(passing || result == -ESPIPE)) {
    core_finish(&uring->core, index, result);
  } else if (slot->marks & MARK_CANCELLED) {
    core_finish(&uring->core, index, passing ? -ECANCELED : result);
  } else if (result == -EAGAIN && moves_data) {
    wait_for_descriptor(uring, index);
  } else if (result == -ESPIPE && moves_data && slot->offset != (uint64_t)OFFSET_CURRENT) {
    slot->offset = (uint64_t)OFFSET_CURRENT;
    submit(uring, index);
  } else if (passing && slot->attempts < PATH_ATTEMPTS) {
    slot->attempts++;
    submit(uring, index);
  } else {
    core_finish(&uring->core, index, result);
  }
}

/*
 * The kernel (6.18) ends a poll with EINVAL that was woken for nothing, as all who read a terminal
 * are when its mode is set. Whether it was that, and not a descriptor that cannot be polled.
 */
static bool woke_for_nothing(struct slot *slot, int32_t result)
{
  if (result != -EINVAL || slot->attempts >= PATH_ATTEMPTS) return false;
  slot->attempts++;
  return is_stream(kind_of(slot->descriptor));
}

/* The descriptor is ready, or broken, which the operation itself then tells. */
static void poll_completed(struct uring *uring, uint32_t index, int32_t result)
{
  struct slot *slot = &uring->core.slots[index];
  if (!uring->core.closing && !(slot->marks & MARK_CANCELLED) && woke_for_nothing(slot, result)) {
    arm_poll(uring, index);
  } else if (result < 0 || uring->core.closing) {
    core_finish(&uring->core, index, result < 0 ? result : -ECANCELED);
  } else if (slot->marks & MARK_CANCELLED) {
    core_finish(&uring->core, index, -ECANCELED);
  } else if (uring->opcodes[slot->op] != URING_OP_NONE) {
    submit(uring, index);
  } else {
    try_ready(uring, index);
  }
}

static void collect_pool(struct uring *uring)
{
  for (struct operation *done; (done = work_take(&uring->work, &uring->core)) != NULL;) {
    core_finish(&uring->core, done->slot, done->result);
  }
}

static void internal_completed(struct uring *uring, uint64_t user_data, int32_t result)
{
  uint32_t high = (uint32_t)(user_data >> 32);
  switch ((uint32_t)user_data) {
  case INTERNAL_WAKE:
    uring->wake_armed = false;
    if (uring->core.closing) break;
    pool_rearm(uring->work.pool);
    collect_pool(uring);
    break;
  case INTERNAL_TIMER:
    uring->timers--;
    if (result == -ETIME && high == uring->timer) uring->timer_expired = true;
    break;
  case INTERNAL_PAUSE:
    uring->pauses--;
    if (high < uring->core.slot_count && is_ending(&uring->core.slots[high])) {
      cancel_slot(uring, high);
    }
    break;
  default: /* INTERNAL_CANCEL: what it came to; the operation itself will tell what counts. */
    if (result < 0) insist(uring, high);
    break;
  }
}

/* What was opened, and will be closed, by the ring may become one of its registered files. */
static void note_opened(struct uring *uring, const struct slot *slot, int32_t result)
{
  if (slot->phase != PHASE_RING || core_gives(slot->op) != GIVES_HANDLE) return;
  int descriptor = slot->op == OP_CONNECT ? slot->descriptor : result;
  files_opened(&uring->files, &uring->ring, descriptor);
}

static void harvest(struct uring *uring)
{
  struct core *core = &uring->core;
  const struct uring_cqe *cqe;
  while (core_has_room(core) && (cqe = ring_peek(&uring->ring)) != NULL) {
    uint64_t user_data = cqe->user_data;
    int32_t result = cqe->result;
    bool more = (cqe->flags & URING_CQE_SOCKET_NONEMPTY) != 0;
    uint32_t index = (uint32_t)user_data;
    ring_advance(&uring->ring);
    if (index >= core->slot_count) {
      internal_completed(uring, user_data, result);
      continue;
    }
    struct slot *slot = &core->slots[index];
    core_unmark_direct(core, slot);
    if (slot->argument & STAGE_ARGUMENT_SOCKET) note_unread(uring, slot, more);
    if (result >= 0) note_opened(uring, slot, result);
    if (slot->phase == PHASE_POLL) poll_completed(uring, index, result);
    else if (result >= 0) core_finish(core, index, result);
    else retry_or_fail(uring, index, result);
  }
}

/* ---- Turns ---- */

/* Has the kernel tell us when the pool has something, while it may. */
static void arm_wake(struct uring *uring)
{
  if (uring->wake_armed || uring->work.count == 0) return;
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) return;
  sqe->opcode = URING_OP_POLL_ADD;
  sqe->descriptor = pool_descriptor(uring->work.pool);
  sqe->op_flags = POLLIN;
  sqe->user_data = INTERNAL_WAKE;
  uring->wake_armed = true;
}

/* Enters, waiting for one completion or `timeout`; older kernels need a submission for the time. */
static int enter(struct uring *uring, int64_t timeout)
{
  if (timeout <= 0 || uring->ring.has_wait_argument) {
    return ring_enter(&uring->ring, timeout != 0, timeout);
  }
  struct uring_timespec limit = { timeout / 1000000000, timeout % 1000000000 };
  struct uring_sqe *sqe = ring_prepare(&uring->ring);
  if (sqe == NULL) return -EAGAIN;
  uring->timer_expired = false;
  sqe->opcode = URING_OP_TIMEOUT;
  sqe->descriptor = -1;
  sqe->address = (uint64_t)(uintptr_t)&limit;
  sqe->length = 1;
  sqe->offset = 1; /* ends with the next completion, so that none stays behind */
  sqe->user_data = user_data_of(INTERNAL_TIMER, ++uring->timer);
  uring->timers++;
  return ring_enter(&uring->ring, 1, -1);
}

static bool is_passing(int result)
{
  return result == 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
         result == -EBUSY;
}

/* Submits, and waits until something is produced or `timeout` is over. 0 or -errno. */
static int wait_for_completions(struct uring *uring, int64_t timeout)
{
  struct core *core = &uring->core;
  int64_t deadline = timeout > 0 ? core_now() + timeout : 0;
  uint32_t failures = 0;
  for (;;) {
    arm_wake(uring);
    pay_cancels(uring);
    bool waits = timeout != 0 && core->produced == 0 && !uring->owes_cancels;
    bool needless = !waits && ring_unsubmitted(&uring->ring) == 0 &&
                    uring->ring.tells_taskrun && !ring_has_deferred(&uring->ring);
    int result = needless ? 0 : enter(uring, waits ? timeout : 0);
    if (!is_passing(result)) return result;
    /* Out of memory for requests: what is in flight will free some, but do not spin for ever. */
    if ((result == -EAGAIN || result == -EBUSY) && ++failures > 100000) return result;
    harvest(uring);
    if (core->produced > 0 || !waits || uring->timer_expired) break;
    if (timeout > 0) {
      timeout = deadline - core_now();
      if (timeout <= 0) break;
    }
  }
  uring->timer_expired = false;
  for (int extra = 0; extra < EXTRA_ENTERS; extra++) {
    if (!core_has_room(core) || !ring_has_deferred(&uring->ring)) break;
    int result = ring_enter(&uring->ring, 0, 0);
    if (!is_passing(result)) return result;
    harvest(uring);
  }
  return 0;
}

int64_t uring_turn(struct core *core, uint32_t count, int64_t timeout)
{
  struct uring *uring = (struct uring *)core;
  if (count > STAGE_LAYOUT_SUBMISSIONS_CAPACITY) return -EINVAL;
  const uint8_t *staged = core->stage + STAGE_LAYOUT_SUBMISSIONS;
  core_begin_turn(core);
  ring_stir(&uring->ring);
  uring->alone = count == 1 && ring_unsubmitted(&uring->ring) == 0 &&
                 uring->ring.tells_taskrun && !ring_has_deferred(&uring->ring);
  for (uint32_t i = 0; i < count; i++) {
    struct submission submission;
    memcpy(&submission, staged + i * sizeof submission, sizeof submission);
    if (submission.op == STAGE_OP_CANCEL) cancel(uring, submission.slot, submission.generation);
    else begin(uring, &submission);
  }
  collect_pool(uring);
  int result = wait_for_completions(uring, timeout);
  return result < 0 ? result : (int64_t)core->produced;
}

/* ---- Life and death ---- */

int uring_create(const struct backend_options *options, struct core **created, const char **step)
{
  static const uint8_t opcodes[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = URING_OP_##opcode,
#include "ops.def"
#undef OPERATION
  };
  *step = "memory for the backend";
  struct uring *uring = calloc(1, sizeof *uring);
  if (uring == NULL) return -ENOMEM;
  struct ring_options ring = {
    .entries = SUBMISSION_ENTRIES,
    .completion_entries = COMPLETION_ENTRIES,
    .without_setup = options->without_setup,
    .without_features = options->without_features,
  };
  if (options->completion_entries != 0) ring.completion_entries = options->completion_entries;
  if (ring.completion_entries < ring.entries) ring.entries = ring.completion_entries;
  int result = core_init(&uring->core, options->stage);
  if (result == 0) result = ring_open(&uring->ring, &ring, step);
  if (result < 0) {
    core_free(&uring->core);
    free(uring);
    return result;
  }
  for (uint32_t op = 0; op < OP_COUNT; op++) {
    bool has = ring_supports(&uring->ring, opcodes[op]) && !(options->without_ops >> op & 1);
    uring->opcodes[op] = has ? opcodes[op] : URING_OP_NONE;
  }
  uring->has_socket_calls = ring_supports(&uring->ring, URING_OP_SEND) &&
                            ring_supports(&uring->ring, URING_OP_RECV);
  /* Linux 5.19; there is no way to ask for it, but for what came with the version after. */
  uring->can_poll_first = ring_supports(&uring->ring, URING_OP_SEND_ZC);
  ignore_sigpipe();
  *created = &uring->core;
  return 0;
}

static void cancel_everything(struct uring *uring)
{
  uring->owes_cancels = false;
  for (uint32_t index = 0; index < uring->core.slot_count; index++) {
    const struct slot *slot = &uring->core.slots[index];
    if (slot->phase != PHASE_RING && slot->phase != PHASE_POLL) continue;
    if (slot->op != OP_CLOSE) end_in_kernel(uring, index);
  }
  if (uring->wake_armed) cancel_submission(uring, INTERNAL_WAKE, NO_SLOT);
  if (uring->timers > 0) {
    cancel_submission(uring, user_data_of(INTERNAL_TIMER, uring->timer), NO_SLOT);
  }
}

int uring_watch(struct core *core)
{
  return ring_watch(&((struct uring *)core)->ring);
}

bool uring_rest(struct core *core)
{
  const struct uring *uring = (const struct uring *)core;
  bool has_more = ring_rest(&uring->ring);
  return has_more || uring->owes_cancels;
}

int uring_close(struct core *core)
{
  struct uring *uring = (struct uring *)core;
  core->closing = true;
  core->produced = 0;
  int64_t deadline = core_now() + DRAIN_LIMIT_NS;
  uring->owes_cancels = true;
  /* Pauses name no memory of anybody's, and end with the ring. */
  while (uring->ring.outstanding > uring->pauses) {
    if (core_now() >= deadline) return -EBUSY;
    if (uring->owes_cancels) cancel_everything(uring);
    /* A timer that is still in the ring ends the wait too; one more would outlive the rest. */
    int result = enter(uring, uring->timers > 0 ? -1 : DRAIN_STEP_NS);
    if (!is_passing(result)) return -EBUSY;
    harvest(uring);
  }
  work_leave(&uring->work, core);
  ring_close(&uring->ring);
  core_free(core);
  free(uring);
  return 0;
}
