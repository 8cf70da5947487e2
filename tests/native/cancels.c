/*
 * Operations whose end is asked for once, at whatever moment: each of them ends, and the backend
 * with them. Those on datagram sockets meet every moment there is: one datagram wakes all that wait
 * for it, one gets it, and the others go back to waiting.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

enum { ROUNDS = 1000, CLOSES = 100, MOST = 40, PATIENCE = 40 };

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t limit)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 20) % limit;
}

/* One round of receives from one socket. */
struct round {
  struct fixture *fixture;
  int socket;
  int sender;
  struct sockaddr_in address;
  uint32_t count;
  uint32_t ended;
  uint32_t generations[MOST];
  uint8_t ends[MOST]; /* how often each has ended */
};

static int bind_here(struct sockaddr_in *address)
{
  socklen_t size = sizeof *address;
  *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
  int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK_EQUAL(bind(made, (struct sockaddr *)address, size), 0);
  CHECK_EQUAL(getsockname(made, (struct sockaddr *)address, &size), 0);
  return made;
}

static void take(struct round *round, int64_t timeout)
{
  uint32_t produced = turn(round->fixture, timeout);
  for (uint32_t i = 0; i < produced; i++) {
    struct completion got = completion(round->fixture, i);
    CHECK(got.slot < round->count);
    CHECK_EQUAL(got.generation, round->generations[got.slot]);
    CHECK_EQUAL(round->ends[got.slot]++, 0);
    round->ended++;
  }
}

static void send_some(const struct round *round, uint32_t count)
{
  const struct sockaddr *to = (const struct sockaddr *)&round->address;
  for (uint32_t i = 0; i < count; i++) {
    CHECK_EQUAL(sendto(round->sender, "text", 4, 0, to, sizeof round->address), 4);
  }
}

static void begin(struct round *round)
{
  uint32_t argument = below(2) ? STAGE_ARGUMENT_SOCKET : 0;
  round->count = 1 + below(MOST);
  round->ended = 0;
  memset(round->ends, 0, sizeof round->ends);
  for (uint32_t slot = 0; slot < round->count; slot++) {
    struct submission receive = {
      .op = below(2) ? OP_READ : OP_RECEIVE_FROM, .slot = slot, .descriptor = round->socket,
      .pointer0 = DATA_AT + slot * 64, .length0 = 64, .offset = UINT64_MAX, .argument = argument,
    };
    round->generations[slot] = stage(round->fixture, receive);
  }
  if (below(2)) take(round, 0);
}

/* Cancels each once, while datagrams come. */
static void cancel_all(struct round *round)
{
  send_some(round, below(round->count));
  for (uint32_t slot = 0; slot < round->count; slot++) {
    send_some(round, below(3) == 0);
    if (!round->ends[slot]) stage_cancel(round->fixture, slot, round->generations[slot]);
    if (below(6) == 0) take(round, 0);
  }
}

static void drain(int descriptor)
{
  char text[8];
  while (recv(descriptor, text, sizeof text, MSG_DONTWAIT) >= 0) continue;
}

static void test_mode(const struct mode *mode)
{
  struct fixture fixture;
  struct round round = { .fixture = &fixture };
  struct sockaddr_in any;
  round.socket = bind_here(&round.address);
  round.sender = bind_here(&any);
  fixture_open(&fixture, mode);
  for (int i = 0; i < ROUNDS; i++) {
    begin(&round);
    cancel_all(&round);
    for (int j = 0; round.ended < round.count && j < PATIENCE; j++) take(&round, 50000000);
    CHECK_EQUAL(round.ended, round.count);
    drain(round.socket);
  }
  fixture_close(&fixture);
  for (int i = 0; i < CLOSES; i++) {
    fixture_open(&fixture, mode);
    begin(&round);
    cancel_all(&round);
    fixture_close(&fixture);
    drain(round.socket);
  }
  close(round.socket);
  close(round.sender);
}

int main(void)
{
  int before = count_descriptors();
  for (const struct mode *mode = modes; mode->name != NULL; mode++) {
    test_mode(mode);
    CHECK_EQUAL(count_descriptors(), before);
  }
  return 0;
}
