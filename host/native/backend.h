/*
 * What the Node-API front knows of backends: how to make one, drive it and end it. A backend is its
 * `struct core` with more behind it.
 *
 * Thread: everything on the JavaScript thread that made the backend.
 */
#ifndef STD_BACKEND_H
#define STD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

struct core;

struct backend_options {
  uint8_t *stage;            /* STAGE_LAYOUT_SIZE bytes that outlive the backend */
  /* Bit n: pretend that io_uring has nothing for `Op` n; any bit: that epoll is old. (Tests) */
  uint64_t without_ops;
  uint32_t without_setup;    /* `uring_setup` flags to do without (tests) */
  uint32_t without_features; /* `uring_feature` bits to do without (tests) */
  uint32_t completion_entries; /* size of the completion queue, 0: the usual (tests) */
};

struct backend {
  const char *name;
  /* 0, or -errno with `*step` naming what was refused. */
  int (*create)(const struct backend_options *options, struct core **created, const char **step);
  /*
   * Performs `count` staged submissions and waits as `timeout` says: nanoseconds, 0 not at all,
   * < 0 as long as it takes. Returns the number of completions in the stage, or -errno.
   */
  int64_t (*turn)(struct core *core, uint32_t count, int64_t timeout);
  /*
   * For a host that must not wait in `turn`: a descriptor of the backend's that is readable, from
   * `rest` on, when a turn would bring something. It outlives the backend's turns. Or -errno.
   */
  int (*watch)(struct core *core);
  /* Whether a turn would bring something at once; if not, the descriptor tells when. */
  bool (*rest)(struct core *core);
  /*
   * Cancels and drains what is in flight, then frees everything and returns 0. Returns -EBUSY, and
   * frees nothing, when the kernel does not let go of guest memory: call it again later, and
   * keep that memory until then.
   */
  int (*close)(struct core *core);
};

/* The backends of this build, best first; ends with a row without a name. */
extern const struct backend backends[];

#endif
