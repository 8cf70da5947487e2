/*
 * Runs a program on a terminal of its own, as a shell would, for a test that plays the person:
 *
 *     pty PROGRAM ARGUMENT…
 *
 * Each line that the test writes is an order, and each line that it reads tells what happened:
 *
 *     type HEX         types these bytes            said HEX        what the terminal shows
 *     size COLS ROWS   changes the size             mode raw        how it takes input now; or
 *     kill NUMBER      sends a signal               mode cooked
 *     mode             asks for the mode            stopped NUMBER  by which signal
 *     front, back      puts the program there       exit CODE       it has ended so; or
 *     left             asks what nobody has read    signal NUMBER
 *     hang             hangs up, tells the program  left HEX
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int controller;
static int device;
static pid_t program;
static int changes[2]; /* a byte for each SIGCHLD */

static void note_change(int number)
{
  (void)number;
  int error = errno;
  (void)!write(changes[1], "!", 1);
  errno = error;
}

static void tell_hex(const char *what, const unsigned char *bytes, ssize_t count)
{
  printf("%s ", what);
  for (ssize_t i = 0; i < count; i++) printf("%02x", bytes[i]);
  printf("\n");
}

static void type(const char *hex)
{
  unsigned char typed[4096];
  unsigned byte;
  size_t count = 0;
  for (; count < sizeof typed && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
    typed[count++] = (unsigned char)byte;
  }
  if (write(controller, typed, count) != (ssize_t)count) exit(3);
}

static void tell_mode(void)
{
  struct termios mode;
  tcgetattr(device, &mode);
  bool raw = !(mode.c_lflag & (ICANON | ECHO | ISIG));
  bool cooked = (mode.c_lflag & ICANON) && (mode.c_lflag & ECHO) && (mode.c_lflag & ISIG);
  printf("mode %s\n", raw ? "raw" : cooked ? "cooked" : "mixed");
}

static void tell_left(void)
{
  unsigned char bytes[4096];
  int flags = fcntl(device, F_GETFL);
  tcsetpgrp(device, getpgrp());
  fcntl(device, F_SETFL, flags | O_NONBLOCK);
  ssize_t count = read(device, bytes, sizeof bytes);
  fcntl(device, F_SETFL, flags);
  tell_hex("left", bytes, count);
}

static void obey(const char *order)
{
  struct winsize size = { 0 };
  int number;
  if (strncmp(order, "type ", 5) == 0) {
    type(order + 5);
  } else if (sscanf(order, "size %hu %hu", &size.ws_col, &size.ws_row) == 2) {
    ioctl(controller, TIOCSWINSZ, &size);
  } else if (sscanf(order, "kill %d", &number) == 1) {
    kill(program, number);
  } else if (strcmp(order, "mode") == 0) {
    tell_mode();
  } else if (strcmp(order, "left") == 0) {
    tell_left();
  } else if (strcmp(order, "front") == 0) {
    tcsetpgrp(device, program);
  } else if (strcmp(order, "back") == 0) {
    tcsetpgrp(device, getpgrp());
  } else if (strcmp(order, "hang") == 0) {
    close(device);
    close(controller);
    controller = device = -1;
    kill(-program, SIGHUP);
  } else {
    fprintf(stderr, "pty: no such order: %s\n", order);
    exit(2);
  }
}

/* What has become of the program. Returns whether it has ended. */
static bool tell_status(void)
{
  int status;
  while (waitpid(program, &status, WNOHANG | WUNTRACED) > 0) {
    if (WIFSTOPPED(status)) {
      printf("stopped %d\n", WSTOPSIG(status));
      continue;
    }
    if (WIFEXITED(status)) printf("exit %d\n", WEXITSTATUS(status));
    else printf("signal %d\n", WTERMSIG(status));
    return true;
  }
  return false;
}

static bool show(void)
{
  unsigned char bytes[4096];
  ssize_t count = read(controller, bytes, sizeof bytes);
  if (count > 0) tell_hex("said", bytes, count);
  return count > 0;
}

/* Orders may come in pieces, and several at a time. Returns false at their end. */
static bool take_orders(void)
{
  static char text[65536];
  static size_t length;
  ssize_t count = read(0, text + length, sizeof text - 1 - length);
  if (count <= 0) return false;
  length += (size_t)count;
  text[length] = '\0';
  char *end;
  while ((end = strchr(text, '\n')) != NULL) {
    *end = '\0';
    obey(text);
    length -= (size_t)(end + 1 - text);
    memmove(text, end + 1, length + 1);
  }
  return true;
}

static void start(char **command)
{
  controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (controller < 0 || grantpt(controller) < 0 || unlockpt(controller) < 0) exit(4);
  setsid();
  device = open(ptsname(controller), O_RDWR | O_CLOEXEC);
  struct winsize size = { .ws_col = 80, .ws_row = 24 };
  ioctl(controller, TIOCSWINSZ, &size);
  program = fork();
  if (program == 0) {
    setpgid(0, 0);
    tcsetpgrp(device, getpid());
    signal(SIGTTOU, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    for (int stream = 0; stream < 3; stream++) dup2(device, stream);
    execvp(command[0], command);
    _exit(127);
  }
  setpgid(program, program);
  tcsetpgrp(device, program);
}

int main(int count, char **arguments)
{
  if (count < 2) return 2;
  setvbuf(stdout, NULL, _IOLBF, 65536);
  signal(SIGTTOU, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  if (pipe2(changes, O_CLOEXEC | O_NONBLOCK) < 0) return 4;
  struct sigaction action = { .sa_handler = note_change, .sa_flags = SA_RESTART };
  sigaction(SIGCHLD, &action, NULL);
  start(arguments + 1);
  struct pollfd wanted[3] = {
    { .fd = 0, .events = POLLIN }, { .fd = controller, .events = POLLIN },
    { .fd = changes[0], .events = POLLIN },
  };
  bool has_ended = false;
  for (;;) {
    int ready = poll(wanted, 3, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (wanted[1].revents && !show()) wanted[1].fd = -1;
    if (wanted[2].revents) {
      char bytes[64];
      while (read(changes[0], bytes, sizeof bytes) > 0) continue;
      /* What it has said comes first. */
      struct pollfd more = { .fd = controller, .events = POLLIN };
      while (poll(&more, 1, 0) > 0 && (more.revents & POLLIN) && show()) continue;
      has_ended = has_ended || tell_status();
    }
    if (wanted[0].revents && !take_orders()) break;
    if (controller < 0) wanted[1].fd = -1;
  }
  if (!has_ended) kill(program, SIGKILL);
  return 0;
}
