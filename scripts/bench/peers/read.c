/*
 * The peer of the read benchmarks: uniformly random 4 KiB reads of a cached file over plain
 * io_uring, by raw system calls, as well as we can: deferred task work, one enter per batch that
 * submits and waits, no registered buffers or files. Every read is checked at both ends.
 *
 *     read FILE DEPTH COUNT SEED     prints seconds=… operations=… distinct=… bad=…
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define MAX_DEPTH 256u

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1u << 16)
#endif

struct queue {
  int descriptor;
  uint32_t *sq_tail, *cq_head, *cq_tail;
  uint32_t sq_mask, cq_mask, tail;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
};

struct work {
  int file;
  uint32_t blocks, seed;
  uint32_t block_of[MAX_DEPTH]; /* which block each buffer is read from */
  uint8_t *buffers;
  uint8_t *seen;
  uint64_t bad;
};

static void die(const char *what)
{
  perror(what);
  exit(1);
}

static void *map(int descriptor, size_t size, uint64_t offset)
{
  int flags = MAP_SHARED | MAP_POPULATE;
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, descriptor, (off_t)offset);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

static void open_queue(struct queue *queue)
{
  static const uint32_t choices[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    0,
  };
  struct io_uring_params params;
  queue->descriptor = -1;
  for (size_t i = 0; i < 3 && queue->descriptor < 0; i++) {
    memset(&params, 0, sizeof params);
    params.flags = choices[i];
    queue->descriptor = (int)syscall(__NR_io_uring_setup, MAX_DEPTH, &params);
  }
  if (queue->descriptor < 0) die("io_uring_setup");
  size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  uint8_t *ring = map(queue->descriptor, sq_size > cq_size ? sq_size : cq_size, IORING_OFF_SQ_RING);
  size_t sqes_size = params.sq_entries * sizeof(struct io_uring_sqe);
  queue->sqes = map(queue->descriptor, sqes_size, IORING_OFF_SQES);
  queue->sq_tail = (uint32_t *)(ring + params.sq_off.tail);
  queue->sq_mask = params.sq_entries - 1;
  queue->cq_head = (uint32_t *)(ring + params.cq_off.head);
  queue->cq_tail = (uint32_t *)(ring + params.cq_off.tail);
  queue->cq_mask = params.cq_entries - 1;
  queue->cqes = (struct io_uring_cqe *)(ring + params.cq_off.cqes);
  if (params.flags & IORING_SETUP_NO_SQARRAY) return;
  uint32_t *array = (uint32_t *)(ring + params.sq_off.array);
  for (uint32_t i = 0; i < params.sq_entries; i++) array[i] = i;
}

static void prepare(struct queue *queue, struct work *work, uint32_t buffer)
{
  uint32_t x = work->seed;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  work->seed = x;
  uint32_t block = x % work->blocks;
  work->block_of[buffer] = block;
  work->seen[block / 8] |= (uint8_t)(1u << block % 8);
  struct io_uring_sqe *sqe = &queue->sqes[queue->tail++ & queue->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = IORING_OP_READ;
  sqe->fd = work->file;
  sqe->addr = (uint64_t)(uintptr_t)(work->buffers + (size_t)buffer * BLOCK);
  sqe->len = BLOCK;
  sqe->off = (uint64_t)block * BLOCK;
  sqe->user_data = buffer;
}

static void check(struct work *work, const struct io_uring_cqe *cqe)
{
  uint32_t buffer = (uint32_t)cqe->user_data;
  const uint8_t *data = work->buffers + (size_t)buffer * BLOCK;
  uint32_t block = work->block_of[buffer];
  uint32_t first;
  memcpy(&first, data, sizeof first);
  if (cqe->res != (int)BLOCK || first != block || data[BLOCK - 1] != ((block * 31 + 7) & 255)) {
    work->bad++;
  }
}

static void run(struct queue *queue, struct work *work, uint32_t depth, uint64_t count)
{
  uint64_t issued = 0, done = 0;
  uint32_t pending = 0;
  for (; issued < depth && issued < count; issued++, pending++) {
    prepare(queue, work, (uint32_t)issued);
  }
  while (done < count) {
    __atomic_store_n(queue->sq_tail, queue->tail, __ATOMIC_RELEASE);
    long taken = syscall(__NR_io_uring_enter, queue->descriptor, pending, 1,
                         IORING_ENTER_GETEVENTS, NULL, 0);
    if (taken < 0 && errno != EINTR) die("io_uring_enter");
    if (taken > 0) pending -= (uint32_t)taken;
    uint32_t head = *queue->cq_head;
    uint32_t tail = __atomic_load_n(queue->cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++, done++) {
      const struct io_uring_cqe *cqe = &queue->cqes[head & queue->cq_mask];
      check(work, cqe);
      if (issued >= count) continue;
      prepare(queue, work, (uint32_t)cqe->user_data);
      issued++;
      pending++;
    }
    __atomic_store_n(queue->cq_head, head, __ATOMIC_RELEASE);
  }
}

static double seconds(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
  if (argc != 5) {
    fprintf(stderr, "usage: read FILE DEPTH COUNT SEED\n");
    return 2;
  }
  struct work work = { .seed = (uint32_t)strtoul(argv[4], NULL, 0) };
  uint32_t depth = (uint32_t)strtoul(argv[2], NULL, 0);
  uint64_t count = strtoull(argv[3], NULL, 0);
  struct stat stat;
  work.file = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (work.file < 0 || fstat(work.file, &stat) < 0) die(argv[1]);
  work.blocks = (uint32_t)((uint64_t)stat.st_size / BLOCK);
  if (depth < 1 || depth > MAX_DEPTH || work.blocks == 0 || work.seed == 0) {
    fprintf(stderr, "read: depth 1 to 256, a file of whole blocks, and a seed that is not 0\n");
    return 2;
  }
  work.buffers = aligned_alloc(BLOCK, (size_t)depth * BLOCK);
  work.seen = calloc(1, work.blocks / 8 + 1);
  if (work.buffers == NULL || work.seen == NULL) die("memory");
  memset(work.buffers, 0, (size_t)depth * BLOCK);
  struct queue queue = { 0 };
  open_queue(&queue);

  double began = seconds();
  run(&queue, &work, depth, count);
  double took = seconds() - began;
  uint64_t distinct = 0;
  for (uint32_t i = 0; i < work.blocks; i++) distinct += work.seen[i / 8] >> i % 8 & 1;
  printf("seconds=%.6f operations=%llu distinct=%llu bad=%llu\n", took, (unsigned long long)count,
         (unsigned long long)distinct, (unsigned long long)work.bad);
  return work.bad == 0 ? 0 : 1;
}
