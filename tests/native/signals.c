/* Signals: who is told, what is kept, and that everything is as it was when the last one goes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../host/native/signals.h"
#include "fixture.h"

static _Atomic int came;

static void note(int number)
{
  (void)number;
  came++;
}

static void note_with_information(int number, siginfo_t *information, void *context)
{
  (void)information, (void)context;
  note(number);
}

static int unread(int descriptor)
{
  int count = -1;
  CHECK_EQUAL(ioctl(descriptor, FIONREAD, &count), 0);
  return count;
}

static int watch(uint32_t signal)
{
  int64_t descriptor = signals_watch(signal);
  CHECK(descriptor >= 0);
  CHECK(fcntl((int)descriptor, F_GETFD) & FD_CLOEXEC);
  return (int)descriptor;
}

static void unwatch(int descriptor, bool gives_back)
{
  signals_unwatch(descriptor, gives_back);
  close(descriptor);
}

/* Whatever it was, flags and mask included. */
static void test_restored(void)
{
  struct sigaction before = { .sa_sigaction = note_with_information };
  struct sigaction after;
  before.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  sigemptyset(&before.sa_mask);
  sigaddset(&before.sa_mask, SIGUSR1);
  CHECK_EQUAL(sigaction(SIGUSR2, &before, NULL), 0);
  int one = watch(SIGNAL_USER2);
  int two = watch(SIGNAL_USER2);
  raise(SIGUSR2);
  CHECK_EQUAL(unread(one), 1);
  CHECK_EQUAL(unread(two), 1);
  unwatch(one, true);
  raise(SIGUSR2);
  CHECK_EQUAL(unread(two), 2);
  CHECK_EQUAL(came, 0);
  unwatch(two, false);
  CHECK_EQUAL(came, 0);
  CHECK_EQUAL(sigaction(SIGUSR2, NULL, &after), 0);
  CHECK(after.sa_sigaction == note_with_information);
  CHECK(sigismember(&after.sa_mask, SIGUSR1) && !sigismember(&after.sa_mask, SIGUSR2));
  CHECK_EQUAL(after.sa_flags & (SA_SIGINFO | SA_NODEFER | SA_RESTART), before.sa_flags);
  raise(SIGUSR2);
  CHECK_EQUAL(came, 1);
}

/* A signal that nobody took has its former effect, once. */
static void test_given_back(void)
{
  int one = watch(SIGNAL_USER2);
  raise(SIGUSR2);
  raise(SIGUSR2);
  came = 0;
  unwatch(one, true);
  CHECK_EQUAL(came, 1);
  unwatch(watch(SIGNAL_USER2), true);
  CHECK_EQUAL(came, 1);
}

/* Who sets a handler while we watch keeps it. */
static void test_replaced(void)
{
  int one = watch(SIGNAL_ALARM);
  signal(SIGALRM, SIG_IGN);
  unwatch(one, true);
  CHECK(signal(SIGALRM, SIG_DFL) == SIG_IGN);
}

static void test_refused(void)
{
  const uint32_t refused[] = {
    SIGNAL_KILL, SIGNAL_STOP, SIGNAL_CHILD, SIGNAL_PIPE, 0, 4, 31, 32, UINT32_MAX,
  };
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    CHECK_EQUAL(signals_watch(refused[i]), -EINVAL);
  }
  signals_unwatch(-1, true);
  signals_unwatch(1, true);
}

/* More than the pipe holds: the handler never waits. */
static void test_flood(void)
{
  int one = watch(SIGNAL_USER1);
  for (int i = 0; i < 70000; i++) raise(SIGUSR1);
  CHECK(unread(one) >= 4096 && unread(one) <= 70000);
  unwatch(one, false);
}

static _Atomic bool stop;

static void *send_signals(void *target)
{
  while (!stop) kill(getpid(), *(int *)target);
  return NULL;
}

static void *watch_and_leave(void *unused)
{
  for (int i = 0; i < 3000; i++) unwatch(watch(SIGNAL_USER2), i % 2 == 0);
  return unused;
}

/* Others come and go while signals arrive on any thread: nothing is written after it was closed. */
static void test_threads(void)
{
  pthread_t senders[2], watchers[3];
  int number = SIGUSR2;
  /* One that does not interrupt itself: the stack has an end. */
  signal(SIGUSR2, note);
  for (int i = 0; i < 2; i++) pthread_create(&senders[i], NULL, send_signals, &number);
  for (int i = 0; i < 3; i++) pthread_create(&watchers[i], NULL, watch_and_leave, NULL);
  for (int i = 0; i < 3; i++) pthread_join(watchers[i], NULL);
  stop = true;
  for (int i = 0; i < 2; i++) pthread_join(senders[i], NULL);
}

/* By the operations: watch, read, close; and a watch that nobody took over. */
static void test_operations(struct fixture *fixture)
{
  struct submission watching = { .op = OP_WATCH_SIGNAL, .slot = 1, .flags = SIGNAL_USER1 };
  int descriptor = (int)run(fixture, watching);
  CHECK(descriptor >= 0);
  struct submission reading = {
    .op = OP_READ, .slot = 2, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 1,
    .offset = UINT64_MAX,
  };
  uint32_t generation = stage(fixture, reading);
  CHECK_EQUAL(turn(fixture, 0), 0);
  kill(getpid(), SIGUSR1);
  uint32_t produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(completion(fixture, 0).result, 1);
  CHECK_EQUAL(completion(fixture, 0).generation, generation);

  generation = stage(fixture, reading);
  CHECK_EQUAL(turn(fixture, 0), 0);
  stage_cancel(fixture, 2, generation);
  produced = 0;
  while (produced == 0) produced = turn(fixture, -1);
  CHECK_EQUAL(completion(fixture, 0).result, -ECANCELED);
  raise(SIGUSR1);
  CHECK_EQUAL(run(fixture, reading), 1);

  struct submission closing = { .op = OP_CLOSE, .slot = 3, .descriptor = descriptor };
  raise(SIGUSR1);
  closing.argument = STAGE_ARGUMENT_ENDED;
  CHECK_EQUAL(run(fixture, closing), 0);
  struct sigaction after;
  CHECK_EQUAL(sigaction(SIGUSR1, NULL, &after), 0);
  CHECK(after.sa_handler == SIG_DFL);
  watching.flags = SIGNAL_KILL;
  CHECK_EQUAL(run(fixture, watching), -EINVAL);
}

int main(void)
{
  int before = count_descriptors();
  test_restored();
  test_given_back();
  test_replaced();
  test_refused();
  test_flood();
  test_threads();
  CHECK_EQUAL(count_descriptors(), before);
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    struct fixture fixture;
    fixture_open(&fixture, mode);
    test_operations(&fixture);
    fixture_close(&fixture);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
