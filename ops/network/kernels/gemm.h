#ifndef BURNISH_KERNELS_GEMM_H
#define BURNISH_KERNELS_GEMM_H

#include <stddef.h>

#include "memory.h"

// Products of matrices are what the blocks are made of. Features of a pixel lie
// together (H x W x C), so a 1x1 convolution of a row of pixels is one product,
// and a convolution a sum of products ("taps") over several rows.

#define PANEL 16 // columns of b that lie together; no fewer than LANES

// Left is the left factor: m rows of taps x k numbers.
typedef struct {
	const float *p;
	ptrdiff_t row, col; // floats from a row to the next, from a number to the next
	int k;              // numbers of a tap
	int taps;           // 1, or as many as tap has
	const ptrdiff_t *tap; // where a tap begins, floats from p; NULL: at p
} Left;

// Right is the right factor: taps*k rows of n columns, n rounded up to PANEL.
typedef struct {
	const float *p;
	ptrdiff_t row;   // floats from a row to the next
	ptrdiff_t panel; // from a panel of columns to the next
} Right;

// Result is where the product goes: c[i][j] = init[j] + add[i][j] + product.
typedef struct {
	float *p;
	ptrdiff_t row;
	const float *init; // PANEL-rounded n, or NULL for 0
	const float *add;  // or NULL
	ptrdiff_t add_row;
} Result;

static void gemm(int m, int n, Left a, Right b, Result c);

// panels packs k x n numbers, w[i*row + j*col], for Right: rows lie PANEL apart,
// panels k*PANEL. Missing columns are 0. The caller frees it.
static float *panels(const float *w, int k, int n, ptrdiff_t row, ptrdiff_t col);

// packed is the Right of a matrix of k rows that panels has packed.
static inline Right packed(const float *p, int k) { return (Right){p, PANEL, (ptrdiff_t) k * PANEL}; }

#endif
