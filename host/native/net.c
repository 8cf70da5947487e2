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

/* What is no internet address becomes a record of zeros. */
void net_write_address(uint8_t *to, const void *from, socklen_t length, uint16_t port)
{
  struct address_record record = { 0 };
  sa_family_t family = AF_UNSPEC;
  if (length >= sizeof family) memcpy(&family, from, sizeof family);
  if (family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    struct sockaddr_in address;
    memcpy(&address, from, sizeof address);
    record.family = ADDRESS_FAMILY_IPV4;
    record.port = ntohs(address.sin_port);
    memcpy(record.address, &address.sin_addr, sizeof address.sin_addr);
  } else if (family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
    struct sockaddr_in6 address;
    memcpy(&address, from, sizeof address);
    record.family = ADDRESS_FAMILY_IPV6;
    record.port = ntohs(address.sin6_port);
    memcpy(record.address, &address.sin6_addr, sizeof address.sin6_addr);
    record.scope = address.sin6_scope_id;
    record.flow = ntohl(address.sin6_flowinfo);
  }
  if (port != 0) record.port = port;
  memcpy(to, &record, sizeof record);
}

/* ---- Making and ending operations ---- */

static int set_number(int socket, int level, int name, int value)
{
  return result_of(setsockopt(socket, level, name, &value, sizeof value));
}

/*
 * What is written to a stream leaves at once: an answer of two writes would otherwise wait with the
 * second one until the peer, which waits as well, has confirmed the first. What a listener accepts
 * has got that from it.
 */
static int make_socket(const struct net_record *net, int type)
{
  int made = result_of(socket(net->address.ss_family, type | SOCK_CLOEXEC, 0));
  if (made < 0 || type != SOCK_STREAM) return made;
  int result = set_number(made, IPPROTO_TCP, TCP_NODELAY, 1);
  if (result == 0) return made;
  close(made);
  return result;
}

size_t net_room(uint32_t op, size_t named)
{
  if (op != OP_LOOKUP_HOST) return 0;
  return NET_FOUND_LIMIT * SOCKET_ADDRESS_SIZE + (-(named + 1) & 7);
}

uint8_t *net_found(const struct operation *operation)
{
  size_t named = strlen(operation->path) + 1;
  return (uint8_t *)operation->storage + named + (-named & 7);
}

static void make_message(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  net->data = (struct iovec){ operation->storage, operation->length };
  net->message = (struct msghdr){
    .msg_name = &net->address, .msg_namelen = net->address_length,
    .msg_iov = &net->data, .msg_iovlen = 1,
  };
}

int net_make(const struct core *core, const struct submission *from, struct operation *made)
{
  struct net_record *net = &made->record.net;
  net->socket = -1;
  net->address_length = sizeof net->address;
  int result = net_takes_address(from->op) ? read_address(core, from, net) : 0;
  if (result < 0) return result;
  switch (from->op) {
  case OP_CONNECT:
    net->socket = make_socket(net, SOCK_STREAM);
    made->descriptor = net->socket;
    return net->socket < 0 ? net->socket : 0;
  case OP_SEND_TO:
    if (made->length > 0) memcpy(made->storage, core->memory + from->pointer0, made->length);
    make_message(made);
    return 0;
  case OP_RECEIVE_FROM:
    make_message(made);
    break;
  case OP_LISTEN:
  case OP_BIND_DATAGRAM:
  case OP_ACCEPT:
  case OP_SOCKET_NAME:
    break;
  case OP_LISTEN_UNIX:
  case OP_CONNECT_UNIX:
    return made->path == NULL ? -ENOENT : 0;
  case OP_LOOKUP_HOST:
    if (made->path == NULL) return -ENOENT;
    break;
  default:
    return 0;
  }
  net->address_pointer = from->pointer1;
  net->wanted = from->length1 / SOCKET_ADDRESS_SIZE;
  if (net->wanted > NET_FOUND_LIMIT) net->wanted = NET_FOUND_LIMIT;
  return 0;
}

/* Writes to guest memory. Memory never shrinks, so this was checked; it is cheap to do again. */
static void copy_out(struct core *core, uint32_t pointer, const void *from, uint32_t length)
{
  if (length > 0 && core_in_memory(core, pointer, length)) {
    memcpy(core->memory + pointer, from, length);
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
  if (core->closing) return result;
  if (operation->op == OP_RECEIVE_FROM) {
    copy_out(core, operation->pointer, operation->storage, (uint32_t)result);
    net->address_length = net->message.msg_namelen;
    if (net->message.msg_flags & MSG_TRUNC) result |= (int64_t)RECEIVED_WORD_TRUNCATED << 32;
  }
  if (operation->op == OP_LOOKUP_HOST) {
    uint32_t length = (uint32_t)result * SOCKET_ADDRESS_SIZE;
    copy_out(core, net->address_pointer, net_found(operation), length);
  } else if (net->wanted > 0) {
    uint8_t record[SOCKET_ADDRESS_SIZE];
    net_write_address(record, &net->address, net->address_length, 0);
    copy_out(core, net->address_pointer, record, sizeof record);
  }
  return result;
}

void net_release(struct operation *operation)
{
  if (operation->record.net.socket >= 0) close(operation->record.net.socket);
}

/* ---- Listening ---- */

/* Binds a socket to the address, which becomes what it really is: with the port that was free. */
static int bind_socket(int socket, uint32_t flags, struct net_record *net)
{
  struct sockaddr *address = (struct sockaddr *)&net->address;
  int only = (flags & BIND_FLAG_IPV6ONLY) != 0;
  int result = 0;
  /* What holds where nobody says so is a setting of the system's. */
  if (only || address->sa_family == AF_INET6) {
    result = set_number(socket, IPPROTO_IPV6, IPV6_V6ONLY, only);
  }
  if (result == 0 && flags & BIND_FLAG_SHARED) {
    result = set_number(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (result == 0) result = result_of(bind(socket, address, net->address_length));
  if (result < 0 || net->wanted == 0) return result;
  net->address_length = sizeof net->address;
  return result_of(getsockname(socket, address, &net->address_length));
}

int64_t perform_listen(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  int socket = make_socket(net, SOCK_STREAM);
  if (socket < 0) return socket;
  /* A port whose connections have only just ended can be listened on again. */
  int result = set_number(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (result == 0) result = bind_socket(socket, operation->flags, net);
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

/* What a listener without connections answers; what is no listener has none to wait for. */
static int64_t accept_later(int descriptor)
{
  int listens = 0;
  socklen_t size = sizeof listens;
  int result = result_of(getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size));
  return result < 0 ? result : listens ? -EAGAIN : -EINVAL;
}

/* When ready: one connection that waits to be accepted, or -EAGAIN. */
int64_t perform_accept(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  struct pollfd wanted = { .fd = operation->descriptor, .events = POLLIN };
  if (poll(&wanted, 1, 0) == 0) return accept_later(operation->descriptor);
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

/* ---- Datagrams ---- */

int64_t perform_bind_datagram(struct operation *operation)
{
  struct net_record *net = &operation->record.net;
  int socket = make_socket(net, SOCK_DGRAM);
  if (socket < 0) return socket;
  int result = bind_socket(socket, operation->flags, net);
  if (result == 0) return socket;
  close(socket);
  return result;
}

int64_t perform_connect_datagram(struct operation *operation)
{
  const struct net_record *net = &operation->record.net;
  const struct sockaddr *address = (const struct sockaddr *)&net->address;
  return result_of(connect(operation->descriptor, address, net->address_length));
}

static void prepare_message(struct slot *slot, struct uring_sqe *sqe, int flags)
{
  sqe->address = (uint64_t)(uintptr_t)&slot->operation->record.net.message;
  sqe->length = 1;
  sqe->op_flags = (uint32_t)flags;
}

static int receive_flags(const struct operation *operation)
{
  return operation->flags & RECEIVE_FLAG_PEEK ? MSG_PEEK : 0;
}

void prepare_send_to(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  prepare_message(slot, sqe, MSG_NOSIGNAL);
}

void prepare_receive_from(struct core *core, struct slot *slot, struct uring_sqe *sqe)
{
  (void)core;
  prepare_message(slot, sqe, receive_flags(slot->operation));
}

/* When ready: sends, or answers -EAGAIN while there is no room. */
int64_t perform_send_to(struct operation *operation)
{
  const struct msghdr *message = &operation->record.net.message;
  ssize_t sent = sendmsg(operation->descriptor, message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

/* When ready: one datagram that has come, or what has come of a stream; or -EAGAIN. */
int64_t perform_receive_from(struct operation *operation)
{
  int flags = MSG_DONTWAIT | receive_flags(operation);
  ssize_t came = recvmsg(operation->descriptor, &operation->record.net.message, flags);
  return came < 0 ? -errno : came;
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

int64_t perform_set_membership(struct operation *operation)
{
  const struct net_record *net = &operation->record.net;
  struct group_req request = { .gr_interface = (uint32_t)operation->offset };
  int level = net->address.ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
  int name = operation->flags == MEMBERSHIP_FLAG_JOIN ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
  request.gr_group = net->address;
  return result_of(setsockopt(operation->descriptor, level, name, &request, sizeof request));
}

/* ---- Options ---- */

struct option {
  int level;
  int name;
};

/* For what is no socket every name gives the right error. */
static int family_of(int socket)
{
  int family = AF_INET;
  socklen_t size = sizeof family;
  (void)getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

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
    [SOCKET_OPTION_ZERO_LINGER] = { SOL_SOCKET, SO_LINGER },
    [SOCKET_OPTION_MULTICAST_LOOP] = { IPPROTO_IP, IP_MULTICAST_LOOP },
    [SOCKET_OPTION_MULTICAST_TIME_TO_LIVE] = { IPPROTO_IP, IP_MULTICAST_TTL },
    [SOCKET_OPTION_MULTICAST_INTERFACE] = { IPPROTO_IP, IP_MULTICAST_IF },
  };
  struct option option = options[operation->flags % (sizeof options / sizeof *options)];
  if (option.level != IPPROTO_IP || family_of(operation->descriptor) != AF_INET6) return option;
  switch (option.name) {
  case IP_TTL: return (struct option){ IPPROTO_IPV6, IPV6_UNICAST_HOPS };
  case IP_MULTICAST_LOOP: return (struct option){ IPPROTO_IPV6, IPV6_MULTICAST_LOOP };
  case IP_MULTICAST_TTL: return (struct option){ IPPROTO_IPV6, IPV6_MULTICAST_HOPS };
  default: return (struct option){ IPPROTO_IPV6, IPV6_MULTICAST_IF };
  }
}

/* What options have as their value that is more than a number. */
union option_value {
  int number;
  struct linger linger;
  struct ip_mreqn interface;
};

static bool is_option(struct option option, int level, int name)
{
  return option.level == level && option.name == name;
}

int64_t perform_set_option(struct operation *operation)
{
  struct option option = find_option(operation);
  union option_value value = { .number = (int)operation->offset };
  socklen_t size = sizeof value.number;
  if (is_option(option, SOL_SOCKET, SO_LINGER)) {
    value.linger = (struct linger){ .l_onoff = operation->offset != 0 };
    size = sizeof value.linger;
  } else if (is_option(option, IPPROTO_IP, IP_MULTICAST_IF)) {
    value.interface = (struct ip_mreqn){ .imr_ifindex = (int)operation->offset };
    size = sizeof value.interface;
  }
  return result_of(setsockopt(operation->descriptor, option.level, option.name, &value, size));
}

int64_t perform_get_option(struct operation *operation)
{
  struct option option = find_option(operation);
  union option_value value = { .number = 0 };
  bool lingers = is_option(option, SOL_SOCKET, SO_LINGER);
  socklen_t size = lingers ? sizeof value.linger : sizeof value.number;
  int descriptor = operation->descriptor;
  int result = result_of(getsockopt(descriptor, option.level, option.name, &value, &size));
  if (result < 0) return result;
  return lingers ? value.linger.l_onoff && value.linger.l_linger == 0 : value.number;
}
