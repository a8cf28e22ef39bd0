// Runs kernels.cu for a test: buffers, copies and launches come in on standard input, contents go out on standard
// output.
//
//   A bytes            allocates a buffer; buffers are numbered from 0
//   W buffer bytes ..  writes to its beginning
//   R buffer bytes     reads from its beginning
//   F buffer           frees it
//   L name x y order n (kind value)..  launches
//
// All numbers are 64 bits, little-endian; a name is 16 bytes; the value of a float is its bits. What is wrong ends the
// program with a line on standard error.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static struct memory* buffers;
static size_t count;

static void take(void* to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) emulator_fail("the input ends in the middle of a command");
}

static uint64_t number(void) {
  uint64_t value;
  take(&value, 8);
  return value;
}

static struct memory* buffer_of(uint64_t at) {
  if (at >= count || !buffers[at].base) emulator_fail("no such buffer");
  return &buffers[at];
}

static void launch(void) {
  char name[17] = {0};
  take(name, 16);
  uint64_t grid[2] = {number(), number()};
  int order = (int)number();
  const struct entry* entry = emulator_find(name);
  if (!entry || strlen(entry->kinds) != number()) emulator_fail("no kernel of this name with so many arguments");
  struct argument arguments[ARGUMENTS] = {0};
  for (size_t i = 0; entry->kinds[i]; i++) {
    uint64_t kind = number(), value = number();
    uint32_t bits = (uint32_t)value;
    if ((uint64_t)entry->kinds[i] != kind) emulator_fail("an argument of another kind");
    if (kind == 'b') arguments[i].buffer = buffer_of(value)->at;
    arguments[i].whole = (int)bits;
    memcpy(&arguments[i].real, &bits, 4);
  }
  emulator_launch(entry, arguments, grid, order);
}

int main(void) {
  for (int command; (command = getchar()) != EOF;) {
    if (command == 'A') {
      buffers = realloc(buffers, (count + 1) * sizeof *buffers);
      buffers[count++] = emulator_allocate(number());
    } else if (command == 'F') {
      emulator_free(buffer_of(number()));
    } else if (command == 'L') {
      launch();
    } else {
      struct memory* buffer = buffer_of(number());
      uint64_t bytes = number();
      if (bytes > buffer->bytes) emulator_fail("a copy beyond the end of a buffer");
      if (command == 'W') take(buffer->at, bytes);
      else if (command == 'R') fwrite(buffer->at, 1, bytes, stdout), fflush(stdout);
      else emulator_fail("no such command");
    }
  }
  return 0;
}
