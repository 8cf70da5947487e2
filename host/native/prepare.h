/*
 * Operations as submissions of io_uring.
 *
 * No state. Thread: the JavaScript thread. What a submission points to, other than guest memory,
 * belongs to the slot and stays where it is until the completion.
 */
#ifndef STD_PREPARE_H
#define STD_PREPARE_H

#include "core.h"
#include "uring.h"

/*
 * Fills in what the slot's operation needs beyond opcode, descriptor and user_data, which are
 * there. An address in guest memory is counted (MARK_DIRECT).
 */
void prepare(struct core *core, struct slot *slot, struct uring_sqe *sqe);

/* What it is made of: one for each row of ops.def with an opcode, in the file of its family. */
#define OPERATION(name, function, opcode, state, plan, gives) \
  void prepare_##function(struct core *core, struct slot *slot, struct uring_sqe *sqe);
#include "ops.def"
#undef OPERATION

#endif
