/*
 * The Node-API front: turns JavaScript calls into calls of a backend. The only file that knows
 * Node-API, and it knows nothing of the operating system.
 *
 * Thread: the JavaScript thread of one environment; no state outside the handles, so any number of
 * instances and workers do not see each other.
 * Invariant: a handle keeps the stage and the attached memory alive until its backend has closed.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "backend.h"
#include "core.h"
#include "errors.h"
#include "terminal.h"
#include "waiter.h"

/* What a turn takes and gives, in the stage. */
struct turn_words {
  double timeout;
  uint32_t count;
  uint32_t produced;
};
_Static_assert(offsetof(struct turn_words, timeout) == TURN_WORD_TIMEOUT, "TurnWord");
_Static_assert(offsetof(struct turn_words, count) == TURN_WORD_COUNT, "TurnWord");
_Static_assert(offsetof(struct turn_words, produced) == TURN_WORD_PRODUCED, "TurnWord");
_Static_assert(sizeof(struct turn_words) == TURN_WORD_SIZE, "TurnWord");

struct handle {
  const struct backend *backend;
  struct core *core; /* NULL once closed */
  struct turn_words *words;
  struct terminals terminals;
  napi_ref stage;
  napi_ref memory;
  /* Both or none; only of a host that does not wait in `turn`. */
  struct waiter *waiter;
  napi_threadsafe_function wake;
};

static const char *error_name(int error)
{
  switch (error) {
  case ENOSYS: return "ENOSYS";
  case EPERM: return "EPERM";
  case EACCES: return "EACCES";
  case ENOMEM: return "ENOMEM";
  case EINVAL: return "EINVAL";
  case EMFILE: return "EMFILE";
  case ENFILE: return "ENFILE";
  case EBUSY: return "EBUSY";
  case EAGAIN: return "EAGAIN";
  case EEXIST: return "EEXIST";
  default: return "EIO";
  }
}

static napi_value fail(napi_env env, int error, const char *what)
{
  char message[256];
  const char *name = error_name(error);
  snprintf(message, sizeof message, "%s: %s (%s)", what, strerror(error), name);
  napi_throw_error(env, name, message);
  return NULL;
}

static napi_value misuse(napi_env env, const char *message)
{
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

static napi_value closed(napi_env env)
{
  napi_throw_error(env, "ERR_CLOSED", "the backend is closed");
  return NULL;
}

/* ---- Handles ---- */

static void forget(napi_env env, napi_ref *reference)
{
  if (*reference != NULL) napi_delete_reference(env, *reference);
  *reference = NULL;
}

/*
 * Ends the waiting before the environment does: its thread must call nothing that is gone. Released
 * and not aborted, since one runtime lost the end of the process over that.
 */
static void end_waiting(void *data)
{
  struct handle *handle = data;
  if (handle->waiter == NULL) return;
  waiter_close(handle->waiter);
  handle->waiter = NULL;
  napi_release_threadsafe_function(handle->wake, napi_tsfn_release);
  handle->wake = NULL;
}

/* Ends the backend. -EBUSY when the kernel holds on to the memory, which then stays as well. */
static int close_handle(napi_env env, struct handle *handle)
{
  terminals_restore(&handle->terminals);
  if (handle->core == NULL) return 0;
  if (handle->waiter != NULL) napi_remove_env_cleanup_hook(env, end_waiting, handle);
  end_waiting(handle);
  int result = handle->backend->close(handle->core);
  if (result < 0) return result;
  handle->core = NULL;
  forget(env, &handle->stage);
  forget(env, &handle->memory);
  return 0;
}

static void finalize_handle(napi_env env, void *data, void *hint)
{
  struct handle *handle = data;
  (void)hint;
  /* What the kernel does not let go of stays for ever: better a leak than a late write. */
  if (close_handle(env, handle) == 0) free(handle);
}

/* Reads `count` arguments, of which the first is a handle. NULL after having thrown. */
static struct handle *arguments(napi_env env, napi_callback_info info, napi_value *values,
                                size_t count)
{
  size_t given = count;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < count ||
      napi_get_value_external(env, values[0], &data) != napi_ok) {
    misuse(env, "expected a handle of this addon and all arguments");
    return NULL;
  }
  struct handle *handle = data;
  if (handle->core == NULL) {
    closed(env);
    return NULL;
  }
  return handle;
}

/* ---- create ---- */

static double number_option(napi_env env, napi_value options, const char *name)
{
  napi_value value;
  double number = 0;
  if (napi_get_named_property(env, options, name, &value) != napi_ok) return 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return 0;
  return number >= 0 && number <= 9007199254740991.0 ? number : 0;
}

static const struct backend *find_backend(napi_env env, napi_value options)
{
  char name[32];
  size_t length;
  napi_value value;
  if (napi_get_named_property(env, options, "backend", &value) != napi_ok) return NULL;
  if (napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok) return NULL;
  for (const struct backend *backend = backends; backend->name != NULL; backend++) {
    if (strcmp(backend->name, name) == 0) return backend;
  }
  return NULL;
}

/* Finds the bytes of a Uint8Array. False for any other value. */
static bool bytes_of(napi_env env, napi_value value, uint8_t **bytes, size_t *length)
{
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) != napi_ok) {
    return false;
  }
  *bytes = data;
  return type == napi_uint8_array;
}

static uint8_t *find_stage(napi_env env, napi_value options, napi_value *stage)
{
  uint8_t *bytes;
  size_t length;
  if (napi_get_named_property(env, options, "stage", stage) != napi_ok) return NULL;
  if (!bytes_of(env, *stage, &bytes, &length)) return NULL;
  return length >= STAGE_LAYOUT_SIZE && (uintptr_t)bytes % 8 == 0 ? bytes : NULL;
}

static napi_value create(napi_env env, napi_callback_info info)
{
  size_t count = 1;
  napi_value options, stage, result;
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &count, &options, NULL, NULL) != napi_ok ||
      napi_typeof(env, options, &type) != napi_ok || type != napi_object) {
    return misuse(env, "create: expected { backend, stage }");
  }
  const struct backend *backend = find_backend(env, options);
  if (backend == NULL) return misuse(env, "create: options.backend is not among `backends`");
  struct backend_options wanted = { .stage = find_stage(env, options, &stage) };
  if (wanted.stage == NULL) return misuse(env, "create: options.stage is no whole stage");
  wanted.without_ops = (uint64_t)number_option(env, options, "withoutOps");
  wanted.without_setup = (uint32_t)number_option(env, options, "withoutSetup");
  wanted.without_features = (uint32_t)number_option(env, options, "withoutFeatures");
  wanted.completion_entries = (uint32_t)number_option(env, options, "completionEntries");

  struct handle *handle = calloc(1, sizeof *handle);
  if (handle == NULL) return fail(env, ENOMEM, backend->name);
  const char *step = backend->name;
  int error = backend->create(&wanted, &handle->core, &step);
  if (error < 0) {
    free(handle);
    return fail(env, -error, step);
  }
  handle->backend = backend;
  handle->words = (struct turn_words *)(void *)(wanted.stage + STAGE_LAYOUT_TURN);
  if (napi_create_reference(env, stage, 1, &handle->stage) != napi_ok ||
      napi_create_external(env, handle, finalize_handle, NULL, &result) != napi_ok) {
    finalize_handle(env, handle, NULL);
    return fail(env, ENOMEM, backend->name);
  }
  return result;
}

/* ---- attach, annex, turn, terminal, close ---- */

static napi_value attach(napi_env env, napi_callback_info info)
{
  napi_value values[3];
  size_t length;
  uint8_t *bytes;
  bool direct;
  napi_ref memory;
  struct handle *handle = arguments(env, info, values, 3);
  if (handle == NULL) return NULL;
  if (!bytes_of(env, values[1], &bytes, &length) ||
      napi_get_value_bool(env, values[2], &direct) != napi_ok) {
    return misuse(env, "attach: expected (handle, Uint8Array, boolean)");
  }
  if (napi_create_reference(env, values[1], 1, &memory) != napi_ok) {
    return fail(env, ENOMEM, "attach");
  }
  int error = core_attach(handle->core, bytes, length, direct);
  if (error < 0) {
    napi_delete_reference(env, memory);
    return fail(env, -error, "attach: guest memory moved while the kernel writes to it");
  }
  forget(env, &handle->memory);
  handle->memory = memory;
  return NULL;
}

/* The text is the caller's, who keeps it until the next turn is over. */
static napi_value annex(napi_env env, napi_callback_info info)
{
  napi_value values[2];
  size_t length;
  uint8_t *bytes;
  struct handle *handle = arguments(env, info, values, 2);
  if (handle == NULL) return NULL;
  if (!bytes_of(env, values[1], &bytes, &length)) {
    return misuse(env, "annex: expected (handle, Uint8Array)");
  }
  handle->core->annex = bytes;
  handle->core->annex_length = length;
  return NULL;
}

/*
 * One turn. Without arguments and result, because those would cost more than all the rest of the
 * call: they are words of the stage.
 */
static napi_value turn(napi_env env, napi_callback_info info)
{
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, NULL, &data) != napi_ok) return NULL;
  struct handle *handle = data;
  if (handle->core == NULL) return closed(env);
  struct turn_words *words = handle->words;
  double timeout = words->timeout;
  /* Beyond 2^62 ns, infinite or no number: for ever. */
  int64_t limit = timeout >= 0 && timeout <= 0x1p62 ? (int64_t)ceil(timeout) : -1;
  int64_t produced = handle->backend->turn(handle->core, words->count, limit);
  handle->core->annex = NULL;
  if (produced < 0) return fail(env, (int)-produced, "turn");
  words->produced = (uint32_t)produced;
  return NULL;
}

static napi_value bind_turn(napi_env env, napi_callback_info info)
{
  napi_value values[1], function;
  struct handle *handle = arguments(env, info, values, 1);
  if (handle == NULL) return NULL;
  if (napi_create_function(env, "turn", NAPI_AUTO_LENGTH, turn, handle, &function) != napi_ok) {
    return fail(env, ENOMEM, "bindTurn");
  }
  /* The function keeps its handle alive, and with it what `data` points to. */
  const napi_property_descriptor owner = { "handle", NULL, NULL, NULL, NULL, values[0],
                                           napi_default, NULL };
  if (napi_define_properties(env, function, 1, &owner) != napi_ok) {
    return fail(env, ENOMEM, "bindTurn");
  }
  return function;
}

/* ---- Waiting, for a host that must not: see waiter.h ---- */

/* On the waiter's thread. A full or closing queue has a call under way, or no use for one. */
static void wake(void *data)
{
  napi_call_threadsafe_function(((struct handle *)data)->wake, NULL, napi_tsfn_nonblocking);
}

static napi_value bind_wake(napi_env env, napi_callback_info info)
{
  napi_value values[2], name;
  struct handle *handle = arguments(env, info, values, 2);
  if (handle == NULL) return NULL;
  if (handle->waiter != NULL) return misuse(env, "bindWake: the handle has a function already");
  napi_create_string_utf8(env, "wake", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, values[1], NULL, name, 0, 1, NULL, NULL, NULL, NULL,
                                      &handle->wake) != napi_ok) {
    return misuse(env, "bindWake: expected (handle, function)");
  }
  int descriptor = handle->backend->watch(handle->core);
  int error = descriptor < 0 ? descriptor
                             : waiter_open(&handle->waiter, descriptor, wake, handle);
  if (error < 0) {
    napi_release_threadsafe_function(handle->wake, napi_tsfn_release);
    handle->wake = NULL;
    return fail(env, -error, "bindWake");
  }
  napi_unref_threadsafe_function(env, handle->wake);
  napi_add_env_cleanup_hook(env, end_waiting, handle);
  return NULL;
}

/* Arms the waiter for so many nanoseconds (< 0: no limit); whether that keeps the process. */
static napi_value arm(napi_env env, napi_callback_info info)
{
  napi_value values[3];
  double timeout;
  bool keeps;
  struct handle *handle = arguments(env, info, values, 3);
  if (handle == NULL) return NULL;
  if (handle->waiter == NULL || napi_get_value_double(env, values[1], &timeout) != napi_ok ||
      napi_get_value_bool(env, values[2], &keeps) != napi_ok) {
    return misuse(env, "arm: expected (handle, number, boolean), after bindWake");
  }
  if (keeps) napi_ref_threadsafe_function(env, handle->wake);
  else napi_unref_threadsafe_function(env, handle->wake);
  if (handle->backend->rest(handle->core)) wake(handle);
  else waiter_arm(handle->waiter, timeout >= 0 && timeout <= 0x1p62 ? (int64_t)ceil(timeout) : -1);
  return NULL;
}

static napi_value disarm(napi_env env, napi_callback_info info)
{
  napi_value values[1];
  struct handle *handle = arguments(env, info, values, 1);
  if (handle == NULL || handle->waiter == NULL) return NULL;
  waiter_disarm(handle->waiter);
  napi_unref_threadsafe_function(env, handle->wake);
  return NULL;
}

static napi_value terminal(napi_env env, napi_callback_info info)
{
  napi_value values[4], result;
  int32_t descriptor;
  uint32_t command, argument;
  struct handle *handle = arguments(env, info, values, 4);
  if (handle == NULL) return NULL;
  if (napi_get_value_int32(env, values[1], &descriptor) != napi_ok ||
      napi_get_value_uint32(env, values[2], &command) != napi_ok ||
      napi_get_value_uint32(env, values[3], &argument) != napi_ok) {
    return misuse(env, "terminal: expected (handle, number, number, number)");
  }
  int64_t answer = terminal_command(&handle->terminals, descriptor, command, argument);
  if (answer < 0) answer = -errno_of_system((int)-answer);
  napi_create_int64(env, answer, &result);
  return result;
}

static napi_value close_backend(napi_env env, napi_callback_info info)
{
  size_t count = 1;
  napi_value value;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    return misuse(env, "close: expected a handle of this addon");
  }
  int error = close_handle(env, data);
  if (error < 0) return fail(env, -error, "close: the kernel does not let go of guest memory");
  return NULL;
}

/* ---- Module ---- */

static napi_value backend_names(napi_env env)
{
  napi_value names, name;
  uint32_t count = 0;
  napi_create_array(env, &names);
  for (const struct backend *backend = backends; backend->name != NULL; backend++) {
    napi_create_string_utf8(env, backend->name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, count++, name);
  }
  return names;
}

NAPI_MODULE_INIT()
{
  const napi_property_descriptor properties[] = {
    { "create", NULL, create, NULL, NULL, NULL, napi_enumerable, NULL },
    { "attach", NULL, attach, NULL, NULL, NULL, napi_enumerable, NULL },
    { "annex", NULL, annex, NULL, NULL, NULL, napi_enumerable, NULL },
    { "bindTurn", NULL, bind_turn, NULL, NULL, NULL, napi_enumerable, NULL },
    { "bindWake", NULL, bind_wake, NULL, NULL, NULL, napi_enumerable, NULL },
    { "arm", NULL, arm, NULL, NULL, NULL, napi_enumerable, NULL },
    { "disarm", NULL, disarm, NULL, NULL, NULL, napi_enumerable, NULL },
    { "terminal", NULL, terminal, NULL, NULL, NULL, napi_enumerable, NULL },
    { "close", NULL, close_backend, NULL, NULL, NULL, napi_enumerable, NULL },
    { "backends", NULL, NULL, NULL, NULL, backend_names(env), napi_enumerable, NULL },
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
