/* Operations in flight that hold much memory: the next get less of it, and then none. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../host/native/operation.h"
#include "fixture.h"

/* Whether this mode reads a file into a buffer of the helper's. */
static bool copies(const struct mode *mode)
{
  bool at_once = strcmp(mode->backend, "epoll") == 0;
  return mode->options.without_ops != 0 || (mode->bounce && !at_once);
}

/* Reads as much as there is room for while the others hold `held` bytes. */
static int64_t read_all(struct fixture *fixture, int descriptor, uint64_t held)
{
  fixture->core->held = held;
  int64_t result = run(fixture, (struct submission){
    .op = OP_READ, .descriptor = descriptor, .length0 = MEMORY_SIZE,
  });
  CHECK_EQUAL(fixture->core->held, held);
  return result;
}

static void test_transfers(struct fixture *fixture, int descriptor)
{
  bool copied = copies(fixture->mode);
  int64_t all = MEMORY_SIZE;
  CHECK_EQUAL(read_all(fixture, descriptor, 0), all);
  CHECK_EQUAL(read_all(fixture, descriptor, HELD_LIMIT / 4 + 1),
              copied ? BUFFER_LIMIT_SCARCE : all);
  CHECK_EQUAL(read_all(fixture, descriptor, HELD_LIMIT / 2 + 1),
              copied ? BUFFER_LIMIT_LEAST : all);
  CHECK_EQUAL(read_all(fixture, descriptor, HELD_LIMIT - 1), copied ? -EAGAIN : all);
  fixture->core->held = 0;
}

/* What holds nothing is never refused: least of all a close. */
static void test_refusals(struct fixture *fixture)
{
  struct submission open = { .op = OP_OPEN, .descriptor = -1, .flags = OPEN_FLAG_READ };
  int descriptor = open_file(fixture, "/dev/null", OPEN_FLAG_READ);
  fixture->core->held = HELD_LIMIT;
  CHECK_EQUAL(run(fixture, with_path(fixture, open, "/dev/null")), -EAGAIN);
  struct submission spawn = { .op = OP_SPAWN, .prefix_offset = STAGE_LAYOUT_PREFIXES };
  spawn.prefix_length = STAGE_COMMAND_STRINGS + 8;
  uint8_t *command = fixture->stage + STAGE_LAYOUT_PREFIXES;
  memset(command, 0, spawn.prefix_length);
  command[STAGE_COMMAND_ARGUMENT_COUNT] = 1;
  CHECK_EQUAL(run(fixture, spawn), -EAGAIN);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_CLOSE, .descriptor = descriptor }), 0);
  CHECK_EQUAL(fixture->core->held, HELD_LIMIT);
  fixture->core->held = 0;
}

int main(void)
{
  int file = open(in_folder("large"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(file >= 0);
  CHECK_EQUAL(ftruncate(file, MEMORY_SIZE), 0);
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_transfers(&fixture, file);
    test_refusals(&fixture);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
  close(file);
  return 0;
}
