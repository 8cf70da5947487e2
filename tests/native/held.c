/*
 * Descriptors that are closed while a thread of the pool still uses them: their numbers are nobody
 * else's before it is done, and the last one closes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../host/native/operation.h"
#include "../../host/native/pool.h"
#include "fixture.h"

/* How far the time of day was set forward, in seconds. */
static time_t set_forward;

/* The system's, but for the time of day. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += set_forward;
  return result;
}

static bool is_open(int descriptor)
{
  return fcntl(descriptor, F_GETFD) >= 0;
}

/* Whether it is closed within five seconds. */
static bool gets_closed(int descriptor)
{
  for (int i = 0; i < 5000 && is_open(descriptor); i++) pause_milliseconds(1);
  return !is_open(descriptor);
}

/* A number that was free is given to the next file: so it is seen whether `descriptor` is. */
static void check_not_reused(int descriptor)
{
  int other = open("/dev/null", O_RDWR | O_CLOEXEC);
  CHECK(other >= 0 && other != descriptor);
  close(other);
}

/* Has a thread of the pool begin with a read, which blocks until somebody writes. */
static void begin_read(struct pool *pool, int descriptor)
{
  struct submission read = {
    .op = OP_READ, .descriptor = descriptor, .length0 = 8, .offset = UINT64_MAX,
  };
  struct operation *operation = operation_allocate(&read, 8);
  CHECK(operation != NULL);
  operation->length = 8;
  do {
    CHECK_EQUAL(pool_submit(pool, operation), 0);
    pause_milliseconds(1);
  } while (pool_remove(pool, operation));
}

static void test_reads(bool releases)
{
  int ends[2];
  struct pool *pool;
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  CHECK_EQUAL(pool_create(4, &pool), 0);
  CHECK(!pool_close_later(pool, ends[0]));
  begin_read(pool, ends[0]);
  begin_read(pool, ends[0]);
  CHECK(!pool_close_later(pool, ends[1]));
  CHECK(pool_close_later(pool, ends[0]));
  if (releases) pool_release(pool);
  CHECK(is_open(ends[0]));
  check_not_reused(ends[0]);
  /* One of them ends; the other hangs on, and with it the descriptor. */
  CHECK_EQUAL(write(ends[1], "8 bytes!", 8), 8);
  if (!releases) {
    struct operation *done;
    while ((done = pool_take(pool)) == NULL) pause_milliseconds(1);
    CHECK_EQUAL(done->result, 8);
    operation_free(done);
  }
  CHECK(is_open(ends[0]));
  check_not_reused(ends[0]);
  CHECK_EQUAL(write(ends[1], "8 again!", 8), 8);
  CHECK(gets_closed(ends[0]));
  if (!releases) pool_release(pool);
  close(ends[1]);
}

/* A release waits a moment for those that hang, however the time of day is set meanwhile. */
static void test_clock_step(void)
{
  int ends[2];
  struct pool *pool;
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  CHECK_EQUAL(pool_create(1, &pool), 0);
  begin_read(pool, ends[0]);
  CHECK(pool_close_later(pool, ends[0]));
  int64_t began = core_now();
  set_forward = 5;
  pool_release(pool);
  set_forward = 0;
  CHECK(core_now() - began < 3000000000);
  CHECK_EQUAL(write(ends[1], "8 bytes!", 8), 8);
  CHECK(gets_closed(ends[0]));
  close(ends[1]);
}

/* An open that was cancelled has ended, and so does not hold the directory that it began in. */
static void test_cancelled(const struct mode *mode)
{
  struct fixture fixture;
  fixture_open(&fixture, mode);
  int directory = open_file(&fixture, folder(), OPEN_FLAG_READ | OPEN_FLAG_DIRECTORY);
  struct submission open_fifo = {
    .op = OP_OPEN, .descriptor = directory, .flags = OPEN_FLAG_READ,
    .argument = STAGE_ARGUMENT_BENEATH, .slot = 1,
  };
  uint32_t generation = stage(&fixture, with_path(&fixture, open_fifo, "fifo"));
  CHECK_EQUAL(turn(&fixture, 20000000), 0);
  stage_cancel(&fixture, 1, generation);
  uint32_t produced = 0;
  while (produced == 0) produced = turn(&fixture, -1);
  CHECK_EQUAL(completion(&fixture, 0).result, -ECANCELED);
  struct submission close_it = { .op = OP_CLOSE, .descriptor = directory };
  CHECK_EQUAL(run(&fixture, close_it), 0);
  CHECK(!is_open(directory));
  /* Nobody opens the FIFO for reading any more. */
  CHECK_EQUAL(open(in_folder("fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
  CHECK_EQUAL(errno, ENXIO);
  fixture_close(&fixture);
}

int main(void)
{
  folder();
  CHECK_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
  int before = count_descriptors();
  for (int i = 0; i < 20; i++) test_reads(i % 2 == 0);
  test_clock_step();
  CHECK_EQUAL(count_descriptors(), before);
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    test_cancelled(mode);
  }
  CHECK_EQUAL(count_descriptors(), before);
  return 0;
}
