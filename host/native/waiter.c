/* See waiter.h. */
#include "waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000

struct waiter {
  pthread_t thread;
  pthread_mutex_t lock; /* guards what follows, to `is_waiting` */
  pthread_cond_t changed;
  bool is_armed;
  bool is_ending;
  int64_t deadline;  /* on the monotonic clock; < 0: none */
  bool is_waiting;   /* the thread is in poll, and learns of changes by the pipe only */
  int descriptor;
  int pipe[2];
  void (*wake)(void *data);
  void *data;
};

static int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

/* Gets the thread out of poll. A pipe that is full already does. */
static void interrupt(struct waiter *waiter)
{
  char byte = 0;
  while (waiter->is_waiting && write(waiter->pipe[1], &byte, 1) < 0 && errno == EINTR);
}

static void drain(const struct waiter *waiter)
{
  char bytes[64];
  while (read(waiter->pipe[0], bytes, sizeof bytes) == sizeof bytes);
}

/* Whole milliseconds are what poll takes; it must not come back too early. */
static int milliseconds_until(int64_t deadline)
{
  if (deadline < 0) return -1;
  int64_t left = deadline - now();
  if (left <= 0) return 0;
  int64_t rounded = (left + 999999) / 1000000;
  return rounded > INT32_MAX ? INT32_MAX : (int)rounded;
}

/* Waits with the lock released. Whether what was armed, and still is, has come. */
static bool wait_once(struct waiter *waiter)
{
  struct pollfd watched[] = {
    { .fd = waiter->descriptor, .events = POLLIN },
    { .fd = waiter->pipe[0], .events = POLLIN },
  };
  int limit = milliseconds_until(waiter->deadline);
  waiter->is_waiting = true;
  pthread_mutex_unlock(&waiter->lock);
  int ready = poll(watched, 2, limit);
  pthread_mutex_lock(&waiter->lock);
  waiter->is_waiting = false;
  if (ready > 0 && watched[1].revents != 0) drain(waiter);
  if (!waiter->is_armed) return false;
  bool is_late = waiter->deadline >= 0 && now() >= waiter->deadline;
  return is_late || (ready > 0 && watched[0].revents != 0);
}

static void *run(void *data)
{
  struct waiter *waiter = data;
  pthread_mutex_lock(&waiter->lock);
  while (!waiter->is_ending) {
    if (!waiter->is_armed) {
      pthread_cond_wait(&waiter->changed, &waiter->lock);
    } else if (wait_once(waiter)) {
      waiter->is_armed = false;
      pthread_mutex_unlock(&waiter->lock);
      waiter->wake(waiter->data);
      pthread_mutex_lock(&waiter->lock);
    }
  }
  pthread_mutex_unlock(&waiter->lock);
  return NULL;
}

/* Starts the thread, which takes no signals: those are for the application's own threads. */
static int start(struct waiter *waiter)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int result = pthread_create(&waiter->thread, NULL, run, waiter);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -result;
}

static int make_pipe(int ends[2])
{
  if (pipe(ends) < 0) return -errno;
  for (int i = 0; i < 2; i++) {
    if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0) {
      int result = -errno;
      close(ends[0]);
      close(ends[1]);
      return result;
    }
  }
  return 0;
}

int waiter_open(struct waiter **made, int descriptor, void (*wake)(void *data), void *data)
{
  struct waiter *waiter = calloc(1, sizeof *waiter);
  if (waiter == NULL) return -ENOMEM;
  waiter->descriptor = descriptor;
  waiter->wake = wake;
  waiter->data = data;
  pthread_mutex_init(&waiter->lock, NULL);
  pthread_cond_init(&waiter->changed, NULL);
  int result = make_pipe(waiter->pipe);
  if (result == 0) {
    result = start(waiter);
    if (result == 0) {
      *made = waiter;
      return 0;
    }
    close(waiter->pipe[0]);
    close(waiter->pipe[1]);
  }
  free(waiter);
  return result;
}

void waiter_arm(struct waiter *waiter, int64_t timeout)
{
  pthread_mutex_lock(&waiter->lock);
  waiter->is_armed = true;
  waiter->deadline = timeout < 0 ? -1 : now() + timeout;
  if (waiter->is_waiting) interrupt(waiter);
  else pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->lock);
}

void waiter_disarm(struct waiter *waiter)
{
  pthread_mutex_lock(&waiter->lock);
  waiter->is_armed = false;
  /* It may stay in poll: what comes of that is nothing, and then it waits to be armed. */
  pthread_mutex_unlock(&waiter->lock);
}

void waiter_close(struct waiter *waiter)
{
  pthread_mutex_lock(&waiter->lock);
  waiter->is_armed = false;
  waiter->is_ending = true;
  interrupt(waiter);
  pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->lock);
  pthread_join(waiter->thread, NULL);
  pthread_mutex_destroy(&waiter->lock);
  pthread_cond_destroy(&waiter->changed);
  close(waiter->pipe[0]);
  close(waiter->pipe[1]);
  free(waiter);
}
