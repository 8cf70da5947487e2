/* See vector.h. */
#include "vector.h"

#include <errno.h>
#include <string.h>

#include "operation.h"

/* The record of the ABI. */
struct memory_range {
  uint32_t pointer;
  uint32_t length;
};
_Static_assert(offsetof(struct memory_range, pointer) == MEMORY_RANGE_POINTER, "MemoryRange");
_Static_assert(offsetof(struct memory_range, length) == MEMORY_RANGE_LENGTH, "MemoryRange");
_Static_assert(sizeof(struct memory_range) == MEMORY_RANGE_SIZE, "MemoryRange");

static struct iovec *vector_of(struct operation *operation)
{
  return (struct iovec *)(void *)operation->storage;
}

static struct memory_range *ranges_of(struct operation *operation)
{
  return (struct memory_range *)(void *)(vector_of(operation) + operation->record.vector.count);
}

int vector_make(struct core *core, const struct submission *from, struct operation **made)
{
  uint64_t end = (uint64_t)from->prefix_offset + from->prefix_length;
  uint32_t count = from->prefix_length / MEMORY_RANGE_SIZE;
  if (end > STAGE_LAYOUT_SIZE) return -EFAULT;
  if (count == 0 || count > MEMORY_RANGE_MOST) return -EINVAL;
  size_t size = count * (sizeof(struct iovec) + sizeof(struct memory_range));
  int result = core_hold(core, from->slot, size);
  if (result < 0) return result;
  struct operation *operation = operation_allocate(from, size);
  if (operation == NULL) return -ENOMEM;
  operation->record.vector.count = count;
  struct memory_range *ranges = ranges_of(operation);
  memcpy(ranges, core->stage + from->prefix_offset, count * sizeof *ranges);
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!core_in_memory(core, ranges[i].pointer, ranges[i].length)) {
      operation_free(operation);
      return -EFAULT;
    }
    total += ranges[i].length;
  }
  core->slots[from->slot].length = total < UINT32_MAX ? (uint32_t)total : UINT32_MAX;
  *made = operation;
  return 0;
}

const struct msghdr *vector_locate(const struct core *core, struct operation *operation)
{
  struct vector_record *record = &operation->record.vector;
  if (record->count == 0) return &record->message;
  const struct memory_range *ranges = ranges_of(operation);
  struct iovec *vector = vector_of(operation);
  uint32_t i = 0;
  for (; i < record->count; i++) {
    if (!core_in_memory(core, ranges[i].pointer, ranges[i].length)) break;
    vector[i] = (struct iovec){ core->memory + ranges[i].pointer, ranges[i].length };
  }
  record->message.msg_iov = vector;
  record->message.msg_iovlen = i;
  return &record->message;
}

bool vector_is_direct(const struct operation *operation)
{
  return operation->record.vector.count > 0;
}

uint32_t vector_copy(uint8_t *to, uint32_t room, const struct msghdr *message)
{
  uint32_t copied = 0;
  for (size_t i = 0; i < message->msg_iovlen && copied < room; i++) {
    const struct iovec *data = &message->msg_iov[i];
    uint32_t length = data->iov_len < room - copied ? (uint32_t)data->iov_len : room - copied;
    memcpy(to + copied, data->iov_base, length);
    copied += length;
  }
  return copied;
}

int vector_gather(struct core *core, uint32_t index)
{
  struct slot *slot = &core->slots[index];
  if (!vector_is_direct(slot->operation)) return 0;
  uint32_t room = operation_buffer_limit(core);
  if (slot->length < room) room = slot->length;
  int result = core_hold(core, index, room);
  if (result < 0) return result;
  struct submission again = operation_resubmission(core, index);
  struct operation *made = operation_allocate(&again, room);
  if (made == NULL) return -ENOMEM;
  made->length = vector_copy(made->storage, room, vector_locate(core, slot->operation));
  struct vector_record *record = &made->record.vector;
  record->gathered = (struct iovec){ made->storage, made->length };
  record->message.msg_iov = &record->gathered;
  record->message.msg_iovlen = 1;
  operation_free(slot->operation);
  slot->operation = made;
  return 0;
}
