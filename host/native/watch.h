/*
 * What is known of each descriptor, and which operations wait for it: one queue for those that read
 * or accept, one for those that write or connect, first come first served. Knows no system call.
 *
 * Thread: the JavaScript thread of the backend.
 * Invariant: a slot is in one queue of one watch, or in none; a watch is in the list of pending
 * ones if and only if its mark says so.
 */
#ifndef STD_WATCH_H
#define STD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"

enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT };

/* Bits of the two directions, for sets of them. */
#define BIT(direction) ((uint8_t)(1u << (direction)))

/* What waits: indices of slots + 1, 0 for none. */
struct queue {
  uint32_t first;
  uint32_t last;
};

enum watch_mark {
  WATCH_PENDING = 1,   /* in the list of those to be served */
  WATCH_OWNED = 2,     /* an operation of ours opened it, and only we will close it */
  WATCH_INSISTENT = 4, /* end, error or urgent data was seen: a short read proves nothing */
  WATCH_CLOSED = 8,    /* closed with operations in its queues, which end with ECANCELED */
  WATCH_BLOCKS_IN = 16,  /* the file cannot be read without blocking */
  WATCH_BLOCKS_OUT = 32, /* it cannot be written so */
  WATCH_STREAM = 64,     /* a short read from this socket says that nothing is left */
  WATCH_NO_STREAM = 128, /* it says nothing of that kind */
};

struct watch {
  struct queue queues[DIRECTION_COUNT];
  uint32_t next;     /* in the list of pending ones: descriptor + 1 */
  uint8_t kind;      /* an `enum kind` */
  uint8_t marks;     /* `enum watch_mark`s */
  uint8_t interest;  /* the directions for which the kernel will report */
  uint8_t exhausted; /* the directions in which nothing goes until the kernel reports */
};

struct watches {
  struct watch *entries; /* by descriptor */
  uint32_t count;
  uint32_t pending_first; /* descriptor + 1, 0 for none */
  uint32_t pending_last;
};

/* The watch of a descriptor ≥ 0. NULL when there is no memory. Valid until the next call. */
struct watch *watches_at(struct watches *watches, int32_t descriptor);

/* The same, but only if there is one already. */
static inline struct watch *watches_find(struct watches *watches, int32_t descriptor)
{
  return (uint32_t)descriptor < watches->count ? &watches->entries[descriptor] : NULL;
}

static inline bool watch_has_waiters(const struct watch *watch)
{
  return watch->queues[DIRECTION_IN].first != 0 || watch->queues[DIRECTION_OUT].first != 0;
}

/* Puts a slot at the end of a queue. */
void queue_append(struct queue *queue, struct core *core, uint32_t index);

/* Takes a slot out of the queue that it is in. */
void queue_remove(struct queue *queue, struct core *core, uint32_t index);

/* Has a watch served, unless it will be already. */
void watches_push(struct watches *watches, int32_t descriptor);

/* The pending watch that was pushed first: its descriptor, now no longer pending, or -1. */
int32_t watches_pop(struct watches *watches);

void watches_free(struct watches *watches);

#endif
