/* Ending a backend with everything in flight: nothing leaks, hangs, or is written later. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

enum { READS = 300, ROUNDS = 100 };

static void stage_read(struct fixture *fixture, uint32_t slot, int descriptor)
{
  stage(fixture, (struct submission){
    .op = OP_READ, .slot = slot, .descriptor = descriptor, .pointer0 = DATA_AT + slot * 64,
    .length0 = 64, .offset = UINT64_MAX,
  });
}

static int count_threads(void)
{
  int count = 0;
  DIR *listing = opendir("/proc/self/task");
  CHECK(listing != NULL);
  for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    count += entry->d_name[0] != '.';
  }
  closedir(listing);
  return count;
}

static double seconds(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Ends the backend and keeps its memory, to see that nobody writes to it any more. */
static void close_backend(struct fixture *fixture)
{
  CHECK_EQUAL(fixture->backend->close(fixture->core), 0);
  free(fixture->stage);
}

static void test_pipes(const struct mode *mode, int pipes[][2], int round)
{
  struct fixture fixture;
  fixture_open(&fixture, mode);
  for (uint32_t i = 0; i < READS; i++) stage_read(&fixture, i, pipes[i][0]);
  /* Submitted, half submitted, or never: all must end the same way. */
  if (round % 3 == 1) CHECK_EQUAL(turn(&fixture, 0), 0);
  if (round % 3 == 2) CHECK_EQUAL(turn(&fixture, 100000), 0);
  close_backend(&fixture);
  CHECK_EQUAL(write(pipes[round % READS][1], "late", 4), 4);
  for (uint32_t i = 0; i < READS * 64; i++) CHECK_EQUAL(fixture.memory[DATA_AT + i], 0);
  char taken[4];
  CHECK_EQUAL(read(pipes[round % READS][0], taken, 4), 4);
  free(fixture.memory);
}

/* Opens that succeeded, whose descriptors nobody has taken. */
static void test_unclaimed(const struct mode *mode)
{
  struct fixture fixture;
  fixture_open(&fixture, mode);
  struct submission open = { .op = OP_OPEN, .descriptor = -1, .flags = OPEN_FLAG_READ };
  for (uint32_t i = 0; i < 50; i++) {
    open.slot = i;
    stage(&fixture, with_path(&fixture, open, "/dev/null"));
  }
  uint32_t produced = turn(&fixture, 0);
  for (uint32_t i = 0; i < produced; i++) close((int)completion(&fixture, i).result);
  close_backend(&fixture);
  free(fixture.memory);
}

/* A thread that hangs in an open is left behind, and what it opens in the end is closed. */
static void test_hanging_open(const struct mode *mode, int descriptors)
{
  struct fixture fixture;
  CHECK_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
  fixture_open(&fixture, mode);
  struct submission hang = { .op = OP_OPEN, .descriptor = -1, .flags = OPEN_FLAG_READ };
  for (uint32_t i = 0; i < 12; i++) {
    hang.slot = i;
    stage(&fixture, with_path(&fixture, hang, in_folder("fifo")));
  }
  CHECK_EQUAL(turn(&fixture, 5000000), 0);
  double began = seconds();
  close_backend(&fixture);
  CHECK(seconds() - began < 2);
  CHECK_EQUAL(count_descriptors(), descriptors);
  free(fixture.memory);
  int writer = open(in_folder("fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  CHECK(writer >= 0);
  for (int i = 0; i < 5000 && count_threads() > 1; i++) pause_milliseconds(1);
  CHECK_EQUAL(count_threads(), 1);
  close(writer);
  CHECK_EQUAL(count_descriptors(), descriptors);
  unlink(in_folder("fifo"));
}

static void test_moved_memory(const struct mode *mode)
{
  struct fixture fixture;
  int ends[2];
  fixture_open(&fixture, mode);
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  stage_read(&fixture, 0, ends[0]);
  CHECK_EQUAL(turn(&fixture, 0), 0);
  bool direct = fixture.core->direct_count > 0;
  uint8_t *other = calloc(1, MEMORY_SIZE);
  CHECK_EQUAL(core_attach(fixture.core, fixture.memory, MEMORY_SIZE, !mode->bounce), 0);
  CHECK_EQUAL(core_attach(fixture.core, other, MEMORY_SIZE, !mode->bounce), direct ? -EBUSY : 0);
  CHECK_EQUAL(write(ends[1], "moved", 5), 5);
  while (turn(&fixture, -1) == 0) continue;
  CHECK_EQUAL(completion(&fixture, 0).result, 5);
  uint8_t *current = direct ? fixture.memory : other;
  CHECK(memcmp(current + DATA_AT, "moved", 5) == 0);
  CHECK_EQUAL(core_attach(fixture.core, other, MEMORY_SIZE, !mode->bounce), 0);
  fixture_close(&fixture);
  free(other);
  close(ends[0]);
  close(ends[1]);
}

int main(void)
{
  static int pipes[READS][2];
  struct rlimit limit;
  CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
  for (uint32_t i = 0; i < READS; i++) CHECK_EQUAL(pipe2(pipes[i], O_CLOEXEC), 0);
  folder();
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    for (int round = 0; round < ROUNDS; round++) test_pipes(mode, pipes, round);
    CHECK_EQUAL(count_descriptors(), before);
    test_unclaimed(mode);
    CHECK_EQUAL(count_descriptors(), before);
    test_hanging_open(mode, before);
    test_moved_memory(mode);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
