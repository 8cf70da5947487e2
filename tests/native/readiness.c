/*
 * What only a backend that waits for readiness can get wrong: registrations that outlive their
 * descriptor or end before it, ends and urgent data that come with the last bytes, who comes first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

/* As a descriptor that an operation opened, or as one that somebody lent. */
static bool owned;

static struct submission transfer(uint32_t op, uint32_t slot, int descriptor, uint32_t length)
{
  return (struct submission){
    .op = op, .slot = slot, .descriptor = descriptor, .pointer0 = DATA_AT + slot * 4096,
    .length0 = length, .offset = UINT64_MAX,
  };
}

static void adopt(struct fixture *fixture, const int ends[2])
{
  for (int i = 0; owned && i < 2; i++) fixture->core->given(fixture->core, ends[i]);
}

static void make_pipe(struct fixture *fixture, int ends[2])
{
  CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
  adopt(fixture, ends);
}

static void make_connection(struct fixture *fixture, int ends[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQUAL(bind(listener, (struct sockaddr *)&address, size), 0);
  CHECK_EQUAL(listen(listener, 1), 0);
  CHECK_EQUAL(getsockname(listener, (struct sockaddr *)&address, &size), 0);
  ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQUAL(connect(ends[1], (struct sockaddr *)&address, size), 0);
  ends[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK(ends[0] >= 0);
  int one = 1;
  CHECK_EQUAL(setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
  close(listener);
  adopt(fixture, ends);
}

static void close_both(struct fixture *fixture, const int ends[2])
{
  for (int i = 0; i < 2; i++) {
    struct submission end = { .op = OP_CLOSE, .slot = 9, .descriptor = ends[i] };
    CHECK_EQUAL(run(fixture, end), 0);
  }
}

/* One completion, which must be this one's. */
static int64_t wait_for(struct fixture *fixture, uint32_t slot)
{
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, 5000000000);
  CHECK_EQUAL(produced, 1);
  CHECK_EQUAL(completion(fixture, 0).slot, slot);
  return completion(fixture, 0).result;
}

/* How many descriptors the kernel watches for the epoll instances of this process. */
static int count_registrations(void)
{
  int count = 0;
  for (int descriptor = 0; descriptor < 600; descriptor++) {
    char line[200];
    snprintf(line, sizeof line, "/proc/self/fdinfo/%d", descriptor);
    FILE *file = fopen(line, "re");
    if (file == NULL) continue;
    while (fgets(line, sizeof line, file) != NULL) count += strncmp(line, "tfd:", 4) == 0;
    fclose(file);
  }
  return count;
}

/* Those that came first are served first, each direction by itself, whoever leaves meanwhile. */
static void test_order(struct fixture *fixture)
{
  int ends[2];
  enum { COUNT = 8 };
  uint32_t generations[COUNT];
  CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  adopt(fixture, ends);
  for (uint32_t i = 0; i < COUNT; i++) {
    generations[i] = stage(fixture, transfer(OP_READ, i, ends[0], 1));
  }
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(run(fixture, transfer(OP_WRITE, 30, ends[0], 5)), 5);
  static const uint32_t cancelled[] = { 0, 3, 7 };
  for (size_t i = 0; i < 3; i++) stage_cancel(fixture, cancelled[i], generations[cancelled[i]]);
  CHECK_EQUAL(turn(fixture, 0), 3);
  for (uint32_t i = 0; i < 3; i++) {
    CHECK_EQUAL(completion(fixture, i).slot, cancelled[i]);
    CHECK_EQUAL(completion(fixture, i).result, -ECANCELED);
  }
  /* Who comes when there is something to read, but has not been taken yet, takes it from nobody. */
  CHECK_EQUAL(write(ends[1], "1", 1), 1);
  uint32_t last = stage(fixture, transfer(OP_READ, 20, ends[0], 1));
  CHECK_EQUAL(wait_for(fixture, 1), 1);
  stage_cancel(fixture, 20, last);
  CHECK_EQUAL(wait_for(fixture, 20), -ECANCELED);
  stage(fixture, transfer(OP_READ, 1, ends[0], 1));
  CHECK_EQUAL(turn(fixture, 0), 0);
  static const uint32_t expected[] = { 2, 4, 5, 6, 1 };
  CHECK_EQUAL(write(ends[1], "24561", 5), 5);
  CHECK_EQUAL(turn(fixture, -1), 5);
  for (uint32_t i = 0; i < 5; i++) {
    CHECK_EQUAL(completion(fixture, i).slot, expected[i]);
    CHECK_EQUAL(fixture->memory[DATA_AT + expected[i] * 4096], "24561"[i]);
  }
  close_both(fixture, ends);
}

/* Whatever was read and however much came with it, the next read learns what comes then. */
static void test_every_edge(struct fixture *fixture)
{
  int ends[2];
  make_connection(fixture, ends);
  for (uint32_t round = 0; round < 50; round++) {
    uint32_t length = round % 3 == 0 ? 5 : round % 3 == 1 ? 3 : 100;
    uint32_t left = 5;
    stage(fixture, transfer(OP_READ, 1, ends[0], length));
    if (round % 2) CHECK_EQUAL(turn(fixture, 0), 0);
    CHECK_EQUAL(write(ends[1], "bytes", 5), 5);
    for (;;) {
      left -= (uint32_t)wait_for(fixture, 1);
      if (left == 0) break;
      stage(fixture, transfer(OP_READ, 1, ends[0], length));
    }
  }
  /* The last bytes and the end at once: the read that brings the bytes is short. */
  stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(write(ends[1], "last", 4), 4);
  CHECK_EQUAL(shutdown(ends[1], SHUT_WR), 0);
  CHECK_EQUAL(wait_for(fixture, 1), 4);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, ends[0], 100)), 0);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, ends[0], 100)), 0);
  close_both(fixture, ends);
}

/* A read stops where urgent data was sent, short of what is there. */
static void test_urgent_data(struct fixture *fixture)
{
  int ends[2];
  make_connection(fixture, ends);
  stage(fixture, transfer(OP_READ, 1, ends[0], 100));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(send(ends[1], "before!", 7, MSG_OOB), 7);
  CHECK_EQUAL(send(ends[1], "after", 5, 0), 5);
  CHECK_EQUAL(wait_for(fixture, 1), 6);
  CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, ends[0], 100)), 5);
  close_both(fixture, ends);
}

/* The file lives on in another descriptor, and its number is another file's. */
static void test_used_again(struct fixture *fixture, bool then_owned)
{
  int ends[2], others[2];
  int registered = count_registrations();
  make_pipe(fixture, ends);
  uint32_t generation = stage(fixture, transfer(OP_READ, 1, ends[0], 10));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(count_registrations(), registered + 1);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(turn(fixture, 0), 1);
  CHECK_EQUAL(fcntl(ends[0], F_DUPFD_CLOEXEC, 500), 500);
  if (owned) {
    struct submission end = { .op = OP_CLOSE, .slot = 9, .descriptor = ends[0] };
    CHECK_EQUAL(run(fixture, end), 0);
    CHECK_EQUAL(count_registrations(), registered);
  } else {
    close(ends[0]);
  }
  bool was_owned = owned;
  owned = then_owned;
  make_pipe(fixture, others);
  owned = was_owned;
  CHECK_EQUAL(others[0], ends[0]);
  stage(fixture, transfer(OP_READ, 1, others[0], 10));
  CHECK_EQUAL(turn(fixture, 0), 0);
  if (owned) CHECK_EQUAL(write(ends[1], "stale", 5), 5);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  CHECK_EQUAL(write(others[1], "fresh!", 6), 6);
  CHECK_EQUAL(wait_for(fixture, 1), 6);
  close_both(fixture, others);
  close(ends[1]);
  close(500);
}

/* One open file under two numbers: each tells. */
static void test_two_numbers(struct fixture *fixture)
{
  int ends[2], twice[2];
  make_connection(fixture, ends);
  twice[0] = fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
  twice[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
  adopt(fixture, twice);
  for (int round = 0; round < 4; round++) {
    stage(fixture, transfer(OP_READ, 1, ends[0], 4));
    stage(fixture, transfer(OP_READ, 2, twice[0], 4));
    CHECK_EQUAL(turn(fixture, 0), 0);
    CHECK_EQUAL(write(twice[1], "bothboth", 8), 8);
    uint32_t done = 0;
    while (done < 2) {
      uint32_t produced = turn(fixture, 5000000000);
      for (uint32_t i = 0; i < produced; i++) CHECK_EQUAL(completion(fixture, i).result, 4);
      done += produced;
    }
  }
  close_both(fixture, ends);
  close_both(fixture, twice);
}

/* The host cancels before it closes. Whoever does not still gets a completion for each. */
static void test_closed_while_waiting(struct fixture *fixture)
{
  enum { COUNT = 5000 };
  int ends[2];
  make_pipe(fixture, ends);
  for (uint32_t i = 0; i < COUNT; i++) {
    struct submission submission = transfer(OP_READ, 0, ends[0], 1);
    submission.slot = i;
    stage(fixture, submission);
    if (fixture->staged == STAGE_LAYOUT_SUBMISSIONS_CAPACITY) CHECK_EQUAL(turn(fixture, 0), 0);
  }
  CHECK_EQUAL(turn(fixture, 0), 0);
  stage(fixture, (struct submission){ .op = OP_CLOSE, .slot = COUNT, .descriptor = ends[0] });
  uint32_t done = 0;
  while (done < COUNT + 1) {
    uint32_t produced = turn(fixture, 1000000000);
    CHECK(produced > 0);
    for (uint32_t i = 0; i < produced; i++) {
      struct completion got = completion(fixture, i);
      CHECK_EQUAL(got.result, got.slot == COUNT ? 0 : -ECANCELED);
    }
    done += produced;
  }
  CHECK_EQUAL(fixture->core->in_flight, 0);
  close(ends[1]);
}

/* Devices that epoll refuses, and a descriptor that is none. */
static void test_refused(struct fixture *fixture)
{
  int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
  int full = open("/dev/full", O_RDWR | O_CLOEXEC);
  const int both[] = { zero, full };
  adopt(fixture, both);
  for (int i = 0; i < 3; i++) {
    CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, zero, 100)), 100);
    CHECK_EQUAL(run(fixture, transfer(OP_WRITE, 1, zero, 100)), 100);
    CHECK_EQUAL(run(fixture, transfer(OP_WRITE, 1, full, 100)), -ENOSPC);
    CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, 876, 100)), -EBADF);
    CHECK_EQUAL(run(fixture, transfer(OP_READ, 1, -7, 100)), -EBADF);
  }
  close_both(fixture, both);
}

/* Files of which part, all or nothing is in the cache, and the end of them. */
static void test_files(struct fixture *fixture)
{
  int ends[2] = { open(in_folder("cold"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), -1 };
  ends[1] = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  adopt(fixture, ends);
  CHECK_EQUAL(ftruncate(ends[0], 300000), 0);
  struct submission read_at = transfer(OP_READ, 1, ends[0], 400000);
  for (int round = 0; round < 4; round++) {
    if (round % 2) CHECK_EQUAL(posix_fadvise(ends[0], 0, 0, POSIX_FADV_DONTNEED), 0);
    uint64_t position = 0;
    for (int64_t result = 1; result > 0; position += (uint64_t)result) {
      read_at.offset = position;
      result = run(fixture, read_at);
      CHECK(result >= 0);
    }
    CHECK_EQUAL(position, 300000);
    read_at.offset = position + 10;
    CHECK_EQUAL(run(fixture, read_at), 0);
    struct submission write_at = transfer(OP_WRITE, 1, ends[0], 1000);
    write_at.offset = 100;
    CHECK_EQUAL(run(fixture, write_at), 1000);
  }
  CHECK(run(fixture, transfer(OP_READ, 1, ends[1], 10)) == 10);
  close_both(fixture, ends);
  unlink(in_folder("cold"));
}

/* Nobody else may notice that we wait. */
static void test_flags(struct fixture *fixture)
{
  int ends[2];
  make_pipe(fixture, ends);
  int before = fcntl(ends[0], F_GETFL);
  uint32_t generation = stage(fixture, transfer(OP_READ, 1, ends[0], 10));
  CHECK_EQUAL(turn(fixture, 0), 0);
  CHECK_EQUAL(fcntl(ends[0], F_GETFL), before);
  stage_cancel(fixture, 1, generation);
  CHECK_EQUAL(turn(fixture, 0), 1);
  close_both(fixture, ends);
}

int main(void)
{
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    if (strcmp(mode->backend, "epoll") != 0) continue;
    for (int pass = 0; pass < 2; pass++) {
      struct fixture fixture;
      owned = pass == 1;
      fixture_open(&fixture, mode);
      test_order(&fixture);
      test_every_edge(&fixture);
      test_urgent_data(&fixture);
      test_used_again(&fixture, true);
      test_used_again(&fixture, false);
      test_two_numbers(&fixture);
      test_closed_while_waiting(&fixture);
      test_refused(&fixture);
      test_files(&fixture);
      test_flags(&fixture);
      fixture_close(&fixture);
      CHECK_EQUAL(count_descriptors(), before);
    }
  }
  return 0;
}
