// What kernels.cu needs of a card, for a C compiler: the threads of a block are coroutines that change at barriers and
// at the instructions of a warp. Included by kernels.cu in place of the PTX of those instructions.
//
// It is stricter than a card where a card forgives: asynchronous copies arrive as late as they may, threads run in
// either order between barriers, a barrier that not all reach ends the program, and so does a touch beyond a buffer.

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t half_t;
typedef uint32_t u32;

#define KERNEL(threads) static void
#define DEVICE static inline
#define SHARED static __attribute__((aligned(128)))
#define BLOCK_X emulator_block[0]
#define BLOCK_Y emulator_block[1]
#define THREAD emulator_thread
#define UNROLL
#define NO_UNROLL

enum { THREADS = 128, LANES = 32, COPIES = 256 };

// What a lane shows to the others of its warp at an instruction.
struct shown {
  float value;
  const half_t* row;
  float a[8], b[4];
};

extern int emulator_block[2];
extern int emulator_thread;
extern float emulator_floats[1 << 16];

// Waits until the whole block, or the whole warp, has come here.
void emulator_wait_block(void);
// Shows `own` and returns what the 32 lanes of the warp showed, once all have.
const struct shown* emulator_show(int instruction, const struct shown* own);
void emulator_fail(const char* why);
void emulator_copy(void* to, const void* from, int bytes);
void emulator_end_group(void);
// Lets all copies arrive but those of the last `but` groups.
void emulator_arrive(int but);
half_t emulator_half(float value);

enum { SHUFFLE = 1, WARP_BARRIER, MATRICES, TRANSPOSED, MULTIPLY };

DEVICE void barrier(void) { emulator_wait_block(); }

DEVICE void warp_barrier(void) {
  struct shown own = {0};
  emulator_show(WARP_BARRIER, &own);
}

DEVICE float shuffle_xor(float value, int mask) {
  struct shown own = {.value = value};
  return emulator_show(SHUFFLE, &own)[(emulator_thread % LANES) ^ mask].value;
}

DEVICE float exponential2(float x) { return exp2f(x); }
DEVICE float half_to_float(half_t h) { return emulator_floats[h]; }
DEVICE half_t float_to_half(float f) { return emulator_half(f); }
DEVICE u32 halves(float low, float high) { return (u32)emulator_half(low) | (u32)emulator_half(high) << 16; }

DEVICE void copy_16(void* shared, const void* global, int bytes) {
  if ((uintptr_t)shared % 16 || (uintptr_t)global % 16) emulator_fail("a copy is not aligned to 16 bytes");
  emulator_copy(shared, global, bytes);
}
DEVICE void copies_end_group(void) { emulator_end_group(); }
DEVICE void copies_but_1(void) { emulator_arrive(1); }
DEVICE void copies_all(void) { emulator_arrive(0); }

DEVICE void matrices(u32 to[4], const void* row) {
  struct shown own = {.row = (const half_t*)row};
  int lane = emulator_thread % LANES;
  if ((uintptr_t)row % 16) emulator_fail("a row of a matrix is not aligned to 16 bytes");
  const struct shown* all = emulator_show(MATRICES, &own);
  for (int i = 0; i < 4; i++) {
    const half_t* at = all[i * 8 + lane / 4].row + lane % 4 * 2;
    to[i] = (u32)at[0] | (u32)at[1] << 16;
  }
}

DEVICE void matrices_transposed(u32 to[4], const void* row) {
  struct shown own = {.row = (const half_t*)row};
  int lane = emulator_thread % LANES;
  if ((uintptr_t)row % 16) emulator_fail("a row of a matrix is not aligned to 16 bytes");
  const struct shown* all = emulator_show(TRANSPOSED, &own);
  for (int i = 0; i < 4; i++) {
    u32 low = all[i * 8 + lane % 4 * 2].row[lane / 4], high = all[i * 8 + lane % 4 * 2 + 1].row[lane / 4];
    to[i] = low | high << 16;
  }
}

// PTX manual, "Matrix fragments for mma.m16n8k16 with floating point type": element (row, k) of A is in lane
// row%8·4 + k%8/2, register row/8 + k/8·2; element (k, column) of B in lane column·4 + k%8/2, register k/8; sum i of a
// lane is at row lane/4 + i/2·8, column lane%4·2 + i%2.
DEVICE void multiply(float sum[4], const u32 a[4], u32 b0, u32 b1) {
  struct shown own;
  int lane = emulator_thread % LANES;
  for (int i = 0; i < 8; i++) own.a[i] = emulator_floats[a[i / 2] >> (i % 2 * 16) & 0xFFFF];
  for (int i = 0; i < 4; i++) own.b[i] = emulator_floats[(i / 2 ? b1 : b0) >> (i % 2 * 16) & 0xFFFF];
  const struct shown* all = emulator_show(MULTIPLY, &own);
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; k++)
      sum[i] += all[row % 8 * 4 + k % 8 / 2].a[(row / 8 + k / 8 * 2) * 2 + k % 2] *
                all[column * 4 + k % 8 / 2].b[k / 8 * 2 + k % 2];
  }
}
