/* See operation.h. */
#include "operation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "path.h"

#define NANOSECONDS 1000000000

/* The record of the ABI, drawn once more to prove where its fields lie. */
struct stat_record {
  uint64_t device;
  uint64_t inode;
  uint32_t kind;
  uint32_t mode;
  uint64_t links;
  uint64_t length;
  int64_t accessed;
  int64_t modified;
  int64_t changed;
  int64_t created;
  uint32_t uid;
  uint32_t gid;
  uint64_t allocated;
};
_Static_assert(offsetof(struct stat_record, device) == STAT_DEVICE, "Stat");
_Static_assert(offsetof(struct stat_record, inode) == STAT_INODE, "Stat");
_Static_assert(offsetof(struct stat_record, kind) == STAT_KIND, "Stat");
_Static_assert(offsetof(struct stat_record, mode) == STAT_MODE, "Stat");
_Static_assert(offsetof(struct stat_record, links) == STAT_LINKS, "Stat");
_Static_assert(offsetof(struct stat_record, length) == STAT_LENGTH, "Stat");
_Static_assert(offsetof(struct stat_record, accessed) == STAT_ACCESSED, "Stat");
_Static_assert(offsetof(struct stat_record, modified) == STAT_MODIFIED, "Stat");
_Static_assert(offsetof(struct stat_record, changed) == STAT_CHANGED, "Stat");
_Static_assert(offsetof(struct stat_record, created) == STAT_CREATED, "Stat");
_Static_assert(offsetof(struct stat_record, uid) == STAT_UID, "Stat");
_Static_assert(offsetof(struct stat_record, gid) == STAT_GID, "Stat");
_Static_assert(offsetof(struct stat_record, allocated) == STAT_ALLOCATED, "Stat");
_Static_assert(sizeof(struct stat_record) == STAT_SIZE, "Stat");
_Static_assert(FILE_TIMES_ACCESSED == 0 && FILE_TIMES_MODIFIED == 8, "FileTimes");
_Static_assert(FILE_TIMES_SIZE == sizeof(int64_t[2]), "FileTimes");
_Static_assert(FILE_OWNER_USER == 0 && FILE_OWNER_GROUP == 4, "FileOwner");
_Static_assert(FILE_OWNER_SIZE == sizeof(uint32_t[2]), "FileOwner");

enum state operation_state(uint32_t op)
{
  static const uint8_t states[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = STATE_##state,
#include "ops.def"
#undef OPERATION
  };
  return states[op];
}

uint64_t open_flags(uint32_t flags)
{
  bool reads = (flags & OPEN_FLAG_READ) != 0;
  bool writes = (flags & (OPEN_FLAG_WRITE | OPEN_FLAG_APPEND)) != 0;
  uint64_t result = O_CLOEXEC | O_NOCTTY;
  result |= reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
  if (flags & OPEN_FLAG_APPEND) result |= O_APPEND;
  if (flags & (OPEN_FLAG_CREATE | OPEN_FLAG_CREATE_NEW)) result |= O_CREAT;
  if (flags & OPEN_FLAG_CREATE_NEW) result |= O_EXCL;
  if (flags & OPEN_FLAG_TRUNCATE) result |= O_TRUNC;
  if (flags & OPEN_FLAG_DIRECTORY) result |= O_DIRECTORY;
  if (flags & OPEN_FLAG_NO_FOLLOW) result |= O_NOFOLLOW;
  return result;
}

struct operation *operation_allocate(const struct submission *from, size_t storage)
{
  struct operation *operation = malloc(sizeof *operation + storage);
  if (operation == NULL) return NULL;
  memset(operation, 0, sizeof *operation);
  operation->op = (uint8_t)from->op;
  operation->slot = from->slot;
  operation->generation = from->generation;
  operation->descriptor = from->descriptor;
  operation->flags = from->flags;
  operation->argument = from->argument;
  operation->offset = from->offset;
  return operation;
}

/* Copies the path: the host's prefix, then the guest's bytes. 0 or -errno. */
static int copy_path(const struct core *core, const struct submission *from, char *to)
{
  uint64_t prefix_end = (uint64_t)from->prefix_offset + from->prefix_length;
  if (prefix_end > STAGE_LAYOUT_SIZE) return -EFAULT;
  size_t length = (size_t)from->prefix_length + from->length0;
  memcpy(to, core->stage + from->prefix_offset, from->prefix_length);
  if (from->length0 > 0) {
    memcpy(to + from->prefix_length, core->memory + from->pointer0, from->length0);
  }
  to[length] = '\0';
  return memchr(to, '\0', length) == NULL ? 0 : -EINVAL;
}

static int fill_record(struct core *core, const struct submission *from, struct operation *made,
                       char *room)
{
  switch (from->op) {
  case OP_OPEN:
    if (made->path == NULL) return -ENOENT;
    made->record.open.flags = open_flags(from->flags);
    if (made->record.open.flags & O_CREAT) made->record.open.mode = from->offset & 07777;
    if (from->argument & STAGE_ARGUMENT_BENEATH) made->record.open.resolve = PATH_RESOLVE_BENEATH;
    return 0;
  case OP_STAT:
    return from->length1 >= STAT_SIZE ? 0 : -EINVAL;
  case OP_SET_TIMES:
    if (from->length1 < FILE_TIMES_SIZE) return -EINVAL;
    memcpy(made->record.times, core->memory + from->pointer1, FILE_TIMES_SIZE);
    return 0;
  case OP_SET_OWNER:
    if (from->length1 < FILE_OWNER_SIZE) return -EINVAL;
    memcpy(made->record.owner, core->memory + from->pointer1, FILE_OWNER_SIZE);
    return 0;
  case OP_WRITE:
    if (made->length > 0) memcpy(made->storage, core->memory + from->pointer0, made->length);
    return 0;
  default:
    if (is_tree(from->op)) return tree_make(core, from, made, room);
    return is_net(from->op) ? net_make(core, from, made) : 0;
  }
}

static bool moves_data(uint32_t op)
{
  return op == OP_READ || op == OP_WRITE || net_moves_data(op);
}

static bool takes_path(uint32_t op)
{
  return !moves_data(op) && op != OP_READ_DIRECTORY && op != OP_COPY_RANGE &&
         !net_takes_address(op);
}

uint32_t operation_buffer_limit(const struct core *core)
{
  if (core->held > HELD_LIMIT / 2) return BUFFER_LIMIT_LEAST;
  return core->held > HELD_LIMIT / 4 ? BUFFER_LIMIT_SCARCE : BUFFER_LIMIT;
}

static uint32_t buffer_size(const struct core *core, const struct submission *from)
{
  uint32_t most = net_moves_data(from->op) ? DATAGRAM_LIMIT : operation_buffer_limit(core);
  return from->length0 < most ? from->length0 : most;
}

int operation_make(struct core *core, const struct submission *from, struct operation **made)
{
  if (from->op == OP_SPAWN) return spawn_make(core, from, made);
  if (from->op == OP_WRITE_VECTORED) return vector_make(core, from, made);
  bool has_data = moves_data(from->op);
  bool has_path = takes_path(from->op);
  uint64_t named = has_path ? (uint64_t)from->prefix_length + from->length0 : 0;
  if (named >= PATH_SIZE) return -ENAMETOOLONG;
  uint32_t length = has_data ? buffer_size(core, from) : 0;
  size_t storage = has_data ? length : named > 0 ? named + 1 : 0;
  size_t behind = tree_room(from) + net_room(from->op, named);
  int result = core_hold(core, from->slot, storage + behind);
  if (result < 0) return result;
  struct operation *operation = operation_allocate(from, storage + behind);
  if (operation == NULL) return -ENOMEM;
  operation->pointer = has_data ? from->pointer0 : from->pointer1;
  if (has_data) {
    operation->length = length;
  } else if (named > 0) {
    if (from->descriptor == STAGE_DESCRIPTOR_CURRENT_DIR) operation->descriptor = AT_FDCWD;
    operation->path = (char *)operation->storage;
    result = copy_path(core, from, (char *)operation->storage);
  }
  char *room = (char *)operation->storage + storage;
  if (result == 0) result = fill_record(core, from, operation, room);
  if (result < 0) {
    operation_free(operation);
    return result;
  }
  *made = operation;
  return 0;
}

struct submission operation_resubmission(const struct core *core, uint32_t index)
{
  const struct slot *slot = &core->slots[index];
  return (struct submission){
    .op = slot->op, .slot = index, .generation = slot->generation, .offset = slot->offset,
    .descriptor = slot->descriptor, .pointer0 = slot->pointer, .length0 = slot->length,
    .flags = slot->flags, .argument = slot->argument,
  };
}

int operation_take_data(struct core *core, uint32_t index)
{
  struct slot *slot = &core->slots[index];
  if (slot->op == OP_WRITE_VECTORED) return vector_gather(core, index);
  if (slot->operation != NULL) return 0;
  struct submission again = operation_resubmission(core, index);
  return operation_make(core, &again, &slot->operation);
}

static uint32_t kind_of(uint32_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFREG: return FILE_KIND_FILE;
  case S_IFDIR: return FILE_KIND_DIRECTORY;
  case S_IFLNK: return FILE_KIND_SYMLINK;
  case S_IFCHR: return FILE_KIND_CHAR_DEVICE;
  case S_IFBLK: return FILE_KIND_BLOCK_DEVICE;
  case S_IFIFO: return FILE_KIND_FIFO;
  case S_IFSOCK: return FILE_KIND_SOCKET;
  default: return FILE_KIND_UNKNOWN;
  }
}

/* A file system may hold any time; what 64 bits of nanoseconds cannot say becomes the nearest. */
static int64_t nanoseconds(struct statx_timestamp time)
{
  int64_t result;
  if (__builtin_mul_overflow(time.tv_sec, NANOSECONDS, &result) ||
      __builtin_add_overflow(result, time.tv_nsec, &result)) {
    return time.tv_sec < 0 ? INT64_MIN + 1 : INT64_MAX;
  }
  return result;
}

static void write_stat(uint8_t *to, const struct statx *from)
{
  struct stat_record record = {
    .device = makedev(from->stx_dev_major, from->stx_dev_minor),
    .inode = from->stx_ino,
    .kind = kind_of(from->stx_mode),
    .mode = from->stx_mode & 07777,
    .links = from->stx_nlink,
    .length = from->stx_size,
    .accessed = nanoseconds(from->stx_atime),
    .modified = nanoseconds(from->stx_mtime),
    .changed = nanoseconds(from->stx_ctime),
    .created = from->stx_mask & STATX_BTIME ? nanoseconds(from->stx_btime) : INT64_MIN,
    .uid = from->stx_uid,
    .gid = from->stx_gid,
    .allocated = from->stx_blocks * 512,
  };
  memcpy(to, &record, sizeof record);
}

/* What an open below a granted directory gives: not a process. */
static int64_t settle_open(const struct operation *operation, int64_t descriptor)
{
  bool writes = (operation->flags & (OPEN_FLAG_WRITE | OPEN_FLAG_APPEND)) != 0;
  bool beneath = (operation->argument & STAGE_ARGUMENT_BENEATH) != 0;
  if (!beneath || !path_is_process((int)descriptor, writes)) return descriptor;
  close((int)descriptor);
  return -EACCES;
}

int64_t operation_settle(struct core *core, struct operation *operation, int64_t result)
{
  if (is_tree(operation->op)) return tree_settle(core, operation, result);
  /* Leaving the granted directory is not "another device" to a guest, but forbidden. */
  if (result == -EXDEV && (operation->argument & STAGE_ARGUMENT_BENEATH)) result = -EACCES;
  if (operation->op == OP_SPAWN) spawn_settle(core, operation, result);
  if (is_net(operation->op)) return net_settle(core, operation, result);
  if (result < 0 || core->closing) return result;
  if (operation->op == OP_OPEN) return settle_open(operation, result);
  uint32_t size = operation->op == OP_STAT ? STAT_SIZE : 0;
  if (operation->op == OP_READ) size = (uint32_t)result;
  if (size == 0) return result;
  /* Memory never shrinks, so this was checked; it is cheap to check again. */
  if (!core_in_memory(core, operation->pointer, size)) return -EFAULT;
  uint8_t *to = core->memory + operation->pointer;
  if (operation->op == OP_STAT) {
    write_stat(to, &operation->record.stat);
  } else {
    memcpy(to, operation->storage, size);
  }
  return result;
}

void operation_free(struct operation *operation)
{
  if (operation->op == OP_CONNECT) net_release(operation);
  if (operation->op == OP_SPAWN) spawn_release(operation);
  if (is_tree(operation->op)) tree_release(operation);
  free(operation);
}
