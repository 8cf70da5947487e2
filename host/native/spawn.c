/* See spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "operation.h"
#include "path.h"
#include "perform.h"
#include "signals.h"

/* The same numbers on every architecture. */
#define SYS_PIDFD_SEND_SIGNAL 424
#define SYS_CLOSE_RANGE 436

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

/* P_PIDFD, which older headers do not have. */
#define WAIT_FOR_PIDFD ((idtype_t)3)

/* What the child needs until it is another program: little, and it allocates nothing. */
#define CHILD_STACK (32u << 10)

/*
 * How often a program is tried again that somebody has open for writing, each time after twice as
 * long, from a millisecond on. It may be a child that has got a descriptor of ours just before it
 * closes it, or a close of ours that is not over yet.
 */
#define BUSY_ATTEMPTS 8

/* How long a child that was killed is waited for. */
#define KILL_PATIENCE_MS 100

/* Descriptors from here on are closed in the child. */
#define FIRST_PRIVATE 3

/* Signals have numbers up to this one, in 64 bits of the kernel's. */
#define SIGNAL_COUNT 64

/* ---- From the stage ---- */

struct command_header {
  uint32_t argument_count;
  uint32_t variable_count;
  int32_t streams[3];
  uint32_t group;
  uint32_t user_id;
  uint32_t group_id;
};
_Static_assert(offsetof(struct command_header, argument_count) == STAGE_COMMAND_ARGUMENT_COUNT,
               "StageCommand");
_Static_assert(offsetof(struct command_header, variable_count) == STAGE_COMMAND_VARIABLE_COUNT,
               "StageCommand");
_Static_assert(offsetof(struct command_header, streams) == STAGE_COMMAND_STDIN, "StageCommand");
_Static_assert(STAGE_COMMAND_STDOUT == STAGE_COMMAND_STDIN + 4, "StageCommand");
_Static_assert(STAGE_COMMAND_STDERR == STAGE_COMMAND_STDIN + 8, "StageCommand");
_Static_assert(offsetof(struct command_header, group) == STAGE_COMMAND_PROCESS_GROUP,
               "StageCommand");
_Static_assert(offsetof(struct command_header, user_id) == STAGE_COMMAND_USER_ID, "StageCommand");
_Static_assert(offsetof(struct command_header, group_id) == STAGE_COMMAND_GROUP_ID,
               "StageCommand");
_Static_assert(sizeof(struct command_header) == STAGE_COMMAND_STRINGS, "StageCommand");

/* Sets `count` pointers to the strings that follow each other from `*at` on. False: too few. */
static bool split(char **pointers, uint32_t count, char **at, const char *end)
{
  for (uint32_t i = 0; i < count; i++) {
    char *nul = memchr(*at, '\0', (size_t)(end - *at));
    if (nul == NULL) return false;
    pointers[i] = *at;
    *at = nul + 1;
  }
  pointers[count] = NULL;
  return true;
}

/* The strings have been copied behind the pointers. 0 or -errno. */
static int take_strings(struct command *command, const struct command_header *header,
                        char **pointers, char *text, size_t length)
{
  const char *end = text + length;
  char **variables = pointers + header->argument_count + 1;
  char *first[4];
  if (!split(first, 3, &text, end)) return -EINVAL;
  if (!split(pointers, header->argument_count, &text, end)) return -EINVAL;
  if (!split(variables, header->variable_count, &text, end)) return -EINVAL;
  if (text != end) return -EINVAL;
  command->program = first[0];
  command->search = first[1];
  command->directory = first[2];
  command->arguments = pointers;
  command->variables = variables;
  if (strlen(command->program) >= PATH_SIZE) return -ENAMETOOLONG;
  return command->program[0] == '\0' ? -ENOENT : 0;
}

/*
 * The child's streams as descriptors of our own: the guest may close its handles at any moment.
 * They are above those that they become, so that none of the three is in the way of another.
 */
static int take_streams(struct command *command, const struct command_header *header)
{
  for (int i = 0; i < 3; i++) {
    if (header->streams[i] == STAGE_DESCRIPTOR_NULL) continue;
    command->streams[i] = fcntl(header->streams[i], F_DUPFD_CLOEXEC, FIRST_PRIVATE);
    /* The system calls it invalid when there may be no descriptor as high as that. */
    if (command->streams[i] < 0) return errno == EINVAL ? -EMFILE : -errno;
  }
  return 0;
}

/* Where the host has put it, in the stage or beside it; NULL when it does not lie inside. */
static const uint8_t *staged_text(const struct core *core, const struct submission *from)
{
  bool annexed = (from->argument & STAGE_ARGUMENT_ANNEX) != 0;
  uint64_t size = annexed ? core->annex_length : STAGE_LAYOUT_SIZE;
  const uint8_t *text = annexed ? core->annex : core->stage;
  uint64_t end = (uint64_t)from->prefix_offset + from->prefix_length;
  return text != NULL && end <= size ? text + from->prefix_offset : NULL;
}

int spawn_make(struct core *core, const struct submission *from, struct operation **made)
{
  struct command_header header;
  const uint8_t *staged = staged_text(core, from);
  if (staged == NULL) return -EFAULT;
  if (from->prefix_length < sizeof header) return -EINVAL;
  memcpy(&header, staged, sizeof header);
  size_t length = from->prefix_length - sizeof header;
  /* Every string has a NUL at least. */
  uint64_t count = (uint64_t)header.argument_count + header.variable_count;
  if (header.argument_count == 0 || count > length) return -EINVAL;
  size_t table = ((size_t)count + 2) * sizeof(char *);
  size_t storage = table + length + PATH_SIZE;
  int result = core_hold(core, from->slot, storage);
  if (result < 0) return result;
  struct operation *operation = operation_allocate(from, storage);
  if (operation == NULL) return -ENOMEM;
  char **pointers = (char **)(void *)operation->storage;
  char *text = (char *)operation->storage + table;
  struct command *command = &operation->record.command;
  *command = (struct command){
    .candidate = text + length, .group = header.group, .user_id = header.user_id,
    .group_id = header.group_id, .streams = { -1, -1, -1 },
  };
  operation->pointer = from->length1 == sizeof command->step ? from->pointer1 : 0;
  if (from->descriptor == STAGE_DESCRIPTOR_CURRENT_DIR) operation->descriptor = AT_FDCWD;
  memcpy(text, staged + sizeof header, length);
  result = take_strings(command, &header, pointers, text, length);
  if (result == 0) result = take_streams(command, &header);
  if (result < 0) {
    operation_free(operation);
    return result;
  }
  *made = operation;
  return 0;
}

void spawn_release(struct operation *operation)
{
  const struct command *command = &operation->record.command;
  for (int i = 0; i < 3; i++) {
    if (command->streams[i] >= 0) close(command->streams[i]);
  }
}

void spawn_settle(struct core *core, const struct operation *operation, int64_t result)
{
  uint32_t step = operation->record.command.step;
  bool tells = result < 0 && operation->pointer != 0 && !core->closing;
  if (!tells || !core_in_memory(core, operation->pointer, sizeof step)) return;
  memcpy(core->memory + operation->pointer, &step, sizeof step);
}

/* ---- In the child ---- */

/*
 * Everything here runs in the child, which until it is another program shares the memory of the
 * parent, or has a copy of it, and the parent's thread sleeps meanwhile: system calls only, and
 * nothing written but what is said.
 */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined"))) static

struct start {
  const struct command *command;
  int directory; /* or -1 */
  int error;     /* written by the child: why there is no program */
  uint32_t step; /* likewise: where it failed */
};

/* What `rt_sigaction` takes; more than any architecture has. */
struct kernel_action {
  void (*handler)(int);
  unsigned long rest[7];
};

IN_CHILD void set_signal_mask(const uint64_t *mask, uint64_t *before)
{
  (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, before, sizeof *mask);
}

/*
 * No handler of ours may run here. What is ignored stays so, as whoever has started us may want,
 * except the two that a JavaScript engine and this helper ignore for their own sake.
 */
IN_CHILD void reset_signals(void)
{
  for (int number = 1; number <= SIGNAL_COUNT; number++) {
    struct kernel_action usual = { .handler = SIG_DFL };
    struct kernel_action before = usual;
    if (number == SIGKILL || number == SIGSTOP) continue;
    (void)syscall(SYS_rt_sigaction, number, &usual, &before, sizeof(uint64_t));
    if (before.handler != SIG_IGN || number == SIGPIPE || number == SIGXFSZ) continue;
    (void)syscall(SYS_rt_sigaction, number, &before, NULL, sizeof(uint64_t));
  }
}

IN_CHILD bool set_streams(const int *streams)
{
  for (int i = 0; i < 3; i++) {
    int from = streams[i];
    if (from < 0) from = open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
    if (from < 0 || (from != i && dup2(from, i) < 0)) return false;
  }
  return true;
}

/* What `getdents64` gives. */
struct kernel_entry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t kind;
  char name[];
};

/* Before Linux 5.9: those that are listed, or all that there may be. */
IN_CHILD void close_one_by_one(void)
{
  _Alignas(struct kernel_entry) char entries[1024];
  int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  long size = 0;
  while (list >= 0 && (size = syscall(SYS_getdents64, list, entries, sizeof entries)) > 0) {
    for (long at = 0; at < size;) {
      const struct kernel_entry *entry = (const struct kernel_entry *)(const void *)(entries + at);
      int descriptor = 0;
      for (const char *digit = entry->name; *digit >= '0' && *digit <= '9'; digit++) {
        descriptor = descriptor * 10 + (*digit - '0');
      }
      if (descriptor >= FIRST_PRIVATE && descriptor != list) close(descriptor);
      at += entry->size;
    }
  }
  if (list >= FIRST_PRIVATE) close(list);
  if (list >= 0) return;
  struct rlimit limit = { .rlim_cur = 0 };
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t i = FIRST_PRIVATE; i < limit.rlim_cur && i < 1u << 20; i++) close((int)i);
}

IN_CHILD void close_private(void)
{
  if (syscall(SYS_CLOSE_RANGE, FIRST_PRIVATE, ~0u, 0) < 0) close_one_by_one();
}

/* Whether a failure says that the program is not here, but may be elsewhere. */
IN_CHILD bool is_elsewhere(int error)
{
  return error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV;
}

/* Becomes the program, or returns why not. */
IN_CHILD int become(const struct command *command)
{
  if (strchr(command->program, '/') != NULL) {
    execve(command->program, command->arguments, command->variables);
    return errno;
  }
  int error = ENOENT;
  size_t length = strlen(command->program);
  for (const char *at = command->search, *end; at != NULL; at = *end == '\0' ? NULL : end + 1) {
    end = strchrnul(at, ':');
    size_t prefix = (size_t)(end - at);
    if (prefix + length + 2 > PATH_SIZE) continue;
    memcpy(command->candidate, at, prefix);
    if (prefix > 0) command->candidate[prefix++] = '/';
    memcpy(command->candidate + prefix, command->program, length + 1);
    execve(command->candidate, command->arguments, command->variables);
    /* One that may not be executed does not hide another one behind it. */
    if (errno == EACCES) error = EACCES;
    else if (!is_elsewhere(errno)) return errno;
  }
  return error;
}

IN_CHILD bool set_group(uint32_t group)
{
  if (group == COMMAND_GROUP_INHERIT) return true;
  return setpgid(0, group == COMMAND_GROUP_NEW ? 0 : (pid_t)group) == 0;
}

/* By bare system calls: the functions of the C library would tell all threads of the parent. */
IN_CHILD bool set_owner(uint32_t user, uint32_t group)
{
  bool is_other = user != COMMAND_OWNER_INHERIT && user != geteuid();
  if (is_other && syscall(SYS_setgroups, 0, NULL) < 0) return false;
  if (group != COMMAND_OWNER_INHERIT && syscall(SYS_setresgid, group, group, group) < 0) {
    return false;
  }
  return user == COMMAND_OWNER_INHERIT || syscall(SYS_setresuid, user, user, user) == 0;
}

IN_CHILD int child(void *argument)
{
  static const uint64_t none = 0;
  struct start *start = argument;
  reset_signals();
  if (!set_streams(start->command->streams)) {
    start->error = errno;
  } else if (!set_group(start->command->group)) {
    start->step = COMMAND_STEP_PROCESS_GROUP;
    start->error = errno;
  } else if (!set_owner(start->command->user_id, start->command->group_id)) {
    start->step = COMMAND_STEP_OWNER;
    start->error = errno;
  } else if (start->directory >= 0 && fchdir(start->directory) < 0) {
    start->step = COMMAND_STEP_DIRECTORY;
    start->error = errno;
  } else {
    close_private();
    set_signal_mask(&none, NULL);
    start->error = become(start->command);
  }
  _exit(127);
}

/* ---- Operations ---- */

/* Whether the kernel can wait for a pidfd. */
static bool is_supported(void)
{
  siginfo_t information;
  return waitid(WAIT_FOR_PIDFD, INT_MAX, &information, WEXITED | WNOHANG) < 0 && errno == EBADF;
}

/* Opens the directory to start in; -1: stay in that of the process. 0 or -errno. */
static int open_directory(const struct operation *operation, int *directory)
{
  struct open_rule rule = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
  *directory = -1;
  if (operation->record.command.directory[0] == '\0') return 0;
  if (operation->argument & STAGE_ARGUMENT_BENEATH) rule.resolve = PATH_RESOLVE_BENEATH;
  int result = path_open(operation->descriptor, operation->record.command.directory, &rule);
  if (result < 0) return result;
  *directory = result;
  return 0;
}

/*
 * Starts the program; `memory`: `CLONE_VM`, or 0 for a child with a copy of our memory. Its pidfd,
 * and the process id above it; or -errno.
 */
static int64_t start_child(struct start *start, int memory)
{
  static const uint64_t all = UINT64_MAX;
  _Alignas(16) uint8_t stack[CHILD_STACK];
  uint64_t before;
  int pidfd = -1;
  /* This thread goes on at the `execve`. */
  int flags = memory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  set_signal_mask(&all, &before);
  int process = clone(child, stack + sizeof stack, flags, start, &pidfd);
  int error = process < 0 ? errno : start->error;
  set_signal_mask(&before, NULL);
  if (process < 0) return -error;
  if (error == 0) return (int64_t)process << 32 | pidfd;
  spawn_discard(pidfd);
  return -error;
}

/* The same for any command. */
static int64_t start_command(struct command *command, int directory)
{
  struct start own = { .command = command, .directory = directory };
  struct start *start = &own;
  bool is_owned = command->user_id != COMMAND_OWNER_INHERIT ||
                  command->group_id != COMMAND_OWNER_INHERIT;
  if (is_owned) {
    /*
     * A child that is another user must not have our memory. The system takes memory for that of a
     * set-user-id program from then on, ours too (PR_SET_DUMPABLE). If we took that back, others of
     * that user could get at it until the child has left it. Its copy is safe from them. What the
     * child says goes through a page that is shared.
     */
    start = mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return -errno;
    *start = own;
  }
  /* Otherwise with our memory, so that nothing has to be copied. */
  int64_t result = start_child(start, is_owned ? 0 : CLONE_VM);
  if (result < 0) command->step = start->step;
  if (is_owned) (void)munmap(start, sizeof *start);
  return result;
}

int64_t perform_spawn(struct operation *operation)
{
  struct command *command = &operation->record.command;
  int directory;
  if (!is_supported()) return -ENOSYS;
  int64_t result = open_directory(operation, &directory);
  if (result < 0) {
    command->step = COMMAND_STEP_DIRECTORY;
    return result;
  }
  result = start_command(command, directory);
  for (int attempt = 0; result == -ETXTBSY && attempt < BUSY_ATTEMPTS; attempt++) {
    struct timespec pause = { .tv_nsec = 1000000L << attempt };
    (void)nanosleep(&pause, NULL);
    result = start_command(command, directory);
  }
  if (directory >= 0) close(directory);
  return result;
}

bool spawn_reap(int child)
{
  siginfo_t information = { .si_pid = 0 };
  if (waitid(WAIT_FOR_PIDFD, (id_t)child, &information, WEXITED | WNOHANG) < 0) return true;
  return information.si_pid != 0;
}

void spawn_discard(int child)
{
  struct pollfd ended = { .fd = child, .events = POLLIN };
  (void)syscall(SYS_PIDFD_SEND_SIGNAL, child, SIGKILL, NULL, 0);
  (void)poll(&ended, 1, KILL_PATIENCE_MS);
  (void)spawn_reap(child);
  close(child);
}

/* The high half of what `Op.Wait` gives. */
static int64_t exit_word(int number, bool dumped)
{
  int64_t word = number | EXIT_WORD_FOREIGN;
  for (uint32_t signal = 1; signal < SIGNAL_COUNT; signal++) {
    if (signal_number(signal) == number) word = signal;
  }
  return word | (dumped ? EXIT_WORD_CORE_DUMPED : 0);
}

int64_t perform_wait(struct operation *operation)
{
  siginfo_t information = { .si_pid = 0 };
  int options = WEXITED | WNOHANG | WNOWAIT;
  if (waitid(WAIT_FOR_PIDFD, (id_t)operation->descriptor, &information, options) < 0) {
    return -errno;
  }
  if (information.si_pid == 0) return -EAGAIN;
  if (information.si_code == CLD_EXITED) return (uint32_t)information.si_status;
  return exit_word(information.si_status, information.si_code == CLD_DUMPED) << 32;
}

int64_t perform_kill(struct operation *operation)
{
  int number = signal_number(operation->flags);
  if (number == 0) return -EINVAL;
  return syscall(SYS_PIDFD_SEND_SIGNAL, operation->descriptor, number, NULL, 0) < 0 ? -errno : 0;
}

int64_t perform_pipe(struct operation *operation)
{
  int ends[2];
  (void)operation;
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  return (int64_t)ends[1] << 32 | ends[0];
}
