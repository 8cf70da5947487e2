/* See errors.h. */
#include "errors.h"

#include <errno.h>

#include "abi.h"

/* Of WASI's own making. */
#ifndef ENOTCAPABLE
#define ENOTCAPABLE (-ERRNO_ENOTCAPABLE)
#endif

int32_t errno_of_system(int error)
{
  switch (error) {
#define X(name) \
  case name: \
    return ERRNO_##name;
    EVERY_ERRNO(X)
#undef X
#if EOPNOTSUPP != ENOTSUP
  case EOPNOTSUPP:
    return ERRNO_ENOTSUP;
#endif
#if EWOULDBLOCK != EAGAIN
  case EWOULDBLOCK:
    return ERRNO_EAGAIN;
#endif
  default:
    return ERRNO_EIO;
  }
}

int64_t result_of_system(int64_t result)
{
  if (result >= 0) return result;
  uint64_t code = (uint64_t)-result & 0x7fffffff;
  uint32_t low = (uint32_t)-errno_of_system((int)code);
  return (int64_t)(1ull << 63 | code << 32 | low);
}
