/*
 * A thread that waits for a backend, for a host that must not wait itself: one that lives in an
 * application with an event loop of its own. It calls back once when a turn would bring something.
 *
 * Thread: all functions on the thread that made the backend; the callback comes on the waiter's.
 * Invariant: after `waiter_disarm` has returned a callback may be under way, but none begins; after
 * `waiter_close` there is none. The thread never touches the backend, only its descriptor.
 */
#ifndef STD_WAITER_H
#define STD_WAITER_H

#include <stdint.h>

struct waiter;

/*
 * Makes a waiter for a descriptor that is readable while a turn would bring something, and that
 * outlives the waiter. 0 or -errno.
 */
int waiter_open(struct waiter **made, int descriptor, void (*wake)(void *data), void *data);

/* Calls back once: when the descriptor is readable, or `timeout` nanoseconds are over (< 0: no). */
void waiter_arm(struct waiter *waiter, int64_t timeout);

/* Takes that back. */
void waiter_disarm(struct waiter *waiter);

/* Ends the thread, and waits for that. */
void waiter_close(struct waiter *waiter);

#endif
