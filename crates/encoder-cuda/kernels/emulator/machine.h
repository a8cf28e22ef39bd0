// What runs kernels on this processor: for process.c, which a test talks to, and for driver.c, which stands in for
// NVIDIA's library.

#include <stddef.h>
#include <stdint.h>

enum { ARGUMENTS = 16 };

// The kinds of its arguments: 'b' (buffer), 'i' (int) or 'f' (float).
struct entry {
  const char *name, *kinds;
};

struct argument {
  void* buffer;
  int whole;
  float real;
};

struct memory {
  char *base, *at;
  size_t mapped, bytes;
};

// None if there is no kernel of this name.
const struct entry* emulator_find(const char* name);
// Order 0 runs a block's threads upwards, 1 downwards. `arguments` has ARGUMENTS places.
void emulator_launch(const struct entry* entry, const struct argument* arguments, const uint64_t grid[2], int order);
struct memory emulator_allocate(size_t bytes);
void emulator_free(struct memory* memory);
void emulator_fail(const char* why);
