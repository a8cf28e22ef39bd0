// Runs kernels.cu on this processor, for a test: buffers, copies and launches come in on standard input, contents go
// out on standard output.
//
//   A bytes            allocates a buffer; buffers are numbered from 0
//   W buffer bytes ..  writes to its beginning
//   R buffer bytes     reads from its beginning
//   F buffer           frees it
//   L name x y order n (kind value)..  launches; order 0 runs a block's threads upwards, 1 downwards
//
// All numbers are 64 bits, little-endian; a name is 16 bytes; an argument's kind is 'b' (buffer), 'i' (int) or
// 'f' (float, as its bits). What is wrong ends the program with a line on standard error.

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "../kernels.cu"

int emulator_block[2];
int emulator_thread;
float emulator_floats[1 << 16];

enum state { READY, AT_WARP, AT_BLOCK, DONE };

struct copy {
  void* to;
  const void* from;
  int bytes, group;
};

static struct thread {
  // Where it begins, and where it goes on: changing contexts asks the kernel each time, jumping does not.
  ucontext_t context;
  jmp_buf here;
  int begun;
  enum state state;
  int instruction;
  // Which of two boards is shown on: who is one instruction ahead must not wipe what others still read.
  int turn;
  struct copy copies[COPIES];
  int pending, groups;
} threads[THREADS];

static ucontext_t end;
static jmp_buf scheduler;
static struct shown boards[THREADS / LANES][2][LANES];
static char stacks[THREADS][1 << 16];

void emulator_fail(const char* why) {
  fprintf(stderr, "emulator: block %d %d, thread %d: %s\n", emulator_block[0], emulator_block[1], emulator_thread, why);
  exit(1);
}

static void wait_as(enum state state) {
  struct thread* own = &threads[emulator_thread];
  int number = emulator_thread;
  own->state = state;
  if (!_setjmp(own->here)) _longjmp(scheduler, 1);
  emulator_thread = number;
}

void emulator_wait_block(void) { wait_as(AT_BLOCK); }

const struct shown* emulator_show(int instruction, const struct shown* shown) {
  struct thread* own = &threads[emulator_thread];
  struct shown* board = boards[emulator_thread / LANES][own->turn ^= 1];
  board[emulator_thread % LANES] = *shown;
  own->instruction = instruction;
  wait_as(AT_WARP);
  return board;
}

void emulator_copy(void* to, const void* from, int bytes) {
  struct thread* own = &threads[emulator_thread];
  if (own->pending == COPIES) emulator_fail("too many copies at once");
  own->copies[own->pending++] = (struct copy){to, from, bytes, own->groups};
}

void emulator_end_group(void) { threads[emulator_thread].groups++; }

void emulator_arrive(int but) {
  struct thread* own = &threads[emulator_thread];
  int kept = 0;
  for (int i = 0; i < own->pending; i++) {
    struct copy* copy = &own->copies[i];
    if (copy->group >= own->groups - but) {
      own->copies[kept++] = *copy;
    } else {
      memset(copy->to, 0, 16);
      memcpy(copy->to, copy->from, (size_t)copy->bytes);
    }
  }
  own->pending = kept;
}

// IEEE 754 binary16 and back, rounding to nearest even.
half_t emulator_half(float value) {
  uint32_t bits, sign, magnitude;
  memcpy(&bits, &value, 4);
  sign = bits >> 16 & 0x8000;
  magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (half_t)(sign | 0x7E00);
  if (magnitude >= 0x477FF000) return (half_t)(sign | 0x7C00);
  if (magnitude < 0x38800000) {
    float scaled = fabsf(value) * 16777216.0f; // 2^24: the smallest half becomes 1
    return (half_t)(sign | (uint32_t)nearbyintf(scaled));
  }
  uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return (half_t)(sign | (rounded - 0x38000000) >> 13);
}

static float half_value(uint32_t half) {
  uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
  float magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                    : exponent == 0 ? ldexpf((float)fraction, -24)
                                    : ldexpf((float)(fraction + 1024), (int)exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

// ---- A block ----

static void (*body)(void);

static void run_body(void) {
  int number = emulator_thread;
  body();
  threads[number].state = DONE;
  _longjmp(scheduler, 1);
}

static int all_at(int from, int count, enum state state) {
  int there = 0;
  for (int t = from; t < from + count; t++) {
    if (threads[t].state != state && threads[t].state != DONE) return 0;
    there += threads[t].state == state;
  }
  return there;
}

// Lets those go on that have all met; returns how many.
static int release(void) {
  int released = 0;
  for (int warp = 0; warp < THREADS; warp += LANES) {
    int met = all_at(warp, LANES, AT_WARP);
    if (!met) continue;
    if (met != LANES) emulator_fail("a lane has left before an instruction of its warp");
    for (int t = warp; t < warp + LANES; t++) {
      if (threads[t].instruction != threads[warp].instruction) emulator_fail("lanes are at different instructions");
      threads[t].state = READY;
    }
    released += met;
  }
  int met = released ? 0 : all_at(0, THREADS, AT_BLOCK);
  for (int t = 0; met && t < THREADS; t++)
    if (threads[t].state == AT_BLOCK) threads[t].state = READY;
  return released + met;
}

// Until it waits or ends.
static void run_thread(int number) {
  struct thread* thread = &threads[number];
  emulator_thread = number;
  if (_setjmp(scheduler)) return;
  if (thread->begun) _longjmp(thread->here, 1);
  thread->begun = 1;
  setcontext(&thread->context);
}

static void run_block(int order) {
  for (int t = 0; t < THREADS; t++) {
    struct thread* thread = &threads[t];
    thread->state = READY;
    thread->turn = thread->pending = thread->groups = thread->begun = 0;
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = stacks[t];
    thread->context.uc_stack.ss_size = sizeof stacks[t];
    thread->context.uc_link = &end;
    makecontext(&thread->context, run_body, 0);
  }
  do {
    for (int i = 0; i < THREADS; i++) {
      int t = order ? THREADS - 1 - i : i;
      if (threads[t].state != READY) continue;
      run_thread(t);
    }
  } while (release());
  for (int t = 0; t < THREADS; t++)
    if (threads[t].state != DONE) {
      emulator_thread = t;
      emulator_fail("threads wait for each other for ever");
    }
}

// ---- Launches ----

struct argument {
  char kind;
  void* buffer;
  int whole;
  float real;
};

static struct argument given[16];
#define B(n) given[n].buffer
#define I(n) given[n].whole
#define F(n) given[n].real

static void run_embed_norm(void) { embed_norm(B(0), B(1), B(2), B(3), B(4), B(5), B(6), F(7), I(8), I(9), I(10)); }
static void run_add_norm(void) { add_norm(B(0), B(1), B(2), B(3), B(4), F(5), I(6), I(7), I(8)); }
static void run_linear(void) { linear(B(0), B(1), B(2), B(3), I(4), I(5), I(6), I(7)); }
static void run_attend_32(void) { attend_32(B(0), B(1), B(2), B(3), F(4), I(5), I(6), I(7)); }
static void run_attend_64(void) { attend_64(B(0), B(1), B(2), B(3), F(4), I(5), I(6), I(7)); }
static void run_attend_128(void) { attend_128(B(0), B(1), B(2), B(3), F(4), I(5), I(6), I(7)); }
static void run_pool(void) { pool(B(0), B(1), B(2), I(3), I(4), I(5)); }

static const struct kernel {
  const char *name, *kinds;
  void (*run)(void);
} kernels[] = {
    {"embed_norm", "bbbbbbbfiii", run_embed_norm}, {"add_norm", "bbbbbfiii", run_add_norm},
    {"linear", "bbbbiiii", run_linear},            {"attend_32", "bbbbfiii", run_attend_32},
    {"attend_64", "bbbbfiii", run_attend_64},      {"attend_128", "bbbbfiii", run_attend_128},
    {"pool", "bbbiii", run_pool},
};

static void take(void* to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) emulator_fail("the input ends in the middle of a command");
}

static uint64_t number(void) {
  uint64_t value;
  take(&value, 8);
  return value;
}

// ---- Buffers: each ends where a page ends that nobody may touch ----

static struct buffer {
  char* base;
  size_t mapped, bytes;
  char* at;
} *buffers;
static size_t count;

static void allocate(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), rounded = (bytes + 15) / 16 * 16;
  size_t inside = (rounded + page - 1) / page * page;
  buffers = realloc(buffers, (count + 1) * sizeof *buffers);
  struct buffer* buffer = &buffers[count++];
  buffer->mapped = inside + 2 * page;
  buffer->base = mmap(NULL, buffer->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffer->base == MAP_FAILED || mprotect(buffer->base + page, inside, PROT_READ | PROT_WRITE))
    emulator_fail("no memory");
  buffer->at = buffer->base + page + inside - rounded;
  buffer->bytes = bytes;
  // Nothing is zero unless it was written.
  memset(buffer->at, 0xFF, rounded);
}

static struct buffer* buffer_of(uint64_t at) {
  if (at >= count || !buffers[at].base) emulator_fail("no such buffer");
  return &buffers[at];
}

static void launch(void) {
  char name[17] = {0};
  take(name, 16);
  uint64_t x = number(), y = number(), order = number(), arguments = number();
  const struct kernel* kernel = NULL;
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
    if (!strcmp(kernels[i].name, name)) kernel = &kernels[i];
  if (!kernel || strlen(kernel->kinds) != arguments) emulator_fail("no kernel of this name with so many arguments");
  for (uint64_t i = 0; i < arguments; i++) {
    uint64_t kind = number(), value = number();
    uint32_t bits = (uint32_t)value;
    if ((uint64_t)kernel->kinds[i] != kind) emulator_fail("an argument of another kind");
    if (kind == 'b') B(i) = buffer_of(value)->at;
    I(i) = (int)bits;
    memcpy(&F(i), &bits, 4);
  }
  body = kernel->run;
  for (uint64_t at = 0; at < x * y; at++) {
    emulator_block[0] = (int)(at % x);
    emulator_block[1] = (int)(at / x);
    run_block((int)order);
  }
}

int main(void) {
  for (uint32_t half = 0; half < 1 << 16; half++) emulator_floats[half] = half_value(half);
  for (int command; (command = getchar()) != EOF;) {
    if (command == 'A') {
      allocate(number());
    } else if (command == 'F') {
      struct buffer* buffer = buffer_of(number());
      munmap(buffer->base, buffer->mapped);
      buffer->base = NULL;
    } else if (command == 'L') {
      launch();
    } else {
      struct buffer* buffer = buffer_of(number());
      uint64_t bytes = number();
      if (bytes > buffer->bytes) emulator_fail("a copy beyond the end of a buffer");
      if (command == 'W') take(buffer->at, bytes);
      else if (command == 'R') fwrite(buffer->at, 1, bytes, stdout), fflush(stdout);
      else emulator_fail("no such command");
    }
  }
  return 0;
}
