/*
 * Directories, links and copies: the part of their operations that lives in `struct operation`, how
 * it is made from what was staged, and what becomes of it.
 *
 * Thread: as operation.h. Invariant: a second descriptor is the operation's own duplicate, so that
 * whoever closes the handle meanwhile cannot put another file in its place.
 */
#ifndef STD_TREE_H
#define STD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"

struct tree_record {
  int second;          /* directory of the second path, or target of a copy */
  bool owned;          /* `second` is to be closed */
  char *text;          /* in `storage`: the second path, or the outcome */
  uint32_t room;       /* bytes of `text` that the outcome may take */
  uint32_t length;     /* bytes of `text` that the host has put there */
  uint64_t offset;     /* where in the target of a copy */
};

static inline bool is_tree(uint32_t op)
{
  return op >= OP_READ_DIRECTORY && op <= OP_COPY_RANGE;
}

/* How many bytes of `storage` such an operation needs behind its path. */
size_t tree_room(const struct submission *from);

/* Completes an operation that has just been made; `room` are those bytes. 0 or -errno. */
int tree_make(const struct core *core, const struct submission *from, struct operation *made,
              char *room);

/* Copies the outcome to guest memory. Returns the result as the host wants it. */
int64_t tree_settle(struct core *core, const struct operation *operation, int64_t result);

/* Closes the operation's own descriptor. */
void tree_release(const struct operation *operation);

#endif
