/*
 * Reaps children that nobody waits for: those whose handle was closed, or whose guest has ended,
 * while they ran on. One thread waits for all of them; there is none while there are no such
 * children.
 *
 * Thread: all functions on the JavaScript thread.
 * Invariant: a child that was handed over is reaped once it ends, as long as the process lives,
 * also after the reaper was released: the last one to need it frees it.
 */
#ifndef STD_REAPER_H
#define STD_REAPER_H

#include <stdbool.h>

struct reaper;

/*
 * Takes care of a child that nobody needs any more: reaps it now, or when it ends. `*reaper` is
 * made when first needed. Whether it keeps the child's pidfd; otherwise the caller closes that.
 * Without memory the child stays on the system's list until this process ends.
 */
bool reaper_take(struct reaper **reaper, int child);

/* Gives it up; NULL is none. */
void reaper_release(struct reaper *reaper);

#endif
