#ifndef BURNISH_KERNELS_WINDOWS_H
#define BURNISH_KERNELS_WINDOWS_H

#include "blocks.h"

// Windows is multi-head attention of the n = side*side pixels of a window to m
// pixels, its own (HAB) or those of an overlapping window (OCAB).
typedef struct {
	int c, heads, side, reach; // reach: side of the window of keys, px
	int shift;                 // by which the windows are moved down and right, wrapping
	unit *qkv;                 // c to 3c; q scaled by 1/sqrt(c/heads)
	float *qkv_bias;
	float *bias;               // heads x n x m
	unit *out;
	float *out_bias;
} Windows;

// windows_make takes linear layers as in x out.
static bool windows_make(Windows *a, int c, int heads, int side, int reach, int shift, const float *qkv, const float *qkv_bias, const float *bias,
                  const float *out, const float *out_bias);
static void windows_free(Windows *a);

// windows_run writes x + attention(y) + part * side branch to z. x, y and z are
// of one size, z may be x; branch may have no memory, and part is c factors.
// It needs memory for windows_memory floats.
static size_t windows_memory(const Windows *a, int h, int w);
static bool windows_run(const Windows *a, const Pool *pool, Features x, Features y, Features branch, const float *part, Features z, float *memory);

#endif
