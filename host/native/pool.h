/*
 * A bounded pool of threads for what would block. Operations go in, and come out performed, in the
 * order in which they ended; an event descriptor becomes readable when some wait to be taken.
 *
 * A connect to a Unix socket whose queue is full, and a lock that others have, are tried again and
 * again, behind the others: so that those who wait there, for ever perhaps, keep no thread from the
 * rest.
 *
 * Thread: all functions on the JavaScript thread.
 * Invariant: an operation belongs to the pool from `pool_submit` until `pool_take` or `pool_remove`
 * returns it. It holds no address in guest memory, so a worker that hangs in a system call can be
 * left behind: `pool_release` never waits for it, the last worker out frees what is left. Its
 * descriptor stays open until it ends (`pool_close_later`).
 */
#ifndef STD_POOL_H
#define STD_POOL_H

#include <stdbool.h>

struct operation;
struct pool;

/* A pool of at most `workers` threads, none of them started yet. 0 or -errno. */
int pool_create(unsigned workers, struct pool **created);

/* Gives an operation to the pool. 0, or -errno when not even one thread could be started. */
int pool_submit(struct pool *pool, struct operation *operation);

/*
 * Takes an operation back that no worker has begun with. False when one has: then that is the last
 * time it is tried.
 */
bool pool_remove(struct pool *pool, struct operation *operation);

/*
 * Asks an operation that a worker has begun with, and that may wait for ever, to end early: opening
 * a FIFO, connecting. It ends as any other, with -ECANCELED or with what it came to. Of no effect
 * on operations that cannot be interrupted, or have ended.
 */
void pool_interrupt(struct pool *pool, struct operation *operation);

/*
 * Gives up an operation that a worker has begun with and may not end for long: the pool keeps it,
 * and disposes of what it comes to. False when it has ended, or when too many were given up.
 */
bool pool_abandon(struct pool *pool, struct operation *operation);

/*
 * Leaves it to the operations that run on a descriptor to close it, which the last of them does
 * when it ends: closed under them, its number could become another file's. False when none runs.
 */
bool pool_close_later(struct pool *pool, int descriptor);

/* The operation that ended first and was not taken yet, or NULL. Its result is in it. */
struct operation *pool_take(struct pool *pool);

/* The descriptor that is readable while operations wait to be taken. */
int pool_descriptor(const struct pool *pool);

/* Makes it unreadable until the next one ends. Take what there is after this, not before. */
void pool_rearm(struct pool *pool);

/*
 * Gives the pool up. Operations that no worker has begun with are dropped, except closes, which are
 * performed; those that run end by themselves, and what they open is closed.
 */
void pool_release(struct pool *pool);

#endif
