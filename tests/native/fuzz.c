/*
 * Random and hostile submissions, hundreds of thousands of them: each completes exactly once, and
 * nothing outside guest memory is touched. Then short lives that end in the middle: nothing leaks.
 *
 *     fuzz [SUBMISSIONS] [SEED]
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../host/native/net.h"
#include "../../host/native/uring.h"
#include "fixture.h"

/* Bytes before and after guest memory that nobody may change. */
enum { MARGIN = 1 << 16, SLOTS = 300, DESCRIPTORS = 14, ABANDONED_ROUNDS = 20 };

static uint64_t state;

static uint64_t random_bits(void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static uint32_t below(uint32_t limit)
{
  return (uint32_t)(random_bits() >> 20) % limit;
}

struct fuzz {
  struct fixture fixture;
  uint8_t *around; /* guest memory with its margins */
  int descriptors[DESCRIPTORS];
  uint8_t *given;    /* per generation: how many completions it had */
  uint32_t *slot_of; /* per generation */
  uint32_t *op_of;   /* per generation */
  uint32_t opened;
  uint32_t staged;
  uint32_t completed;
};

static uint32_t odd_number(void)
{
  static const uint32_t odd[] = {
    0, 1, 2, 7, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, MEMORY_SIZE, MEMORY_SIZE - 1,
    MEMORY_SIZE + 1, 4096, 88, 16, STAGE_LAYOUT_SIZE, STAGE_LAYOUT_PREFIXES,
  };
  return below(3) ? odd[below(sizeof odd / sizeof *odd)] : (uint32_t)random_bits();
}

static uint32_t pointer(void)
{
  return below(4) ? below(MEMORY_SIZE) : odd_number();
}

static uint32_t length(void)
{
  return below(4) ? below(6000) : odd_number();
}

/*
 * Only descriptors of the test itself: the host never stages others, and a stray close would take
 * away the ring's own.
 */
static int32_t descriptor(const struct fuzz *fuzz)
{
  if (below(8) == 0) return -1 - (int32_t)below(3) * 99;
  if (below(8) == 0) return 900000 + (int32_t)below(10);
  return fuzz->descriptors[below(DESCRIPTORS)];
}

/* What lies where the host puts addresses: 127.0.0.1 and ::1, and room for what is none. */
enum { ADDRESSES = STAGE_LAYOUT_PREFIXES + 64 };

static void put_addresses(uint8_t *stage)
{
  stage[ADDRESSES + SOCKET_ADDRESS_FAMILY] = ADDRESS_FAMILY_IPV4;
  stage[ADDRESSES + SOCKET_ADDRESS_ADDRESS] = 127;
  stage[ADDRESSES + SOCKET_ADDRESS_ADDRESS + 3] = 1;
  uint8_t *second = stage + ADDRESSES + SOCKET_ADDRESS_SIZE;
  second[SOCKET_ADDRESS_FAMILY] = ADDRESS_FAMILY_IPV6;
  second[SOCKET_ADDRESS_ADDRESS + 15] = 1;
}

static void choose_address(struct submission *made)
{
  made->prefix_offset = ADDRESSES + below(3) * SOCKET_ADDRESS_SIZE;
  made->prefix_length = below(8) ? SOCKET_ADDRESS_SIZE : below(64);
  made->length1 = below(4) ? SOCKET_ADDRESS_SIZE : length();
}

/* Where the host puts the list of a vectored write. */
enum { RANGES = STAGE_LAYOUT_PREFIXES + 1024, RANGE_COUNT = 16 };

static void choose_ranges(const struct fuzz *fuzz, struct submission *made)
{
  for (int i = 0; i < RANGE_COUNT; i++) {
    uint32_t range[2] = { below(MEMORY_SIZE / 2), below(6000) };
    if (below(16) == 0) range[below(2)] = odd_number();
    memcpy(fuzz->fixture.stage + RANGES + i * sizeof range, range, sizeof range);
  }
  made->prefix_offset = RANGES;
  made->prefix_length = below(16) * MEMORY_RANGE_SIZE + (below(8) == 0);
  made->pointer0 = made->length0 = 0;
}

static struct submission random_submission(const struct fuzz *fuzz)
{
  struct submission made = {
    .op = below(20) ? below(OP_COUNT) : odd_number(),
    .slot = below(20) ? below(SLOTS) : odd_number(),
    .descriptor = descriptor(fuzz),
    .pointer0 = pointer(), .length0 = length(), .pointer1 = pointer(),
    .length1 = below(2) ? STAT_SIZE : length(),
    .offset = below(3) ? UINT64_MAX : random_bits() >> below(64),
    .flags = below(2) ? below(4) : odd_number(),
    .argument = STAGE_ARGUMENT_BENEATH | (below(2) ? 0 : odd_number()),
  };
  if (below(8) == 0) {
    made.prefix_offset = odd_number();
    made.prefix_length = length();
  }
  if (made.op == OP_OPEN && below(4) == 0) {
    made.flags = OPEN_FLAG_READ;
    made.argument = STAGE_ARGUMENT_BENEATH;
    made.prefix_offset = STAGE_LAYOUT_PREFIXES;
    made.prefix_length = 1;
    made.length0 = 0;
  }
  /* A path is not hostile by its bytes here (sandbox.c has those), and sizes stay affordable. */
  bool has_path = made.op == OP_OPEN ||
    (made.op >= OP_STAT && made.op != OP_WRITE_VECTORED && !is_net(made.op));
  if (has_path || made.op == OP_LISTEN_UNIX || made.op == OP_CONNECT_UNIX) {
    made.descriptor = fuzz->descriptors[0];
  }
  if (is_net(made.op) && below(8)) choose_address(&made);
  /* The resolver of the machine would be asked for names that nobody has. */
  if (made.op == OP_LOOKUP_HOST) made.length0 = 0;
  if (made.op == OP_RENAME || made.op == OP_HARD_LINK) {
    made.offset = (uint32_t)fuzz->descriptors[0];
  }
  if (made.op == OP_CLOSE) made.descriptor = -1;
  if (made.op == OP_SET_LENGTH) made.offset &= 0xffff;
  if (made.op == OP_WRITE_VECTORED && below(8)) choose_ranges(fuzz, &made);
  bool writes = made.op == OP_WRITE || made.op == OP_WRITE_VECTORED;
  if (writes && made.offset != UINT64_MAX) made.offset &= 0xfffff;
  if (made.op == STAGE_OP_CANCEL) made.op = OP_NOP;
  return made;
}

static void stage_one(struct fuzz *fuzz)
{
  struct fixture *fixture = &fuzz->fixture;
  if (below(6) == 0 && fixture->generation > 0) {
    uint32_t generation = fixture->generation - below(100) % fixture->generation;
    stage_cancel(fixture, fuzz->slot_of[generation], generation);
    return;
  }
  struct submission submission = random_submission(fuzz);
  uint32_t generation = stage(fixture, submission);
  fuzz->slot_of[generation] = submission.slot;
  fuzz->op_of[generation] = submission.op;
  fuzz->staged++;
}

static void take(struct fuzz *fuzz, int64_t timeout)
{
  struct fixture *fixture = &fuzz->fixture;
  uint32_t produced = turn(fixture, timeout);
  for (uint32_t i = 0; i < produced; i++) {
    struct completion got = completion(fixture, i);
    CHECK(got.generation > 0 && got.generation <= fixture->generation);
    CHECK_EQUAL(got.slot, fuzz->slot_of[got.generation]);
    CHECK_EQUAL(fuzz->given[got.generation]++, 0);
    fuzz->completed++;
    uint32_t op = fuzz->op_of[got.generation];
    if (got.result < 0 || core_gives(op) == GIVES_VALUE) continue;
    core_discard(core_gives(op), got.result);
    fuzz->opened++;
  }
}

/*
 * A null or zero device of our own: whatever is done to it by root, its permissions taken away say,
 * the machine's own must not suffer. Where none can be made, and for others, who can do it no harm,
 * it is the machine's; root makes do with a file then.
 */
static int open_device(const char *name, unsigned minor)
{
  const char *path = in_folder(name);
  unlink(path);
  if (mknod(path, S_IFCHR | 0600, makedev(1, minor)) == 0) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    unlink(path);
  }
  if (geteuid() == 0) return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  char own[32];
  snprintf(own, sizeof own, "/dev/%s", name);
  return open(own, O_RDWR | O_CLOEXEC);
}

static void open_descriptors(struct fuzz *fuzz)
{
  int ends[2];
  int *at = fuzz->descriptors;
  *at++ = open(folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  *at++ = open(in_folder("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  *at++ = open_device("null", 3);
  *at++ = open_device("zero", 5);
  for (int i = 0; i < 4; i++) {
    int flags = O_CLOEXEC | (i % 2 ? O_NONBLOCK : 0);
    if (i < 2) CHECK_EQUAL(pipe2(ends, flags), 0);
    else CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | flags, 0, ends), 0);
    *at++ = ends[0];
    *at++ = ends[1];
  }
  struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
  *at++ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQUAL(listen(at[-1], 16), 0);
  *at++ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK_EQUAL(bind(at[-1], (struct sockaddr *)&here, sizeof here), 0);
}

static void open_fuzz(struct fuzz *fuzz, const struct mode *mode, uint32_t submissions)
{
  struct fixture *fixture = &fuzz->fixture;
  *fuzz = (struct fuzz){ .staged = 0 };
  open_descriptors(fuzz);
  fixture_open(fixture, mode);
  fixture->stage[STAGE_LAYOUT_PREFIXES] = '.';
  put_addresses(fixture->stage);
  fuzz->around = malloc(MEMORY_SIZE + 2 * MARGIN);
  memset(fuzz->around, 0xa5, MEMORY_SIZE + 2 * MARGIN);
  for (uint32_t i = 0; i < MEMORY_SIZE; i++) {
    fuzz->around[MARGIN + i] = "abc./\0\xff\n"[below(200) ? below(3) : below(8)];
  }
  free(fixture->memory);
  fixture->memory = fuzz->around + MARGIN;
  bool direct = !mode->bounce;
  CHECK_EQUAL(core_attach(fixture->core, fixture->memory, MEMORY_SIZE, direct), 0);
  fuzz->given = calloc(submissions + 1, 1);
  fuzz->slot_of = calloc(submissions + 1, sizeof *fuzz->slot_of);
  fuzz->op_of = calloc(submissions + 1, sizeof *fuzz->op_of);
}

/* Ends the backend, whatever it has in flight. */
static void close_fuzz(struct fuzz *fuzz)
{
  struct fixture *fixture = &fuzz->fixture;
  fixture->memory = NULL;
  fixture_close(fixture);
  for (uint32_t i = 0; i < MARGIN; i++) {
    CHECK_EQUAL(fuzz->around[i], 0xa5);
    CHECK_EQUAL(fuzz->around[MARGIN + MEMORY_SIZE + i], 0xa5);
  }
  free(fuzz->around);
  free(fuzz->given);
  free(fuzz->slot_of);
  free(fuzz->op_of);
  for (int i = 0; i < DESCRIPTORS; i++) close(fuzz->descriptors[i]);
}

static void run_some(struct fuzz *fuzz, uint32_t submissions)
{
  while (fuzz->staged < submissions) {
    uint32_t batch = below(20) ? below(40) : below(1500);
    for (uint32_t i = 0; i < batch && fuzz->staged < submissions; i++) stage_one(fuzz);
    take(fuzz, below(50) ? 0 : 100000);
  }
}

static void drain(struct fuzz *fuzz)
{
  struct fixture *fixture = &fuzz->fixture;
  for (int patience = 0; fuzz->completed < fuzz->staged && patience < 1000; patience++) {
    for (uint32_t i = 1; i <= fuzz->staged; i++) {
      if (fuzz->given[i]) continue;
      stage_cancel(fixture, fuzz->slot_of[i], i);
      if (fixture->staged == STAGE_LAYOUT_SUBMISSIONS_CAPACITY) take(fuzz, 0);
    }
    take(fuzz, 10000000);
  }
}

static void fuzz_mode(const struct mode *mode, uint32_t submissions)
{
  struct fuzz fuzz;
  open_fuzz(&fuzz, mode, submissions);
  run_some(&fuzz, submissions);
  drain(&fuzz);
  CHECK_EQUAL(fuzz.completed, fuzz.staged);
  CHECK(fuzz.opened > 0);
  CHECK_EQUAL(fuzz.fixture.core->in_flight, 0);
  CHECK_EQUAL(fuzz.fixture.core->direct_count, 0);
  CHECK_EQUAL(fuzz.fixture.core->held, 0);
  close_fuzz(&fuzz);
}

/* Short lives, each of which ends with whatever is in flight. */
static void abandon_mode(const struct mode *mode, int descriptors)
{
  for (int round = 0; round < ABANDONED_ROUNDS; round++) {
    struct fuzz fuzz;
    uint32_t submissions = below(400);
    open_fuzz(&fuzz, mode, submissions);
    run_some(&fuzz, submissions);
    close_fuzz(&fuzz);
    /* A thread that was left behind closes what it has when it ends. */
    for (int i = 0; i < 2000 && count_descriptors() > descriptors; i++) pause_milliseconds(1);
    CHECK_EQUAL(count_descriptors(), descriptors);
  }
}

int main(int count, char **arguments)
{
  /* Whatever the paths are, the current directory is where things are made, renamed and removed. */
  CHECK_EQUAL(chdir(folder()), 0);
  int before = count_descriptors();
  uint32_t submissions = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 0) : 210000;
  state = count > 2 ? strtoull(arguments[2], NULL, 0) : 0x9e3779b97f4a7c15;
  uint32_t number_of_modes = 0;
  while (modes[number_of_modes].name != NULL) number_of_modes++;
  CHECK(state != 0);
  for (uint32_t i = 0; i < number_of_modes; i++) {
    fuzz_mode(&modes[i], submissions / number_of_modes);
    CHECK_EQUAL(count_descriptors(), before);
    abandon_mode(&modes[i], before);
  }
  return 0;
}
