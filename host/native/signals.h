/*
 * Signals that are sent to this process, as bytes in pipes: whoever watches a signal has a pipe of
 * their own, into which the handler writes one byte for each time the signal comes. And a guard for
 * terminals: while one is raw, what would end or stop the process puts it back first.
 *
 * What a signal does belongs to the process, so this is a place with state of the process's own:
 * for each signal who watches it, and what it did before anybody did. It does that again as soon as
 * nobody needs our handler any more, unless somebody else has set theirs meanwhile. (The list of
 * raw terminals in terminal.c is the other such place: handlers have nothing else to go by.)
 *
 * Thread: any; a lock orders those who begin and end to watch. The handlers take no lock.
 * Invariant: a signal has our handler while somebody watches or guards it, and a pipe is closed
 * only when no handler can write into it any more.
 */
#ifndef STD_SIGNALS_H
#define STD_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* The operating system's number of a `Signal`, or 0 when it has none. */
int signal_number(uint32_t signal);

/*
 * Begins to watch a `Signal`. The descriptor to read from, or -errno. It must be given to
 * `signals_unwatch` before it is closed. What is not read stays: 64 KiB of signals at most.
 */
int64_t signals_watch(uint32_t signal);

/*
 * Ends to watch, if the descriptor is one from `signals_watch`; to be called just before it is
 * closed. `gives_back`: a signal that has come and was not read is sent once more, when it has its
 * former effect again. It would be lost otherwise.
 */
void signals_unwatch(int descriptor, bool gives_back);

/*
 * A terminal is about to be raw: signals that would end or stop the process, and that nobody
 * watches, call `terminals_suspend` before they do. SIGCONT calls `terminals_resume`. Nests.
 */
void signals_guard(void);

/* The terminal is not raw any more. */
void signals_unguard(void);

/* Waits until no handler runs that began before: none has what was taken out of a list by then. */
void signals_settle(void);

#endif
