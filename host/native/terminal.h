/*
 * Modes and sizes of terminals, and the way back: remembers the mode of every terminal that it
 * changed.
 *
 * Thread: the JavaScript thread. Invariant: a terminal is in the list while its mode is not the
 * one we found.
 */
#ifndef STD_TERMINAL_H
#define STD_TERMINAL_H

#include <stdint.h>

struct saved_terminal;

struct terminals {
  struct saved_terminal *first;
};

/* Does what a `Terminal` command asks. ≥ 0 the answer, or -errno. */
int64_t terminal_command(struct terminals *terminals, int descriptor, uint32_t command,
                         uint32_t argument);

/* Puts every terminal back into the mode in which we found it, and forgets them. */
void terminals_restore(struct terminals *terminals);

#endif
