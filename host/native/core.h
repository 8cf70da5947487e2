/*
 * What every backend shares: the stage, where guest memory is, and the table of operations in
 * flight.
 *
 * Thread: all of it belongs to the JavaScript thread that created it. Worker threads only ever see
 * a `struct operation` (operation.h) that was handed to them.
 * Invariant: a slot is free, or its operation is owed exactly one completion, which `core_finish`
 * gives and which frees the slot.
 */
#ifndef STD_CORE_H
#define STD_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "abi.h"

struct operation;
struct reaper;

/* One entry that the host staged, as `SubmissionWord` lays it out. */
struct submission {
  uint32_t op;
  uint32_t slot;
  uint32_t generation;
  int32_t descriptor;
  uint32_t pointer0;
  uint32_t length0;
  uint32_t pointer1;
  uint32_t length1;
  uint64_t offset;
  uint32_t flags;
  uint32_t argument;
  uint32_t prefix_offset;
  uint32_t prefix_length;
  uint32_t second_prefix_offset;
  uint32_t second_prefix_length;
};

struct completion {
  uint32_t slot;
  uint32_t generation;
  int64_t result;
};

#define WORD(record, field, word) \
  _Static_assert(offsetof(struct record, field) == 4 * (word), #record "." #field)
WORD(submission, op, SUBMISSION_WORD_OP);
WORD(submission, slot, SUBMISSION_WORD_SLOT);
WORD(submission, generation, SUBMISSION_WORD_GENERATION);
WORD(submission, descriptor, SUBMISSION_WORD_DESCRIPTOR);
WORD(submission, pointer0, SUBMISSION_WORD_POINTER0);
WORD(submission, length0, SUBMISSION_WORD_LENGTH0);
WORD(submission, pointer1, SUBMISSION_WORD_POINTER1);
WORD(submission, length1, SUBMISSION_WORD_LENGTH1);
WORD(submission, offset, SUBMISSION_WORD_OFFSET_LOW);
WORD(submission, flags, SUBMISSION_WORD_FLAGS);
WORD(submission, argument, SUBMISSION_WORD_ARGUMENT);
WORD(submission, prefix_offset, SUBMISSION_WORD_PREFIX_OFFSET);
WORD(submission, prefix_length, SUBMISSION_WORD_PREFIX_LENGTH);
WORD(submission, second_prefix_offset, SUBMISSION_WORD_SECOND_PREFIX_OFFSET);
WORD(submission, second_prefix_length, SUBMISSION_WORD_SECOND_PREFIX_LENGTH);
WORD(completion, slot, COMPLETION_WORD_SLOT);
WORD(completion, generation, COMPLETION_WORD_GENERATION);
WORD(completion, result, COMPLETION_WORD_RESULT_LOW);
#undef WORD
_Static_assert(sizeof(struct submission) == 4 * SUBMISSION_WORD_COUNT, "submission");
_Static_assert(sizeof(struct completion) == 4 * COMPLETION_WORD_COUNT, "completion");

/* The rows of ops.def, and the proof that they are all the operations there are. */
enum {
#define OPERATION(name, function, opcode, state, plan, gives) OP_ROW_##name = OP_##name,
#include "ops.def"
#undef OPERATION
#define ROW(name) OP_PROOF_##name = OP_ROW_##name,
  EVERY_OP(ROW)
#undef ROW
#define COUNT(name) +1
  OP_COUNT = 0 EVERY_OP(COUNT),
#undef COUNT
};

/* What the result of an operation is: the column of ops.def, and how many descriptors that are. */
enum gives {
  GIVES_VALUE = 0,
  GIVES_HANDLE = 1,
  GIVES_HANDLES = 2,
  GIVES_CHILD = 3, /* a pidfd; the high half is the process id */
};

/* Of an op below OP_COUNT. */
enum gives core_gives(uint32_t op);

/* Closes the descriptors in a result that nobody will take over, and ends a child. */
void core_discard(enum gives gives, int64_t result);

/* Where an operation is. */
enum phase {
  PHASE_FREE,
  PHASE_RING, /* the kernel has it */
  PHASE_POLL, /* the kernel will tell when its descriptor is ready */
  PHASE_POOL, /* a worker thread has it, or will */
};

/* Marks of a slot. */
enum mark {
  MARK_CANCELLED = 1, /* cancelling was asked for */
  MARK_DIRECT = 2,    /* the kernel holds an address in guest memory */
  MARK_KEPT = 4,      /* the descriptor to be closed is the reaper's now */
};

/* One operation in flight. What is rarely needed is in `operation`. */
struct slot {
  uint64_t offset;
  struct operation *operation; /* or NULL; owned, except in PHASE_POOL, where the pool owns it */
  uint32_t generation;
  int32_t descriptor;
  uint32_t pointer; /* the range of guest memory that is read into or written from */
  uint32_t length;  /* and its bytes; of a vectored write all of its bytes */
  uint32_t flags;
  uint32_t argument;
  uint8_t op;
  uint8_t phase;
  uint8_t marks;
  uint8_t attempts; /* how often it was tried again after a passing failure, or cancelled again */
  /* Neighbours among those that wait for the same descriptor: index + 1, 0 for none (epoll). */
  uint32_t next;
  uint32_t previous;
  uint32_t held; /* bytes of texts and data that `operation` has, see `core_hold` */
};

struct core {
  uint8_t *stage;
  /* What the host has lent for the coming turn because the stage has no room for it; or NULL. */
  const uint8_t *annex;
  uint64_t annex_length;
  /* Guest memory as it was last attached. */
  uint8_t *memory;
  uint64_t memory_length;
  bool direct;            /* the kernel may hold addresses in it */
  bool closing;           /* nobody takes completions any more */
  /* Or NULL: is told of each descriptor that a completion hands to the host. */
  void (*given)(struct core *core, int descriptor);
  struct reaper *reaper;  /* or NULL: for children that outlive their handle */
  uint32_t direct_count;  /* slots with MARK_DIRECT */
  uint32_t produced;      /* completions of this turn in the stage */
  uint32_t in_flight;     /* slots that are not free */
  uint64_t held;          /* bytes of texts and data that all slots hold */
  uint32_t slot_count;
  struct slot *slots;
  /* Completions for which the stage of a turn had no room, oldest first, from `late_first` on. */
  struct completion *late;
  uint8_t *late_gives; /* what is in their results: an `enum gives` */
  uint32_t late_first;
  uint32_t late_count;
};

/* As many bytes of texts and data as the operations in flight may hold, however many they are. */
#define HELD_LIMIT (1u << 30)

/* 0 or -ENOMEM. `stage` has STAGE_LAYOUT_SIZE bytes and outlives the core. */
int core_init(struct core *core, uint8_t *stage);

/* Frees the tables. Nothing is in flight. */
void core_free(struct core *core);

/* Tells where guest memory is. -EBUSY when it moved while the kernel holds its old address. */
int core_attach(struct core *core, uint8_t *memory, uint64_t length, bool direct);

/* Begins a turn: the stage holds no completion but those that were late. */
void core_begin_turn(struct core *core);

/*
 * Takes a submission's slot: checks it, its op, and its ranges against guest memory. 0, or -errno
 * after having completed the submission with it.
 */
int core_admit(struct core *core, const struct submission *submission);

/*
 * Counts bytes of text and data that a slot's operation is to hold, in place of those that it holds
 * so far, until the slot is free again. 0, or -EAGAIN when the limit does not allow it; what needs
 * none, as a close, is never refused.
 */
int core_hold(struct core *core, uint32_t index, size_t bytes);

/* The one place where an operation ends: gives its completion and frees its slot. */
void core_finish(struct core *core, uint32_t index, int64_t result);

/* The monotonic clock, in nanoseconds. */
static inline int64_t core_now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline bool core_has_room(const struct core *core)
{
  return core->produced < STAGE_LAYOUT_COMPLETIONS_CAPACITY;
}

static inline bool core_in_memory(const struct core *core, uint32_t pointer, uint32_t length)
{
  return (uint64_t)pointer + length <= core->memory_length;
}

/* The operation that a cancel or a completion names, or NULL when it is no more. */
static inline struct slot *core_find(struct core *core, uint32_t index, uint32_t generation)
{
  if (index >= core->slot_count) return NULL;
  struct slot *slot = &core->slots[index];
  return slot->phase != PHASE_FREE && slot->generation == generation ? slot : NULL;
}

static inline void core_mark_direct(struct core *core, struct slot *slot)
{
  slot->marks |= MARK_DIRECT;
  core->direct_count++;
}

static inline void core_unmark_direct(struct core *core, struct slot *slot)
{
  if (!(slot->marks & MARK_DIRECT)) return;
  slot->marks &= (uint8_t)~MARK_DIRECT;
  core->direct_count--;
}

#endif
