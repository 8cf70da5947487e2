/* See signals.h. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi.h"
#include "perform.h"
#include "terminal.h"

/* Signals of the operating system that have names are below this. */
#define SIGNAL_LIMIT 32

/* Handlers read `next` and `writer` only. */
struct watcher {
  struct watcher *_Atomic next;
  int number;
  int reader; /* the guest's */
  int writer; /* does not block: when it is full there is no hurry any more */
};

/* One signal. */
struct entry {
  struct watcher *_Atomic first;
  struct sigaction previous; /* what it did; does not change while we have it */
  _Atomic bool installed;
};

/* Guards all of the entries, except against handlers, which only look. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[SIGNAL_LIMIT];

/* How many terminals are raw. */
static _Atomic unsigned guards;

/* How many watchers there are. Looked at without the lock by those who close what was never one. */
static _Atomic unsigned watchers;

/* How many handlers follow a list right now. */
static _Atomic unsigned handlers;

int signal_number(uint32_t signal)
{
  static const uint8_t numbers[SIGNAL_LIMIT] = {
    [SIGNAL_HANGUP] = SIGHUP,
    [SIGNAL_INTERRUPT] = SIGINT,
    [SIGNAL_QUIT] = SIGQUIT,
    [SIGNAL_ILLEGAL] = SIGILL,
    [SIGNAL_TRAP] = SIGTRAP,
    [SIGNAL_ABORT] = SIGABRT,
    [SIGNAL_BUS] = SIGBUS,
    [SIGNAL_FLOATING_POINT] = SIGFPE,
    [SIGNAL_KILL] = SIGKILL,
    [SIGNAL_USER1] = SIGUSR1,
    [SIGNAL_SEGMENTATION] = SIGSEGV,
    [SIGNAL_USER2] = SIGUSR2,
    [SIGNAL_PIPE] = SIGPIPE,
    [SIGNAL_ALARM] = SIGALRM,
    [SIGNAL_TERMINATE] = SIGTERM,
    [SIGNAL_CHILD] = SIGCHLD,
    [SIGNAL_CONTINUE] = SIGCONT,
    [SIGNAL_STOP] = SIGSTOP,
    [SIGNAL_TERMINAL_STOP] = SIGTSTP,
    [SIGNAL_TERMINAL_INPUT] = SIGTTIN,
    [SIGNAL_TERMINAL_OUTPUT] = SIGTTOU,
    [SIGNAL_URGENT] = SIGURG,
    [SIGNAL_CPU_TIME] = SIGXCPU,
    [SIGNAL_FILE_SIZE] = SIGXFSZ,
    [SIGNAL_VIRTUAL_ALARM] = SIGVTALRM,
    [SIGNAL_PROFILE] = SIGPROF,
    [SIGNAL_WINDOW_CHANGE] = SIGWINCH,
    [SIGNAL_POLL] = SIGPOLL,
    [SIGNAL_POWER] = SIGPWR,
    [SIGNAL_SYSTEM_CALL] = SIGSYS,
  };
  return signal < SIGNAL_LIMIT ? numbers[signal] : 0;
}

/* What ends or stops a process that does nothing about it, and SIGCONT, which ends a stop. */
static bool is_guarded(int number)
{
  switch (number) {
  case SIGHUP:
  case SIGINT:
  case SIGQUIT:
  case SIGABRT:
  case SIGUSR2:
  case SIGALRM:
  case SIGTERM:
  case SIGTSTP:
  case SIGCONT:
    return true;
  default:
    return false;
  }
}

static void handle(int number);

static void set_ours(int number)
{
  struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
  sigfillset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

/*
 * In a handler: has the signal do what it did before us. That may end the process, stop it for a
 * while, or be a handler that returns.
 */
static void do_former(int number)
{
  sigset_t only, before;
  sigemptyset(&only);
  sigaddset(&only, number);
  sigaction(number, &entries[number].previous, NULL);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &only, &before);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (atomic_load(&entries[number].installed)) set_ours(number);
}

/* Tells everybody who watches. Any thread, between any two instructions. */
static void handle(int number)
{
  int error = errno;
  atomic_fetch_add(&handlers, 1);
  struct watcher *watcher = atomic_load(&entries[number].first);
  bool is_former = watcher == NULL && number != SIGCONT && atomic_load(&guards) > 0;
  while (watcher != NULL) {
    (void)!write(watcher->writer, "!", 1);
    watcher = atomic_load(&watcher->next);
  }
  if (number == SIGCONT) terminals_resume(false);
  if (is_former) terminals_suspend();
  atomic_fetch_sub(&handlers, 1);
  if (is_former) {
    do_former(number);
    atomic_fetch_add(&handlers, 1);
    terminals_resume(true);
    atomic_fetch_sub(&handlers, 1);
  }
  errno = error;
}

/* With the lock: sees to it that the signal has our handler. 0 or -errno. */
static int install(int number)
{
  struct entry *entry = &entries[number];
  if (atomic_load(&entry->installed)) return 0;
  /* Before the handler can run, which may need it. */
  if (sigaction(number, NULL, &entry->previous) < 0) return -errno;
  if (number == SIGKILL || number == SIGSTOP) return -EINVAL;
  set_ours(number);
  atomic_store(&entry->installed, true);
  return 0;
}

/* With the lock: the signal does what it did, unless somebody else has decided otherwise. */
static void restore(int number)
{
  struct entry *entry = &entries[number];
  struct sigaction now;
  if (!atomic_exchange(&entry->installed, false)) return;
  if (sigaction(number, NULL, &now) < 0 || now.sa_handler != handle) return;
  sigaction(number, &entry->previous, NULL);
}

static void free_watcher(struct watcher *watcher)
{
  close(watcher->writer);
  free(watcher);
}

static struct watcher *make_watcher(int number, int *error)
{
  int ends[2];
  struct watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) {
    *error = -ENOMEM;
  } else if (pipe2(ends, O_CLOEXEC) < 0) {
    *error = -errno;
    free(watcher);
    watcher = NULL;
  } else {
    /* Only the end that the handler writes to: a read is to wait. */
    fcntl(ends[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    watcher->number = number;
    watcher->reader = ends[0];
    watcher->writer = ends[1];
  }
  return watcher;
}

/* Those who wait for children, all who write to pipes, and all who fail need these as they are. */
static bool is_untouchable(int number)
{
  static const int numbers[] = {
    SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ,
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i] == number) return true;
  }
  return false;
}

int64_t signals_watch(uint32_t signal)
{
  int number = signal_number(signal);
  int error = 0;
  if (number == 0 || is_untouchable(number)) return -EINVAL;
  struct watcher *watcher = make_watcher(number, &error);
  if (watcher == NULL) return error;
  int reader = watcher->reader;
  pthread_mutex_lock(&lock);
  struct entry *entry = &entries[number];
  struct watcher *first = atomic_load(&entry->first);
  /* In this order: with our handler there is somebody to tell. */
  atomic_store(&watcher->next, first);
  atomic_store(&entry->first, watcher);
  atomic_fetch_add(&watchers, 1);
  error = install(number);
  if (error < 0) {
    atomic_store(&entry->first, first);
    atomic_fetch_sub(&watchers, 1);
  }
  pthread_mutex_unlock(&lock);
  if (error == 0) return reader;
  close(reader);
  free_watcher(watcher);
  return error;
}

/* With the lock: where the list has the watcher with this descriptor. NULL if nowhere. */
static struct watcher *_Atomic *find(int reader)
{
  for (int number = 1; number < SIGNAL_LIMIT; number++) {
    struct watcher *_Atomic *at = &entries[number].first;
    struct watcher *watcher;
    while ((watcher = atomic_load(at)) != NULL) {
      if (watcher->reader == reader) return at;
      at = &watcher->next;
    }
  }
  return NULL;
}

static bool is_held(int number)
{
  return atomic_load(&guards) > 0 && is_guarded(number);
}

/* With the lock: takes a watcher out. Whether it was the last one of its signal. */
static bool take(struct watcher *_Atomic *at)
{
  struct watcher *watcher = atomic_load(at);
  struct watcher *next = atomic_load(&watcher->next);
  bool is_last = at == &entries[watcher->number].first && next == NULL;
  /* In this order: whatever comes has either its former effect or somebody to be told. */
  if (is_last && !is_held(watcher->number)) restore(watcher->number);
  atomic_store(at, next);
  atomic_fetch_sub(&watchers, 1);
  return is_last;
}

void signals_unwatch(int descriptor, bool gives_back)
{
  if (atomic_load(&watchers) == 0) return;
  pthread_mutex_lock(&lock);
  struct watcher *_Atomic *at = find(descriptor);
  struct watcher *watcher = at != NULL ? atomic_load(at) : NULL;
  bool is_last = watcher != NULL && take(at);
  pthread_mutex_unlock(&lock);
  if (watcher == NULL) return;
  signals_settle();
  int unread = 0;
  if (ioctl(descriptor, FIONREAD, &unread) < 0) unread = 0;
  int number = watcher->number;
  free_watcher(watcher);
  if (is_last && gives_back && unread > 0) kill(getpid(), number);
}

void signals_guard(void)
{
  pthread_mutex_lock(&lock);
  if (atomic_fetch_add(&guards, 1) == 0) {
    for (int number = 1; number < SIGNAL_LIMIT; number++) {
      struct sigaction now;
      if (!is_guarded(number) || sigaction(number, NULL, &now) < 0) continue;
      /* What is ignored ends nothing. */
      if (now.sa_handler != SIG_IGN) install(number);
    }
  }
  pthread_mutex_unlock(&lock);
}

void signals_unguard(void)
{
  pthread_mutex_lock(&lock);
  if (atomic_load(&guards) == 1) {
    for (int number = 1; number < SIGNAL_LIMIT; number++) {
      if (is_guarded(number) && atomic_load(&entries[number].first) == NULL) restore(number);
    }
  }
  atomic_fetch_sub(&guards, 1);
  pthread_mutex_unlock(&lock);
}

void signals_settle(void)
{
  /* One on this thread has returned by now; one on another may still be at it. */
  while (atomic_load(&handlers) != 0) sched_yield();
}

int64_t perform_watch_signal(struct operation *operation)
{
  return signals_watch(operation->flags);
}
