/* See tree.h. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "operation.h"

/* Most bytes of kernel's entries that one operation reads. */
#define DIRECTORY_LIMIT (64u << 10)

/* The record that the host stages for a copy: as the guest's, but with a descriptor. */
struct copy_record {
  uint64_t offset;
  uint64_t length;
  int32_t descriptor;
  uint32_t reserved;
};
_Static_assert(offsetof(struct copy_record, offset) == COPY_TARGET_OFFSET, "CopyTarget");
_Static_assert(offsetof(struct copy_record, length) == COPY_TARGET_LENGTH, "CopyTarget");
_Static_assert(offsetof(struct copy_record, descriptor) == COPY_TARGET_HANDLE, "CopyTarget");
_Static_assert(sizeof(struct copy_record) == COPY_TARGET_SIZE, "CopyTarget");

static uint32_t at_most(uint32_t value, uint32_t limit)
{
  return value < limit ? value : limit;
}

size_t tree_room(const struct submission *from)
{
  switch (from->op) {
  case OP_READ_DIRECTORY: return at_most(from->length0, DIRECTORY_LIMIT);
  case OP_READ_LINK: return at_most(from->length1, PATH_SIZE);
  case OP_CANONICALIZE: return (size_t)at_most(from->second_prefix_length, PATH_SIZE) + PATH_SIZE;
  case OP_RENAME:
  case OP_HARD_LINK:
  case OP_SYMBOLIC_LINK:
    return (size_t)at_most(from->second_prefix_length, PATH_SIZE) +
           at_most(from->length1, PATH_SIZE) + 1;
  default: return 0;
  }
}

/* Copies the second text: the host's prefix, then the guest's bytes. 0 or -errno. */
static int copy_second(const struct core *core, const struct submission *from,
                       struct tree_record *tree)
{
  uint32_t prefix = from->second_prefix_length;
  bool takes_path = from->op != OP_CANONICALIZE;
  size_t length = (size_t)prefix + (takes_path ? from->length1 : 0);
  if (length >= PATH_SIZE) return -ENAMETOOLONG;
  if ((uint64_t)from->second_prefix_offset + prefix > STAGE_LAYOUT_SIZE) return -EFAULT;
  memcpy(tree->text, core->stage + from->second_prefix_offset, prefix);
  if (takes_path && from->length1 > 0) {
    memcpy(tree->text + prefix, core->memory + from->pointer1, from->length1);
  }
  tree->length = (uint32_t)length;
  if (!takes_path) return 0;
  tree->text[length] = '\0';
  return memchr(tree->text, '\0', length) == NULL ? 0 : -EINVAL;
}

static int own(int descriptor, struct tree_record *tree)
{
  if (descriptor == STAGE_DESCRIPTOR_CURRENT_DIR) {
    tree->second = AT_FDCWD;
    return 0;
  }
  tree->second = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  tree->owned = tree->second >= 0;
  return tree->owned ? 0 : -errno;
}

static int take_target(const struct core *core, const struct submission *from,
                       struct operation *made)
{
  struct copy_record record;
  if (from->prefix_length != sizeof record) return -EINVAL;
  if ((uint64_t)from->prefix_offset + sizeof record > STAGE_LAYOUT_SIZE) return -EFAULT;
  memcpy(&record, core->stage + from->prefix_offset, sizeof record);
  made->record.tree.offset = record.offset;
  made->length = record.length > UINT32_MAX ? UINT32_MAX : (uint32_t)record.length;
  return record.descriptor < 0 ? -EBADF : own(record.descriptor, &made->record.tree);
}

int tree_make(const struct core *core, const struct submission *from, struct operation *made,
              char *room)
{
  struct tree_record *tree = &made->record.tree;
  *tree = (struct tree_record){ .text = room, .room = (uint32_t)tree_room(from) };
  bool has_path = from->op != OP_READ_DIRECTORY && from->op != OP_COPY_RANGE;
  if (has_path && made->path == NULL) return -ENOENT;
  switch (from->op) {
  case OP_READ_DIRECTORY:
    made->pointer = from->pointer0;
    return 0;
  case OP_RENAME:
  case OP_HARD_LINK: {
    int result = copy_second(core, from, tree);
    if (result < 0 || tree->length == 0) return result < 0 ? result : -ENOENT;
    return own((int32_t)(uint32_t)from->offset, tree);
  }
  case OP_SYMBOLIC_LINK:
  case OP_CANONICALIZE:
    made->length = from->length1;
    return copy_second(core, from, tree);
  case OP_COPY_RANGE:
    return take_target(core, from, made);
  default:
    return 0;
  }
}

int64_t tree_settle(struct core *core, const struct operation *operation, int64_t result)
{
  uint32_t op = operation->op;
  bool gives_bytes = op == OP_READ_DIRECTORY || op == OP_READ_LINK || op == OP_CANONICALIZE;
  if (result <= 0 || !gives_bytes || core->closing) return result;
  /* Memory never shrinks, so this was checked; it is cheap to check again. */
  if (!core_in_memory(core, operation->pointer, (uint32_t)result)) return -EFAULT;
  memcpy(core->memory + operation->pointer, operation->record.tree.text, (size_t)result);
  return result;
}

void tree_release(const struct operation *operation)
{
  if (operation->record.tree.owned) close(operation->record.tree.second);
}
