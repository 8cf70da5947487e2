/*
 * Asks an echo server: `echo-load PORT CONNECTIONS REQUESTS PID`. Every connection sends 64 bytes,
 * waits until all of them have come back, compares them, and sends the next. With 0 REQUESTS each
 * asks once and is then held until the standard input ends.
 *
 * What counts is the processor time of the server, process PID, for each request: requests a second
 * only say how busy this program could keep it. Where there are two processors the server gets one
 * to itself, with all its threads, and this program another, on which it never sleeps: clients on
 * other machines need not be woken by the server either, and a server that is slower than this
 * program would pay for that while a faster one would not. `load` is how much of the time there was
 * something to do: near 1 it could not ask any faster.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 64
#define EVENTS 256
/* The first requests of all, which find caches cold and code not yet compiled, do not count. */
#define WARM_UP_SHARE 4
/* How long to wait for an answer. */
#define PATIENCE_MS 10000
/* Descriptors besides those of the connections. */
#define OTHER_DESCRIPTORS 16

struct connection {
  int descriptor;
  uint32_t received;
  uint64_t count;
  int64_t asked;
  unsigned char bytes[MESSAGE];
};

static void fail(const char *what)
{
  perror(what);
  exit(1);
}

static int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Nanoseconds of processor time that all threads of a process have used. */
static int64_t processor_time(const char *process)
{
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/task", process);
  DIR *threads = opendir(path);
  if (threads == NULL) fail(path);
  int64_t sum = 0;
  for (struct dirent *thread; (thread = readdir(threads)) != NULL;) {
    long long used = 0;
    if (thread->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", process, thread->d_name);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue;
    if (fscanf(file, "%lld", &used) == 1) sum += used;
    fclose(file);
  }
  closedir(threads);
  return sum;
}

/* Keeps every thread of a process on the n-th processor that we may use. Whether there is one. */
static int keep_on_processor(const char *process, int n)
{
  char path[64];
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) fail("sched_getaffinity");
  if (CPU_COUNT(&allowed) <= n) return 0;
  for (int processor = 0, left = n; left >= 0; processor++) {
    if (CPU_ISSET(processor, &allowed) && left-- == 0) CPU_SET(processor, &one);
  }
  snprintf(path, sizeof path, "/proc/%s/task", process);
  DIR *threads = opendir(path);
  if (threads == NULL) fail(path);
  for (struct dirent *thread; (thread = readdir(threads)) != NULL;) {
    pid_t id = (pid_t)atoi(thread->d_name);
    /* One that has ended meanwhile is no loss. */
    if (id > 0) sched_setaffinity(id, sizeof one, &one);
  }
  closedir(threads);
  return 1;
}

/* Waits for answers, asleep or not. Adds to `idle` how many nanoseconds there were none. */
static int wait_for_answers(int epoll, struct epoll_event *events, int sleeps, int64_t *idle)
{
  int ready = epoll_wait(epoll, events, EVENTS, 0);
  if (ready != 0) return ready;
  int64_t began = now(), waited = 0;
  while (ready == 0 && waited < PATIENCE_MS * 1000000LL) {
    ready = epoll_wait(epoll, events, EVENTS, sleeps ? PATIENCE_MS : 0);
    waited = now() - began;
  }
  *idle += waited;
  return ready;
}

static void message(const struct connection *connection, unsigned char *bytes)
{
  uint64_t mixed = (connection->count + 1) * 0x9e3779b97f4a7c15ull;
  mixed += (uint64_t)connection->descriptor;
  for (int i = 0; i < MESSAGE; i++) bytes[i] = (unsigned char)(mixed >> i % 57);
}

static void ask(struct connection *connection)
{
  unsigned char bytes[MESSAGE];
  message(connection, bytes);
  connection->received = 0;
  connection->asked = now();
  if (send(connection->descriptor, bytes, MESSAGE, MSG_NOSIGNAL) != MESSAGE) fail("send");
}

/* Takes what has come. Whether that was all of it. */
static int take(struct connection *connection)
{
  uint32_t left = MESSAGE - connection->received;
  ssize_t came = recv(connection->descriptor, connection->bytes + connection->received, left,
                      MSG_DONTWAIT);
  if (came < 0 && errno == EAGAIN) return 0;
  if (came < 0) fail("recv");
  if (came == 0) {
    fputs("the server has dropped a connection\n", stderr);
    exit(1);
  }
  connection->received += (uint32_t)came;
  if (connection->received < MESSAGE) return 0;
  unsigned char bytes[MESSAGE];
  message(connection, bytes);
  if (memcmp(bytes, connection->bytes, MESSAGE) != 0) {
    fputs("another message came back\n", stderr);
    exit(1);
  }
  connection->count++;
  return 1;
}

/* Gives the socket an address of this machine; they come in turn, as their ports run out. */
static void leave_from(int descriptor, uint32_t host)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  int one = 1;
  setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
}

static int connected(const struct sockaddr_in *address)
{
  static uint32_t host;
  for (int attempt = 0; attempt < 2; attempt++, host++) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    leave_from(descriptor, host);
    if (connect(descriptor, (const struct sockaddr *)address, sizeof *address) == 0) {
      return descriptor;
    }
    if (errno != EADDRNOTAVAIL) break;
    close(descriptor);
  }
  fail("connect");
  return -1;
}

static void open_connection(struct connection *connection, uint16_t port, int epoll)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1;
  int descriptor = connected(&address);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  connection->descriptor = descriptor;
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

static int by_size(const void *left, const void *right)
{
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void allow_descriptors(uint64_t wanted)
{
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max < wanted) {
    fprintf(stderr, "%llu descriptors are needed, and the limit is %llu (ulimit -Hn)\n",
            (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
    exit(1);
  }
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments)
{
  if (count != 5) {
    fputs("usage: echo-load PORT CONNECTIONS REQUESTS PID\n", stderr);
    return 2;
  }
  uint16_t port = (uint16_t)atoi(arguments[1]);
  uint32_t connections = (uint32_t)atoi(arguments[2]);
  uint64_t requests = strtoull(arguments[3], NULL, 10);
  int holds = requests == 0;
  if (holds) requests = connections;
  uint64_t warm_up = holds ? 0 : requests / WARM_UP_SHARE;
  allow_descriptors((uint64_t)connections + OTHER_DESCRIPTORS);
  int sleeps = !keep_on_processor(arguments[4], 1) || holds;
  keep_on_processor("self", 0);
  struct connection *all = calloc(connections, sizeof *all);
  uint32_t *latencies = malloc((requests + connections) * sizeof *latencies);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (all == NULL || latencies == NULL || epoll < 0) fail("echo-load");
  for (uint32_t i = 0; i < connections; i++) open_connection(&all[i], port, epoll);

  uint64_t asked = 0, answered = 0;
  int64_t began = now(), server = 0, idle = 0;
  for (; asked < connections && asked < warm_up + requests; asked++) ask(&all[asked]);
  while (answered < warm_up + requests) {
    struct epoll_event events[EVENTS];
    int ready = wait_for_answers(epoll, events, sleeps, &idle);
    if (ready <= 0) {
      fputs("the server does not answer\n", stderr);
      return 1;
    }
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (!take(connection)) continue;
      answered++;
      if (answered == warm_up) {
        began = now();
        server = processor_time(arguments[4]);
        idle = 0;
      } else if (answered > warm_up) {
        latencies[answered - warm_up - 1] = (uint32_t)(now() - connection->asked);
      }
      if (asked < warm_up + requests) {
        ask(connection);
        asked++;
      }
    }
  }
  double seconds = (double)(now() - began) / 1e9;
  server = processor_time(arguments[4]) - server;
  if (holds) {
    printf("held connections=%u\n", connections);
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
  }
  qsort(latencies, requests, sizeof *latencies, by_size);
  printf("requests=%llu seconds=%f cpu=%lld load=%f p50=%u p99=%u\n",
         (unsigned long long)requests, seconds, (long long)server, 1 - (double)idle / 1e9 / seconds,
         latencies[requests / 2], latencies[requests - requests / 100 - 1]);
  return 0;
}
