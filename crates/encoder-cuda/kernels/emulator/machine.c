// A block of threads on this processor, and the kernels by name. See emulator.h.

#include "machine.h"

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

static struct argument given[ARGUMENTS];
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
  struct entry entry;
  void (*run)(void);
} kernels[] = {
    {{"embed_norm", "bbbbbbbfiii"}, run_embed_norm}, {{"add_norm", "bbbbbfiii"}, run_add_norm},
    {{"linear", "bbbbiiii"}, run_linear},            {{"attend_32", "bbbbfiii"}, run_attend_32},
    {{"attend_64", "bbbbfiii"}, run_attend_64},      {{"attend_128", "bbbbfiii"}, run_attend_128},
    {{"pool", "bbbiii"}, run_pool},
};


const struct entry* emulator_find(const char* name) {
  static int ready;
  for (uint32_t half = 0; !ready && half < 1 << 16; half++) emulator_floats[half] = half_value(half);
  ready = 1;
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
    if (!strcmp(kernels[i].entry.name, name)) return &kernels[i].entry;
  return NULL;
}

void emulator_launch(const struct entry* entry, const struct argument* arguments, const uint64_t grid[2], int order) {
  memcpy(given, arguments, sizeof given);
  body = ((const struct kernel*)entry)->run;
  for (uint64_t at = 0; at < grid[0] * grid[1]; at++) {
    emulator_block[0] = (int)(at % grid[0]);
    emulator_block[1] = (int)(at / grid[0]);
    run_block(order);
  }
}

// ---- Memory: ends where a page ends that nobody may touch ----

struct memory emulator_allocate(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), rounded = (bytes + 15) / 16 * 16;
  size_t inside = (rounded + page - 1) / page * page;
  struct memory memory = {.mapped = inside + 2 * page, .bytes = bytes};
  memory.base = mmap(NULL, memory.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory.base == MAP_FAILED || mprotect(memory.base + page, inside, PROT_READ | PROT_WRITE))
    emulator_fail("no memory");
  memory.at = memory.base + page + inside - rounded;
  // Nothing is zero unless it was written.
  memset(memory.at, 0xFF, rounded);
  return memory;
}

void emulator_free(struct memory* memory) {
  munmap(memory->base, memory->mapped);
  memory->base = NULL;
}
