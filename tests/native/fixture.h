/*
 * What the native tests share: a backend with a stage and guest memory of its own, and ways to run
 * single operations through it. Checks end the process at the first failure and say where.
 */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/native/backend.h"
#include "../../host/native/core.h"

/* Guest memory is this long, and followed by nothing that a test may touch. */
#define MEMORY_SIZE (1u << 20)

/* Where tests put things in guest memory. */
enum { PATH_AT = 0x1000, RECORD_AT = 0x3000, DATA_AT = 0x8000 };

/* One way to run: everything that must not make a difference. */
struct mode {
  const char *name;
  const char *backend;
  bool bounce;
  struct backend_options options;
};

/* Ends with a row without a name. */
extern const struct mode modes[];

struct fixture {
  const struct mode *mode;
  const struct backend *backend;
  struct core *core;
  uint8_t *stage;
  uint8_t *memory;
  uint32_t staged;
  uint32_t generation;
};

/* The mode that runs now, for messages. */
extern const char *running;

#define CHECK(condition) \
  do { \
    if (!(condition)) fail_at(__FILE__, __LINE__, #condition); \
  } while (0)

#define CHECK_EQUAL(actual, expected) \
  check_equal(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))

_Noreturn void fail_at(const char *file, int line, const char *what);
void check_equal(const char *file, int line, const char *what, int64_t actual, int64_t expected);

/* The mode of this name. */
const struct mode *mode_named(const char *name);

/* The backend of this name. */
const struct backend *backend_named(const char *name);

void fixture_open(struct fixture *fixture, const struct mode *mode);
void fixture_close(struct fixture *fixture);

/* Adds a submission to the next turn; its generation is made up. Returns that generation. */
uint32_t stage(struct fixture *fixture, struct submission submission);

/* Runs a turn with what is staged. The number of completions. */
uint32_t turn(struct fixture *fixture, int64_t timeout);

/* Completion number `index` of the last turn; a failure as -errno of this system. */
struct completion completion(const struct fixture *fixture, uint32_t index);

/* Stages one submission, waits for its completion, which must be the only one; its result. */
int64_t run(struct fixture *fixture, struct submission submission);

/* Stages a cancel of an operation. */
void stage_cancel(struct fixture *fixture, uint32_t slot, uint32_t generation);

/* Puts a path into guest memory and names it in a submission. */
struct submission with_path(struct fixture *fixture, struct submission submission,
                            const char *path);

/* Opens by the backend; the test ends unless that works. */
int open_file(struct fixture *fixture, const char *path, uint32_t flags);

/* A folder of this process, made once, and removed at the end. */
const char *folder(void);

/* `name` in that folder; the text lives until the next but seven call. */
const char *in_folder(const char *name);

void write_file(const char *path, const char *text);
int count_descriptors(void);

/* From now on the system call `number` fails with `error` in this process. */
void refuse(uint32_t number, uint32_t error);

/* Runs a test in a process of its own, which it may spoil. */
void run_apart(void (*body)(void));

/* Sleeps; for "nothing happens" only, never to wait for something. */
void pause_milliseconds(int milliseconds);

#endif
