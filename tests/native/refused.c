/* Machines that refuse something: said by name, with nothing left behind. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../host/native/uring.h"
#include "fixture.h"

static void expect_refusal(int expected, const char *expected_step, uint32_t without_features)
{
  uint8_t *stage = calloc(1, STAGE_LAYOUT_SIZE);
  struct backend_options options = { .stage = stage, .without_features = without_features };
  struct core *core = NULL;
  const char *step = "";
  int before = count_descriptors();
  CHECK_EQUAL(backend_named("io_uring")->create(&options, &core, &step), expected);
  if (strstr(step, expected_step) == NULL) fprintf(stderr, "step: %s\n", step);
  CHECK(strstr(step, expected_step) != NULL);
  CHECK(core == NULL);
  CHECK_EQUAL(count_descriptors(), before);
  free(stage);
}

static void test_seccomp(void)
{
  refuse(URING_SYS_SETUP, EPERM);
  expect_refusal(-EPERM, "io_uring_setup", 0);
}

static void test_seccomp_enter(void)
{
  refuse(URING_SYS_ENTER, ENOSYS);
  expect_refusal(-ENOSYS, "io_uring_enter", 0);
}

static void test_no_nodrop(void)
{
  expect_refusal(-ENOSYS, "5.5", URING_FEATURE_NODROP);
}

/* Without the probe (before 5.6) all but the oldest opcodes go by their plan, and work. */
static void test_no_probe(void)
{
  refuse(URING_SYS_REGISTER, EINVAL);
  struct fixture fixture;
  fixture_open(&fixture, mode_named("direct"));
  int descriptor = open_file(&fixture, in_folder("file"), OPEN_FLAG_WRITE | OPEN_FLAG_CREATE);
  struct submission write_at = {
    .op = OP_WRITE, .descriptor = descriptor, .pointer0 = DATA_AT, .length0 = 9,
  };
  CHECK_EQUAL(run(&fixture, write_at), 9);
  CHECK_EQUAL(run(&fixture, (struct submission){ .op = OP_CLOSE, .descriptor = descriptor }), 0);
  fixture_close(&fixture);
}

/* What another program would inherit: nothing of ours. */
static void test_inheritance(void)
{
  int before = count_descriptors();
  struct fixture fixture;
  fixture_open(&fixture, mode_named("no opcodes"));
  int descriptor = open_file(&fixture, "/dev/null", OPEN_FLAG_READ);
  int opened = count_descriptors() - before;
  CHECK(opened >= 3);
  for (int candidate = 3; opened > 0; candidate++) {
    int flags = fcntl(candidate, F_GETFD);
    if (flags < 0) continue;
    CHECK_EQUAL(flags & FD_CLOEXEC, FD_CLOEXEC);
    opened--;
  }
  close(descriptor);
  fixture_close(&fixture);
}

int main(void)
{
  folder();
  run_apart(test_seccomp);
  run_apart(test_seccomp_enter);
  run_apart(test_no_nodrop);
  run_apart(test_no_probe);
  run_apart(test_inheritance);
  return 0;
}
