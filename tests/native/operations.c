/* Every operation on files and paths, its errors included, in every mode. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static struct submission open_at(struct fixture *fixture, int directory, const char *path,
                                 uint32_t flags)
{
  struct submission open = {
    .op = OP_OPEN, .descriptor = directory, .flags = flags, .offset = 0640,
  };
  return with_path(fixture, open, path);
}

static int64_t try_open(struct fixture *fixture, const char *path, uint32_t flags)
{
  return run(fixture, open_at(fixture, -1, path, flags));
}

static int64_t close_file(struct fixture *fixture, int descriptor)
{
  return run(fixture, (struct submission){ .op = OP_CLOSE, .descriptor = descriptor });
}

static int64_t transfer(struct fixture *fixture, uint32_t op, int descriptor, uint32_t length,
                        int64_t offset)
{
  return run(fixture, (struct submission){
    .op = op, .slot = 5, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = length,
    .offset = (uint64_t)offset,
  });
}

static uint8_t *data(struct fixture *fixture)
{
  return fixture->memory + DATA_AT;
}

static void test_nop_and_misuse(struct fixture *fixture)
{
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_NOP }), 0);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_NOP, .slot = 1000 }), 0);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_COUNT }), -ENOSYS);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = 0xffffffff }), -ENOSYS);
  struct submission beyond = { .op = OP_NOP, .slot = STAGE_LAYOUT_SLOTS };
  CHECK_EQUAL(run(fixture, beyond), -EINVAL);
  CHECK_EQUAL(run(fixture, (struct submission){ .op = OP_NOP, .slot = 0xffffffff }), -EINVAL);
  struct submission read = { .op = OP_READ, .descriptor = 0, .pointer0 = MEMORY_SIZE - 1 };
  read.length0 = 2;
  CHECK_EQUAL(run(fixture, read), -EFAULT);
  read.pointer0 = 0xffffffff;
  read.length0 = 0xffffffff;
  CHECK_EQUAL(run(fixture, read), -EFAULT);
  struct submission stat = { .op = OP_STAT, .pointer1 = MEMORY_SIZE - 80, .length1 = STAT_SIZE };
  CHECK_EQUAL(run(fixture, stat), -EFAULT);
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(turn(fixture, 1000000), 0);
}

static void test_open(struct fixture *fixture)
{
  uint32_t make = OPEN_FLAG_WRITE | OPEN_FLAG_CREATE;
  CHECK_EQUAL(try_open(fixture, in_folder("none"), OPEN_FLAG_READ), -ENOENT);
  CHECK_EQUAL(try_open(fixture, in_folder("none/deeper"), make), -ENOENT);
  int descriptor = (int)try_open(fixture, in_folder("made"), make | OPEN_FLAG_CREATE_NEW);
  CHECK(descriptor >= 0);
  CHECK_EQUAL(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
  struct stat stat;
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK_EQUAL(stat.st_mode & 07777, 0640);
  CHECK_EQUAL(close_file(fixture, descriptor), 0);
  CHECK_EQUAL(close_file(fixture, descriptor), -EBADF);
  CHECK_EQUAL(try_open(fixture, in_folder("made"), make | OPEN_FLAG_CREATE_NEW), -EEXIST);
  CHECK_EQUAL(try_open(fixture, in_folder("made"), OPEN_FLAG_READ | OPEN_FLAG_DIRECTORY), -ENOTDIR);
  CHECK_EQUAL(try_open(fixture, folder(), OPEN_FLAG_WRITE), -EISDIR);
  CHECK_EQUAL(symlink("made", in_folder("link")), 0);
  CHECK_EQUAL(try_open(fixture, in_folder("link"), OPEN_FLAG_READ | OPEN_FLAG_NO_FOLLOW), -ELOOP);
  descriptor = (int)try_open(fixture, folder(), OPEN_FLAG_READ | OPEN_FLAG_DIRECTORY);
  CHECK(descriptor >= 0);
  int inside = (int)run(fixture, open_at(fixture, descriptor, "link", OPEN_FLAG_READ));
  CHECK(inside >= 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 10, 0), -EISDIR);
  close(inside);
  close(descriptor);
  unlink(in_folder("link"));
  unlink(in_folder("made"));
}

static void test_paths(struct fixture *fixture)
{
  write_file(in_folder("name"), "x");
  struct submission open = open_at(fixture, -1, "me", OPEN_FLAG_READ);
  char prefix[512];
  snprintf(prefix, sizeof prefix, "%s/na", folder());
  open.prefix_offset = STAGE_LAYOUT_PREFIXES + 7;
  open.prefix_length = (uint32_t)strlen(prefix);
  memcpy(fixture->stage + open.prefix_offset, prefix, open.prefix_length);
  int descriptor = (int)run(fixture, open);
  CHECK(descriptor >= 0);
  close(descriptor);
  open.prefix_offset = STAGE_LAYOUT_SIZE - 3;
  CHECK_EQUAL(run(fixture, open), -EFAULT);
  open.prefix_offset = 0xfffffff0;
  CHECK_EQUAL(run(fixture, open), -EFAULT);
  open = open_at(fixture, -1, in_folder("name"), OPEN_FLAG_READ);
  fixture->memory[PATH_AT + open.length0 - 1] = 0;
  CHECK_EQUAL(run(fixture, open), -EINVAL);
  memset(fixture->memory + PATH_AT, 'a', 8192);
  open.length0 = 4096;
  CHECK_EQUAL(run(fixture, open), -ENAMETOOLONG);
  open.length0 = 4095;
  CHECK_EQUAL(run(fixture, open), -ENAMETOOLONG);
  open.length0 = MEMORY_SIZE - PATH_AT;
  CHECK_EQUAL(run(fixture, open), -ENAMETOOLONG);
  open.length0 = 0;
  CHECK_EQUAL(run(fixture, open), -ENOENT);
  unlink(in_folder("name"));
}

static void test_read_and_write(struct fixture *fixture)
{
  const char *path = in_folder("data");
  write_file(path, "0123456789");
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  memset(data(fixture), '-', 32);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 4, 3), 4);
  CHECK(memcmp(data(fixture), "3456-", 5) == 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 32, 8), 2);
  CHECK(memcmp(data(fixture), "8956-", 5) == 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 32, 10), 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 0, 0), 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 3, -1), 3);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 3, -1), 3);
  CHECK(memcmp(data(fixture), "345", 3) == 0);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 3, -5), -EINVAL);
  CHECK_EQUAL(transfer(fixture, OP_WRITE, descriptor, 1, 0), -EBADF);
  close(descriptor);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 1, 0), -EBADF);
  CHECK_EQUAL(transfer(fixture, OP_WRITE, -1, 1, 0), -EBADF);

  descriptor = open_file(fixture, path, OPEN_FLAG_READ | OPEN_FLAG_WRITE | OPEN_FLAG_TRUNCATE);
  memcpy(data(fixture), "written", 7);
  CHECK_EQUAL(transfer(fixture, OP_WRITE, descriptor, 7, 5), 7);
  memset(data(fixture), '-', 32);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 32, 0), 12);
  CHECK(memcmp(data(fixture), "\0\0\0\0\0written-", 13) == 0);
  close(descriptor);
  descriptor = open_file(fixture, path, OPEN_FLAG_APPEND);
  CHECK_EQUAL(transfer(fixture, OP_WRITE, descriptor, 2, -1), 2);
  CHECK_EQUAL(transfer(fixture, OP_WRITE, descriptor, 2, 0), 2);
  struct stat stat;
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK_EQUAL(stat.st_size, 16);
  close(descriptor);
}

static void test_sync_and_length(struct fixture *fixture)
{
  int descriptor = open_file(fixture, in_folder("data"), OPEN_FLAG_READ | OPEN_FLAG_WRITE);
  struct submission sync = { .op = OP_SYNC, .descriptor = descriptor };
  CHECK_EQUAL(run(fixture, sync), 0);
  sync.flags = SYNC_FLAG_DATA;
  CHECK_EQUAL(run(fixture, sync), 0);
  struct submission length = { .op = OP_SET_LENGTH, .descriptor = descriptor };
  length.offset = 5ull << 30;
  CHECK_EQUAL(run(fixture, length), 0);
  struct stat stat;
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK_EQUAL(stat.st_size, 5ll << 30);
  CHECK_EQUAL(transfer(fixture, OP_READ, descriptor, 4096, (5ll << 30) - 6), 6);
  length.offset = (uint64_t)-4;
  CHECK_EQUAL(run(fixture, length), -EINVAL);
  length.offset = 0;
  CHECK_EQUAL(run(fixture, length), 0);
  close(descriptor);
  CHECK_EQUAL(run(fixture, length), -EBADF);
  CHECK_EQUAL(run(fixture, sync), -EBADF);
}

static int64_t field(struct fixture *fixture, uint32_t offset)
{
  int64_t value;
  memcpy(&value, fixture->memory + RECORD_AT + offset, sizeof value);
  return value;
}

static uint32_t kind(struct fixture *fixture)
{
  return (uint32_t)field(fixture, STAT_KIND);
}

static struct submission stat_of(int descriptor)
{
  return (struct submission){
    .op = OP_STAT, .descriptor = descriptor, .pointer1 = RECORD_AT, .length1 = STAT_SIZE,
  };
}

static void test_stat(struct fixture *fixture)
{
  const char *path = in_folder("data");
  write_file(path, "12345");
  struct stat stat;
  CHECK_EQUAL(lstat(path, &stat), 0);
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  CHECK_EQUAL(run(fixture, stat_of(descriptor)), 0);
  CHECK_EQUAL(field(fixture, STAT_LENGTH), 5);
  CHECK_EQUAL(field(fixture, STAT_INODE), stat.st_ino);
  CHECK_EQUAL(field(fixture, STAT_DEVICE), stat.st_dev);
  CHECK_EQUAL(field(fixture, STAT_LINKS), 1);
  CHECK_EQUAL(field(fixture, STAT_MODIFIED),
              stat.st_mtim.tv_sec * 1000000000ll + stat.st_mtim.tv_nsec);
  CHECK_EQUAL(kind(fixture), FILE_KIND_FILE);
  close(descriptor);
  CHECK_EQUAL(run(fixture, stat_of(descriptor)), -EBADF);
  CHECK_EQUAL(run(fixture, with_path(fixture, stat_of(-1), folder())), 0);
  CHECK_EQUAL(kind(fixture), FILE_KIND_DIRECTORY);
  CHECK_EQUAL(run(fixture, with_path(fixture, stat_of(-1), "/dev/null")), 0);
  CHECK_EQUAL(kind(fixture), FILE_KIND_CHAR_DEVICE);
  CHECK_EQUAL(run(fixture, with_path(fixture, stat_of(-1), in_folder("none"))), -ENOENT);
  CHECK_EQUAL(symlink("data", in_folder("link")), 0);
  struct submission link = with_path(fixture, stat_of(-1), in_folder("link"));
  CHECK_EQUAL(run(fixture, link), 0);
  CHECK_EQUAL(kind(fixture), FILE_KIND_FILE);
  link.flags = STAT_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, link), 0);
  CHECK_EQUAL(kind(fixture), FILE_KIND_SYMLINK);
  link.length1 = STAT_SIZE - 1;
  CHECK_EQUAL(run(fixture, link), -EINVAL);
  unlink(in_folder("link"));
}

static void test_permissions_and_times(struct fixture *fixture)
{
  const char *path = in_folder("data");
  struct stat stat;
  int descriptor = open_file(fixture, path, OPEN_FLAG_READ);
  struct submission mode = { .op = OP_SET_PERMISSIONS, .descriptor = descriptor, .offset = 0600 };
  CHECK_EQUAL(run(fixture, mode), 0);
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK_EQUAL(stat.st_mode & 07777, 0600);
  mode.offset = 0644;
  mode.descriptor = -1;
  CHECK_EQUAL(run(fixture, with_path(fixture, mode, path)), 0);
  CHECK_EQUAL(fstat(descriptor, &stat), 0);
  CHECK_EQUAL(stat.st_mode & 07777, 0644);
  CHECK_EQUAL(run(fixture, with_path(fixture, mode, in_folder("none"))), -ENOENT);
  CHECK_EQUAL(symlink("data", in_folder("link")), 0);
  mode.flags = STAT_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, with_path(fixture, mode, in_folder("link"))), -EOPNOTSUPP);
  mode.flags = 0;
  CHECK_EQUAL(run(fixture, with_path(fixture, mode, in_folder("link"))), 0);

  struct submission times = { .op = OP_SET_TIMES, .descriptor = descriptor, .pointer1 = RECORD_AT };
  times.length1 = FILE_TIMES_SIZE;
  int64_t wanted[2] = { 1234567890123456789, -1500000000 };
  memcpy(fixture->memory + RECORD_AT, wanted, sizeof wanted);
  CHECK_EQUAL(run(fixture, times), 0);
  CHECK_EQUAL(run(fixture, stat_of(descriptor)), 0);
  CHECK_EQUAL(field(fixture, STAT_ACCESSED), wanted[0]);
  CHECK_EQUAL(field(fixture, STAT_MODIFIED), wanted[1]);
  int64_t other[2] = { INT64_MIN, 42 };
  memcpy(fixture->memory + RECORD_AT, other, sizeof other);
  times.descriptor = -1;
  CHECK_EQUAL(run(fixture, with_path(fixture, times, path)), 0);
  CHECK_EQUAL(run(fixture, stat_of(descriptor)), 0);
  CHECK_EQUAL(field(fixture, STAT_ACCESSED), wanted[0]);
  CHECK_EQUAL(field(fixture, STAT_MODIFIED), 42);
  memcpy(fixture->memory + RECORD_AT, wanted, sizeof wanted);
  times.flags = STAT_FLAG_NO_FOLLOW;
  CHECK_EQUAL(run(fixture, with_path(fixture, times, in_folder("link"))), 0);
  CHECK_EQUAL(lstat(in_folder("link"), &stat), 0);
  CHECK_EQUAL(stat.st_mtim.tv_sec, -2);
  CHECK_EQUAL(run(fixture, stat_of(descriptor)), 0);
  CHECK_EQUAL(field(fixture, STAT_MODIFIED), 42);
  times.length1 = 15;
  CHECK_EQUAL(run(fixture, times), -EINVAL);
  unlink(in_folder("link"));
  close(descriptor);
}

static void test_batches(struct fixture *fixture)
{
  int descriptor = open_file(fixture, in_folder("data"), OPEN_FLAG_READ);
  static uint8_t seen[STAGE_LAYOUT_SUBMISSIONS_CAPACITY];
  uint32_t capacity = STAGE_LAYOUT_SUBMISSIONS_CAPACITY;
  memset(seen, 0, sizeof seen);
  for (uint32_t i = 0; i < capacity; i++) {
    stage(fixture, (struct submission){
      .op = i % 3 ? OP_READ : 999, .slot = i, .descriptor = descriptor, .length0 = 2,
      .pointer0 = DATA_AT + i * 2, .offset = 1,
    });
  }
  for (uint32_t left = capacity; left > 0;) {
    uint32_t produced = turn(fixture, -1);
    for (uint32_t i = 0; i < produced; i++) {
      struct completion got = completion(fixture, i);
      CHECK_EQUAL(got.result, got.slot % 3 ? 2 : -ENOSYS);
      CHECK(!seen[got.slot]++);
    }
    left -= produced;
  }
  CHECK_EQUAL(fixture->core->in_flight, 0);
  CHECK_EQUAL(fixture->core->direct_count, 0);
  close(descriptor);
}

int main(void)
{
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_nop_and_misuse(&fixture);
    test_open(&fixture);
    test_paths(&fixture);
    test_read_and_write(&fixture);
    test_sync_and_length(&fixture);
    test_stat(&fixture);
    test_permissions_and_times(&fixture);
    test_batches(&fixture);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
