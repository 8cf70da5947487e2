/*
 * Getting a thread out of a system call that may last for ever: a timer of the kernel's sends it a
 * signal again and again, since one alone could come just before the call begins.
 *
 * Thread: any. The thread that is interrupted must not block the signal.
 * Invariant: between `interrupt_start` and `interrupt_stop` the thread exists.
 *
 * The disposition of one real-time signal that nobody else has taken is the process's, and stays
 * ours: its handler does nothing.
 */
#ifndef STD_INTERRUPT_H
#define STD_INTERRUPT_H

#include <sys/types.h>

/* The signal, with its handler, or 0 when all are taken. */
int interrupt_signal(void);

/* The number of the calling thread. */
pid_t interrupt_self(void);

/* Makes system calls of a thread fail with EINTR from now on. A number for `interrupt_stop`, or
 * -errno. */
int interrupt_start(pid_t thread);

/* The thread is out of it. When that thread calls this itself, nothing reaches it afterwards. */
void interrupt_stop(int timer);

#endif
