/* Errors of the system become those of the ABI, by name. */
#include <errno.h>

#include "../../host/native/errors.h"
#include "fixture.h"

static const struct {
  int system;
  int32_t abi;
} pairs[] = {
  { EPERM, ERRNO_EPERM },
  { ENOENT, ERRNO_ENOENT },
  { EAGAIN, ERRNO_EAGAIN },
  { EWOULDBLOCK, ERRNO_EAGAIN },
  { ENOTSUP, ERRNO_ENOTSUP },
  { EOPNOTSUPP, ERRNO_ENOTSUP },
  { EOWNERDEAD, ERRNO_EOWNERDEAD },
  { EHOSTUNREACH, ERRNO_EHOSTUNREACH },
  { ECANCELED, ERRNO_ECANCELED },
  /* WASI has no names for these. */
  { ENOTBLK, ERRNO_EIO },
  { ETOOMANYREFS, ERRNO_EIO },
  { 0, ERRNO_EIO },
  { -1, ERRNO_EIO },
  { 99999, ERRNO_EIO },
};

int main(void)
{
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    CHECK_EQUAL(errno_of_system(pairs[i].system), pairs[i].abi);
  }
  CHECK_EQUAL(result_of_system(0), 0);
  CHECK_EQUAL(result_of_system(INT64_MAX), INT64_MAX);
  int64_t failure = result_of_system(-ENOENT);
  CHECK_EQUAL((int32_t)failure, -ERRNO_ENOENT);
  CHECK_EQUAL(failure >> 32 & 0x7fffffff, ENOENT);
  CHECK(failure < 0);
  return 0;
}
