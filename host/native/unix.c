/*
 * Unix sockets, named by paths. The kernel resolves such a name like any path, and knows nothing of
 * granted directories: so the directory, or the socket, is opened first as path.h says, and the
 * kernel is given its name in /proc, which leads there and nowhere else.
 *
 * No state; any thread. Blocks as long as the file system does. A connect waits only a moment for
 * room in the queue of the listener, and then fails with EAGAIN: nothing tells when there is room,
 * and nothing else ends such a wait. Who performs it tries again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "operation.h"
#include "path.h"
#include "perform.h"

/* How long one attempt to connect waits for room in the queue, in microseconds. */
#define CONNECT_PATIENCE 20000

/* Opens the directory of the operation's path; `*name` is what comes after it. */
static int open_directory(const struct operation *operation, const char **name)
{
  char directory[PATH_SIZE];
  struct open_rule rule = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
  if (operation->argument & STAGE_ARGUMENT_BENEATH) rule.resolve = PATH_RESOLVE_BENEATH;
  const char *slash = strrchr(operation->path, '/');
  *name = slash == NULL ? operation->path : slash + 1;
  size_t length = (size_t)(*name - operation->path);
  memcpy(directory, operation->path, length);
  directory[length] = '\0';
  return path_open(operation->descriptor, length > 0 ? directory : ".", &rule);
}

/* Whether a name is one that a socket can be given. */
static int check_name(const char *name)
{
  if (*name == '\0') return -EINVAL;
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? -EADDRINUSE : 0;
}

static int make_socket(void)
{
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return descriptor < 0 ? -errno : descriptor;
}

static int listen_at(const struct sockaddr_un *address, int backlog)
{
  int descriptor = make_socket();
  if (descriptor < 0) return descriptor;
  if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) == 0 &&
      listen(descriptor, backlog) == 0) {
    return descriptor;
  }
  int error = errno;
  close(descriptor);
  return -error;
}

int64_t perform_listen_unix(struct operation *operation)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const char *name;
  int directory = open_directory(operation, &name);
  if (directory < 0) return directory;
  int result = check_name(name);
  if (result == 0) {
    struct path_name prefix = path_of_descriptor(directory);
    size_t room = sizeof address.sun_path;
    int length = snprintf(address.sun_path, room, "%s/%s", prefix.text, name);
    result = (size_t)length < room ? 0 : -ENAMETOOLONG;
  }
  /* What is there already, a link included, is "in use": no name is followed here. */
  if (result == 0) result = listen_at(&address, (int)operation->offset);
  close(directory);
  return result;
}

/* Limits how long a socket waits to send or connect; 0 is for ever. 0 or -errno. */
static int set_patience(int descriptor, int microseconds)
{
  struct timeval limit = { .tv_usec = microseconds };
  int result = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return result < 0 ? -errno : 0;
}

static int connect_to(const struct sockaddr_un *address)
{
  int descriptor = make_socket();
  if (descriptor < 0) return descriptor;
  int result = set_patience(descriptor, CONNECT_PATIENCE);
  if (result == 0 && connect(descriptor, (const struct sockaddr *)address, sizeof *address) < 0) {
    result = -errno;
  }
  if (result == 0) result = set_patience(descriptor, 0);
  if (result == 0) return descriptor;
  close(descriptor);
  return result;
}

int64_t perform_connect_unix(struct operation *operation)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int target = path_reference(operation);
  if (target < 0) return target;
  struct path_name name = path_of_descriptor(target);
  memcpy(address.sun_path, name.text, sizeof name.text);
  int descriptor = connect_to(&address);
  close(target);
  return descriptor;
}
