/* See pool.h. */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "operation.h"
#include "perform.h"

/* How long `pool_release` waits for workers that are about to end anyway. */
#define RELEASE_PATIENCE_NS 100000000

/* `perform` needs little; the default of several MiB would only cost address space. */
#define STACK_SIZE (256u << 10)

/* How many operations may hang after they were given up; each costs a thread. */
#define ABANDONED_LIMIT 64

/* How far the pool is with an operation. */
enum progress { OUTSIDE, QUEUED, RUNNING, INTERRUPTED, ABANDONED, DONE };

struct list {
  struct operation *first;
  struct operation *last;
};

struct pool {
  pthread_mutex_t lock;      /* guards everything below, and the links of queued operations */
  pthread_cond_t work;       /* `queue` or `closing` changed */
  pthread_cond_t gone;       /* a worker left */
  struct list queue;         /* to be performed */
  struct list running;       /* being performed, the abandoned among them */
  struct list done;          /* performed, to be taken */
  unsigned queued;           /* length of `queue` */
  unsigned workers;          /* threads that exist */
  unsigned idle;             /* of them, those that wait for work */
  unsigned abandoned;        /* of them, those that perform what was given up */
  unsigned limit;            /* of workers, the abandoned not counted */
  bool closing;
  bool released;             /* the owner is gone: the last worker frees the pool */
  int descriptor;            /* an eventfd: readable while `done` is not empty */
};

static void append(struct list *list, struct operation *operation)
{
  operation->next = NULL;
  operation->previous = list->last;
  if (list->last != NULL) list->last->next = operation;
  else list->first = operation;
  list->last = operation;
}

static void detach(struct list *list, struct operation *operation)
{
  if (operation->previous != NULL) operation->previous->next = operation->next;
  else list->first = operation->next;
  if (operation->next != NULL) operation->next->previous = operation->previous;
  else list->last = operation->previous;
}

static void dequeue(struct pool *pool, struct operation *operation)
{
  detach(&pool->queue, operation);
  operation->progress = OUTSIDE;
  pool->queued--;
}

static void destroy(struct pool *pool)
{
  pthread_cond_destroy(&pool->gone);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

/* The lock is held. */
static bool close_later(struct pool *pool, int descriptor)
{
  for (struct operation *user = pool->running.first; user != NULL; user = user->next) {
    if (user->descriptor != descriptor || user->op == OP_CLOSE) continue;
    user->closes = true;
    return true;
  }
  return false;
}

/* Closes what the operation was the last to use. Called and returns with the lock held. */
static void leave_descriptor(struct pool *pool, const struct operation *operation)
{
  if (!operation->closes || close_later(pool, operation->descriptor)) return;
  pthread_mutex_unlock(&pool->lock);
  close(operation->descriptor);
  pthread_mutex_lock(&pool->lock);
}

/* Whether it has waited for others in vain, as long as one turn lasts. */
static bool waited_in_vain(const struct operation *operation)
{
  bool waits = operation->op == OP_CONNECT_UNIX ||
               (operation->op == OP_LOCK && !(operation->flags & LOCK_FLAG_TRY));
  return waits && operation->result == -EAGAIN;
}

/* Whether what was tried in vain is worth another attempt. */
static bool tries_again(const struct pool *pool, const struct operation *operation)
{
  return waited_in_vain(operation) && !pool->closing &&
         !operation->unwanted && !operation->closes && operation->progress == RUNNING;
}

static void enqueue(struct pool *pool, struct operation *operation)
{
  operation->progress = QUEUED;
  append(&pool->queue, operation);
  pool->queued++;
}

/* Performs one operation. Called and returns with the lock held; runs without it. */
static void perform_one(struct pool *pool, struct operation *operation)
{
  operation->progress = RUNNING;
  operation->thread = interrupt_self();
  append(&pool->running, operation);
  pthread_mutex_unlock(&pool->lock);
  operation->result = perform(operation);
  pthread_mutex_lock(&pool->lock);
  detach(&pool->running, operation);
  if (operation->progress == INTERRUPTED) {
    interrupt_stop(operation->timer);
    if (operation->result == -EINTR) operation->result = -ECANCELED;
  }
  leave_descriptor(pool, operation);
  if (tries_again(pool, operation)) {
    enqueue(pool, operation);
    pthread_cond_signal(&pool->work);
    return;
  }
  if (waited_in_vain(operation) && operation->unwanted) operation->result = -ECANCELED;
  bool abandoned = operation->progress == ABANDONED;
  if (abandoned) pool->abandoned--;
  if (abandoned || pool->closing) {
    perform_dispose(operation, operation->result);
    operation_free(operation);
    return;
  }
  bool first = pool->done.first == NULL;
  operation->progress = DONE;
  append(&pool->done, operation);
  uint64_t one = 1;
  if (first && write(pool->descriptor, &one, sizeof one) < 0) {
    /* Only a full counter fails, and then the descriptor is readable anyway. */
  }
}

static void *work(void *argument)
{
  struct pool *pool = argument;
  pthread_mutex_lock(&pool->lock);
  while (!pool->closing && pool->workers - pool->abandoned <= pool->limit) {
    struct operation *operation = pool->queue.first;
    if (operation != NULL) {
      dequeue(pool, operation);
      perform_one(pool, operation);
    } else {
      pool->idle++;
      pthread_cond_wait(&pool->work, &pool->lock);
      pool->idle--;
    }
  }
  pool->workers--;
  bool last = pool->released && pool->workers == 0;
  pthread_cond_signal(&pool->gone);
  pthread_mutex_unlock(&pool->lock);
  if (last) destroy(pool);
  return NULL;
}

/* Starts a thread that takes no signal but the one that interrupts it. The lock is held. */
static int start_worker(struct pool *pool)
{
  pthread_attr_t attributes;
  sigset_t all;
  sigset_t before;
  pthread_t thread;
  int result = pthread_attr_init(&attributes);
  if (result != 0) return -result;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  sigfillset(&all);
  int interrupting = interrupt_signal();
  if (interrupting != 0) sigdelset(&all, interrupting);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  result = pthread_create(&thread, &attributes, work, pool);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (result == 0) pool->workers++;
  return -result;
}

/* A condition whose waits end by the monotonic clock: setting the time of day changes none. */
static void init_timed(pthread_cond_t *condition)
{
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

int pool_create(unsigned workers, struct pool **created)
{
  struct pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) return -ENOMEM;
  pool->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (pool->descriptor < 0) {
    free(pool);
    return -errno;
  }
  pool->limit = workers;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work, NULL);
  init_timed(&pool->gone);
  *created = pool;
  return 0;
}

int pool_submit(struct pool *pool, struct operation *operation)
{
  int result = 0;
  pthread_mutex_lock(&pool->lock);
  enqueue(pool, operation);
  if (pool->queued > pool->idle && pool->workers - pool->abandoned < pool->limit) {
    result = start_worker(pool);
    if (result < 0 && pool->workers == pool->abandoned) dequeue(pool, operation);
    else result = 0;
  }
  pthread_cond_signal(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  return result;
}

bool pool_remove(struct pool *pool, struct operation *operation)
{
  pthread_mutex_lock(&pool->lock);
  bool queued = operation->progress == QUEUED;
  if (queued) dequeue(pool, operation);
  else operation->unwanted = true;
  pthread_mutex_unlock(&pool->lock);
  return queued;
}

/* Those that may wait for ever, and say EINTR without having done anything. */
static bool can_be_interrupted(const struct operation *operation)
{
  return operation->op == OP_OPEN || operation->op == OP_CONNECT_UNIX;
}

static void interrupt(struct operation *operation)
{
  if (operation->progress != RUNNING || !can_be_interrupted(operation)) return;
  operation->timer = interrupt_start(operation->thread);
  if (operation->timer >= 0) operation->progress = INTERRUPTED;
}

void pool_interrupt(struct pool *pool, struct operation *operation)
{
  pthread_mutex_lock(&pool->lock);
  interrupt(operation);
  pthread_mutex_unlock(&pool->lock);
}

bool pool_abandon(struct pool *pool, struct operation *operation)
{
  pthread_mutex_lock(&pool->lock);
  bool running = operation->progress == RUNNING && pool->abandoned < ABANDONED_LIMIT;
  if (running) {
    operation->progress = ABANDONED;
    pool->abandoned++;
    /* Its worker no longer counts: what is queued must not wait for it. */
    if (pool->queued > pool->idle && pool->workers - pool->abandoned < pool->limit) {
      (void)start_worker(pool);
    }
  }
  pthread_mutex_unlock(&pool->lock);
  return running;
}

bool pool_close_later(struct pool *pool, int descriptor)
{
  pthread_mutex_lock(&pool->lock);
  bool used = close_later(pool, descriptor);
  pthread_mutex_unlock(&pool->lock);
  return used;
}

struct operation *pool_take(struct pool *pool)
{
  pthread_mutex_lock(&pool->lock);
  struct operation *operation = pool->done.first;
  if (operation != NULL) detach(&pool->done, operation);
  pthread_mutex_unlock(&pool->lock);
  return operation;
}

int pool_descriptor(const struct pool *pool)
{
  return pool->descriptor;
}

void pool_rearm(struct pool *pool)
{
  uint64_t count;
  if (read(pool->descriptor, &count, sizeof count) < 0) {
    /* It was not readable; nothing to undo. */
  }
}

static void drop_queue(struct pool *pool)
{
  for (struct operation *operation; (operation = pool->queue.first) != NULL;) {
    dequeue(pool, operation);
    bool closes = operation->op == OP_CLOSE && !close_later(pool, operation->descriptor);
    if (closes) perform(operation);
    operation_free(operation);
  }
}

static void drop_done(struct pool *pool)
{
  for (struct operation *operation; (operation = pool->done.first) != NULL;) {
    detach(&pool->done, operation);
    perform_dispose(operation, operation->result);
    operation_free(operation);
  }
}

void pool_release(struct pool *pool)
{
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += RELEASE_PATIENCE_NS;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_mutex_lock(&pool->lock);
  pool->closing = true;
  /* Workers write to it under the lock, and no more once the pool is closing. */
  close(pool->descriptor);
  drop_queue(pool);
  drop_done(pool);
  for (struct operation *each = pool->running.first; each != NULL; each = each->next) {
    interrupt(each);
  }
  pthread_cond_broadcast(&pool->work);
  int waited = 0;
  while (pool->workers > 0 && waited == 0) {
    waited = pthread_cond_timedwait(&pool->gone, &pool->lock, &until);
  }
  pool->released = true;
  bool last = pool->workers == 0;
  pthread_mutex_unlock(&pool->lock);
  if (last) destroy(pool);
}
