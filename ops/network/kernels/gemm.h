#ifndef BURNISH_KERNELS_GEMM_H
#define BURNISH_KERNELS_GEMM_H

#include <stddef.h>

#include "memory.h"
#include "vector.h"

// Products of matrices are what the blocks are made of. Features of a pixel lie
// together (H x W x C), so a 1x1 convolution of a row of pixels is one product,
// and a convolution a sum of products ("taps") over several rows.

#define PANEL 16 // columns of b that lie together; no fewer than LANES

// Factors consist of units (see vector.h): of single numbers, or of pairs of them that
// follow each other along the sum. Counts and distances below are of units.

// Left is the left factor: m rows of taps x k units.
typedef struct {
	const unit *p;
	ptrdiff_t row, col; // from a row to the next, from a unit to the next
	int k;              // units of a tap
	int taps;           // 1, or as many as tap has
	const ptrdiff_t *tap; // where a tap begins, from p; NULL: at p
} Left;

// Right is the right factor: taps*k rows of n columns, n rounded up to PANEL.
typedef struct {
	const unit *p;
	ptrdiff_t row;   // from a row to the next
	ptrdiff_t panel; // from a panel of columns to the next
} Right;

// Result is where the product goes: c[i][j] = init[j] + add[i][j] + product.
typedef struct {
	float *p;
	ptrdiff_t row;
	const float *init; // PANEL-rounded n, or NULL for 0
	const float *add;  // or NULL
	ptrdiff_t add_row;
	num *nums; // where it goes as nums instead of p; row is of nums then
} Result;

static void gemm(int m, int n, Left a, Right b, Result c);

// units is how many hold n numbers.
static inline int units(int n) { return (n + PER - 1) / PER; }

// rows is the Left of rows of k numbers, `row` numbers apart, of which PER is a divisor.
static inline Left rows(const num *p, ptrdiff_t row, int k) {
	return (Left){.p = (const unit *) p, .row = row / PER, .col = 1, .k = units(k), .taps = 1};
}

// panels packs k x n numbers, w[i*row + j*col], for Right: rows lie PANEL apart,
// panels units(k)*PANEL. What is missing is 0. The caller frees it.
static unit *panels(const float *w, int k, int n, ptrdiff_t row, ptrdiff_t col);

// packed is the Right of a matrix of k rows that panels has packed.
static inline Right packed(const unit *p, int k) { return (Right){p, PANEL, (ptrdiff_t) units(k) * PANEL}; }

#endif
