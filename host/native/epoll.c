/*
 * The epoll backend: tries every operation first and waits for its descriptor only when that says
 * that it is not ready; what blocks goes to the pool. The kernel has no address in guest memory
 * between turns, so the memory may move, and nothing can outlive the backend.
 *
 * A descriptor that we opened is registered once, edge triggered, in the directions that were ever
 * waited for: a request on a connection costs no `epoll_ctl`. That is right because nothing waits
 * before it met EAGAIN, and whatever comes after that is a new edge. A descriptor of somebody
 * else's may be closed and its number used again behind our back: it is registered anew, for one
 * report, each time something begins to wait for it. None is ever put into O_NONBLOCK, which other
 * processes would see.
 *
 * Thread: the JavaScript thread that made it.
 * Invariant: a slot in PHASE_POLL is in the queue of the descriptor that `awaited` names; a queue
 * that is not empty has an interest in the kernel, or its watch is pending.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"
#include "epoll_backend.h"
#include "operation.h"
#include "perform.h"
#include "watch.h"
#include "work.h"

/* The same number on every architecture. */
#define SYS_EPOLL_PWAIT2 441

/* Reports taken in one call; the kernel tells of the others at the next. */
#define EVENTS 256

/* So many operations may complete at once before the kernel is asked for those that wait. */
#define UNASKED_LIMIT 64

/* Stands for the pool's descriptor among the reports. */
#define WAKE UINT64_MAX

/* How often a call that a signal interrupted is made again. */
#define INTERRUPTIONS 64

struct epoll {
  struct core core; /* first: backend.h hands us its address */
  struct work work;
  struct watches watches;
  int descriptor;
  bool is_old; /* do without what kernels have learned since (tests) */
  bool has_nanoseconds; /* the kernel has epoll_pwait2, and lets us use it */
  bool wake_registered;
  uint32_t unasked;     /* completions since the kernel was asked last */
  struct epoll_event events[EVENTS];
};

/* ---- Descriptors ---- */

/* Sets what the kernel reports of a descriptor. 0 or -errno; -EPERM: it is always ready. */
static int set_interest(struct epoll *epoll, int descriptor, struct watch *watch, uint8_t wanted)
{
  bool owned = (watch->marks & WATCH_OWNED) != 0;
  struct epoll_event event = { .data.u64 = (uint32_t)descriptor };
  event.events = owned ? EPOLLET : EPOLLONESHOT;
  if (wanted & BIT(DIRECTION_IN)) event.events |= EPOLLIN | (owned ? EPOLLRDHUP | EPOLLPRI : 0);
  if (wanted & BIT(DIRECTION_OUT)) event.events |= EPOLLOUT;
  int first = watch->interest != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  int result = epoll_ctl(epoll->descriptor, first, descriptor, &event);
  if (result < 0 && (errno == ENOENT || errno == EEXIST)) {
    int other = first == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    result = epoll_ctl(epoll->descriptor, other, descriptor, &event);
  }
  if (result < 0) return -errno;
  watch->interest = wanted;
  return 0;
}

/* Learns what the descriptor is, unless that is known and cannot have changed. */
static void look(struct epoll *epoll, int descriptor, struct watch *watch)
{
  if (watch->marks & WATCH_OWNED) {
    if (watch->kind != KIND_UNKNOWN) return;
  } else {
    watch->marks &= WATCH_PENDING | WATCH_CLOSED;
  }
  watch->kind = (uint8_t)kind_of(descriptor);
  /* A device that epoll refuses may block all the same. */
  if (watch->kind == KIND_DEVICE && !watch_has_waiters(watch) &&
      set_interest(epoll, descriptor, watch, 0) == -EPERM) {
    watch->kind = KIND_FILE;
  }
}

/* Nothing of what was known of this number is true any more. Who waits still waits. */
static void reset(struct watch *watch)
{
  watch->kind = KIND_UNKNOWN;
  watch->marks &= WATCH_PENDING | WATCH_CLOSED;
  watch->interest = 0;
  watch->exhausted = 0;
}

/* An operation of ours has opened this descriptor. */
static void descriptor_given(struct core *core, int descriptor)
{
  struct epoll *epoll = (struct epoll *)core;
  struct watch *watch = descriptor < 0 ? NULL : watches_at(&epoll->watches, descriptor);
  if (watch == NULL) return;
  reset(watch);
  watch->marks |= WATCH_OWNED;
}

/* It is about to be closed. Returns what it is, as far as that is known. */
static enum kind forget(struct epoll *epoll, int descriptor)
{
  struct watch *watch = watches_find(&epoll->watches, descriptor);
  if (watch == NULL) return KIND_UNKNOWN;
  enum kind kind = watch->marks & WATCH_OWNED ? (enum kind)watch->kind : KIND_UNKNOWN;
  /* By itself a registration goes only with the last descriptor of its file: a child's, say. */
  if (watch->interest != 0) {
    struct epoll_event none = { 0 };
    (void)epoll_ctl(epoll->descriptor, EPOLL_CTL_DEL, descriptor, &none);
  }
  reset(watch);
  if (watch_has_waiters(watch)) {
    watch->marks |= WATCH_CLOSED;
    watches_push(&epoll->watches, descriptor);
  }
  return kind;
}

/* Whether a read that brings less than was asked for has brought all there is. */
static bool tells_by_short_read(int descriptor, struct watch *watch)
{
  if (watch->marks & WATCH_INSISTENT || watch->kind != KIND_SOCKET) return false;
  if (!(watch->marks & (WATCH_STREAM | WATCH_NO_STREAM))) {
    int domain = 0, type = 0;
    socklen_t size = sizeof(int);
    bool tcp = getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
               getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
               (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
    watch->marks |= tcp ? WATCH_STREAM : WATCH_NO_STREAM;
  }
  return (watch->marks & WATCH_STREAM) != 0;
}

/* ---- Trying ---- */

static enum direction direction_of(const struct slot *slot)
{
  if (slot->op == OP_READ) return DIRECTION_IN;
  bool out = op_writes(slot->op) || plan(slot->op, slot->descriptor, KIND_PIPE) == PLAN_WRITABLE;
  return out ? DIRECTION_OUT : DIRECTION_IN;
}

/* The descriptor that the operation has to wait for: its own, or one that it has made itself. */
static int awaited(const struct slot *slot)
{
  return slot->operation != NULL ? slot->operation->descriptor : slot->descriptor;
}

/* Reads into guest memory, or writes from it, now. */
static int64_t try_transfer(struct epoll *epoll, const struct slot *slot, struct watch *watch)
{
  struct core *core = &epoll->core;
  /* It was checked when it was admitted, but an embedder may have attached less since. */
  if (slot->op != OP_WRITE_VECTORED &&
      !core_in_memory(core, slot->pointer, slot->length)) return -EFAULT;
  struct transfer transfer = transfer_of_slot(core, slot);
  transfer.looks = epoll->is_old;
  int64_t result = transfer_ready(&transfer, watch->kind);
  if (result > 0 && result < slot->length && !transfer.writes &&
      tells_by_short_read(slot->descriptor, watch)) {
    watch->exhausted |= BIT(DIRECTION_IN);
  }
  return result;
}

/* Its result, or -EAGAIN. */
static int64_t try_now(struct epoll *epoll, struct slot *slot, struct watch *watch)
{
  int64_t result = -EINTR;
  for (int i = 0; result == -EINTR && i < INTERRUPTIONS; i++) {
    result = op_transfers(slot->op) ? try_transfer(epoll, slot, watch)
                                    : perform_ready(slot->operation);
  }
  return result;
}

/* ---- Waiting ---- */

static void give_transfer_to_pool(struct epoll *epoll, uint32_t index)
{
  int result = operation_take_data(&epoll->core, index);
  if (result < 0) core_finish(&epoll->core, index, result);
  else work_give(&epoll->work, &epoll->core, index);
}

/* Has the kernel report what the queues wait for. `fresh`: nothing waited there until now. */
static int arm(struct epoll *epoll, int descriptor, struct watch *watch, bool fresh)
{
  uint8_t wanted = watch->marks & WATCH_OWNED ? watch->interest : 0;
  for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
    if (watch->queues[direction].first != 0) wanted |= BIT(direction);
  }
  bool trusted = (watch->marks & WATCH_OWNED) != 0 || !fresh;
  if (trusted && (wanted & ~watch->interest) == 0) return 0;
  return set_interest(epoll, descriptor, watch, wanted);
}

/* Tries an operation on a stream unless others wait before it, and has it wait if it must. */
static void offer(struct epoll *epoll, uint32_t index)
{
  struct core *core = &epoll->core;
  struct slot *slot = &core->slots[index];
  enum direction direction = direction_of(slot);
  struct watch none = { 0 };
  struct watch *watch = awaited(slot) < 0 ? &none : watches_at(&epoll->watches, awaited(slot));
  if (watch == NULL) {
    core_finish(core, index, -ENOMEM);
    return;
  }
  bool known_exhausted = (watch->marks & WATCH_OWNED) && watch->exhausted & BIT(direction);
  if (watch->queues[direction].first == 0 && !known_exhausted) {
    int64_t result = try_now(epoll, slot, watch);
    if (result != -EAGAIN) {
      core_finish(core, index, result);
      return;
    }
    /* It may have made the descriptor that it waits for just now. */
    watch = awaited(slot) < 0 ? NULL : watches_at(&epoll->watches, awaited(slot));
    if (watch == NULL) {
      core_finish(core, index, awaited(slot) < 0 ? -EAGAIN : -ENOMEM);
      return;
    }
    watch->exhausted |= BIT(direction);
  }
  bool fresh = !watch_has_waiters(watch);
  queue_append(&watch->queues[direction], core, index);
  slot->phase = PHASE_POLL;
  int result = arm(epoll, awaited(slot), watch, fresh);
  if (result == 0) return;
  queue_remove(&watch->queues[direction], core, index);
  if (result == -EPERM && op_transfers(slot->op)) give_transfer_to_pool(epoll, index);
  else core_finish(core, index, result);
}

/* Tries the operations of one queue. False when there is no room for another completion. */
static bool serve_queue(struct epoll *epoll, int descriptor, enum direction direction)
{
  struct core *core = &epoll->core;
  for (;;) {
    /* A completion may have made the table grow. */
    struct watch *watch = &epoll->watches.entries[descriptor];
    struct queue *queue = &watch->queues[direction];
    if (queue->first == 0) return true;
    if (!core_has_room(core)) return false;
    uint32_t index = queue->first - 1;
    int64_t result = -ECANCELED;
    if (!(watch->marks & WATCH_CLOSED)) {
      if (watch->exhausted & BIT(direction)) return true;
      result = try_now(epoll, &core->slots[index], watch);
      if (result == -EAGAIN) {
        watch->exhausted |= BIT(direction);
        return true;
      }
    }
    queue_remove(queue, core, index);
    core_finish(core, index, result);
  }
}

/* Ends the operations that wait for a descriptor that the kernel does not report any more. */
static void fail_waiters(struct epoll *epoll, struct watch *watch, int descriptor, int result)
{
  for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
    struct queue *queue = &watch->queues[direction];
    while (queue->first != 0 && core_has_room(&epoll->core)) {
      uint32_t index = queue->first - 1;
      queue_remove(queue, &epoll->core, index);
      core_finish(&epoll->core, index, result);
    }
  }
  if (watch_has_waiters(watch)) watches_push(&epoll->watches, descriptor);
}

static void serve_pending(struct epoll *epoll)
{
  while (core_has_room(&epoll->core)) {
    int32_t descriptor = watches_pop(&epoll->watches);
    if (descriptor < 0) return;
    if (!serve_queue(epoll, descriptor, DIRECTION_IN) ||
        !serve_queue(epoll, descriptor, DIRECTION_OUT)) {
      watches_push(&epoll->watches, descriptor);
      return;
    }
    struct watch *watch = &epoll->watches.entries[descriptor];
    watch->marks &= (uint8_t)~WATCH_CLOSED;
    if (!watch_has_waiters(watch)) continue;
    int result = arm(epoll, descriptor, watch, false);
    if (result < 0) fail_waiters(epoll, watch, descriptor, result);
  }
}

/* ---- Operations ---- */

/* Whether a read that brought nothing stood at the end of its file. */
static bool is_at_end(const struct slot *slot)
{
  struct stat stat;
  if (slot->offset == (uint64_t)OFFSET_CURRENT) return false;
  if (fstat(slot->descriptor, &stat) < 0 || !S_ISREG(stat.st_mode)) return false;
  return slot->offset >= (uint64_t)stat.st_size;
}

/* What is cached is read at once, what is not in the pool; and so with writes. */
static void begin_file_transfer(struct epoll *epoll, uint32_t index, struct watch *watch)
{
  const struct slot *slot = &epoll->core.slots[index];
  uint8_t blocks = op_writes(slot->op) ? WATCH_BLOCKS_OUT : WATCH_BLOCKS_IN;
  if (!(watch->marks & blocks)) {
    int64_t result = try_transfer(epoll, slot, watch);
    /* Nothing at all is the end, or a kernel that means "not without waiting". */
    bool unsure = result == 0 && slot->length > 0 && !is_at_end(slot);
    if (result == -EOPNOTSUPP) watch->marks |= blocks;
    if (!unsure && result != -EOPNOTSUPP && result != -EAGAIN && result != -ESPIPE) {
      core_finish(&epoll->core, index, result);
      return;
    }
  }
  give_transfer_to_pool(epoll, index);
}

static void begin_transfer(struct epoll *epoll, uint32_t index)
{
  const struct slot *slot = &epoll->core.slots[index];
  if (slot->descriptor < 0) {
    core_finish(&epoll->core, index, -EBADF);
    return;
  }
  struct watch *watch = watches_at(&epoll->watches, slot->descriptor);
  if (watch == NULL) {
    core_finish(&epoll->core, index, -ENOMEM);
    return;
  }
  look(epoll, slot->descriptor, watch);
  if (is_stream(watch->kind)) offer(epoll, index);
  else begin_file_transfer(epoll, index, watch);
}

static void begin(struct epoll *epoll, const struct submission *submission)
{
  struct core *core = &epoll->core;
  if (core_admit(core, submission) < 0) return;
  uint32_t index = submission->slot;
  struct slot *slot = &core->slots[index];
  bool transfers = op_transfers(slot->op);
  /* A read or write goes by its slot; a vectored one has more than one range. */
  bool needed = !transfers || slot->op == OP_WRITE_VECTORED;
  int result = needed ? operation_make(core, submission, &slot->operation) : 0;
  if (result < 0) {
    core_finish(core, index, result);
    return;
  }
  if (transfers) {
    begin_transfer(epoll, index);
    return;
  }
  enum kind kind = slot->op == OP_CLOSE ? forget(epoll, slot->descriptor) : KIND_UNKNOWN;
  enum plan how = plan(slot->op, slot->descriptor, kind);
  if (!work_by_plan(&epoll->work, core, index, how)) offer(epoll, index);
}

static void cancel(struct epoll *epoll, uint32_t index, uint32_t generation)
{
  struct core *core = &epoll->core;
  struct slot *slot = core_find(core, index, generation);
  if (slot == NULL || slot->op == OP_CLOSE) return;
  slot->marks |= MARK_CANCELLED;
  if (slot->phase == PHASE_POOL) {
    work_cancel(&epoll->work, core, index);
    return;
  }
  struct watch *watch = &epoll->watches.entries[awaited(slot)];
  queue_remove(&watch->queues[direction_of(slot)], core, index);
  core_finish(core, index, -ECANCELED);
}

/* ---- Turns ---- */

/* Notes what the kernel reports of one descriptor. */
static void take_event(struct epoll *epoll, const struct epoll_event *event)
{
  if (event->data.u64 == WAKE) return;
  int descriptor = (int)event->data.u64;
  struct watch *watch = watches_find(&epoll->watches, descriptor);
  if (watch == NULL) return;
  uint32_t broken = EPOLLHUP | EPOLLERR;
  if (!(watch->marks & WATCH_OWNED)) watch->interest = 0;
  if (event->events & (broken | EPOLLRDHUP | EPOLLPRI)) watch->marks |= WATCH_INSISTENT;
  if (event->events & (broken | EPOLLIN | EPOLLRDHUP | EPOLLPRI)) {
    watch->exhausted &= (uint8_t)~BIT(DIRECTION_IN);
  }
  if (event->events & (broken | EPOLLOUT)) watch->exhausted &= (uint8_t)~BIT(DIRECTION_OUT);
  if (watch_has_waiters(watch)) watches_push(&epoll->watches, descriptor);
}

/* Waits for reports until `timeout` nanoseconds are over (< 0: no limit). 0 or -errno. */
static int take_events(struct epoll *epoll, int64_t timeout)
{
  int count;
  if (timeout > 0 && epoll->has_nanoseconds) {
    struct timespec limit = { timeout / 1000000000, timeout % 1000000000 };
    count = (int)syscall(SYS_EPOLL_PWAIT2, epoll->descriptor, epoll->events, EVENTS, &limit, NULL,
                         (size_t)0);
  } else {
    /* Rounded up, so that no timer of the guest ends too early. */
    int64_t wanted = timeout <= 0 ? timeout : timeout / 1000000 + (timeout % 1000000 != 0);
    int milliseconds = wanted < 0 ? -1 : wanted > INT_MAX ? INT_MAX : (int)wanted;
    count = epoll_wait(epoll->descriptor, epoll->events, EVENTS, milliseconds);
  }
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) take_event(epoll, &epoll->events[i]);
  epoll->unasked = count < EVENTS ? 0 : UNASKED_LIMIT;
  return 0;
}

/* Has the pool's descriptor reported whenever it has something new. */
static int watch_pool(struct epoll *epoll)
{
  if (epoll->wake_registered || epoll->work.count == 0) return 0;
  struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = WAKE };
  int descriptor = pool_descriptor(epoll->work.pool);
  if (epoll_ctl(epoll->descriptor, EPOLL_CTL_ADD, descriptor, &event) < 0) return -errno;
  epoll->wake_registered = true;
  return 0;
}

static void collect(struct epoll *epoll)
{
  serve_pending(epoll);
  for (struct operation *done; (done = work_take(&epoll->work, &epoll->core)) != NULL;) {
    core_finish(&epoll->core, done->slot, done->result);
  }
}

/* Brings what is there, and waits until something is or `timeout` is over. 0 or -errno. */
static int wait_for_completions(struct epoll *epoll, int64_t timeout)
{
  struct core *core = &epoll->core;
  int64_t deadline = timeout > 0 ? core_now() + timeout : 0;
  for (;;) {
    collect(epoll);
    epoll->unasked += core->produced;
    bool waits = timeout != 0 && core->produced == 0;
    /* What completed at once is worth a tick of the guest before the kernel is asked again. */
    if (core->produced > 0 && epoll->unasked < UNASKED_LIMIT) return 0;
    int result = watch_pool(epoll);
    if (result == 0) result = take_events(epoll, waits ? timeout : 0);
    if (result < 0) return result;
    collect(epoll);
    if (core->produced > 0 || !waits) return 0;
    if (timeout > 0) {
      timeout = deadline - core_now();
      if (timeout <= 0) return 0;
    }
  }
}

int64_t epoll_backend_turn(struct core *core, uint32_t count, int64_t timeout)
{
  struct epoll *epoll = (struct epoll *)core;
  if (count > STAGE_LAYOUT_SUBMISSIONS_CAPACITY) return -EINVAL;
  const uint8_t *staged = core->stage + STAGE_LAYOUT_SUBMISSIONS;
  core_begin_turn(core);
  for (uint32_t i = 0; i < count; i++) {
    struct submission submission;
    memcpy(&submission, staged + i * sizeof submission, sizeof submission);
    if (submission.op == STAGE_OP_CANCEL) cancel(epoll, submission.slot, submission.generation);
    else begin(epoll, &submission);
  }
  int result = wait_for_completions(epoll, timeout);
  return result < 0 ? result : (int64_t)core->produced;
}

/* ---- Life and death ---- */

static bool has_nanoseconds(int descriptor)
{
  struct timespec none = { 0, 0 };
  struct epoll_event event;
  return syscall(SYS_EPOLL_PWAIT2, descriptor, &event, 1, &none, NULL, (size_t)0) == 0;
}

int epoll_backend_create(const struct backend_options *options, struct core **created,
                         const char **step)
{
  *step = "memory for the backend";
  struct epoll *epoll = calloc(1, sizeof *epoll);
  if (epoll == NULL) return -ENOMEM;
  int result = core_init(&epoll->core, options->stage);
  if (result == 0) {
    *step = "epoll_create1";
    epoll->descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->descriptor < 0) result = -errno;
  }
  if (result < 0) {
    core_free(&epoll->core);
    free(epoll);
    return result;
  }
  epoll->core.given = descriptor_given;
  epoll->is_old = options->without_ops != 0;
  epoll->has_nanoseconds = !epoll->is_old && has_nanoseconds(epoll->descriptor);
  ignore_sigpipe();
  *created = &epoll->core;
  return 0;
}

int epoll_backend_watch(struct core *core)
{
  return ((const struct epoll *)core)->descriptor;
}

bool epoll_backend_rest(struct core *core)
{
  /* Its descriptor is readable for as long as there is something. */
  (void)core;
  return false;
}

int epoll_backend_close(struct core *core)
{
  struct epoll *epoll = (struct epoll *)core;
  core->closing = true;
  for (uint32_t index = 0; index < core->slot_count; index++) {
    if (core->slots[index].phase == PHASE_POLL) core_finish(core, index, -ECANCELED);
  }
  work_leave(&epoll->work, core);
  close(epoll->descriptor);
  watches_free(&epoll->watches);
  core_free(core);
  free(epoll);
  return 0;
}
