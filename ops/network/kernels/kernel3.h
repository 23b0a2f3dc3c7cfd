#ifndef BURNISH_BLOCKS_KERNEL3_H
#define BURNISH_BLOCKS_KERNEL3_H

#include "blocks.h"

// Kernel3 is a 3x3 convolution, optionally with GELU after it.
typedef struct {
	int in, out; // channels, out rounded up to PANEL, where the rest comes out as 0
	float *weights, *shift;
	bool gelu;
} Kernel3;

// kernel3_make takes out x in x 3 x 3, and no bias for NULL; `padded` channels come in, of which those
// from `in` on count nothing.
bool kernel3_make(Kernel3 *k, int in, int padded, int out, const float *weights, const float *bias, bool gelu);
void kernel3_free(Kernel3 *k);

// kernel3_run reads x with a border of one pixel and writes `out` of the y.c channels that lie in y.
// Unless sums is NULL, the sums over all pixels of every channel are written there.
bool kernel3_run(const Kernel3 *k, const Pool *pool, Features x, Features y, float *sums);

#endif
