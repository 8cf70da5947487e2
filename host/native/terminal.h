/*
 * Modes and sizes of terminals, and the way back: remembers the mode of every terminal that it
 * made raw.
 *
 * Handlers of signals have to put terminals back too, whoever made them raw, so that there is one
 * list for the whole process; its entries say whose they are.
 *
 * Thread: any; a lock orders those who change the list. `terminals_suspend` and `terminals_resume`
 * run in handlers, and only follow it.
 * Invariant: a terminal is in the list while its mode is not the one we found, and for as long
 * signals are guarded (signals.h).
 */
#ifndef STD_TERMINAL_H
#define STD_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whoever makes terminals raw. Its address is its name. */
struct terminals {
  char unused;
};

/* Does what a `Terminal` command asks. >= 0 the answer, or -errno. */
int64_t terminal_command(const struct terminals *owner, int descriptor, uint32_t command,
                         uint32_t argument);

/* Puts every terminal of this owner back into the mode in which we found it, and forgets them. */
void terminals_restore(const struct terminals *owner);

/* The same for the one with this descriptor, which is about to be closed. */
void terminals_closing(int descriptor);

/* In a handler, the process being about to end or stop: puts them all back. */
void terminals_suspend(void);

/*
 * In a handler, the process going on: makes them raw again, if they are ours to change, and unless
 * another handler is about to end or stop the process. `has_returned`: this one was.
 */
void terminals_resume(bool has_returned);

#endif
