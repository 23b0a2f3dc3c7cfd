#ifndef BURNISH_KERNELS_KINDS_H
#define BURNISH_KERNELS_KINDS_H

#include "blocks.h"

enum { MOST_WEIGHTS = 256, KINDS = 5 };

// Weights of a block, in order. first is the first dimension of the first one.
typedef struct {
	const float *p[MOST_WEIGHTS];
	size_t sizes[MOST_WEIGHTS];
	int count, first;
} Weights;

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

extern const Kind kinds[KINDS];

#endif
