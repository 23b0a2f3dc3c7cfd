#ifndef BURNISH_KERNELS_CONV3X3_WINOGRAD_H
#define BURNISH_KERNELS_CONV3X3_WINOGRAD_H

#include "blocks.h"

// Conv3x3 is a 3x3 convolution, optionally with GELU after it.
typedef struct {
	int in, out; // channels, out rounded up to PANEL, where the rest comes out as 0
	unit *weights;
	float *bias;
	bool gelu;
} Conv3x3;

// conv3x3_winograd_make takes out x in x 3 x 3, and no bias for NULL; `padded` channels come in, of which those
// from `in` on count nothing.
static bool conv3x3_winograd_make(Conv3x3 *k, int in, int padded, int out, const float *weights, const float *bias, bool gelu);
static void conv3x3_winograd_free(Conv3x3 *k);

// conv3x3_winograd_run reads x with a border of one pixel and writes `out` of the y.c channels that lie in y.
// Unless sums is NULL, the sums over all pixels of every channel are written there.
static bool conv3x3_winograd_run(const Conv3x3 *k, const Pool *pool, Features x, Features y, float *sums);

#endif
