/*
 * The part of the kernel's io_uring interface that we use: record layouts and numbers, in our own
 * words, so that the helper builds with any kernel headers and says what it relies on.
 *
 * No state. Numbers are the kernel's ABI and never change.
 */
#ifndef STD_URING_H
#define STD_URING_H

#include <stddef.h>
#include <stdint.h>

/* System calls: the same numbers on every architecture that has io_uring. */
#define URING_SYS_SETUP 425
#define URING_SYS_ENTER 426
#define URING_SYS_REGISTER 427

/* One submission: what to do. */
struct uring_sqe {
  uint8_t opcode;
  uint8_t flags;
  uint16_t priority;
  int32_t descriptor;
  uint64_t offset;  /* or the second address */
  uint64_t address; /* or the user_data that a cancel looks for */
  uint32_t length;
  uint32_t op_flags; /* poll events, statx flags, fsync flags, … */
  uint64_t user_data;
  uint16_t buffer_index;
  uint16_t personality;
  uint32_t file_index;
  uint64_t spare[2];
};

/* One completion: what became of it. */
struct uring_cqe {
  uint64_t user_data;
  int32_t result;
  uint32_t flags;
};

struct uring_sq_offsets {
  uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, spare1;
  uint64_t spare2;
};

struct uring_cq_offsets {
  uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, spare1;
  uint64_t spare2;
};

struct uring_params {
  uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd;
  uint32_t spare[3];
  struct uring_sq_offsets sq;
  struct uring_cq_offsets cq;
};

struct uring_timespec {
  int64_t seconds;
  int64_t nanoseconds;
};

/* The argument of a wait with a timeout (URING_ENTER_EXT_ARG). */
struct uring_wait {
  uint64_t signal_mask;
  uint32_t signal_mask_size;
  uint32_t minimum_wait;
  uint64_t timespec;
};

struct uring_probe_op {
  uint8_t opcode;
  uint8_t spare1;
  uint16_t flags;
  uint32_t spare2;
};

struct uring_probe {
  uint8_t last_opcode;
  uint8_t count;
  uint16_t spare1;
  uint32_t spare2[3];
  struct uring_probe_op ops[256];
};

/* The argument of URING_REGISTER_FILES2. */
struct uring_files {
  uint32_t count;
  uint32_t flags;
  uint64_t spare;
  uint64_t data;
  uint64_t tags;
};

/* The argument of the other registrations but the probe. */
struct uring_update {
  uint32_t offset;
  uint32_t spare;
  uint64_t data;
};

_Static_assert(sizeof(struct uring_sqe) == 64, "submission");
_Static_assert(offsetof(struct uring_sqe, descriptor) == 4, "submission");
_Static_assert(offsetof(struct uring_sqe, offset) == 8, "submission");
_Static_assert(offsetof(struct uring_sqe, address) == 16, "submission");
_Static_assert(offsetof(struct uring_sqe, length) == 24, "submission");
_Static_assert(offsetof(struct uring_sqe, op_flags) == 28, "submission");
_Static_assert(offsetof(struct uring_sqe, user_data) == 32, "submission");
_Static_assert(offsetof(struct uring_sqe, buffer_index) == 40, "submission");
_Static_assert(offsetof(struct uring_sqe, file_index) == 44, "submission");
_Static_assert(sizeof(struct uring_cqe) == 16, "completion");
_Static_assert(sizeof(struct uring_params) == 120, "parameters");
_Static_assert(offsetof(struct uring_params, sq) == 40, "parameters");
_Static_assert(offsetof(struct uring_params, cq) == 80, "parameters");
_Static_assert(sizeof(struct uring_wait) == 24, "wait");
_Static_assert(sizeof(struct uring_files) == 32, "files");
_Static_assert(sizeof(struct uring_update) == 16, "update");
_Static_assert(sizeof(struct uring_probe) == 16 + 256 * 8, "probe");

enum uring_opcode {
  URING_OP_NOP = 0,
  URING_OP_WRITEV = 2,
  URING_OP_FSYNC = 3,
  URING_OP_POLL_ADD = 6,
  URING_OP_SENDMSG = 9,
  URING_OP_RECVMSG = 10,
  URING_OP_TIMEOUT = 11,
  URING_OP_ACCEPT = 13,
  URING_OP_ASYNC_CANCEL = 14,
  URING_OP_CONNECT = 16,
  URING_OP_CLOSE = 19,
  URING_OP_STATX = 21,
  URING_OP_READ = 22,
  URING_OP_WRITE = 23,
  URING_OP_SEND = 26,
  URING_OP_RECV = 27,
  URING_OP_OPENAT2 = 28,
  URING_OP_SHUTDOWN = 34,
  URING_OP_SEND_ZC = 47,
  URING_OP_FTRUNCATE = 55,
  /* Ours: stands for "there is no opcode for this". The kernel's grow from below. */
  URING_OP_NONE = 255,
};

enum uring_sqe_flag {
  URING_SQE_FIXED_FILE = 1u << 0, /* the descriptor is an index in the table of files */
  URING_SQE_ASYNC = 1u << 4, /* leave it to a kernel thread at once */
};

/* Of a submission's `priority`, for RECV and the like: wait for readiness before trying. */
#define URING_POLL_FIRST 1u

/* Of a completion's `flags`, for RECV: there is more in the socket. */
#define URING_CQE_SOCKET_NONEMPTY (1u << 2)

enum uring_setup {
  URING_SETUP_CQSIZE = 1u << 3,
  URING_SETUP_CLAMP = 1u << 4,
  URING_SETUP_SUBMIT_ALL = 1u << 7,
  URING_SETUP_COOP_TASKRUN = 1u << 8,
  URING_SETUP_TASKRUN_FLAG = 1u << 9,
  URING_SETUP_SINGLE_ISSUER = 1u << 12,
  URING_SETUP_DEFER_TASKRUN = 1u << 13,
  URING_SETUP_NO_SQARRAY = 1u << 16,
};

enum uring_feature {
  URING_FEATURE_SINGLE_MMAP = 1u << 0,
  URING_FEATURE_NODROP = 1u << 1,
  URING_FEATURE_SUBMIT_STABLE = 1u << 2,
  URING_FEATURE_RW_CURRENT_POSITION = 1u << 3,
  URING_FEATURE_EXT_ARG = 1u << 8,
  URING_FEATURE_RW_ATTR = 1u << 16, /* Linux 6.14 */
  URING_FEATURE_NO_IOWAIT = 1u << 17,
};

enum uring_enter {
  URING_ENTER_GETEVENTS = 1u << 0,
  URING_ENTER_EXT_ARG = 1u << 3,
  URING_ENTER_REGISTERED_RING = 1u << 4,
  URING_ENTER_NO_IOWAIT = 1u << 7,
};

enum uring_sq_flag {
  URING_SQ_CQ_OVERFLOW = 1u << 1,
  URING_SQ_TASKRUN = 1u << 2,
};

enum uring_cq_flag {
  URING_CQ_EVENTFD_DISABLED = 1u << 0,
};

#define URING_REGISTER_EVENTFD 4
#define URING_REGISTER_FILES_UPDATE 6
#define URING_REGISTER_PROBE 8
#define URING_REGISTER_FILES2 13
#define URING_REGISTER_RING_FDS 20
#define URING_UNREGISTER_RING_FDS 21
#define URING_FILES_SPARSE 1u
#define URING_PROBE_SUPPORTED 1u
#define URING_FSYNC_DATASYNC 1u

#define URING_MAP_SQ 0x0ULL
#define URING_MAP_CQ 0x8000000ULL
#define URING_MAP_SQES 0x10000000ULL

#endif
