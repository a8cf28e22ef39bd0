// Stands in for NVIDIA's library (libcuda.so.1) in tests: as much of it as src/driver.rs asks for through cudarc. Cards
// are this processor, kernels are kernels.cu; names and arguments are taken from the PTX that is handed over, so that
// PTX, source and launches are held together.
//
// Variables of the environment say what there is: FAKE_CUDA_CARDS (1), FAKE_CUDA_VERSION (12010), FAKE_CUDA_CAPABILITY
// (80), FAKE_CUDA_MEMORY (bytes a card, 1 GiB), FAKE_CUDA_PROMISED (bytes said to be free), FAKE_CUDA_LAUNCHES (of a
// card until it fails; 0: for ever) and FAKE_CUDA_WRONG (what is read from card 0 is not what was computed).

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  INVALID_PTX = 218,
  NOT_FOUND = 500,
  LAUNCH_FAILED = 719,
  CARDS = 8,
  BLOCKS = 4096,
};

struct card {
  size_t used;
  long launches;
};

static struct card cards[CARDS];
static struct allocation {
  struct memory memory;
  int card;
} blocks[BLOCKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread void* context;

static long setting(const char* name, long absent) {
  const char* text = getenv(name);
  return text ? atol(text) : absent;
}

static int card_of(void* of) { return (int)((struct card*)of - cards); }

int cuInit(unsigned flags) { return flags ? INVALID_VALUE : SUCCESS; }
int cuDriverGetVersion(int* version) { return *version = (int)setting("FAKE_CUDA_VERSION", 12010), SUCCESS; }
int cuDeviceGetCount(int* count) { return *count = (int)setting("FAKE_CUDA_CARDS", 1), SUCCESS; }

int cuDeviceGet(int* device, int number) {
  *device = number;
  return number >= 0 && number < setting("FAKE_CUDA_CARDS", 1) ? SUCCESS : INVALID_VALUE;
}

int cuDeviceGetName(char* name, int bytes, int device) {
  (void)device;
  return snprintf(name, (size_t)bytes, "made up"), SUCCESS;
}

// 75 and 76 are the compute capability, 115 is whether memory comes from pools.
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  (void)device;
  long capability = setting("FAKE_CUDA_CAPABILITY", 80);
  *value = attribute == 75 ? (int)capability / 10 : attribute == 76 ? (int)capability % 10 : attribute == 115;
  return SUCCESS;
}

int cuDevicePrimaryCtxRetain(void** own, int device) { return *own = &cards[device], SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int device) { return (void)device, SUCCESS; }
int cuCtxGetCurrent(void** current) { return *current = context, SUCCESS; }
int cuCtxSetCurrent(void* current) { return context = current, SUCCESS; }
int cuCtxSynchronize(void) { return SUCCESS; }
int cuStreamSynchronize(void* stream) { return (void)stream, SUCCESS; }
int cuStreamWaitEvent(void* stream, void* event, unsigned flags) { return (void)stream, (void)event, (void)flags, SUCCESS; }
int cuEventCreate(void** event, unsigned flags) { return (void)flags, *event = &lock, SUCCESS; }
int cuEventDestroy_v2(void* event) { return (void)event, SUCCESS; }
int cuEventRecord(void* event, void* stream) { return (void)event, (void)stream, SUCCESS; }
int cuEventSynchronize(void* event) { return (void)event, SUCCESS; }
int cuGetErrorName(int error, const char** name) { return (void)error, *name = "an error that a test made", SUCCESS; }
int cuGetErrorString(int error, const char** text) { return cuGetErrorName(error, text); }

int cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  *total = (size_t)setting("FAKE_CUDA_MEMORY", 1L << 30);
  *free_bytes = (size_t)setting("FAKE_CUDA_PROMISED", (long)(*total - ((struct card*)context)->used));
  return SUCCESS;
}

int cuMemAllocAsync(uint64_t* at, size_t bytes, void* stream) {
  (void)stream;
  struct card* card = context;
  if (card->used + bytes > (size_t)setting("FAKE_CUDA_MEMORY", 1L << 30)) return OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  int block = 0;
  while (block < BLOCKS && blocks[block].memory.base) block++;
  int full = block == BLOCKS;
  if (!full) {
    blocks[block] = (struct allocation){emulator_allocate(bytes), card_of(card)};
    card->used += bytes;
    *at = (uint64_t)(uintptr_t)blocks[block].memory.at;
  }
  pthread_mutex_unlock(&lock);
  return full ? OUT_OF_MEMORY : SUCCESS;
}

int cuMemFreeAsync(uint64_t at, void* stream) {
  (void)stream;
  int status = INVALID_VALUE;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < BLOCKS; i++) {
    if (!blocks[i].memory.base || (uint64_t)(uintptr_t)blocks[i].memory.at != at) continue;
    cards[blocks[i].card].used -= blocks[i].memory.bytes;
    emulator_free(&blocks[i].memory);
    status = SUCCESS;
    break;
  }
  pthread_mutex_unlock(&lock);
  return status;
}

int cuMemsetD8Async(uint64_t at, unsigned char value, size_t bytes, void* stream) {
  (void)stream;
  return memset((void*)(uintptr_t)at, value, bytes), SUCCESS;
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void* stream) {
  (void)stream;
  return memcpy((void*)(uintptr_t)to, from, bytes), SUCCESS;
}

int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void* stream) {
  (void)stream;
  memcpy(to, (void*)(uintptr_t)from, bytes);
  float* values = to;
  if (setting("FAKE_CUDA_WRONG", 0) && context == &cards[0])
    for (size_t i = 0; i < bytes / 4; i += 2) values[i] = -values[i];
  return SUCCESS;
}

// ---- Modules: the text of the PTX ----

int cuModuleLoadData(void** module, const void* image) {
  *module = strdup(image);
  return strstr(image, ".version 8.1") ? SUCCESS : INVALID_PTX;
}

int cuModuleUnload(void* module) { return free(module), SUCCESS; }

// Errors: the PTX has no such entry, or one with other arguments than the kernel.
int cuModuleGetFunction(void** function, void* module, const char* name) {
  char beginning[64];
  snprintf(beginning, sizeof beginning, ".entry %s(", name);
  const struct entry* entry = emulator_find(name);
  const char* at = strstr(module, beginning);
  if (!entry || !at) return NOT_FOUND;
  const char* end = strchr(at, ')');
  for (const char* kind = entry->kinds; *kind; kind++) {
    at = strstr(at, ".param .");
    if (!at || at > end) return INVALID_PTX;
    at += strlen(".param .");
    const char* expected = *kind == 'b' ? "u64" : *kind == 'i' ? "u32" : "f32";
    if (strncmp(at, expected, 3)) return INVALID_PTX;
  }
  const char* more = strstr(at, ".param .");
  if (more && more < end) return INVALID_PTX;
  *function = (void*)entry;
  return SUCCESS;
}

int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y,
                   unsigned threads_z, unsigned shared, void* stream, void** given, void** extra) {
  if (z != 1 || threads != 128 || threads_y != 1 || threads_z != 1 || shared || stream || extra || !x || !y)
    return INVALID_VALUE;
  const struct entry* entry = function;
  struct card* card = context;
  struct argument arguments[ARGUMENTS] = {0};
  for (int i = 0; entry->kinds[i]; i++) {
    if (entry->kinds[i] == 'b') arguments[i].buffer = (void*)(uintptr_t)*(uint64_t*)given[i];
    if (entry->kinds[i] == 'i') arguments[i].whole = *(int*)given[i];
    if (entry->kinds[i] == 'f') arguments[i].real = *(float*)given[i];
  }
  pthread_mutex_lock(&lock);
  long most = setting("FAKE_CUDA_LAUNCHES", 0);
  int failed = most && card->launches++ >= most;
  uint64_t grid[2] = {x, y};
  if (!failed) emulator_launch(entry, arguments, grid, 0);
  pthread_mutex_unlock(&lock);
  return failed ? LAUNCH_FAILED : SUCCESS;
}
