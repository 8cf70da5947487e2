/*
 * See net.h. Besides that, the system calls of sockets: all of them at once or not at all, so that
 * any backend can use them.
 *
 * Sockets are in blocking mode, as io_uring wants them. What might wait asks not to, call by call,
 * and answers -EAGAIN; only a connect knows no such wish, so its socket does not block while it is
 * under way.
 */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "operation.h"
#include "perform.h"
#include "prepare.h"

/* The record of the ABI, drawn once more to prove where its fields lie. */
struct address_record {
  uint32_t family;
  uint32_t port;
  uint8_t address[16];
  uint32_t scope;
  uint32_t flow;
};
_Static_assert(offsetof(struct address_record, family) == SOCKET_ADDRESS_FAMILY, "SocketAddress");
_Static_assert(offsetof(struct address_record, port) == SOCKET_ADDRESS_PORT, "SocketAddress");
_Static_assert(offsetof(struct address_record, address) == SOCKET_ADDRESS_ADDRESS, "SocketAddress");
_Static_assert(offsetof(struct address_record, scope) == SOCKET_ADDRESS_SCOPE, "SocketAddress");
_Static_assert(offsetof(struct address_record, flow) == SOCKET_ADDRESS_FLOW, "SocketAddress");
_Static_assert(sizeof(struct address_record) == SOCKET_ADDRESS_SIZE, "SocketAddress");

static int result_of(int value)
{
  return value < 0 ? -errno : value;
}

/* ---- Addresses ---- */

/* The address that the host staged. 0 or -errno. */
static int read_address(const struct core *core, const struct submission *from,
                        struct net_record *to)
{
  struct address_record record;
  uint64_t end = (uint64_t)from->prefix_offset + from->prefix_length;
  if (from->prefix_length != sizeof record || end > STAGE_LAYOUT_SIZE) return -EFAULT;
  memcpy(&record, core->stage + from->prefix_offset, sizeof record);
  if (record.family == ADDRESS_FAMILY_IPV4) {
    struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)record.port),
    };
    memcpy(&address.sin_addr, record.address, sizeof address.sin_addr);
    memcpy(&to->address, &address, sizeof address);
    to->address_length = sizeof address;
    return 0;
  }
  if (record.family != ADDRESS_FAMILY_IPV6) return -EAFNOSUPPORT;
  struct sockaddr_in6 address = {
    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)record.port),
    .sin6_flowinfo = htonl(record.flow), .sin6_scope_id = record.scope,
  };
  memcpy(&address.sin6_addr, record.address, sizeof address.sin6_addr);
  memcpy(&to->address, &address, sizeof address);
  to->address_length = sizeof address;
  return 0;
}

/* As the ABI's record; all zeros for what is no internet address. */
static struct address_record record_of(const struct sockaddr_storage *from)
{
  struct address_record record = { 0 };
  if (from->ss_family == AF_INET) {
    struct sockaddr_in address;
    memcpy(&address, from, sizeof address);
    record.family = ADDRESS_FAMILY_IPV4;
    record.port = ntohs(address.sin_port);
    memcpy(record.address, &address.sin_addr, sizeof address.sin_addr);
  } else if (from->ss_family == AF_INET6) {
    struct sockaddr_in6 address;
    memcpy(&address, from, sizeof address);
    record.family = ADDRESS_FAMILY_IPV6;
    record.port = ntohs(address.sin6_port);
    memcpy(record.address, &address.sin6_addr, sizeof address.sin6_addr);
    record.scope = address.sin6_scope_id;
    record.flow = ntohl(address.sin6_flowinfo);
  }
  return record;
}

/* ---- Making and ending operations ---- */

static int make_socket(const struct net_record *net, int type)
{
  return result_of(socket(net->address.ss_family, type | SOCK_CLOEXEC, 0));
}

int net_make(const struct core *core, const struct submission *from, struct operation *made)
{
  struct net_record *net = &made->record.net;
  net->socket = -1;
  int result = net_takes_address(from->op) ? read_address(core, from, net) : 0;
  if (result < 0) return result;
  switch (from->op) {
  case OP_CONNECT:
    result = make_socket(net, SOCK_STREAM);
    if (result < 0) return result;
    net->socket = result;
    made->descriptor = result;
    return 0;
  case OP_ACCEPT:
  case OP_SOCKET_NAME:
    net->wanted = from->length1;
    return net->wanted == 0 || net->wanted >= SOCKET_ADDRESS_SIZE ? 0 : -EINVAL;
  default:
    return 0;
  }
}

int64_t net_settle(struct core *core, struct operation *operation, int64_t result)
{
  struct net_record *net = &operation->record.net;
  if (result < 0) return result;
  if (operation->op == OP_CONNECT) {
    result = net->socket;
    net->socket = -1;
  }
  /* Memory never shrinks, so this was checked; it is cheap to check again. */
  if (core->closing || net->wanted == 0) return result;
  if (!core_in_memory(core, operation->pointer, SOCKET_ADDRESS_SIZE)) return result;
  struct address_record record = record_of(&net->address);
  memcpy(core->memory + operation->pointer, &record, sizeof record);
  return result;
}

void net_release(struct operation *operation)
{
  if (operation->record.net.socket >= 0) close(operation->record.net.socket);
}

/* ---- Listening ---- */

int64_t perform_listen(struct operation *operation)
{
  const struct net_record *net = &operation->record.net;
  const struct sockaddr *address = (const struct sockaddr *)&net->address;
  int socket = make_socket(net, SOCK_STREAM);
  if (socket < 0) return socket;
  /* A port whose connections have only just ended can be listened on again. */
  int result = result_of(setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
  if (result == 0) result = result_of(bind(socket, address, net->address_length));
  if (result == 0) result = result_of(listen(socket, (int)operation->offset));
  if (result == 0) return socket;
  close(socket);
  return result;
}

void prepare_accept(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  struct net_record *net = &slot->operation->record.net;
  (void)core;
  net->address_length = sizeof net->address;
  sqe->op_flags = SOCK_CLOEXEC;
  if (net->wanted == 0) return;
  sqe->address = (uint64_t)(uintptr_t)&net->address;
  sqe->offset = (uint64_t)(uintptr_t)&net->address_length;
}

/* When ready: one connection that waits to be accepted, or -EAGAIN. */
int64_t perform_accept(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  struct pollfd wanted = { .fd = operation->descriptor, .events = POLLIN };
  if (poll(&wanted, 1, 0) == 0) return -EAGAIN;
  net->address_length = sizeof net->address;
  struct sockaddr *address = (struct sockaddr *)&net->address;
  return result_of(accept4(operation->descriptor, address, &net->address_length, SOCK_CLOEXEC));
}

/* ---- Connecting ---- */

static int set_blocking(int descriptor, bool yes)
{
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  flags = yes ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  return result_of(fcntl(descriptor, F_SETFL, flags));
}

void prepare_connect(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  const struct net_record *net = &slot->operation->record.net;
  (void)core;
  sqe->address = (uint64_t)(uintptr_t)&net->address;
  sqe->offset = net->address_length;
}

static int start_connecting(struct net_record *net)
{
  int result = set_blocking(net->socket, false);
  if (result < 0) return result;
  net->started = true;
  result = result_of(connect(net->socket, (struct sockaddr *)&net->address, net->address_length));
  /* What a signal interrupts goes on by itself. */
  return result == -EINPROGRESS || result == -EINTR ? -EAGAIN : result;
}

static int end_connecting(const struct net_record *net)
{
  struct pollfd wanted = { .fd = net->socket, .events = POLLOUT };
  int error;
  socklen_t size = sizeof error;
  if (poll(&wanted, 1, 0) == 0) return -EAGAIN;
  int result = result_of(getsockopt(net->socket, SOL_SOCKET, SO_ERROR, &error, &size));
  return result < 0 ? result : -error;
}

/*
 * When ready, and first of all before that: begins to connect the operation's socket, -EAGAIN; once
 * that socket is writable, tells how it went.
 */
int64_t perform_connect(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  int result = net->started ? end_connecting(net) : start_connecting(net);
  return result == 0 ? set_blocking(net->socket, true) : result;
}

/* ---- Connections ---- */

/* SHUT_RD, SHUT_WR and SHUT_RDWR are 0, 1 and 2; the ABI's bits are one more. */
static int shutdown_how(uint32_t flags)
{
  _Static_assert(SHUTDOWN_FLAG_READ == SHUT_RD + 1, "ShutdownFlag");
  _Static_assert(SHUTDOWN_FLAG_WRITE == SHUT_WR + 1, "ShutdownFlag");
  _Static_assert(SHUTDOWN_FLAG_ALL == SHUT_RDWR + 1, "ShutdownFlag");
  return (int)(flags - 1);
}

void prepare_shutdown(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  sqe->length = (uint32_t)shutdown_how(slot->flags);
}

int64_t perform_shutdown(struct operation *operation)
{
  return result_of(shutdown(operation->descriptor, shutdown_how(operation->flags)));
}

int64_t perform_socket_name(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  struct sockaddr *address = (struct sockaddr *)&net->address;
  net->address_length = sizeof net->address;
  if (operation->flags == SOCKET_NAME_FLAG_PEER) {
    return result_of(getpeername(operation->descriptor, address, &net->address_length));
  }
  return result_of(getsockname(operation->descriptor, address, &net->address_length));
}

/* ---- Options ---- */

struct option {
  int level;
  int name;
};

/* The system's name of an option. The host has checked that it is one. */
static struct option find_option(const struct operation *operation)
{
  static const struct option options[] = {
    [SOCKET_OPTION_NO_DELAY] = { IPPROTO_TCP, TCP_NODELAY },
    [SOCKET_OPTION_BROADCAST] = { SOL_SOCKET, SO_BROADCAST },
    [SOCKET_OPTION_TIME_TO_LIVE] = { IPPROTO_IP, IP_TTL },
    [SOCKET_OPTION_RECEIVE_BUFFER] = { SOL_SOCKET, SO_RCVBUF },
    [SOCKET_OPTION_SEND_BUFFER] = { SOL_SOCKET, SO_SNDBUF },
    [SOCKET_OPTION_KEEP_ALIVE] = { SOL_SOCKET, SO_KEEPALIVE },
  };
  if (operation->flags == SOCKET_OPTION_TIME_TO_LIVE) {
    /* IPv6 has its own; for what is no socket either name gives the right error. */
    int family = AF_INET;
    socklen_t size = sizeof family;
    (void)getsockopt(operation->descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size);
    if (family == AF_INET6) return (struct option){ IPPROTO_IPV6, IPV6_UNICAST_HOPS };
  }
  return options[operation->flags % (sizeof options / sizeof *options)];
}

int64_t perform_set_option(struct operation *operation)
{
  struct option option = find_option(operation);
  int value = (int)operation->offset;
  int descriptor = operation->descriptor;
  return result_of(setsockopt(descriptor, option.level, option.name, &value, sizeof value));
}

int64_t perform_get_option(struct operation *operation)
{
  struct option option = find_option(operation);
  int value = 0;
  socklen_t size = sizeof value;
  int descriptor = operation->descriptor;
  int result = result_of(getsockopt(descriptor, option.level, option.name, &value, &size));
  return result < 0 ? result : value;
}
