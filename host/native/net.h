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
#include <sys/uio.h>

#include "core.h"

struct operation;

/* How many addresses of one name are told at most. */
#define NET_FOUND_LIMIT 64

struct net_record {
  struct sockaddr_storage address; /* where it goes; or, once it is done, whose it is */
  socklen_t address_length;
  uint32_t address_pointer;        /* where in guest memory addresses go */
  uint32_t wanted;                 /* how many there is room for */
  int socket;                      /* of a connect, or -1 */
  bool started;                    /* the connect is under way */
  struct iovec data;               /* a datagram, and what names it and its address */
  struct msghdr message;
};

static inline bool is_net(uint32_t op)
{
  return (op >= OP_LISTEN && op <= OP_LOOKUP_HOST) || op == OP_SET_MEMBERSHIP;
}

/* Whether what the host staged as prefix is an address. */
static inline bool net_takes_address(uint32_t op)
{
  return op == OP_LISTEN || op == OP_CONNECT || op == OP_BIND_DATAGRAM ||
         op == OP_CONNECT_DATAGRAM || op == OP_SEND_TO || op == OP_SET_MEMBERSHIP;
}

/* Whether it moves a datagram through `storage`. */
static inline bool net_moves_data(uint32_t op)
{
  return op == OP_SEND_TO || op == OP_RECEIVE_FROM;
}

/* How many bytes of `storage` it needs behind a path of `named` bytes and its NUL. */
size_t net_room(uint32_t op, size_t named);

/* Completes an operation of this family that has just been made. 0 or -errno. */
int net_make(const struct core *core, const struct submission *from, struct operation *made);

/* Copies the outcome to guest memory. Returns the result as the host wants it. */
int64_t net_settle(struct core *core, struct operation *operation, int64_t result);

/* Where a lookup puts the addresses that it found, as records of the ABI. */
uint8_t *net_found(const struct operation *operation);

/* Writes an address as a record of the ABI; `port`, unless it is 0, in place of its own. */
void net_write_address(uint8_t *to, const void *address, socklen_t length, uint16_t port);

/* Closes what nobody took over. */
void net_release(struct operation *operation);

#endif
