/* See interrupt.h. */
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How often the signal is sent. */
#define PERIOD_NS 1000000

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* A handler is the process's, and so is what says which signal it has. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int chosen;

static void do_nothing(int signal)
{
  (void)signal;
}

/* Takes the last signal but one that is left as it was; the last one debuggers like. */
static void choose(void)
{
  for (int candidate = SIGRTMAX - 1; candidate >= SIGRTMIN; candidate--) {
    struct sigaction action;
    if (sigaction(candidate, NULL, &action) < 0 || action.sa_handler != SIG_DFL) continue;
    action = (struct sigaction){ .sa_handler = do_nothing };
    sigemptyset(&action.sa_mask);
    if (sigaction(candidate, &action, NULL) < 0) continue;
    chosen = candidate;
    return;
  }
}

int interrupt_signal(void)
{
  pthread_once(&once, choose);
  return chosen;
}

pid_t interrupt_self(void)
{
  return (pid_t)syscall(SYS_gettid);
}

int interrupt_start(pid_t thread)
{
  /* By the kernel's own calls: those of the C library are in another library on older systems. */
  struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = interrupt_signal() };
  if (event.sigev_signo == 0) return -EAGAIN;
  event.sigev_notify_thread_id = thread;
  int timer = 0;
  if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) < 0) return -errno;
  struct itimerspec times = { .it_value = { 0, 1 }, .it_interval = { 0, PERIOD_NS } };
  if (syscall(SYS_timer_settime, timer, 0, &times, NULL) < 0) {
    int error = errno;
    interrupt_stop(timer);
    return -error;
  }
  return timer;
}

void interrupt_stop(int timer)
{
  syscall(SYS_timer_delete, timer);
}
