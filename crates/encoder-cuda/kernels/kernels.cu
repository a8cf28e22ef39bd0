// The kernels of a transformer's forward pass on sequences that lie one after another without padding.
//
// Written in what C and CUDA C++ have in common: `compile.py` makes the PTX that is committed beside it, and a test
// compiles the same text with the C compiler of the machine, on threads of `emulator/`, to hold its arithmetic and
// indices against the processor's forward pass. What differs between the two is in the first part of this file.
//
// Rows of halves have a stride that is a multiple of 32, with zeros behind their end; `hidden` are rows of floats
// without padding. Every sum has one order, which depends neither on the grid nor on the neighbours in a batch.

#ifdef __CUDACC__

typedef unsigned short half_t;
typedef unsigned int u32;

#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define DEVICE static __device__ __forceinline__
#define SHARED __shared__ __align__(128)
#define BLOCK_X blockIdx.x
#define BLOCK_Y blockIdx.y
#define THREAD threadIdx.x
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")

DEVICE void barrier(void) { __syncthreads(); }
DEVICE void warp_barrier(void) { __syncwarp(); }
DEVICE float shuffle_xor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
DEVICE float exponential2(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE float half_to_float(half_t h) { float f; asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h)); return f; }
DEVICE half_t float_to_half(float f) { half_t h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f)); return h; }

// Two halves, `low` at the lower address.
DEVICE u32 halves(float low, float high) {
  u32 pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

DEVICE u32 shared_address(const void* at) { return (u32)__cvta_generic_to_shared(at); }

// Copies 16 bytes, or fills them with zeros if `bytes` is 0, some time before `copies_but` says that it is done.
DEVICE void copy_16(void* shared, const void* global, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(bytes) : "memory");
}
DEVICE void copies_end_group(void) { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits for all groups of this thread but the last one, or for all.
DEVICE void copies_but_1(void) { asm volatile("cp.async.wait_group 1;" ::: "memory"); }
DEVICE void copies_all(void) { asm volatile("cp.async.wait_group 0;" ::: "memory"); }

// Four 8×8 matrices of halves: lanes 8i to 8i+7 name the rows of matrix i; lane l gets elements 2·(l%4) and the next
// of row l/4 of each, or, transposed, of column l/4.
DEVICE void matrices(u32 to[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(row)) : "memory");
}
DEVICE void matrices_transposed(u32 to[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(row)) : "memory");
}

// sum[16×8] += a[16×16] · b[16×8]; the layouts are those of the PTX manual for m16n8k16.
DEVICE void multiply(float sum[4], const u32 a[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#else
#include "emulator.h"
#endif

#define WARP 32
#define LOWEST -3.0e38f

// ---- Rows: embedding and norm, a warp for each row ----

#define ROWS_A_BLOCK 4

DEVICE float warp_sum(float value) {
  for (int mask = 16; mask > 0; mask >>= 1) value += shuffle_xor(value, mask);
  return value;
}

// Brings a row that its lanes have just written to mean 0 and variance 1, as floats and as halves.
DEVICE void norm_row(float* row, half_t* halved, float sum, const float* scale, const float* shift, float epsilon,
                     int width, int stride, int lane) {
  float mean = warp_sum(sum) / (float)width;
  float squares = 0.0f;
  for (int i = lane; i < width; i += WARP) {
    float away = row[i] - mean;
    squares += away * away;
  }
  float inverse = 1.0f / sqrtf(warp_sum(squares) / (float)width + epsilon);
  for (int i = lane; i < width; i += WARP) {
    float value = (row[i] - mean) * inverse * scale[i] + shift[i];
    row[i] = value;
    halved[i] = float_to_half(value);
  }
  for (int i = width + lane; i < stride; i += WARP) halved[i] = 0;
}

// `plan` holds an id for each token and then its position. Shapes: words vocabulary×width, places positions×width,
// hidden tokens×width, halved tokens×stride.
KERNEL(128) embed_norm(const int* plan, const half_t* words, const float* places, const float* scale,
                       const float* shift, float* hidden, half_t* halved, float epsilon, int tokens, int width,
                       int stride) {
  int lane = THREAD % WARP, token = BLOCK_X * ROWS_A_BLOCK + THREAD / WARP;
  if (token >= tokens) return;
  const half_t* word = words + (long long)plan[token] * width;
  const float* place = places + (long long)plan[tokens + token] * width;
  float* row = hidden + (long long)token * width;
  float sum = 0.0f;
  for (int i = lane; i < width; i += WARP) {
    float value = half_to_float(word[i]) + place[i];
    row[i] = value;
    sum += value;
  }
  norm_row(row, halved + (long long)token * stride, sum, scale, shift, epsilon, width, stride, lane);
}

// hidden = norm(hidden + added), also as halves. Shapes: hidden tokens×width, added and halved tokens×stride.
KERNEL(128) add_norm(float* hidden, const half_t* added, half_t* halved, const float* scale, const float* shift,
                     float epsilon, int tokens, int width, int stride) {
  int lane = THREAD % WARP, token = BLOCK_X * ROWS_A_BLOCK + THREAD / WARP;
  if (token >= tokens) return;
  float* row = hidden + (long long)token * width;
  const half_t* more = added + (long long)token * stride;
  float sum = 0.0f;
  for (int i = lane; i < width; i += WARP) {
    float value = row[i] + half_to_float(more[i]);
    row[i] = value;
    sum += value;
  }
  norm_row(row, halved + (long long)token * stride, sum, scale, shift, epsilon, width, stride, lane);
}

// ---- Linear layers: tiles of 128 rows by 128 outputs, four warps with 64×64 each ----

#define TILE 128
#define STEP 32
#define STAGES 3
#define CHUNK 8  // halves of a copy
#define STRIP 72 // floats from one row to the next: 8 more than there are, so that rows do not meet in the banks

// Where a chunk of a row of 32 halves lies: rows two by two fill the banks, and any eight rows at one chunk, which is
// what a matrix takes, meet eight different places.
DEVICE int in_tile(int row, int chunk) { return row * STEP + ((chunk ^ ((row >> 1) & 3)) * CHUNK); }

// One step of `STEP` inputs of both operands into one stage. Rows beyond the end are zeros.
DEVICE void load_step(half_t* a, half_t* b, const half_t* input, const half_t* weights, int row, int column, int rows,
                      int outputs, int inputs, int from) {
  UNROLL for (int i = 0; i < TILE * STEP / CHUNK / 128; i++) {
    int at = THREAD + i * 128, r = at / (STEP / CHUNK), c = at % (STEP / CHUNK);
    int here = row + r < rows;
    copy_16(a + in_tile(r, c), input + (long long)(here ? row + r : 0) * inputs + from + c * CHUNK, here ? 16 : 0);
    here = column + r < outputs;
    copy_16(b + in_tile(r, c), weights + (long long)(here ? column + r : 0) * inputs + from + c * CHUNK, here ? 16 : 0);
  }
}

DEVICE float activate(float x, int activation) {
  if (activation == 1) return 0.5f * x * (1.0f + erff(x * 0.70710678f));
  if (activation == 2) return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
  if (activation == 3) return x > 0.0f ? x : 0.0f;
  return x;
}

// output = activation(input · weightsᵀ + bias), activation 0 none, 1 gelu, 2 gelu by tanh, 3 relu.
// Shapes: input rows×inputs, weights outputs×inputs, output rows×outputs; inputs and outputs are multiples of 32.
KERNEL(128) linear(const half_t* input, const half_t* weights, const float* bias, half_t* output, int rows,
                   int outputs, int inputs, int activation) {
  SHARED half_t a[STAGES][TILE * STEP];
  SHARED half_t b[STAGES][TILE * STEP];
  int lane = THREAD % WARP, warp = THREAD / WARP;
  int column = BLOCK_X * TILE, row = BLOCK_Y * TILE;
  int own_row = (warp & 1) * 64, own_column = (warp >> 1) * 64;
  float sums[4][8][4];
  UNROLL for (int i = 0; i < 4; i++)
    UNROLL for (int j = 0; j < 8; j++)
      UNROLL for (int e = 0; e < 4; e++) sums[i][j][e] = 0.0f;

  int steps = inputs / STEP;
  UNROLL for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) load_step(a[s], b[s], input, weights, row, column, rows, outputs, inputs, s * STEP);
    copies_end_group();
  }
  for (int s = 0; s < steps; s++) {
    // One group is ended a step, so all but the last one are the steps up to this one.
    copies_but_1();
    barrier();
    // The stage that is filled now was read in the step before, which every warp has left at the barrier.
    int next = s + STAGES - 1, to = next % STAGES;
    if (next < steps) load_step(a[to], b[to], input, weights, row, column, rows, outputs, inputs, next * STEP);
    copies_end_group();
    const half_t* as = a[s % STAGES];
    const half_t* bs = b[s % STAGES];
    UNROLL for (int k = 0; k < STEP / 16; k++) {
      u32 rows_16[4][4], columns_16[4][4];
      UNROLL for (int i = 0; i < 4; i++)
        matrices(rows_16[i], as + in_tile(own_row + i * 16 + lane % 16, k * 2 + lane / 16));
      UNROLL for (int j = 0; j < 4; j++)
        matrices(columns_16[j], bs + in_tile(own_column + j * 16 + lane % 8 + lane / 16 * 8, k * 2 + lane / 8 % 2));
      UNROLL for (int i = 0; i < 4; i++)
        UNROLL for (int j = 0; j < 8; j++)
          multiply(sums[i][j], rows_16[i], columns_16[j / 2][j % 2 * 2], columns_16[j / 2][j % 2 * 2 + 1]);
    }
  }

  // 16 rows of a warp at a time go through its part of the memory of the first operand, which nobody reads any more:
  // each lane then holds neighbours, so that the activation is written once and rows are stored whole.
  barrier();
  float* strip = (float*)a[0] + warp * 16 * STRIP;
  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int j = 0; j < 8; j++)
      UNROLL for (int e = 0; e < 4; e++)
        strip[(lane / 4 + e / 2 * 8) * STRIP + j * 8 + lane % 4 * 2 + e % 2] = sums[i][j][e];
    warp_barrier();
    NO_UNROLL for (int at = lane; at < 16 * 64 / 2; at += WARP) {
      int r = at / 32, c = at % 32 * 2, m = row + own_row + i * 16 + r, n = column + own_column + c;
      if (m < rows && n < outputs)
        *(u32*)(output + (long long)m * outputs + n) =
            halves(activate(strip[r * STRIP + c] + bias[n], activation),
                   activate(strip[r * STRIP + c + 1] + bias[n + 1], activation));
    }
    warp_barrier();
  }
}

// ---- Attention: 64 queries of one sequence and one head a block, keys by 64, softmax as it goes ----
//
// Source: Dao, "FlashAttention-2" (2023), algorithm 1, forward.

#define QUERIES 64
#define KEYS 64

// Where a chunk of a row of `size` halves lies, so that eight rows at one chunk meet eight places.
DEVICE int in_head(int row, int chunk, int size) {
  int turn = size == 32 ? (row >> 1) & 3 : row & 7;
  return row * size + ((chunk ^ turn) * CHUNK);
}

// Two neighbouring halves of a query, zeros beyond the end of the sequence.
DEVICE u32 query_pair(const half_t* at, int here) { return here ? *(const u32*)at : 0u; }

// `plan[blocks + 3·block ..]` names a block's first row, its sequence's tokens, and the first query of the block in
// the sequence. Shapes: projected tokens × 3·heads·size, mixed tokens × heads·size, distances heads × (2·reach+1).
#define ATTEND(NAME, SIZE)                                                                                            \
  KERNEL(128) NAME(const int* plan, const half_t* projected, const float* distances, half_t* mixed, float scale,      \
                   int blocks, int heads, int reach) {                                                                \
    SHARED half_t keys[KEYS * SIZE];                                                                                  \
    SHARED half_t values[KEYS * SIZE];                                                                                \
    const int* block = plan + blocks + BLOCK_X * 3;                                                                   \
    int start = block[0], tokens = block[1], head = BLOCK_Y, lane = THREAD % WARP;                                    \
    int stride = 3 * heads * SIZE;                                                                                    \
    int upper = block[2] + THREAD / WARP * 16 + lane / 4; /* this lane's two queries: this one and eight below */     \
    const half_t* own = projected + (long long)start * stride + head * SIZE;                                          \
    const float* bias = distances + (reach < 0 ? 0 : head * (2 * reach + 1) + reach);                                 \
    u32 query[SIZE / 16][4];                                                                                          \
    UNROLL for (int k = 0; k < SIZE / 16; k++)                                                                        \
      UNROLL for (int e = 0; e < 4; e++) {                                                                            \
        int q = upper + e % 2 * 8;                                                                                    \
        query[k][e] = query_pair(own + (long long)q * stride + k * 16 + e / 2 * 8 + lane % 4 * 2, q < tokens);        \
      }                                                                                                               \
    float sums[SIZE / 8][4], most[2], total[2];                                                                       \
    UNROLL for (int n = 0; n < SIZE / 8; n++)                                                                         \
      UNROLL for (int e = 0; e < 4; e++) sums[n][e] = 0.0f;                                                           \
    UNROLL for (int h = 0; h < 2; h++) { most[h] = LOWEST; total[h] = 0.0f; }                                         \
    for (int from = 0; from < tokens; from += KEYS) {                                                                 \
      barrier(); /* everyone has left the keys and values before */                                                   \
      UNROLL for (int i = 0; i < KEYS * SIZE / CHUNK / 128; i++) {                                                    \
        int at = THREAD + i * 128, r = at / (SIZE / CHUNK), c = at % (SIZE / CHUNK), here = from + r < tokens;        \
        const half_t* key = own + (long long)(here ? from + r : 0) * stride + heads * SIZE + c * CHUNK;               \
        copy_16(keys + in_head(r, c, SIZE), key, here ? 16 : 0);                                                      \
        copy_16(values + in_head(r, c, SIZE), key + heads * SIZE, here ? 16 : 0);                                     \
      }                                                                                                               \
      copies_end_group();                                                                                             \
      copies_all();                                                                                                   \
      barrier();                                                                                                      \
      float scores[KEYS / 8][4];                                                                                      \
      UNROLL for (int n = 0; n < KEYS / 8; n++)                                                                       \
        UNROLL for (int e = 0; e < 4; e++) scores[n][e] = 0.0f;                                                       \
      UNROLL for (int k = 0; k < SIZE / 16; k++)                                                                      \
        UNROLL for (int n = 0; n < KEYS / 16; n++) {                                                                  \
          u32 pair[4];                                                                                                \
          matrices(pair, keys + in_head(n * 16 + lane % 8 + lane / 16 * 8, k * 2 + lane / 8 % 2, SIZE));              \
          multiply(scores[n * 2], query[k], pair[0], pair[1]);                                                        \
          multiply(scores[n * 2 + 1], query[k], pair[2], pair[3]);                                                    \
        }                                                                                                             \
      float highest[2], factor[2];                                                                                    \
      UNROLL for (int h = 0; h < 2; h++) highest[h] = most[h];                                                        \
      UNROLL for (int n = 0; n < KEYS / 8; n++)                                                                       \
        UNROLL for (int e = 0; e < 4; e++) {                                                                          \
          int key = from + n * 8 + lane % 4 * 2 + e % 2, q = upper + e / 2 * 8;                                       \
          float score = scores[n][e] * scale;                                                                         \
          if (reach >= 0 && key < tokens && q < tokens) score += bias[key - q];                                       \
          scores[n][e] = key < tokens ? score : LOWEST;                                                               \
          highest[e / 2] = fmaxf(highest[e / 2], scores[n][e]);                                                       \
        }                                                                                                             \
      UNROLL for (int h = 0; h < 2; h++) {                                                                            \
        highest[h] = fmaxf(highest[h], shuffle_xor(highest[h], 1));                                                   \
        highest[h] = fmaxf(highest[h], shuffle_xor(highest[h], 2));                                                   \
        factor[h] = exponential2((most[h] - highest[h]) * 1.44269504f);                                               \
        most[h] = highest[h];                                                                                         \
        total[h] *= factor[h];                                                                                        \
      }                                                                                                               \
      UNROLL for (int n = 0; n < SIZE / 8; n++)                                                                       \
        UNROLL for (int e = 0; e < 4; e++) sums[n][e] *= factor[e / 2];                                               \
      UNROLL for (int n = 0; n < KEYS / 8; n++)                                                                       \
        UNROLL for (int e = 0; e < 4; e++) {                                                                          \
          scores[n][e] = exponential2((scores[n][e] - most[e / 2]) * 1.44269504f);                                    \
          total[e / 2] += scores[n][e];                                                                               \
        }                                                                                                             \
      UNROLL for (int k = 0; k < KEYS / 16; k++) {                                                                    \
        u32 shares[4];                                                                                                \
        UNROLL for (int e = 0; e < 4; e++)                                                                            \
          shares[e] = halves(scores[k * 2 + e / 2][e % 2 * 2], scores[k * 2 + e / 2][e % 2 * 2 + 1]);                 \
        UNROLL for (int n = 0; n < SIZE / 16; n++) {                                                                  \
          u32 pair[4];                                                                                                \
          matrices_transposed(pair, values + in_head(k * 16 + lane % 16, n * 2 + lane / 16, SIZE));                   \
          multiply(sums[n * 2], shares, pair[0], pair[1]);                                                            \
          multiply(sums[n * 2 + 1], shares, pair[2], pair[3]);                                                        \
        }                                                                                                             \
      }                                                                                                               \
    }                                                                                                                 \
    UNROLL for (int h = 0; h < 2; h++) {                                                                              \
      total[h] += shuffle_xor(total[h], 1);                                                                           \
      total[h] += shuffle_xor(total[h], 2);                                                                           \
    }                                                                                                                 \
    UNROLL for (int h = 0; h < 2; h++) {                                                                              \
      int q = upper + h * 8;                                                                                          \
      if (q >= tokens) continue;                                                                                      \
      float inverse = 1.0f / total[h];                                                                                \
      half_t* to = mixed + (long long)(start + q) * heads * SIZE + head * SIZE + lane % 4 * 2;                        \
      UNROLL for (int n = 0; n < SIZE / 8; n++)                                                                       \
        *(u32*)(to + n * 8) = halves(sums[n][h * 2] * inverse, sums[n][h * 2 + 1] * inverse);                         \
    }                                                                                                                 \
  }

ATTEND(attend_32, 32)
ATTEND(attend_64, 64)
ATTEND(attend_128, 128)

// ---- Pooling: a block for each sequence and 128 dimensions ----

// `plan[sequences + 2·sequence ..]` names a sequence's first row and its tokens. Modes: 0 first token, 1 mean,
// 2 largest, 3 sum over the square root of the tokens. Shapes: hidden tokens×width, pooled sequences×width.
KERNEL(128) pool(const int* plan, const float* hidden, float* pooled, int sequences, int width, int mode) {
  int at = BLOCK_Y * 128 + THREAD;
  if (at >= width) return;
  int start = plan[sequences + BLOCK_X * 2], tokens = plan[sequences + BLOCK_X * 2 + 1];
  const float* column = hidden + (long long)start * width + at;
  float value = column[0];
  if (mode != 0) {
    for (int token = 1; token < tokens; token++) {
      float next = column[(long long)token * width];
      value = mode == 2 ? fmaxf(value, next) : value + next;
    }
  }
  if (mode == 1) value /= (float)tokens;
  if (mode == 3) value /= sqrtf((float)tokens);
  pooled[(long long)BLOCK_X * width + at] = value;
}
