//go:build amd64 && linux

#include "product.h"

#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define ROWS 6 // of a at a time: with two vectors of b, twelve sums, which registers hold

INLINE void tile(const int rows, Left a, const float *b, ptrdiff_t brow, Result c) {
	vec s0[ROWS], s1[ROWS];
	vec i0 = c.init ? load(c.init) : all(0), i1 = c.init ? load(c.init + LANES) : all(0);
	for (int i = 0; i < rows; i++) {
		s0[i] = c.add ? _mm256_add_ps(i0, load(c.add + i * c.add_row)) : i0;
		s1[i] = c.add ? _mm256_add_ps(i1, load(c.add + i * c.add_row + LANES)) : i1;
	}
	for (int t = 0; t < a.taps; t++) {
		const float *p = a.tap ? a.p + a.tap[t] : a.p;
		for (int k = 0; k < a.k; k++, p += a.col, b += brow) {
			vec b0 = load(b), b1 = load(b + LANES);
			for (int i = 0; i < rows; i++) {
				vec v = _mm256_broadcast_ss(p + i * a.row);
				s0[i] = fma8(v, b0, s0[i]);
				s1[i] = fma8(v, b1, s1[i]);
			}
		}
	}
	for (int i = 0; i < rows; i++) {
		store(c.p + i * c.row, s0[i]);
		store(c.p + i * c.row + LANES, s1[i]);
	}
}

static void full(Left a, const float *b, ptrdiff_t brow, Result c) {
	if (a.col == 1 && brow == PANEL) {
		a.col = 1; // the compiler sees it as constant then
		tile(ROWS, a, b, PANEL, c);
	} else {
		tile(ROWS, a, b, brow, c);
	}
}

static void partial(int rows, Left a, const float *b, ptrdiff_t brow, Result c) {
	switch (rows) {
	case 1: tile(1, a, b, brow, c); break;
	case 2: tile(2, a, b, brow, c); break;
	case 3: tile(3, a, b, brow, c); break;
	case 4: tile(4, a, b, brow, c); break;
	case 5: tile(5, a, b, brow, c); break;
	}
}

void product(int m, int n, Left a, Right b, Result c) {
	for (int j = 0; j < n; j += PANEL) {
		const float *panel = b.p + j / PANEL * b.panel;
		Left left = a;
		Result out = {c.p + j, c.row, c.init ? c.init + j : NULL, c.add ? c.add + j : NULL, c.add_row};
		int i = 0;
		for (; i + ROWS <= m; i += ROWS) {
			full(left, panel, b.row, out);
			left.p += ROWS * a.row;
			out.p += ROWS * c.row;
			if (out.add)
				out.add += ROWS * c.add_row;
		}
		partial(m - i, left, panel, b.row, out);
	}
}

float *panels(const float *w, int k, int n, ptrdiff_t row, ptrdiff_t col) {
	int count = (n + PANEL - 1) / PANEL;
	float *p = numbers((size_t) count * k * PANEL);
	if (!p)
		return NULL;
	for (int j = 0; j < count * PANEL; j++)
		for (int i = 0; i < k; i++)
			p[((size_t) (j / PANEL) * k + i) * PANEL + j % PANEL] = j < n ? w[i * row + j * col] : 0;
	return p;
}

float *numbers(size_t n) {
	size_t bytes = (n + 2 * PANEL) * sizeof(float);
	return aligned_alloc(64, (bytes + 63) / 64 * 64);
}
