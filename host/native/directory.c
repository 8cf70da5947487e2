/*
 * Directories: listing, making and removing what is in them. See perform.h and tree.h.
 *
 * No state; any thread; blocks as long as the file system does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "operation.h"
#include "path.h"
#include "perform.h"

/* An entry as getdents64 gives it; the name follows, and ends with a NUL. */
struct kernel_entry {
  uint64_t inode;
  int64_t position;
  uint16_t size;
  uint8_t type;
};
#define KERNEL_NAME 19

/* The record of the ABI, drawn once more to prove where its fields lie. */
struct entry_record {
  uint64_t inode;
  uint32_t next;
  uint16_t name_length;
  uint16_t kind;
};
_Static_assert(offsetof(struct entry_record, inode) == DIRECTORY_ENTRY_INODE, "DirectoryEntry");
_Static_assert(offsetof(struct entry_record, next) == DIRECTORY_ENTRY_NEXT, "DirectoryEntry");
_Static_assert(offsetof(struct entry_record, name_length) == DIRECTORY_ENTRY_NAME_LENGTH,
               "DirectoryEntry");
_Static_assert(offsetof(struct entry_record, kind) == DIRECTORY_ENTRY_KIND, "DirectoryEntry");
_Static_assert(sizeof(struct entry_record) == DIRECTORY_ENTRY_NAME, "DirectoryEntry");
/* The records replace the kernel's in the same buffer, from its beginning on. */
_Static_assert(sizeof(struct entry_record) < KERNEL_NAME, "DirectoryEntry");

static uint16_t kind_of_type(uint8_t type)
{
  switch (type) {
  case DT_REG: return FILE_KIND_FILE;
  case DT_DIR: return FILE_KIND_DIRECTORY;
  case DT_LNK: return FILE_KIND_SYMLINK;
  case DT_CHR: return FILE_KIND_CHAR_DEVICE;
  case DT_BLK: return FILE_KIND_BLOCK_DEVICE;
  case DT_FIFO: return FILE_KIND_FIFO;
  case DT_SOCK: return FILE_KIND_SOCKET;
  default: return FILE_KIND_UNKNOWN;
  }
}

/* Turns the kernel's entries into records, in place. Returns how many bytes those take. */
static size_t translate(char *entries, size_t size)
{
  size_t to = 0;
  for (size_t from = 0; from + KERNEL_NAME < size;) {
    struct kernel_entry entry;
    memcpy(&entry, entries + from, sizeof entry);
    if (entry.size <= KERNEL_NAME || entry.size > size - from) break;
    const char *name = entries + from + KERNEL_NAME;
    size_t length = strnlen(name, entry.size - KERNEL_NAME);
    from += entry.size;
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) continue;
    struct entry_record record = {
      .inode = entry.inode,
      .next = (uint32_t)(sizeof record + length),
      .name_length = (uint16_t)length,
      .kind = kind_of_type(entry.type),
    };
    memmove(entries + to + sizeof record, name, length);
    memcpy(entries + to, &record, sizeof record);
    to += sizeof record + length;
  }
  return to;
}

int64_t perform_read_directory(struct operation *operation)
{
  char *entries = operation->record.tree.text;
  uint32_t room = operation->record.tree.room;
  for (;;) {
    long size = syscall(SYS_getdents64, operation->descriptor, entries, room);
    if (size <= 0) return size < 0 ? -errno : 0;
    size_t translated = translate(entries, (size_t)size);
    /* Nothing but `.` and `..`: that is not the end yet. */
    if (translated > 0) return (int64_t)translated;
  }
}

int64_t perform_create_directory(struct operation *operation)
{
  struct path_place place;
  int result = path_place(operation, &place);
  if (result < 0) return result;
  mode_t mode = (mode_t)(operation->offset & 07777);
  if (mkdirat(place.directory, place.name, mode) < 0) result = -errno;
  path_leave(&place);
  return result;
}

static int64_t remove_at(const struct operation *operation, int flags)
{
  struct path_place place;
  int result = path_place(operation, &place);
  if (result < 0) return result;
  if (unlinkat(place.directory, place.name, flags) < 0) result = -errno;
  path_leave(&place);
  return result;
}

int64_t perform_remove_file(struct operation *operation)
{
  return remove_at(operation, 0);
}

int64_t perform_remove_directory(struct operation *operation)
{
  return remove_at(operation, AT_REMOVEDIR);
}
