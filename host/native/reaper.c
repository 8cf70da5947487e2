/* See reaper.h. */
#include "reaper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "spawn.h"

#define STACK_SIZE (64u << 10)

struct reaper {
  pthread_mutex_t lock; /* guards everything below */
  int wake;             /* an eventfd: `watched` has changed; -1 when there was none to be had */
  bool running;         /* the thread exists */
  bool released;        /* the owner is gone */
  struct pollfd *watched; /* the children; the first entry is `wake` */
  size_t count;           /* of entries */
  size_t capacity;
};

static void destroy(struct reaper *reaper)
{
  pthread_mutex_destroy(&reaper->lock);
  for (size_t i = 0; i < reaper->count; i++) {
    if (reaper->watched[i].fd >= 0) close(reaper->watched[i].fd);
  }
  free(reaper->watched);
  free(reaper);
}

static struct reaper *create(void)
{
  struct reaper *reaper = calloc(1, sizeof *reaper);
  if (reaper == NULL) return NULL;
  reaper->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  reaper->watched = malloc(sizeof *reaper->watched);
  if (reaper->watched == NULL) {
    if (reaper->wake >= 0) close(reaper->wake);
    free(reaper);
    return NULL;
  }
  pthread_mutex_init(&reaper->lock, NULL);
  reaper->watched[0] = (struct pollfd){ .fd = reaper->wake, .events = POLLIN };
  reaper->count = reaper->capacity = 1;
  return reaper;
}

/* With the lock: takes off those that have ended. */
static void reap(struct reaper *reaper)
{
  size_t kept = 1;
  for (size_t i = 1; i < reaper->count; i++) {
    if (spawn_reap(reaper->watched[i].fd)) close(reaper->watched[i].fd);
    else reaper->watched[kept++] = reaper->watched[i];
  }
  reaper->count = kept;
}

/* A copy of what to wait for, so that the lock is free meanwhile; NULL when memory is short. */
static struct pollfd *copy(const struct reaper *reaper)
{
  struct pollfd *entries = malloc(reaper->count * sizeof *entries);
  if (entries == NULL) return NULL;
  for (size_t i = 0; i < reaper->count; i++) entries[i] = reaper->watched[i];
  return entries;
}

static void *work(void *argument)
{
  struct reaper *reaper = argument;
  pthread_mutex_lock(&reaper->lock);
  for (;;) {
    reap(reaper);
    if (reaper->count == 1) break;
    struct pollfd *entries = copy(reaper);
    size_t count = entries != NULL ? reaper->count : 0;
    pthread_mutex_unlock(&reaper->lock);
    /* Without memory for the list, or what would wake it: look again in a second. */
    bool waits = entries != NULL && reaper->wake >= 0;
    if (poll(entries, count, waits ? -1 : 1000) < 0 && errno != EINTR) {
      /* These are more than the process may open by now: the same. */
      (void)poll(NULL, 0, 1000);
    }
    free(entries);
    pthread_mutex_lock(&reaper->lock);
    uint64_t times;
    if (read(reaper->wake, &times, sizeof times) < 0) {
      /* A child has ended, or there is nothing to read from: nothing to take. */
    }
  }
  reaper->running = false;
  bool last = reaper->released;
  pthread_mutex_unlock(&reaper->lock);
  if (last) destroy(reaper);
  return NULL;
}

/* With the lock. Starts the thread, which takes no signal of the process; or tells it to look. */
static void rouse(struct reaper *reaper)
{
  uint64_t one = 1;
  if (reaper->running) {
    if (write(reaper->wake, &one, sizeof one) < 0) {
      /* Only a full counter fails, and then it is awake anyway; or there is none, see `work`. */
    }
    return;
  }
  pthread_attr_t attributes;
  sigset_t all;
  sigset_t before;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  reaper->running = pthread_create(&thread, &attributes, work, reaper) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

/* With the lock. */
static bool add(struct reaper *reaper, int child)
{
  if (reaper->count == reaper->capacity) {
    size_t capacity = reaper->capacity * 2;
    struct pollfd *watched = realloc(reaper->watched, capacity * sizeof *watched);
    if (watched == NULL) return false;
    reaper->watched = watched;
    reaper->capacity = capacity;
  }
  reaper->watched[reaper->count++] = (struct pollfd){ .fd = child, .events = POLLIN };
  return true;
}

bool reaper_take(struct reaper **at, int child)
{
  if (spawn_reap(child)) return false;
  if (*at == NULL) *at = create();
  struct reaper *reaper = *at;
  if (reaper == NULL) return false;
  pthread_mutex_lock(&reaper->lock);
  bool taken = add(reaper, child);
  if (taken) rouse(reaper);
  pthread_mutex_unlock(&reaper->lock);
  return taken;
}

void reaper_release(struct reaper *reaper)
{
  if (reaper == NULL) return;
  pthread_mutex_lock(&reaper->lock);
  reaper->released = true;
  bool last = !reaper->running;
  pthread_mutex_unlock(&reaper->lock);
  if (last) destroy(reaper);
}
