/* See ring.h. */
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sets of setup flags, best first; each row is what some older kernel already knows. */
static const uint32_t setups[] = {
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP | URING_SETUP_SUBMIT_ALL | URING_SETUP_TASKRUN_FLAG |
    URING_SETUP_SINGLE_ISSUER | URING_SETUP_DEFER_TASKRUN | URING_SETUP_NO_SQARRAY,
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP | URING_SETUP_SUBMIT_ALL | URING_SETUP_TASKRUN_FLAG |
    URING_SETUP_SINGLE_ISSUER | URING_SETUP_DEFER_TASKRUN,
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP | URING_SETUP_SUBMIT_ALL | URING_SETUP_TASKRUN_FLAG |
    URING_SETUP_SINGLE_ISSUER | URING_SETUP_COOP_TASKRUN,
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP | URING_SETUP_SUBMIT_ALL | URING_SETUP_TASKRUN_FLAG |
    URING_SETUP_COOP_TASKRUN,
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP | URING_SETUP_SUBMIT_ALL,
  URING_SETUP_CQSIZE | URING_SETUP_CLAMP,
  URING_SETUP_CQSIZE,
};

static int result_of(long value)
{
  return value < 0 ? -errno : (int)value;
}

static int setup(struct uring_params *params, const struct ring_options *options)
{
  uint32_t entries = options->entries;
  uint32_t completion_entries = options->completion_entries;
  for (size_t row = 0; row < sizeof setups / sizeof *setups;) {
    if (setups[row] & options->without_setup) {
      row++;
      continue;
    }
    memset(params, 0, sizeof *params);
    params->flags = setups[row];
    params->cq_entries = completion_entries;
    int descriptor = result_of(syscall(URING_SYS_SETUP, entries, params));
    if (descriptor >= 0) return descriptor;
    if (descriptor == -ENOMEM && entries > 16) {
      /* Up to 5.11 rings count against the limit of locked memory: do with less of it. */
      entries /= 2;
      completion_entries /= 2;
    } else if (descriptor == -EINVAL) {
      row++;
    } else {
      return descriptor;
    }
  }
  return -EINVAL;
}

static void *map(struct ring *ring, int index, uint64_t size, uint64_t offset)
{
  int flags = MAP_SHARED | MAP_POPULATE;
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, ring->descriptor, (off_t)offset);
  if (at == MAP_FAILED) return NULL;
  /* A child that is forked from this process must not see, let alone drive, the queues. */
  (void)madvise(at, size, MADV_DONTFORK);
  ring->maps[index] = at;
  ring->map_sizes[index] = size;
  return at;
}

static int map_queues(struct ring *ring, const struct uring_params *params)
{
  bool array = !(params->flags & URING_SETUP_NO_SQARRAY);
  uint64_t sq_size = array ? params->sq.array + params->sq_entries * sizeof(uint32_t) : 0;
  uint64_t cq_size = params->cq.cqes + params->cq_entries * sizeof(struct uring_cqe);
  bool single = (params->features & URING_FEATURE_SINGLE_MMAP) != 0;
  if (single && cq_size > sq_size) sq_size = cq_size;
  uint8_t *sq = map(ring, 0, sq_size, URING_MAP_SQ);
  if (sq == NULL) return -errno;
  uint8_t *cq = single ? sq : map(ring, 1, cq_size, URING_MAP_CQ);
  if (cq == NULL) return -errno;
  ring->sqes = map(ring, 2, params->sq_entries * sizeof(struct uring_sqe), URING_MAP_SQES);
  if (ring->sqes == NULL) return -errno;

  ring->sq_head = (uint32_t *)(sq + params->sq.head);
  ring->sq_tail = (uint32_t *)(sq + params->sq.tail);
  ring->sq_flags = (uint32_t *)(sq + params->sq.flags);
  ring->sq_entries = params->sq_entries;
  ring->sq_mask = params->sq_entries - 1;
  ring->cq_head = (uint32_t *)(cq + params->cq.head);
  ring->cq_tail = (uint32_t *)(cq + params->cq.tail);
  ring->cqes = (struct uring_cqe *)(cq + params->cq.cqes);
  ring->cq_flags = params->cq.flags == 0 ? NULL : (uint32_t *)(cq + params->cq.flags);
  ring->cq_mask = params->cq_entries - 1;
  if (array) {
    /* Entries are submitted in the order in which they lie, so the indirection never changes. */
    uint32_t *indices = (uint32_t *)(sq + params->sq.array);
    for (uint32_t i = 0; i < params->sq_entries; i++) indices[i] = i;
  }
  return 0;
}

static void probe(struct ring *ring)
{
  static const uint8_t always[] = {
    URING_OP_NOP, URING_OP_FSYNC, URING_OP_POLL_ADD, URING_OP_TIMEOUT, URING_OP_ASYNC_CANCEL,
  };
  struct uring_probe answer;
  memset(&answer, 0, sizeof answer);
  memset(ring->supported, 0, sizeof ring->supported);
  long failed = syscall(URING_SYS_REGISTER, ring->descriptor, URING_REGISTER_PROBE, &answer, 256);
  if (failed) {
    /* Before 5.6 one cannot ask. What a kernel with URING_FEATURE_NODROP has is known. */
    for (size_t i = 0; i < sizeof always; i++) {
      ring->supported[always[i] / 8] |= (uint8_t)(1u << always[i] % 8);
    }
    return;
  }
  for (uint32_t i = 0; i < answer.count; i++) {
    if (!(answer.ops[i].flags & URING_PROBE_SUPPORTED)) continue;
    ring->supported[answer.ops[i].opcode / 8] |= (uint8_t)(1u << answer.ops[i].opcode % 8);
  }
}

static int call_register(const struct ring *ring, uint32_t what, void *argument, uint32_t count)
{
  return result_of(syscall(URING_SYS_REGISTER, ring->descriptor, what, argument, count));
}

/* Has the kernel keep the ring at hand for this thread, so that no enter looks for it. */
static void register_entry(struct ring *ring)
{
  struct uring_update update = { .offset = UINT32_MAX, .data = (uint32_t)ring->descriptor };
  if (call_register(ring, URING_REGISTER_RING_FDS, &update, 1) != 1) return;
  ring->entry = (int)update.offset;
  ring->enter_flags |= URING_ENTER_REGISTERED_RING;
}

static void unregister_entry(struct ring *ring)
{
  if (!(ring->enter_flags & URING_ENTER_REGISTERED_RING)) return;
  struct uring_update update = { .offset = (uint32_t)ring->entry };
  (void)call_register(ring, URING_UNREGISTER_RING_FDS, &update, 1);
}

int ring_register_table(const struct ring *ring, uint32_t count)
{
  struct uring_files files = { .count = count, .flags = URING_FILES_SPARSE };
  return call_register(ring, URING_REGISTER_FILES2, &files, sizeof files);
}

int ring_register_file(const struct ring *ring, uint32_t index, int32_t descriptor)
{
  struct uring_update update = { .offset = index, .data = (uint64_t)(uintptr_t)&descriptor };
  return call_register(ring, URING_REGISTER_FILES_UPDATE, &update, 1);
}

/* A ring that was set up may still be refused at its first use: see one operation through. */
static int prove(struct ring *ring)
{
  struct uring_sqe *sqe = ring_prepare(ring);
  sqe->opcode = URING_OP_NOP;
  int result = ring_enter(ring, 1, -1);
  if (result < 0) return result;
  const struct uring_cqe *cqe = ring_peek(ring);
  if (cqe == NULL) return -EIO;
  result = cqe->result;
  ring_advance(ring);
  return result;
}

int ring_open(struct ring *ring, const struct ring_options *options, const char **step)
{
  struct uring_params params;
  memset(ring, 0, sizeof *ring);
  *step = "io_uring_setup";
  ring->descriptor = setup(&params, options);
  if (ring->descriptor < 0) return ring->descriptor;
  ring->entry = ring->descriptor;
  ring->events = -1;
  params.features &= ~options->without_features;
  ring->features = params.features;
  ring->setup_flags = params.flags;
  ring->tells_taskrun = (params.flags & URING_SETUP_TASKRUN_FLAG) != 0;
  ring->has_wait_argument = (params.features & URING_FEATURE_EXT_ARG) != 0;
  if (params.features & URING_FEATURE_NO_IOWAIT) ring->enter_flags |= URING_ENTER_NO_IOWAIT;

  int result = 0;
  if (!(params.features & URING_FEATURE_NODROP)) {
    /* Without it the kernel throws completions away when the queue is full. */
    *step = "io_uring that keeps every completion (Linux 5.5)";
    result = -ENOSYS;
  }
  if (result == 0) {
    *step = "mmap of the io_uring";
    result = map_queues(ring, &params);
  }
  if (result == 0) {
    *step = "io_uring_enter";
    probe(ring);
    register_entry(ring);
    result = prove(ring);
  }
  if (result < 0) ring_close(ring);
  return result;
}

void ring_close(struct ring *ring)
{
  unregister_entry(ring);
  for (int i = 0; i < 3; i++) {
    if (ring->maps[i] != NULL) munmap(ring->maps[i], ring->map_sizes[i]);
    ring->maps[i] = NULL;
  }
  if (ring->descriptor >= 0) close(ring->descriptor);
  ring->descriptor = -1;
  if (ring->events >= 0) close(ring->events);
  ring->events = -1;
}

int ring_watch(struct ring *ring)
{
  if (ring->events >= 0) return ring->events;
  int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (events < 0) return -errno;
  int result = call_register(ring, URING_REGISTER_EVENTFD, &events, 1);
  if (result < 0) {
    close(events);
    return result;
  }
  ring->events = events;
  return events;
}

bool ring_rest(const struct ring *ring)
{
  uint64_t count;
  if (ring->cq_flags != NULL) __atomic_store_n(ring->cq_flags, 0, __ATOMIC_SEQ_CST);
  while (read(ring->events, &count, sizeof count) < 0 && errno == EINTR);
  return ring_has_deferred(ring) || ring_peek(ring) != NULL;
}

void ring_stir(const struct ring *ring)
{
  if (ring->events < 0 || ring->cq_flags == NULL) return;
  __atomic_store_n(ring->cq_flags, URING_CQ_EVENTFD_DISABLED, __ATOMIC_RELAXED);
}

bool ring_supports(const struct ring *ring, uint8_t opcode)
{
  return (ring->supported[opcode / 8] >> opcode % 8 & 1) != 0;
}

int ring_enter(struct ring *ring, uint32_t minimum, int64_t timeout)
{
  uint32_t flags = ring->enter_flags | URING_ENTER_GETEVENTS;
  struct uring_timespec limit;
  struct uring_wait wait;
  void *argument = NULL;
  size_t argument_size = 0;
  if (timeout > 0) {
    limit = (struct uring_timespec){ timeout / 1000000000, timeout % 1000000000 };
    wait = (struct uring_wait){ .timespec = (uint64_t)(uintptr_t)&limit };
    argument = &wait;
    argument_size = sizeof wait;
    flags |= URING_ENTER_EXT_ARG;
  }
  uint32_t count = ring->tail - ring->submitted;
  __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
  long taken = syscall(URING_SYS_ENTER, ring->entry, count, minimum, flags, argument,
                       argument_size);
  if (taken < 0) return -errno;
  ring->submitted += (uint32_t)taken;
  return 0;
}

struct uring_sqe *ring_prepare(struct ring *ring)
{
  if (ring_unsubmitted(ring) == ring->sq_entries) {
    int result;
    do {
      result = ring_enter(ring, 0, 0);
    } while (result == -EINTR);
    if (ring_unsubmitted(ring) == ring->sq_entries) return NULL;
  }
  struct uring_sqe *sqe = &ring->sqes[ring->tail & ring->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  ring->tail++;
  ring->outstanding++;
  return sqe;
}
