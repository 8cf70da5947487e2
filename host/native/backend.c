/* The table of backends. See backend.h. */
#include "backend.h"

#include <stddef.h>

#include "epoll_backend.h"
#include "uring_backend.h"

const struct backend backends[] = {
  { "io_uring", uring_create, uring_turn, uring_watch, uring_rest, uring_close },
  { "epoll", epoll_backend_create, epoll_backend_turn, epoll_backend_watch, epoll_backend_rest,
    epoll_backend_close },
  { NULL, NULL, NULL, NULL, NULL, NULL },
};
