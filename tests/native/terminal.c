/* Terminals: reading lines on demand, modes and sizes, and the way back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
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
  /* That wakes whoever reads; there is nothing to read all the same. */
  struct termios found, raw;
  CHECK_EQUAL(tcgetattr(device, &found), 0);
  raw = found;
  raw.c_lflag &= ~(tcflag_t)ECHO;
  for (int i = 0; i < 3; i++) {
    CHECK_EQUAL(tcsetattr(device, TCSANOW, i % 2 ? &found : &raw), 0);
    CHECK_EQUAL(turn(fixture, 5000000), 0);
  }
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
  struct terminals terminals = { 0 };
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
  }
  CHECK_EQUAL(terminal_command(&terminals, device, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), 0);
  close(device);
  close(controller);
  terminals_restore(&terminals);
  close(null);
}

static bool is_raw(int device)
{
  struct termios mode;
  CHECK_EQUAL(tcgetattr(device, &mode), 0);
  return !(mode.c_lflag & ICANON);
}

/* Two who share a terminal, by descriptors of their own: it is raw as long as one wants it so. */
static void test_shared(void)
{
  int device;
  int controller = open_pair(&device);
  int second = dup(device);
  struct terminals one = { 0 }, two = { 0 };
  CHECK_EQUAL(terminal_command(&one, device, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), 0);
  CHECK_EQUAL(terminal_command(&two, second, TERMINAL_SET_MODE, TERMINAL_MODE_RAW), 0);
  CHECK_EQUAL(terminal_command(&one, device, TERMINAL_SET_MODE, TERMINAL_MODE_COOKED), 0);
  CHECK(is_raw(device));
  terminals_restore(&one);
  CHECK(is_raw(device));
  terminals_closing(second);
  CHECK(!is_raw(device));
  terminals_restore(&two);
  close(second);
  close(device);
  close(controller);
}

/* ---- On the way out ---- */

/* Where the program says that it runs, and that its own handler did. */
static int said;

static void tell(int number)
{
  (void)number;
  (void)!write(said, "u", 1);
}

/* The program on the terminal: makes it raw, and does nothing more. */
static _Noreturn void run_program(int device, int ignored)
{
  static struct terminals terminals;
  struct rlimit none = { 0, 0 };
  setrlimit(RLIMIT_CORE, &none);
  if (ignored != 0) signal(ignored, SIG_IGN);
  /* Some handler that returns, as an application around us may have it. */
  signal(SIGUSR2, tell);
  if (terminal_command(&terminals, device, TERMINAL_SET_MODE, TERMINAL_MODE_RAW) < 0) _exit(1);
  if (write(said, "r", 1) != 1) _exit(2);
  for (;;) pause();
}

/* Starts it in front, and waits until it has made the terminal raw. */
static pid_t start_program(int device, int *says, int ignored)
{
  char byte;
  int ends[2];
  CHECK_EQUAL(pipe(ends), 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    said = ends[1];
    setpgid(0, 0);
    tcsetpgrp(device, getpid());
    run_program(device, ignored);
  }
  setpgid(child, child);
  CHECK_EQUAL(tcsetpgrp(device, child), 0);
  close(ends[1]);
  *says = ends[0];
  CHECK_EQUAL(read(*says, &byte, 1), 1);
  CHECK(is_raw(device));
  return child;
}

/* It becomes raw; the test hangs when it does not. */
static void expect_raw(int device)
{
  while (!is_raw(device)) pause_milliseconds(1);
}

static void stop(pid_t child)
{
  int status;
  CHECK_EQUAL(kill(child, SIGTSTP), 0);
  CHECK_EQUAL(waitpid(child, &status, WUNTRACED), child);
  CHECK(WIFSTOPPED(status));
}

/* What a shell sees: the program stops or ends, and the terminal is as it was. */
static void run_shell(int device)
{
  const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGALRM, SIGTERM };
  char byte;
  int status, says;
  for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
    pid_t child = start_program(device, &says, 0);
    CHECK_EQUAL(kill(child, deadly[i]), 0);
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == deadly[i]);
    CHECK(!is_raw(device));
    close(says);
  }
  pid_t child = start_program(device, &says, SIGHUP);
  kill(child, SIGHUP);
  for (int round = 0; round < 3; round++) {
    kill(child, SIGUSR2);
    CHECK_EQUAL(read(says, &byte, 1), 1);
    expect_raw(device);
    stop(child);
    CHECK(!is_raw(device));
    kill(child, SIGCONT);
    expect_raw(device);
  }
  /* In the background it leaves the terminal alone, whatever comes. */
  stop(child);
  CHECK_EQUAL(tcsetpgrp(device, getpgrp()), 0);
  kill(child, SIGCONT);
  kill(child, SIGUSR2);
  CHECK_EQUAL(read(says, &byte, 1), 1);
  for (int i = 0; i < 20; i++, pause_milliseconds(1)) CHECK(!is_raw(device));
  CHECK_EQUAL(tcsetpgrp(device, child), 0);
  kill(child, SIGCONT);
  expect_raw(device);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  close(says);
}

/* A session of its own, since the terminal has to be that of a session. */
static void test_signals(void)
{
  int device, status;
  int controller = open_pair(&device);
  pid_t shell = fork();
  CHECK(shell >= 0);
  if (shell == 0) {
    setsid();
    signal(SIGTTOU, SIG_IGN);
    CHECK_EQUAL(ioctl(device, TIOCSCTTY, 0), 0);
    run_shell(device);
    _exit(0);
  }
  CHECK_EQUAL(waitpid(shell, &status, 0), shell);
  CHECK_EQUAL(status, 0);
  close(device);
  close(controller);
}

int main(void)
{
  int before = count_descriptors();
  test_modes();
  test_shared();
  test_signals();
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
