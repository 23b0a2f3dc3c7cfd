#ifndef BURNISH_KERNELS_MEMORY_H
#define BURNISH_KERNELS_MEMORY_H

#include <stddef.h>

// alloc_floats gives uninitialised memory, aligned for vectors and two cache lines longer
// than asked for; NULL if there is none. Freed by free.
float *alloc_floats(size_t n);

// Scratch is memory for a moment: at least n numbers, or p is NULL. See memory.c.
typedef struct {
	float *p;
	size_t n;
} Scratch;

Scratch scratch_acquire(size_t n);
void scratch_release(Scratch m);

// scratch_trim frees what is kept for later.
void scratch_trim(void);

#endif
