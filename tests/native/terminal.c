/* Terminals: reading lines on demand, modes and sizes, and the way back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "../../host/native/terminal.h"
#include "fixture.h"

static int open_pair(int *device)
{
  int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(controller >= 0);
  CHECK_EQUAL(grantpt(controller), 0);
  CHECK_EQUAL(unlockpt(controller), 0);
  *device = open(ptsname(controller), O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(*device >= 0);
  return controller;
}

static struct submission read_from(int descriptor, uint32_t argument)
{
  return (struct submission){
    .op = OP_READ, .slot = 3, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 100,
    .offset = UINT64_MAX, .argument = argument,
  };
}

static int64_t wait_for_read(struct fixture *fixture)
{
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(produced, 1);
  return completion(fixture, 0).result;
}

static void test_lines(struct fixture *fixture, uint32_t argument)
{
  int device;
  int controller = open_pair(&device);
  stage(fixture, read_from(device, argument));
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  CHECK_EQUAL(write(controller, "half", 4), 4);
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  CHECK_EQUAL(write(controller, " line\n", 6), 6);
  CHECK_EQUAL(wait_for_read(fixture), 10);
  CHECK(memcmp(fixture->memory + DATA_AT, "half line\n", 10) == 0);

  /* A cancelled read takes nothing: the next one has the whole line. */
  uint32_t generation = stage(fixture, read_from(device, argument));
  CHECK_EQUAL(turn(fixture, 5000000), 0);
  stage_cancel(fixture, 3, generation);
  CHECK_EQUAL(wait_for_read(fixture), -ECANCELED);
  CHECK_EQUAL(write(controller, "next\n", 5), 5);
  CHECK_EQUAL(run(fixture, read_from(device, argument)), 5);
  CHECK_EQUAL(write(controller, "\4", 1), 1);
  CHECK_EQUAL(run(fixture, read_from(device, argument)), 0);

  struct submission write_to = read_from(device, 0);
  write_to.op = OP_WRITE;
  memcpy(fixture->memory + DATA_AT, "shown", 5);
  write_to.length0 = 5;
  CHECK_EQUAL(run(fixture, write_to), 5);
  close(controller);
  int64_t ended = run(fixture, read_from(device, argument));
  CHECK(ended == 0 || ended == -EIO);
  close(device);
}

static void test_modes(void)
{
  int device;
  int controller = open_pair(&device);
  struct terminals terminals = { NULL };
  CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_IS_TERMINAL, 0), 1);
  CHECK_EQUAL(terminal_command(&terminals, 99999, TERMINAL_IS_TERMINAL, 0), -EBADF);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  CHECK_EQUAL(terminal_command(&terminals, null, TERMINAL_IS_TERMINAL, 0), 0);
  CHECK_EQUAL(terminal_command(&terminals, null, TERMINAL_SIZE, 0), -ENOTTY);
  CHECK_EQUAL(terminal_command(&terminals, null, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), -ENOTTY);
  CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SET_MODE, 7), -EINVAL);
  CHECK_EQUAL(terminal_command(&terminals, device, 99, 0), -ENOSYS);
  struct winsize size = { .ws_col = 132, .ws_row = 50 };
  CHECK_EQUAL(ioctl(controller, TIOCSWINSZ, &size), 0);
  CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SIZE, 0), 132 | 50 << 16);

  struct termios before, now;
  CHECK_EQUAL(tcgetattr(device, &before), 0);
  for (int way = 0; way < 2; way++) {
    for (int twice = 0; twice < 2; twice++) {
      CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), 0);
      CHECK_EQUAL(tcgetattr(device, &now), 0);
      CHECK_EQUAL(now.c_lflag & (ECHO | ICANON | ISIG), 0);
    }
    if (way == 0) {
      CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SET_MODE, TERMINAL_MODE_COOKED), 0);
    } else {
      terminals_restore(&terminals);
    }
    CHECK_EQUAL(tcgetattr(device, &now), 0);
    CHECK_EQUAL(now.c_lflag, before.c_lflag);
    CHECK_EQUAL(now.c_iflag, before.c_iflag);
    CHECK(terminals.first == NULL);
  }
  CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), 0);
  close(device);
  close(controller);
  terminals_restore(&terminals);
  close(null);
}

int main(void)
{
  int before = count_descriptors();
  test_modes();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_lines(&fixture, STAGE_ARGUMENT_TERMINAL);
    test_lines(&fixture, 0);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
