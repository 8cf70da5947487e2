/* See perform.h. */
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "path.h"

/* The same number on every architecture. */
#define SYS_FCHMODAT2 452

/* How long one thread waits for a lock before others get their turn. */
#define LOCK_PATIENCE_NS 5000000

/* A pipe that is writable takes this much without blocking. */
#define PIPE_ATOMIC 4096

static int64_t result_of(ssize_t value)
{
  return value < 0 ? -errno : value;
}

enum kind kind_of(int descriptor)
{
  struct stat stat;
  if (fstat(descriptor, &stat) < 0) return KIND_FILE;
  switch (stat.st_mode & S_IFMT) {
  case S_IFIFO: return KIND_PIPE;
  case S_IFSOCK: return KIND_SOCKET;
  case S_IFCHR: return KIND_DEVICE;
  default: return KIND_FILE;
  }
}

/* The plans of ops.def: for some it depends on the descriptor. */
enum row { ROW_DONE, ROW_READABLE, ROW_WRITABLE, ROW_BLOCK, ROW_IN, ROW_OUT, ROW_CLOSE };

static bool can_wait(int descriptor, enum kind kind)
{
  return is_stream(kind == KIND_UNKNOWN ? kind_of(descriptor) : kind);
}

enum plan plan(uint8_t op, int descriptor, enum kind kind)
{
  static const uint8_t rows[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = ROW_##plan,
#include "ops.def"
#undef OPERATION
  };
  switch ((enum row)rows[op]) {
  case ROW_DONE: return PLAN_DONE;
  case ROW_READABLE: return PLAN_READABLE;
  case ROW_WRITABLE: return PLAN_WRITABLE;
  case ROW_IN: return can_wait(descriptor, kind) ? PLAN_READABLE : PLAN_BLOCK;
  case ROW_OUT: return can_wait(descriptor, kind) ? PLAN_WRITABLE : PLAN_BLOCK;
  case ROW_CLOSE: return can_wait(descriptor, kind) ? PLAN_DONE : PLAN_BLOCK;
  default: return PLAN_BLOCK;
  }
}

int64_t perform_nop(struct operation *operation)
{
  (void)operation;
  return 0;
}

int64_t perform_open(struct operation *operation)
{
  return path_open(operation->descriptor, operation->path, &operation->record.open);
}

int64_t perform_close(struct operation *operation)
{
  /* After EINTR the descriptor is gone all the same; a second close might hit somebody else's. */
  int64_t result = result_of(close(operation->descriptor));
  return result == -EINTR ? 0 : result;
}

/* At the position of the file itself, or in a stream. */
static int64_t transfer_here(const struct transfer *transfer)
{
  int descriptor = transfer->descriptor;
  void *data = transfer->data;
  size_t length = transfer->length;
  return result_of(transfer->writes ? write(descriptor, data, length)
                                    : read(descriptor, data, length));
}

static struct transfer transfer_of(struct operation *operation)
{
  return (struct transfer){
    operation->storage, operation->length, operation->offset, operation->descriptor,
    op_writes(operation->op), false, NULL,
  };
}

struct transfer transfer_of_slot(const struct core *core, const struct slot *slot)
{
  struct operation *operation = slot->operation;
  struct transfer transfer = {
    .data = core->memory + slot->pointer, .length = slot->length, .offset = slot->offset,
    .descriptor = slot->descriptor, .writes = op_writes(slot->op),
  };
  if (slot->op == OP_WRITE_VECTORED) {
    transfer.message = vector_locate(core, operation);
  } else if (operation != NULL) {
    transfer.data = operation->storage;
    transfer.length = operation->length;
  }
  return transfer;
}

static int64_t perform_transfer(struct operation *operation)
{
  struct transfer to = transfer_of(operation);
  off_t offset = (off_t)to.offset;
  int64_t result = -ESPIPE;
  if (offset != OFFSET_CURRENT) {
    result = result_of(to.writes ? pwrite(to.descriptor, to.data, to.length, offset)
                                 : pread(to.descriptor, to.data, to.length, offset));
  }
  return result == -ESPIPE ? transfer_here(&to) : result;
}

int64_t perform_read(struct operation *operation)
{
  return perform_transfer(operation);
}

int64_t perform_write(struct operation *operation)
{
  return perform_transfer(operation);
}

int64_t perform_write_vectored(struct operation *operation)
{
  return perform_transfer(operation);
}

int64_t perform_sync(struct operation *operation)
{
  bool data = (operation->flags & SYNC_FLAG_DATA) != 0;
  return result_of(data ? fdatasync(operation->descriptor) : fsync(operation->descriptor));
}

const char *stat_path(const struct operation *operation)
{
  return operation->path != NULL ? operation->path : "";
}

uint32_t stat_flags(const struct operation *operation)
{
  if (operation->path == NULL) return AT_EMPTY_PATH;
  return operation->flags & STAT_FLAG_NO_FOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
}

static int64_t stat_at(struct operation *operation, int at, const char *path, uint32_t flags)
{
  uint32_t wanted = STATX_BASIC_STATS | STATX_BTIME;
  return result_of(statx(at, path, (int)flags, wanted, &operation->record.stat));
}

int64_t perform_stat(struct operation *operation)
{
  if (operation->path == NULL || !(operation->argument & STAGE_ARGUMENT_BENEATH)) {
    return stat_at(operation, operation->descriptor, stat_path(operation), stat_flags(operation));
  }
  int descriptor = path_reference(operation);
  if (descriptor < 0) return descriptor;
  int64_t result = stat_at(operation, descriptor, "", AT_EMPTY_PATH);
  close(descriptor);
  return result;
}

int64_t perform_set_length(struct operation *operation)
{
  return result_of(ftruncate(operation->descriptor, (off_t)operation->offset));
}

_Static_assert(SEEK_FLAG_START == SEEK_SET && SEEK_FLAG_CURRENT == SEEK_CUR, "SeekFlag");
_Static_assert(SEEK_FLAG_END == SEEK_END, "SeekFlag");

int64_t perform_seek(struct operation *operation)
{
  off_t position = lseek(operation->descriptor, (off_t)operation->offset, (int)operation->flags);
  return position < 0 ? -errno : position;
}

/* `descriptor` may be an O_PATH one, on which fchmod does not work. */
static int64_t change_mode(int descriptor, mode_t mode)
{
  struct stat stat;
  if (fstat(descriptor, &stat) < 0) return -errno;
  if (S_ISLNK(stat.st_mode)) return -EOPNOTSUPP;
  if (syscall(SYS_FCHMODAT2, descriptor, "", mode, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return -errno;
  /* Before 6.6: through the file's name in /proc, which follows no link of the guest's. */
  struct path_name name = path_of_descriptor(descriptor);
  return result_of(chmod(name.text, mode));
}

int64_t perform_set_permissions(struct operation *operation)
{
  mode_t mode = (mode_t)(operation->offset & 07777);
  if (operation->path == NULL) return result_of(fchmod(operation->descriptor, mode));
  int descriptor = path_reference(operation);
  if (descriptor < 0) return descriptor;
  int64_t result = change_mode(descriptor, mode);
  close(descriptor);
  return result;
}

/* INT64_MIN leaves a time as it is. Division rounds down, for times before 1970. */
static struct timespec time_of(int64_t nanoseconds)
{
  struct timespec time = { .tv_nsec = UTIME_OMIT };
  if (nanoseconds == INT64_MIN) return time;
  time.tv_sec = nanoseconds / 1000000000;
  time.tv_nsec = nanoseconds % 1000000000;
  if (time.tv_nsec < 0) {
    time.tv_sec--;
    time.tv_nsec += 1000000000;
  }
  return time;
}

int64_t perform_set_times(struct operation *operation)
{
  const int64_t *wanted = operation->record.times;
  struct timespec times[2] = { time_of(wanted[0]), time_of(wanted[1]) };
  if (operation->path == NULL) return result_of(futimens(operation->descriptor, times));
  int descriptor = path_reference(operation);
  if (descriptor < 0) return descriptor;
  int64_t result = result_of(utimensat(descriptor, "", times, AT_EMPTY_PATH));
  /* Before 5.8 there is no empty path here. */
  if (result == -EINVAL || result == -ENOENT) {
    struct path_name name = path_of_descriptor(descriptor);
    result = result_of(utimensat(AT_FDCWD, name.text, times, 0));
  }
  close(descriptor);
  return result;
}

/*
 * Never waits in the kernel, where those who wait could keep all threads from the one who unlocks:
 * -EAGAIN, after a while, says that it is to be tried again, see pool.c.
 */
int64_t perform_lock(struct operation *operation)
{
  static const int kinds[LOCK_FLAG_KIND + 1] = {
    [LOCK_FLAG_UNLOCK] = LOCK_UN, [LOCK_FLAG_SHARED] = LOCK_SH, [LOCK_FLAG_EXCLUSIVE] = LOCK_EX,
  };
  int kind = kinds[operation->flags & LOCK_FLAG_KIND] | LOCK_NB;
  int result = flock(operation->descriptor, kind);
  if (result < 0 && errno == EWOULDBLOCK && !(operation->flags & LOCK_FLAG_TRY)) {
    struct timespec pause = { .tv_nsec = LOCK_PATIENCE_NS };
    (void)nanosleep(&pause, NULL);
    result = flock(operation->descriptor, kind);
  }
  return result_of(result);
}

int64_t perform_duplicate(struct operation *operation)
{
  return result_of(fcntl(operation->descriptor, F_DUPFD_CLOEXEC, 0));
}

_Static_assert(FILE_OWNER_UNCHANGED == (uid_t)-1 && FILE_OWNER_UNCHANGED == (gid_t)-1, "FileOwner");

int64_t perform_set_owner(struct operation *operation)
{
  const uint32_t *owner = operation->record.owner;
  if (operation->path == NULL) return result_of(fchown(operation->descriptor, owner[0], owner[1]));
  int descriptor = path_reference(operation);
  if (descriptor < 0) return descriptor;
  int64_t result = result_of(fchownat(descriptor, "", owner[0], owner[1], AT_EMPTY_PATH));
  close(descriptor);
  return result;
}

int64_t perform(struct operation *operation)
{
  typedef int64_t performer(struct operation *);
  static performer *const performers[OP_COUNT] = {
#define OPERATION(name, function, opcode, state, plan, gives) [OP_##name] = perform_##function,
#include "ops.def"
#undef OPERATION
  };
  return performers[operation->op](operation);
}

static bool is_ready(int descriptor, short events)
{
  struct pollfd wanted = { .fd = descriptor, .events = events };
  return poll(&wanted, 1, 0) > 0;
}

/* Terminals and old pipes cannot be asked not to wait: look first, and write little. */
static int64_t transfer_looking(const struct transfer *transfer)
{
  int descriptor = transfer->descriptor;
  if (!is_ready(descriptor, transfer->writes ? POLLOUT : POLLIN)) return -EAGAIN;
  struct transfer little = *transfer;
  uint8_t page[PIPE_ATOMIC];
  if (transfer->message != NULL) {
    little.data = page;
    little.length = vector_copy(page, sizeof page, transfer->message);
  }
  if (transfer->writes && little.length > PIPE_ATOMIC) little.length = PIPE_ATOMIC;
  return transfer_here(&little);
}

int64_t transfer_ready(const struct transfer *transfer, enum kind kind)
{
  int descriptor = transfer->descriptor;
  const struct msghdr *message = transfer->message;
  if (kind == KIND_SOCKET && message != NULL) {
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    return result_of(syscall(SYS_sendmsg, descriptor, message, flags));
  }
  if (kind == KIND_SOCKET) {
    /* Not by `send` and `recv`, which do what it takes to be interrupted by `pthread_cancel`. */
    long number = transfer->writes ? SYS_sendto : SYS_recvfrom;
    return result_of(syscall(number, descriptor, transfer->data, transfer->length,
                             MSG_DONTWAIT | MSG_NOSIGNAL, NULL, NULL));
  }
  struct iovec data = { transfer->data, transfer->length };
  const struct iovec *vector = message != NULL ? message->msg_iov : &data;
  int count = message != NULL ? (int)message->msg_iovlen : 1;
  off_t offset = kind == KIND_FILE ? (off_t)transfer->offset : OFFSET_CURRENT;
  int64_t result = -EOPNOTSUPP;
  if (!transfer->looks) {
    result = result_of(transfer->writes ? pwritev2(descriptor, vector, count, offset, RWF_NOWAIT)
                                        : preadv2(descriptor, vector, count, offset, RWF_NOWAIT));
  }
  if (result == -ENOSYS) result = -EOPNOTSUPP;
  return result == -EOPNOTSUPP && kind != KIND_FILE ? transfer_looking(transfer) : result;
}

int64_t perform_ready(struct operation *operation)
{
  if (!op_transfers(operation->op)) return perform(operation);
  struct transfer transfer = transfer_of(operation);
  return transfer_ready(&transfer, kind_of(operation->descriptor));
}

void ignore_sigpipe(void)
{
  struct sigaction action;
  if (sigaction(SIGPIPE, NULL, &action) < 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
}

void perform_dispose(const struct operation *operation, int64_t result)
{
  core_discard(core_gives(operation->op), result);
}
