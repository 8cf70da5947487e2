/* Reads that do not go through the ring: when they are tried, and that nobody can tell. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../host/native/files.h"
#include "fixture.h"

#define LENGTH 65536u

static const char *path;

static uint8_t byte_at(uint64_t offset)
{
  return (uint8_t)(offset * 31 + (offset >> 8));
}

static void make_file(void)
{
  static uint8_t bytes[LENGTH];
  for (uint32_t i = 0; i < LENGTH; i++) bytes[i] = byte_at(i);
  path = in_folder("cached");
  int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK_EQUAL(write(descriptor, bytes, LENGTH), LENGTH);
  CHECK_EQUAL(fsync(descriptor), 0);
  close(descriptor);
}

/* Has the kernel forget what it has of the file, if the file system can do that. */
static void drop_cache(int descriptor)
{
  CHECK_EQUAL(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
}

/* What is refused is refused at once, and not asked for again for a while. */
static void test_patience(void)
{
  struct files files = { 0 };
  struct ring ring = { 0 };
  uint8_t data[64];
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  CHECK_EQUAL(read(descriptor, data, sizeof data), sizeof data);
  CHECK_EQUAL(files_read_cached(&files, descriptor, data, 64, 0), -EAGAIN); /* not opened by us */
  files_opened(&files, &ring, descriptor);
  int64_t result = files_read_cached(&files, descriptor, data, 64, 100);
  if (result == -EAGAIN) {
    printf("this file system cannot be asked not to wait\n");
  } else {
    CHECK_EQUAL(result, 64);
    for (uint32_t i = 0; i < 64; i++) CHECK_EQUAL(data[i], byte_at(100 + i));
    CHECK_EQUAL(files_read_cached(&files, descriptor, data, 64, LENGTH - 63), -EAGAIN);
    for (int i = 1; i < READ_LATER; i++) {
      CHECK_EQUAL(files_read_cached(&files, descriptor, data, 64, 100), -EAGAIN);
    }
    CHECK_EQUAL(files_read_cached(&files, descriptor, data, 64, 100), 64);
    CHECK_EQUAL(files_read_cached(&files, descriptor, data, 0, 100), -EAGAIN);
  }
  files_forget(&files, &ring, descriptor);
  CHECK_EQUAL(files_read_cached(&files, descriptor, data, 64, 100), -EAGAIN);
  close(descriptor);

  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  files_opened(&files, &ring, ends[0]);
  CHECK_EQUAL(write(ends[1], data, 8), 8);
  CHECK_EQUAL(files_read_cached(&files, ends[0], data, 8, 0), -EAGAIN);
  CHECK_EQUAL(files.patience[ends[0]], READ_NEVER);
  CHECK_EQUAL(read(ends[0], data, 8), 8);
  close(ends[0]);
  close(ends[1]);
  files_opened(&files, &ring, FILE_LIMIT);
  CHECK_EQUAL(files_read_cached(&files, FILE_LIMIT, data, 8, 0), -EAGAIN);
}

static void check_read(struct fixture *fixture, int descriptor, uint32_t length, int64_t offset)
{
  struct submission read = {
    .op = OP_READ, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = length,
    .offset = (uint64_t)offset,
  };
  memset(fixture->memory + DATA_AT, 0xa5, length + 1);
  int64_t rest = (int64_t)LENGTH - offset;
  int64_t expected = rest < 0 ? 0 : rest < length ? rest : length;
  CHECK_EQUAL(run(fixture, read), expected);
  for (int64_t i = 0; i < expected; i++) {
    CHECK_EQUAL(fixture->memory[DATA_AT + i], byte_at((uint64_t)(offset + i)));
  }
  CHECK_EQUAL(fixture->memory[DATA_AT + expected], 0xa5);
}

/* Alone or not, cached or not, within the file, across its end and behind it: the same. */
static void test_equality(struct fixture *fixture)
{
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  uint32_t random = 12345;
  for (uint32_t round = 0; round < 400; round++) {
    random = random * 1664525u + 1013904223u;
    if (round % 50 == 49) drop_cache(descriptor);
    uint32_t length = 1 + (random >> 8) % 9000;
    check_read(fixture, descriptor, length, (random >> 4) % (LENGTH + 5000));
  }
  /* The position of the descriptor belongs to the reads that ask for it. */
  check_read(fixture, descriptor, 100, 500);
  struct submission next = {
    .op = OP_READ, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 10,
    .offset = (uint64_t)OFFSET_CURRENT,
  };
  CHECK_EQUAL(run(fixture, next), 10);
  CHECK_EQUAL(fixture->memory[DATA_AT + 9], byte_at(9));
  struct submission close_it = { .op = OP_CLOSE, .descriptor = descriptor };
  CHECK_EQUAL(run(fixture, close_it), 0);
  CHECK_EQUAL(run(fixture, next), -EBADF);
}

/* A cancel that comes with the read, and one that comes when it has long completed. */
static void test_cancel(struct fixture *fixture)
{
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  struct submission read = {
    .op = OP_READ, .slot = 3, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 64,
  };
  uint32_t generation = stage(fixture, read);
  stage_cancel(fixture, 3, generation);
  CHECK_EQUAL(turn(fixture, -1), 1);
  int64_t result = completion(fixture, 0).result;
  CHECK(result == 64 || result == -ECANCELED);
  generation = stage(fixture, read);
  CHECK_EQUAL(turn(fixture, -1), 1);
  CHECK_EQUAL(completion(fixture, 0).generation, generation);
  CHECK_EQUAL(completion(fixture, 0).result, 64);
  stage_cancel(fixture, 3, generation);
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_CLOSE, .descriptor = descriptor }), 0);
}

/* Others are not forgotten over reads that need no ring. */
static void test_others(struct fixture *fixture)
{
  int ends[2];
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  struct submission from_pipe = {
    .op = OP_READ, .slot = 9, .descriptor = ends[0], .pointer0 = RECORD_AT, .length0 = 1,
    .offset = (uint64_t)OFFSET_CURRENT,
  };
  stage(fixture, from_pipe);
  CHECK_EQUAL(turn(fixture, 0), 0);
  for (int i = 0; i < 10; i++) check_read(fixture, descriptor, 32, i);
  CHECK_EQUAL(write(ends[1], "x", 1), 1);
  bool seen = false;
  for (int i = 0; i < 100000 && !seen; i++) {
    struct submission read = {
      .op = OP_READ, .slot = 3, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 64,
    };
    stage(fixture, read);
    uint32_t owed = 1;
    while (owed > 0) {
      uint32_t count = turn(fixture, -1);
      for (uint32_t n = 0; n < count; n++) {
        if (completion(fixture, n).slot == 9) seen = true;
        else owed--;
      }
    }
  }
  CHECK(seen);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_CLOSE, .descriptor = descriptor }), 0);
  close(ends[0]);
  close(ends[1]);
}

int main(void)
{
  folder();
  make_file();
  test_patience();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    if (strcmp(mode->backend, "io_uring") != 0) continue;
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_equality(&fixture);
    test_cancel(&fixture);
    test_others(&fixture);
    fixture_close(&fixture);
  }
  return 0;
}
