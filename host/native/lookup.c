/*
 * Host names, looked up by the system's resolver: whatever /etc/nsswitch.conf says, and slowly, so
 * only on a thread that may block. Its sources are the system's own and do not depend on what a
 * guest was given; the host asks for nothing unless the guest may connect somewhere.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "net.h"
#include "operation.h"
#include "perform.h"

/* The resolver's own errors, as those of the system. */
static int error_of(int failure)
{
  switch (failure) {
  case EAI_SYSTEM: return errno != 0 ? -errno : -EIO;
  case EAI_MEMORY: return -ENOMEM;
  case EAI_AGAIN: return -EAGAIN;
  case EAI_FAIL: return -EIO;
  case EAI_FAMILY: return -EAFNOSUPPORT;
  default: return -ENOENT;
  }
}

int64_t perform_lookup_host(struct operation *operation)
{
  /* One entry per address: without a type there would be one for each type as well. */
  struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;
  struct net_record *net = &operation->record.net;
  errno = 0;
  int failure = getaddrinfo(operation->path, NULL, &hints, &found);
  if (failure != 0) return error_of(failure);
  uint32_t count = 0;
  for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
    if (count == net->wanted) break;
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    uint8_t *to = net_found(operation) + count * SOCKET_ADDRESS_SIZE;
    net_write_address(to, entry->ai_addr, entry->ai_addrlen, (uint16_t)operation->offset);
    count++;
  }
  freeaddrinfo(found);
  return count > 0 ? (int64_t)count : -ENOENT;
}
