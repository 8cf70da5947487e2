/* See terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "abi.h"
#include "signals.h"

/* Nothing of it changes while it is in the list, but `next`, and `is_raw` under `changing`. */
struct raw_terminal {
  struct raw_terminal *_Atomic next;
  const struct terminals *owner;
  int descriptor;
  unsigned device; /* the same for all descriptors of one terminal */
  struct termios found;
  struct termios raw;
  bool is_raw; /* not while the process is stopped, or goes on in the background */
};

/* Guards the list, the newest one first, except against handlers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct raw_terminal *_Atomic newest;

/* Guards the modes and `leaving`, against handlers on other threads, too. */
static atomic_flag changing = ATOMIC_FLAG_INIT;

/* How many handlers let a signal end or stop the process: nothing is made raw meanwhile. */
static unsigned leaving;

/* Handlers wait for this, so that its holder must not be interrupted by one. */
static void begin_changing(sigset_t *before)
{
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, before);
  while (atomic_flag_test_and_set(&changing)) sched_yield();
}

static void end_changing(const sigset_t *before)
{
  atomic_flag_clear(&changing);
  pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int64_t size_of(int descriptor)
{
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) < 0) return -errno;
  return (int64_t)size.ws_col | (int64_t)size.ws_row << 16;
}

/* With all signals blocked: in the background, this would stop the process. */
static int change(int descriptor, const struct termios *mode)
{
  return tcsetattr(descriptor, TCSANOW, mode) < 0 ? -errno : 0;
}

static int device_of(int descriptor, unsigned *device)
{
  return ioctl(descriptor, TIOCGDEV, device) < 0 ? -errno : 0;
}

/* With the lock: another one of the same terminal. */
static const struct raw_terminal *find_other(const struct raw_terminal *than)
{
  const struct raw_terminal *terminal = atomic_load(&newest);
  while (terminal != NULL && (terminal == than || terminal->device != than->device)) {
    terminal = atomic_load(&terminal->next);
  }
  return terminal;
}

/* With the lock: where this owner's entry for the descriptor is in the list; else NULL there. */
static struct raw_terminal *_Atomic *find(const struct terminals *owner, int descriptor)
{
  struct raw_terminal *_Atomic *at = &newest;
  struct raw_terminal *terminal;
  while ((terminal = atomic_load(at)) != NULL) {
    if (terminal->descriptor == descriptor && terminal->owner == owner) break;
    at = &terminal->next;
  }
  return at;
}

/* With the lock: puts it back, unless others want it raw, and forgets it. */
static int remove_at(struct raw_terminal *_Atomic *at)
{
  struct raw_terminal *terminal = atomic_load(at);
  sigset_t before;
  begin_changing(&before);
  bool is_last = find_other(terminal) == NULL && terminal->is_raw;
  int result = is_last ? change(terminal->descriptor, &terminal->found) : 0;
  atomic_store(at, atomic_load(&terminal->next));
  end_changing(&before);
  signals_settle();
  free(terminal);
  signals_unguard();
  return result;
}

/* Every byte as it comes, unechoed and without signals; output stays as it is. */
static void make_raw(struct termios *mode)
{
  mode->c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  mode->c_cflag |= CS8;
  mode->c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  mode->c_cc[VMIN] = 1;
  mode->c_cc[VTIME] = 0;
}

/* For a process that ends by `exit`, and asks nobody. What is in the list stays there. */
static void restore_at_exit(void)
{
  terminals_suspend();
}

static void register_exit(void)
{
  (void)atexit(restore_at_exit);
}

/* With the lock: a new entry, or NULL with `*error` set. */
static struct raw_terminal *add(const struct terminals *owner, int descriptor, int *error)
{
  struct raw_terminal *terminal = calloc(1, sizeof *terminal);
  *error = -ENOMEM;
  if (terminal == NULL) return NULL;
  terminal->owner = owner;
  terminal->descriptor = descriptor;
  *error = device_of(descriptor, &terminal->device);
  if (*error == 0 && tcgetattr(descriptor, &terminal->found) < 0) *error = -errno;
  if (*error < 0) {
    free(terminal);
    return NULL;
  }
  const struct raw_terminal *other = find_other(terminal);
  if (other != NULL) terminal->found = other->found;
  terminal->raw = terminal->found;
  make_raw(&terminal->raw);
  atomic_store(&terminal->next, atomic_load(&newest));
  atomic_store(&newest, terminal);
  signals_guard();
  return terminal;
}

static int set_raw(const struct terminals *owner, int descriptor)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  int result = 0;
  pthread_once(&once, register_exit);
  pthread_mutex_lock(&lock);
  struct raw_terminal *terminal = atomic_load(find(owner, descriptor));
  if (terminal == NULL) terminal = add(owner, descriptor, &result);
  if (terminal != NULL) {
    sigset_t before;
    begin_changing(&before);
    terminal->is_raw = leaving == 0;
    if (terminal->is_raw) result = change(descriptor, &terminal->raw);
    end_changing(&before);
    if (result < 0) remove_at(find(owner, descriptor));
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static int set_cooked(const struct terminals *owner, int descriptor)
{
  unsigned device;
  int result = device_of(descriptor, &device);
  if (result < 0) return result;
  pthread_mutex_lock(&lock);
  struct raw_terminal *_Atomic *at = find(owner, descriptor);
  if (atomic_load(at) != NULL) result = remove_at(at);
  pthread_mutex_unlock(&lock);
  return result;
}

int64_t terminal_command(const struct terminals *owner, int descriptor, uint32_t command,
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
    if (argument == TERMINAL_MODE_RAW) return set_raw(owner, descriptor);
    if (argument == TERMINAL_MODE_COOKED) return set_cooked(owner, descriptor);
    return -EINVAL;
  default:
    return -ENOSYS;
  }
}

/* With NULL for any: removes those of an owner, or with a descriptor. */
static void remove_all(const struct terminals *owner, int descriptor)
{
  if (atomic_load(&newest) == NULL) return;
  pthread_mutex_lock(&lock);
  struct raw_terminal *_Atomic *at = &newest;
  struct raw_terminal *terminal;
  while ((terminal = atomic_load(at)) != NULL) {
    bool fits = owner != NULL ? terminal->owner == owner : terminal->descriptor == descriptor;
    if (fits) (void)remove_at(at);
    else at = &terminal->next;
  }
  pthread_mutex_unlock(&lock);
}

void terminals_restore(const struct terminals *owner)
{
  remove_all(owner, -1);
}

void terminals_closing(int descriptor)
{
  remove_all(NULL, descriptor);
}

void terminals_suspend(void)
{
  sigset_t before;
  begin_changing(&before);
  leaving++;
  struct raw_terminal *terminal = atomic_load(&newest);
  while (terminal != NULL) {
    if (terminal->is_raw) change(terminal->descriptor, &terminal->found);
    terminal->is_raw = false;
    terminal = atomic_load(&terminal->next);
  }
  end_changing(&before);
}

/* Where another process group is in front, the terminal is theirs: a shell's, say. */
static bool is_in_background(int descriptor)
{
  pid_t front = tcgetpgrp(descriptor);
  return front >= 0 && front != getpgrp();
}

static void make_all_raw(void)
{
  struct raw_terminal *terminal = atomic_load(&newest);
  while (terminal != NULL) {
    terminal->is_raw = !is_in_background(terminal->descriptor);
    if (terminal->is_raw) change(terminal->descriptor, &terminal->raw);
    terminal = atomic_load(&terminal->next);
  }
}

void terminals_resume(bool has_returned)
{
  sigset_t before;
  begin_changing(&before);
  if (has_returned) leaving--;
  /* Whoever else is about to leave makes them raw on returning, if ever. */
  if (leaving == 0) make_all_raw();
  end_changing(&before);
}
