/* More completions at once than the ring's queue or the stage has room for: none is lost. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../host/native/uring.h"
#include "fixture.h"

enum { COUNT = 9000 };

static uint8_t seen[COUNT];

static uint32_t collect(struct fixture *fixture, int64_t timeout)
{
  uint32_t produced = turn(fixture, timeout);
  CHECK(produced <= STAGE_LAYOUT_COMPLETIONS_CAPACITY);
  for (uint32_t i = 0; i < produced; i++) {
    struct completion got = completion(fixture, i);
    CHECK(got.slot < COUNT);
    CHECK_EQUAL(got.result, 0);
    CHECK_EQUAL(seen[got.slot]++, 0);
  }
  return produced;
}

static void test_burst(struct fixture *fixture)
{
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  memset(seen, 0, sizeof seen);
  for (uint32_t slot = 0; slot < COUNT; slot++) {
    stage(fixture, (struct submission){
      .op = OP_READ, .slot = slot, .descriptor = ends[0], .pointer0 = DATA_AT, .length0 = 8,
      .offset = UINT64_MAX,
    });
    if (fixture->staged == STAGE_LAYOUT_SUBMISSIONS_CAPACITY) CHECK_EQUAL(turn(fixture, 0), 0);
  }
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(fixture->core->in_flight, COUNT);
  close(ends[1]);
  uint32_t done = 0;
  while (done < COUNT) done += collect(fixture, -1);
  CHECK_EQUAL(collect(fixture, 0), 0);
  CHECK_EQUAL(fixture->core->in_flight, 0);
  close(ends[0]);
}

/* Completions that come at once beside those that the queue already holds. */
static void test_late(struct fixture *fixture)
{
  uint32_t capacity = STAGE_LAYOUT_SUBMISSIONS_CAPACITY;
  uint32_t done = 0;
  for (uint32_t round = 0; round < 6; round++) {
    for (uint32_t slot = 0; slot < capacity; slot++) {
      stage(fixture, (struct submission){ .op = round % 2 ? 999 : OP_NOP, .slot = slot });
    }
    done += turn(fixture, 0);
  }
  while (done < 6 * capacity) {
    uint32_t produced = turn(fixture, 100000000);
    CHECK(produced > 0);
    done += produced;
  }
  CHECK_EQUAL(turn(fixture, 0), 0);
}

int main(void)
{
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    for (uint32_t entries = 16; entries <= 4096; entries *= 16) {
      struct mode small = *mode;
      small.options.completion_entries = entries;
      struct fixture fixture;
      fixture_open(&fixture, &small);
      test_burst(&fixture);
      test_late(&fixture);
      fixture_close(&fixture);
    }
  }
  return 0;
}
