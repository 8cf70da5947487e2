/* The io_uring backend: see backend.h for what its functions promise. */
#ifndef STD_URING_BACKEND_H
#define STD_URING_BACKEND_H

#include "backend.h"

int uring_create(const struct backend_options *options, struct core **created, const char **step);
int64_t uring_turn(struct core *core, uint32_t count, int64_t timeout);
int uring_watch(struct core *core);
bool uring_rest(struct core *core);
int uring_close(struct core *core);

#endif
