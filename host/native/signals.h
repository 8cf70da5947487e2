/*
 * Signals that are sent to this process, as bytes in pipes: whoever watches a signal has a pipe of
 * their own, into which the handler writes one byte for each time the signal comes.
 *
 * What a signal does belongs to the process, so this is the one place with state of the process's
 * own: for each signal who watches it, and what it did before anybody did. It does that again as
 * soon as the last watcher has gone, unless somebody else has set a handler meanwhile.
 *
 * Thread: any; a lock orders those who begin and end to watch. The handlers take no lock.
 * Invariant: a signal has our handler while somebody watches it, and a pipe is closed only when no
 * handler can write into it any more.
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

#endif
