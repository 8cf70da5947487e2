/* See terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "abi.h"

struct saved_terminal {
  struct saved_terminal *next;
  int descriptor;
  struct termios mode;
};

static int64_t size_of(int descriptor)
{
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) < 0) return -errno;
  return (int64_t)size.ws_col | (int64_t)size.ws_row << 16;
}

/* In the background, changing the terminal would stop the process: fail rather than stop. */
static int change(int descriptor, const struct termios *mode)
{
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  int result = tcsetattr(descriptor, TCSANOW, mode) < 0 ? -errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return result;
}

static struct saved_terminal **find(struct terminals *terminals, int descriptor)
{
  struct saved_terminal **at = &terminals->first;
  while (*at != NULL && (*at)->descriptor != descriptor) at = &(*at)->next;
  return at;
}

static int set_raw(struct terminals *terminals, int descriptor)
{
  struct termios mode;
  if (tcgetattr(descriptor, &mode) < 0) return -errno;
  struct saved_terminal **at = find(terminals, descriptor);
  if (*at == NULL) {
    struct saved_terminal *saved = malloc(sizeof *saved);
    if (saved == NULL) return -ENOMEM;
    *saved = (struct saved_terminal){ NULL, descriptor, mode };
    *at = saved;
  }
  /* Every byte as it comes, unechoed and without signals; output stays as it is. */
  mode.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  mode.c_cflag |= CS8;
  mode.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  return change(descriptor, &mode);
}

static int set_cooked(struct terminals *terminals, int descriptor)
{
  struct termios mode;
  if (tcgetattr(descriptor, &mode) < 0) return -errno;
  struct saved_terminal **at = find(terminals, descriptor);
  struct saved_terminal *saved = *at;
  if (saved == NULL) return 0;
  int result = change(descriptor, &saved->mode);
  if (result < 0) return result;
  *at = saved->next;
  free(saved);
  return 0;
}

int64_t terminal_command(struct terminals *terminals, int descriptor, uint32_t command,
                         uint32_t argument)
{
  struct termios mode;
  switch (command) {
  case TERMINAL_IS_TERMINAL:
    if (tcgetattr(descriptor, &mode) == 0) return 1;
    return errno == EBADF ? -EBADF : 0;
  case TERMINAL_SIZE:
    return size_of(descriptor);
  case TERMINAL_SET_MODE:
    if (argument == TERMINAL_MODE_RAW) return set_raw(terminals, descriptor);
    if (argument == TERMINAL_MODE_COOKED) return set_cooked(terminals, descriptor);
    return -EINVAL;
  default:
    return -ENOSYS;
  }
}

void terminals_restore(struct terminals *terminals)
{
  struct saved_terminal *saved = terminals->first;
  terminals->first = NULL;
  while (saved != NULL) {
    struct saved_terminal *next = saved->next;
    (void)change(saved->descriptor, &saved->mode);
    free(saved);
    saved = next;
  }
}
