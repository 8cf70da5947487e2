/*
 * Programs as children: starting, waiting, signals.
 *
 * A child is known by its pidfd, which names just that process for ever: no wait and no signal can
 * meet another one that has got the same number. Only children of ours are waited for; those of
 * whoever embeds us are none of our business. Needs Linux 5.4; ENOSYS before.
 *
 * No state. Any thread.
 * Invariant: a child is reaped when its pidfd is closed, not before, so that everybody who waits
 * for it is told how it ended.
 */
#ifndef STD_SPAWN_H
#define STD_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct operation;
struct submission;

/* What starting a program takes. All of it lies in the storage of its operation. */
struct command {
  const char *program;
  const char *search; /* directories, as PATH has them, for a program without a slash */
  const char *directory; /* to start in, or empty */
  char *const *arguments;
  char *const *variables;
  char *candidate; /* PATH_SIZE bytes: what is tried */
  uint32_t group; /* a `CommandGroup`, or the number of a process group */
  uint32_t user_id;  /* a `CommandOwner`, or the number of a user */
  uint32_t group_id; /* likewise, of a group of users */
  int streams[3]; /* descriptors of our own, 3 or higher; or -1 for the null device */
  uint32_t step; /* what failed: a `CommandStep` */
};

/* Makes the operation of an `Op.Spawn` from what was staged: copies and checks it. 0 or -errno. */
int spawn_make(struct core *core, const struct submission *from, struct operation **made);

/* Closes what it holds. */
void spawn_release(struct operation *operation);

/* Tells the guest at which step it failed. */
void spawn_settle(struct core *core, const struct operation *operation, int64_t result);

/* Ends a child that nobody has got to know, as far as that goes quickly, and closes its pidfd. */
void spawn_discard(int child);

/* Takes a child that has ended off the system's list. False while it runs. */
bool spawn_reap(int child);

#endif
