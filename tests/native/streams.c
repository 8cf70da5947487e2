/* Pipes, FIFOs and cancelling: whatever waits, in every mode. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static struct submission transfer(uint32_t op, uint32_t slot, int descriptor, uint32_t length)
{
  return (struct submission){
    .op = op, .slot = slot, .descriptor = descriptor, .pointer0 = DATA_AT + slot * 4096,
    .length0 = length, .offset = UINT64_MAX,
  };
}

static void make_pipe(int ends[2], int flags)
{
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC | flags), 0);
}

static void close_both(const int ends[2])
{
  close(ends[0]);
  close(ends[1]);
}

/* Waits for one completion, which must be this one. */
static int64_t wait_for(struct fixture *fixture, uint32_t slot, uint32_t generation)
{
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(produced, 1);
  struct completion got = completion(fixture, 0);
  CHECK_EQUAL(got.slot, slot);
  CHECK_EQUAL(got.generation, generation);
  return got.result;
}

static void test_read_waits(struct fixture *fixture, int flags)
{
  int ends[2];
  make_pipe(ends, flags);
  uint32_t first = stage(fixture, transfer(OP_READ, 1, ends[0], 4096));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(turn(fixture, 20000000), 0);
  CHECK_EQUAL(write(ends[1], "hello", 5), 5);
  CHECK_EQUAL(wait_for(fixture, 1, first), 5);
  CHECK(memcmp(fixture->memory + DATA_AT + 4096, "hello", 5) == 0);

  /* Two at once: each gets its own bytes, none hangs the thread. */
  stage(fixture, transfer(OP_READ, 1, ends[0], 2));
  stage(fixture, transfer(OP_READ, 2, ends[0], 2));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(write(ends[1], "ab", 2), 2);
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(produced, 1);
  uint32_t left = 3 - completion(fixture, 0).slot;
  CHECK_EQUAL(completion(fixture, 0).result, 2);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  close(ends[1]);
  while ((produced = turn(fixture, -1)) == 0) continue;
  CHECK_EQUAL(completion(fixture, 0).slot, left);
  CHECK_EQUAL(completion(fixture, 0).result, 0);
  close(ends[0]);
}

/* A position means nothing to a stream. */
static void test_offset_on_a_pipe(struct fixture *fixture)
{
  int ends[2];
  make_pipe(ends, 0);
  struct submission write_at = transfer(OP_WRITE, 1, ends[1], 3);
  write_at.offset = 77;
  memcpy(fixture->memory + write_at.pointer0, "xyz", 3);
  CHECK_EQUAL(run(fixture, write_at), 3);
  struct submission read_at = transfer(OP_READ, 1, ends[0], 10);
  read_at.offset = 5;
  CHECK_EQUAL(run(fixture, read_at), 3);
  close_both(ends);
}

static void test_write_waits(struct fixture *fixture, int flags)
{
  int ends[2];
  make_pipe(ends, flags);
  uint32_t size = (uint32_t)fcntl(ends[1], F_SETPIPE_SZ, 4096);
  uint32_t written = 0;
  while (written < size) {
    int64_t result = run(fixture, transfer(OP_WRITE, 1, ends[1], size - written));
    CHECK(result > 0);
    written += (uint32_t)result;
  }
  uint32_t generation = stage(fixture, transfer(OP_WRITE, 1, ends[1], 100));
  CHECK_EQUAL(turn(fixture, 20000000), 0);
  static char bytes[1 << 16];
  CHECK_EQUAL(read(ends[0], bytes, sizeof bytes), size);
  CHECK_EQUAL(wait_for(fixture, 1, generation), 100);
  close(ends[0]);
  /* Nobody reads: an error, and no signal. */
  CHECK_EQUAL(run(fixture, transfer(OP_WRITE, 1, ends[1], 100)), -EPIPE);
  close(ends[1]);
}

static void test_cancel(struct fixture *fixture)
{
  int ends[2];
  make_pipe(ends, 0);
  uint32_t generation = stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  CHECK_EQUAL(turn(fixture, 0), 0);
  stage_cancel(fixture, 1, generation + 1);
  stage_cancel(fixture, 7, generation);
  stage_cancel(fixture, 0xfffffffe, generation);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(wait_for(fixture, 1, generation), -ECANCELED);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(turn(fixture, 5000000), 0);

  /* In the very batch that begins it. */
  generation = stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  stage_cancel(fixture, 1, generation);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(wait_for(fixture, 1, generation), -ECANCELED);

  /* The bytes that a cancelled read did not take are there for the next. */
  CHECK_EQUAL(write(ends[1], "kept", 4), 4);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, ends[0], 100)), 4);
  CHECK_EQUAL(fixture->core->in_flight, 0);
  close_both(ends);
}

/* A descriptor that was O_NONBLOCK all along, and one of a socket. */
static void test_sockets(struct fixture *fixture)
{
  int ends[2];
  CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  uint32_t generation = stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  memcpy(fixture->memory + DATA_AT + 2 * 4096, "socket", 6);
  uint32_t other = stage(fixture, transfer(OP_WRITE, 2, ends[1], 6));
  uint32_t left = 2;
  while (left > 0) {
    uint32_t produced = turn(fixture, -1);
    for (uint32_t i = 0; i < produced; i++) {
      struct completion got = completion(fixture, i);
      CHECK_EQUAL(got.result, 6);
      CHECK_EQUAL(got.generation, got.slot == 1 ? generation : other);
    }
    left -= produced;
  }
  close(ends[1]);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, ends[0], 100)), 0);
  close(ends[0]);
}

static struct submission open_fifo(struct fixture *fixture, uint32_t slot)
{
  struct submission open = {
    .op = OP_OPEN, .slot = slot, .descriptor = -1, .flags = OPEN_FLAG_READ,
  };
  return with_path(fixture, open, in_folder("fifo"));
}

/* Lets threads go on that still hang in an open of the FIFO. */
static void release_openers(void)
{
  int writer = open(in_folder("fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  CHECK(writer >= 0);
  pause_milliseconds(5);
  close(writer);
}

static void test_fifo(struct fixture *fixture)
{
  CHECK_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
  uint32_t generation = stage(fixture, open_fifo(fixture, 1));
  CHECK_EQUAL(turn(fixture, 20000000), 0);
  /* The thread goes on meanwhile. */
  struct submission nop = { .op = OP_NOP, .slot = 2 };
  CHECK_EQUAL(run(fixture, nop), 0);
  int writer = open(in_folder("fifo"), O_WRONLY | O_CLOEXEC);
  CHECK(writer >= 0);
  int64_t reader = wait_for(fixture, 1, generation);
  CHECK(reader >= 0);
  close((int)reader);
  close(writer);

  generation = stage(fixture, open_fifo(fixture, 1));
  CHECK_EQUAL(turn(fixture, 20000000), 0);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(wait_for(fixture, 1, generation), -ECANCELED);
  release_openers();
  unlink(in_folder("fifo"));
}

/* Many opens that hang: they can be cancelled, and what comes after them does not wait for them. */
static void test_many_opens(struct fixture *fixture)
{
  enum { COUNT = 40 };
  uint32_t generations[COUNT];
  CHECK_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
  for (uint32_t i = 0; i < COUNT; i++) generations[i] = stage(fixture, open_fifo(fixture, i));
  CHECK_EQUAL(turn(fixture, 50000000), 0);
  for (uint32_t i = 0; i < COUNT; i++) stage_cancel(fixture, i, generations[i]);
  for (uint32_t cancelled = 0; cancelled < COUNT;) {
    uint32_t produced = turn(fixture, -1);
    for (uint32_t i = 0; i < produced; i++) CHECK_EQUAL(completion(fixture, i).result, -ECANCELED);
    cancelled += produced;
  }
  close(open_file(fixture, "/dev/null", OPEN_FLAG_READ));
  release_openers();
  unlink(in_folder("fifo"));
}

/*
 * A descriptor that is used often is known to the kernel as a registered file, which must be gone
 * with the descriptor: nobody reads the FIFO any more, and the number can stand for another file.
 */
static void test_often_used(struct fixture *fixture)
{
  CHECK_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
  int holder = open(in_folder("fifo"), O_RDWR | O_CLOEXEC);
  int reader = open_file(fixture, in_folder("fifo"), OPEN_FLAG_READ);
  int writer = open(in_folder("fifo"), O_WRONLY | O_CLOEXEC);
  CHECK(holder >= 0 && writer >= 0);
  /* The number of the holder stays taken, so that the reader's is the next to be given. */
  CHECK_EQUAL(dup2(writer, holder), holder);
  for (int i = 0; i < 50; i++) {
    CHECK_EQUAL(write(writer, "often", 5), 5);
    CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, reader, 100)), 5);
  }
  struct submission end = { .op = OP_CLOSE, .slot = 1, .descriptor = reader };
  CHECK_EQUAL(run(fixture, end), 0);
  CHECK_EQUAL(write(writer, "often", 5), -1);
  CHECK_EQUAL(errno, EPIPE);

  write_file(in_folder("other"), "other file");
  end.descriptor = open_file(fixture, in_folder("other"), OPEN_FLAG_READ);
  CHECK_EQUAL(end.descriptor, reader);
  for (int i = 0; i < 50; i++) {
    struct submission read_at = transfer(OP_READ, 1, end.descriptor, 100);
    read_at.offset = 6;
    CHECK_EQUAL(run(fixture, read_at), 4);
  }
  CHECK_EQUAL(run(fixture, end), 0);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, end.descriptor, 100)), -EBADF);
  close(holder);
  close(writer);
  unlink(in_folder("fifo"));
}

static void ignore(int signal)
{
  (void)signal;
}

static void *disturb(void *thread)
{
  for (int i = 0; i < 5; i++) {
    pause_milliseconds(4);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
  }
  return NULL;
}

/* A signal interrupts the wait: the turn goes on with what is left of its time. */
static void test_signals(struct fixture *fixture)
{
  struct sigaction action = { .sa_handler = ignore };
  CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  int ends[2];
  make_pipe(ends, 0);
  uint32_t generation = stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  pthread_t self = pthread_self();
  pthread_t other;
  CHECK_EQUAL(pthread_create(&other, NULL, disturb, &self), 0);
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK_EQUAL(turn(fixture, 40000000), 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  int64_t took = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
  CHECK(took >= 40000000);
  pthread_join(other, NULL);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(wait_for(fixture, 1, generation), -ECANCELED);
  close_both(ends);
}

int main(void)
{
  int before = count_descriptors();
  signal(SIGPIPE, SIG_DFL);
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_read_waits(&fixture, 0);
    test_read_waits(&fixture, O_NONBLOCK);
    test_offset_on_a_pipe(&fixture);
    test_write_waits(&fixture, 0);
    test_write_waits(&fixture, O_NONBLOCK);
    test_cancel(&fixture);
    test_sockets(&fixture);
    test_fifo(&fixture);
    test_many_opens(&fixture);
    test_often_used(&fixture);
    test_signals(&fixture);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
