/* Vectored writes, in every mode. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

/* Where the list is staged, and what the ranges of `write_of` name together. */
enum { LIST_AT = STAGE_LAYOUT_PREFIXES + 8 };
#define TEXT "one, two and three"

/* Writes what `count` pairs of pointer and length name. */
static struct submission write_ranges(struct fixture *fixture, int descriptor,
                                      const uint32_t (*ranges)[2], uint32_t count)
{
  memcpy(fixture->stage + LIST_AT, ranges, count * sizeof *ranges);
  return (struct submission){
    .op = OP_WRITE_VECTORED, .slot = 1, .descriptor = descriptor, .offset = UINT64_MAX,
    .prefix_offset = LIST_AT, .prefix_length = count * MEMORY_RANGE_SIZE,
  };
}

/* TEXT from four places, one of which is empty; the first and the last lie at the edges. */
static struct submission write_of(struct fixture *fixture, int descriptor)
{
  const uint32_t ranges[][2] = {
    { MEMORY_SIZE - 5, 5 }, { DATA_AT, 4 }, { MEMORY_SIZE, 0 }, { 0, 9 },
  };
  memcpy(fixture->memory + MEMORY_SIZE - 5, "one, ", 5);
  memcpy(fixture->memory + DATA_AT, "two ", 4);
  memcpy(fixture->memory, "and three", 9);
  return write_ranges(fixture, descriptor, ranges, 4);
}

static void expect_text(int descriptor)
{
  char came[64];
  CHECK_EQUAL(read(descriptor, came, sizeof came), strlen(TEXT));
  CHECK(memcmp(came, TEXT, strlen(TEXT)) == 0);
}

static int64_t wait_for(struct fixture *fixture)
{
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(produced, 1);
  return completion(fixture, 0).result;
}

/* Fills what `descriptor` writes to; the number of bytes. */
static size_t fill(int descriptor)
{
  static const char zeros[4096];
  int flags = fcntl(descriptor, F_GETFL);
  size_t total = 0;
  CHECK_EQUAL(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK), 0);
  for (size_t size = sizeof zeros; size > 0; size /= 2) {
    for (ssize_t n; (n = write(descriptor, zeros, size)) > 0;) total += (size_t)n;
  }
  CHECK_EQUAL(fcntl(descriptor, F_SETFL, flags), 0);
  return total;
}

static void drain(int descriptor, size_t count)
{
  char bytes[4096];
  while (count > 0) {
    ssize_t n = read(descriptor, bytes, count < sizeof bytes ? count : sizeof bytes);
    CHECK(n > 0);
    count -= (size_t)n;
  }
}

static void test_file(struct fixture *fixture)
{
  int file = open(in_folder("vectored"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  struct submission write_at = write_of(fixture, file);
  write_at.offset = 7;
  CHECK_EQUAL(run(fixture, write_at), strlen(TEXT));
  CHECK_EQUAL(lseek(file, 7, SEEK_SET), 7);
  expect_text(file);
  CHECK_EQUAL(ftruncate(file, 0), 0);
  CHECK_EQUAL(lseek(file, 3, SEEK_SET), 3);
  /* At the position, which a child may have, too. */
  write_at = write_of(fixture, file);
  write_at.argument = STAGE_ARGUMENT_SHARED;
  CHECK_EQUAL(run(fixture, write_at), strlen(TEXT));
  CHECK_EQUAL(lseek(file, 0, SEEK_CUR), 3 + strlen(TEXT));
  CHECK_EQUAL(lseek(file, 3, SEEK_SET), 3);
  expect_text(file);
  close(file);
  file = open("/dev/full", O_WRONLY | O_CLOEXEC);
  CHECK_EQUAL(run(fixture, write_of(fixture, file)), -ENOSPC);
  close(file);
}

/* On a stream that is full at first: it waits, meanwhile memory moves if it may, and it goes on. */
static void test_waits(struct fixture *fixture, const int ends[2], uint32_t argument)
{
  struct submission waiting = write_of(fixture, ends[1]);
  waiting.argument = argument;
  CHECK_EQUAL(run(fixture, waiting), strlen(TEXT));
  expect_text(ends[0]);
  size_t full = fill(ends[1]);
  stage(fixture, waiting);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  uint8_t *moved = malloc(MEMORY_SIZE);
  memcpy(moved, fixture->memory, MEMORY_SIZE);
  int result = core_attach(fixture->core, moved, MEMORY_SIZE, !fixture->mode->bounce);
  uint8_t *unused = result == 0 ? fixture->memory : moved;
  if (result == 0) fixture->memory = moved;
  else CHECK_EQUAL(result, -EBUSY);
  free(unused);
  drain(ends[0], full);
  CHECK_EQUAL(wait_for(fixture), strlen(TEXT));
  expect_text(ends[0]);

  full = fill(ends[1]);
  uint32_t generation = stage(fixture, waiting);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(wait_for(fixture), -ECANCELED);
  /* Nobody reads: an error, and no signal. */
  close(ends[0]);
  CHECK_EQUAL(run(fixture, waiting), -EPIPE);
  CHECK_EQUAL(fixture->core->held, 0);
  close(ends[1]);
}

static void test_streams(struct fixture *fixture)
{
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  test_waits(fixture, ends, 0);
  CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  test_waits(fixture, ends, STAGE_ARGUMENT_SOCKET);
}

/* Whatever the mode, all of a large one arrives, by as many writes as that takes. */
static void test_large(struct fixture *fixture)
{
  int file = open(in_folder("large"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  static uint32_t ranges[MEMORY_RANGE_MOST][2];
  for (uint32_t i = 0; i < MEMORY_RANGE_MOST; i++) {
    ranges[i][0] = i * 1000;
    ranges[i][1] = 1000 + i;
    memset(fixture->memory + i * 1000, (int)i, 1000);
  }
  struct submission all = write_ranges(fixture, file, ranges, MEMORY_RANGE_MOST);
  all.offset = 0;
  int64_t written = run(fixture, all);
  int64_t total = MEMORY_RANGE_MOST * 1000 + MEMORY_RANGE_MOST * (MEMORY_RANGE_MOST - 1) / 2;
  bool copies = written == 1 << 20;
  CHECK(copies || written == total);
  int64_t at = 0;
  for (uint32_t i = 0; i < MEMORY_RANGE_MOST && at < written; at += ranges[i++][1]) {
    uint8_t bytes[2];
    CHECK_EQUAL(pread(file, bytes, 2, at), at + 1 < written ? 2 : 1);
    CHECK_EQUAL(bytes[0], (uint8_t)i);
  }
  close(file);
  unlink(in_folder("large"));
}

/* What the host never stages. */
static void test_refused(struct fixture *fixture)
{
  const uint32_t outside[][2] = { { 0, 1 }, { MEMORY_SIZE - 1, 2 } };
  const uint32_t wraps[][2] = { { 0xffffffff, 0xffffffff } };
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  CHECK_EQUAL(run(fixture, write_ranges(fixture, null, outside, 2)), -EFAULT);
  CHECK_EQUAL(run(fixture, write_ranges(fixture, null, wraps, 1)), -EFAULT);
  CHECK_EQUAL(run(fixture, write_ranges(fixture, null, outside, 0)), -EINVAL);
  struct submission odd = write_of(fixture, null);
  odd.prefix_length = (MEMORY_RANGE_MOST + 1) * MEMORY_RANGE_SIZE;
  CHECK_EQUAL(run(fixture, odd), -EINVAL);
  odd.prefix_length = 8;
  odd.prefix_offset = STAGE_LAYOUT_SIZE - 7;
  CHECK_EQUAL(run(fixture, odd), -EFAULT);
  odd.prefix_offset = 0xffffffff;
  CHECK_EQUAL(run(fixture, odd), -EFAULT);
  close(null);
  CHECK_EQUAL(run(fixture, write_of(fixture, null)), -EBADF);
  CHECK_EQUAL(run(fixture, write_of(fixture, -1)), -EBADF);
  CHECK_EQUAL(fixture->core->held, 0);
}

int main(void)
{
  signal(SIGPIPE, SIG_DFL);
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_file(&fixture);
    test_streams(&fixture);
    test_large(&fixture);
    test_refused(&fixture);
    fixture_close(&fixture);
  }
  unlink(in_folder("vectored"));
  return 0;
}
