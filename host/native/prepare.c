/* See prepare.h. One function per row of ops.def that has an opcode. */
#include "prepare.h"

#include <fcntl.h>

#include "operation.h"
#include "perform.h"

static uint64_t address_of(const void *pointer)
{
  return (uint64_t)(uintptr_t)pointer;
}

void prepare_nop(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core, (void)slot, (void)sqe;
}

/*
 * The kernel tries an open with O_NONBLOCK first, and what that gives for a FIFO is wrong: a reader
 * that sees the end before anybody wrote, or ENXIO for a writer. So a kernel thread does every open
 * that might block on a FIFO.
 */
static bool may_be_fifo(uint64_t flags)
{
  return !(flags & O_DIRECTORY) && !(flags & O_EXCL) && (flags & O_ACCMODE) != O_RDWR;
}

void prepare_open(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  if (may_be_fifo(slot->operation->record.open.flags)) sqe->flags = URING_SQE_ASYNC;
  sqe->descriptor = slot->operation->descriptor;
  sqe->address = address_of(slot->operation->path);
  sqe->length = sizeof slot->operation->record.open;
  sqe->offset = address_of(&slot->operation->record.open);
}

void prepare_close(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core, (void)slot, (void)sqe;
}

static void prepare_data(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  sqe->offset = slot->offset;
  if (slot->operation != NULL) {
    sqe->address = address_of(slot->operation->storage);
    sqe->length = slot->operation->length;
  } else {
    sqe->address = address_of(core->memory) + slot->pointer;
    sqe->length = slot->length;
    core_mark_direct(core, slot);
  }
}

void prepare_read(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  prepare_data(core, slot, sqe);
}

void prepare_write(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  prepare_data(core, slot, sqe);
}

void prepare_write_vectored(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  const struct msghdr *message = vector_locate(core, slot->operation);
  sqe->offset = slot->offset;
  sqe->address = address_of(message->msg_iov);
  sqe->length = (uint32_t)message->msg_iovlen;
  if (vector_is_direct(slot->operation)) core_mark_direct(core, slot);
}

void prepare_sync(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  if (slot->flags & SYNC_FLAG_DATA) sqe->op_flags = URING_FSYNC_DATASYNC;
}

void prepare_stat(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  sqe->descriptor = slot->operation->descriptor;
  sqe->address = address_of(stat_path(slot->operation));
  sqe->offset = address_of(&slot->operation->record.stat);
  sqe->length = STATX_BASIC_STATS | STATX_BTIME;
  sqe->op_flags = stat_flags(slot->operation);
}

void prepare_set_length(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  sqe->offset = slot->offset;
}

/* Never called: their rows have no opcode, so they go by their plan. */
#define prepare_set_permissions NULL
#define prepare_set_times NULL
#define prepare_read_directory NULL
#define prepare_create_directory NULL
#define prepare_remove_file NULL
#define prepare_remove_directory NULL
#define prepare_rename NULL
#define prepare_hard_link NULL
#define prepare_symbolic_link NULL
#define prepare_read_link NULL
#define prepare_canonicalize NULL
#define prepare_copy_range NULL
#define prepare_listen NULL
#define prepare_listen_unix NULL
#define prepare_connect_unix NULL
#define prepare_bind_datagram NULL
#define prepare_connect_datagram NULL
#define prepare_lookup_host NULL
#define prepare_socket_name NULL
#define prepare_set_option NULL
#define prepare_get_option NULL
#define prepare_pipe NULL
#define prepare_spawn NULL
#define prepare_wait NULL
#define prepare_kill NULL
#define prepare_watch_signal NULL
#define prepare_seek NULL
#define prepare_set_owner NULL
#define prepare_lock NULL
#define prepare_duplicate NULL
#define prepare_set_membership NULL

void prepare(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  typedef void preparer(struct core *, struct slot *, struct uring_sqe *);
  static preparer *const preparers[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = prepare_##function,
#include "ops.def"
#undef OPERATION
  };
  preparers[slot->op](core, slot, sqe);
}
