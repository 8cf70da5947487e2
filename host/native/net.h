/*
 * Sockets: the part of their operations that lives in `struct operation`, how it is made from what
 * was staged, and what becomes of it. Addresses come out of the stage, where the host has put the
 * copy that it checked: they are never read from guest memory.
 *
 * Thread: as operation.h. Invariant: the socket of an `Op.Connect` is the operation's until
 * `net_settle` hands it out; whatever else ends the operation closes it.
 */
#ifndef STD_NET_H
#define STD_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core.h"

struct net_record {
  struct sockaddr_storage address; /* where it goes; or, once it is done, whose it is */
  socklen_t address_length;
  uint32_t wanted;                 /* how many bytes of guest memory the address goes to, or 0 */
  int socket;                      /* of a connect, or -1 */
  bool started;                    /* the connect is under way */
};

static inline bool is_net(uint32_t op)
{
  return op >= OP_LISTEN && op <= OP_LOOKUP_HOST;
}

/* Whether what the host staged as prefix is an address. */
static inline bool net_takes_address(uint32_t op)
{
  return op == OP_LISTEN || op == OP_CONNECT;
}

/* Completes an operation of this family that has just been made. 0 or -errno. */
int net_make(const struct core *core, const struct submission *from, struct operation *made);

/* Copies the outcome to guest memory. Returns the result as the host wants it. */
int64_t net_settle(struct core *core, struct operation *operation, int64_t result);

/* Closes what nobody took over. */
void net_release(struct operation *operation);

#endif
