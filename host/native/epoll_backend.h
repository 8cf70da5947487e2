/* The epoll backend: see backend.h for what its functions promise. */
#ifndef STD_EPOLL_BACKEND_H
#define STD_EPOLL_BACKEND_H

#include "backend.h"

int epoll_backend_create(const struct backend_options *options, struct core **created,
                         const char **step);
int64_t epoll_backend_turn(struct core *core, uint32_t count, int64_t timeout);
int epoll_backend_watch(struct core *core);
bool epoll_backend_rest(struct core *core);
int epoll_backend_close(struct core *core);

#endif
