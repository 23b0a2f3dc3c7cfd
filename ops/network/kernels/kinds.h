#ifndef BURNISH_KERNELS_KINDS_H
#define BURNISH_KERNELS_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_WEIGHTS = 256, KINDS = 5, MOST_SETS = 8 };

// Weights of a block, in order. first is the first dimension of the first one.
typedef struct {
	const float *p[MOST_WEIGHTS];
	size_t sizes[MOST_WEIGHTS];
	int count, first;
} Weights;

// Pool divides work: run calls work(data, i) for every i below n, on as many
// threads as there are, and returns when all are done.
typedef struct Pool {
	void (*run)(const struct Pool *, void (*work)(void *data, size_t i), void *data, size_t n);
	void *self;
} Pool;

// Shape is what a block takes and gives: channels, what sides must be multiples
// of, and by how much they grow.
typedef struct {
	int in, out, multiple, up, down;
} Shape;

// Kind is a sort of block. make returns NULL with a reason, or without one if there is no memory.
typedef struct Kind {
	const char *name;
	void *(*make)(const Weights *w, Shape *s, const char **why);
	void (*free)(void *block);
	bool (*run)(const void *block, const Pool *pool, const float *x, float *y, int h, int w);
} Kind;

// Set is all kinds, compiled for one instruction set. The last of sets has no name.
typedef struct {
	const char *name;
	const Kind *kinds;
} Set;

extern const Set sets[];

#endif
