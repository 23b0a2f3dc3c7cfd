//go:build amd64 && linux

#include "gemm.h"

#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define ROWS 6 // of a at a time: with two vectors of b, twelve sums, which registers hold

// tile1 to tile6 compute so many rows of one panel. Sums have names: of an array of them compilers
// keep a copy in memory.
#define SUMS(i) \
	vec s##i = c.add ? _mm256_add_ps(i0, load(c.add + i * c.add_row)) : i0, \
	    t##i = c.add ? _mm256_add_ps(i1, load(c.add + i * c.add_row + LANES)) : i1;
#define STEP(i) \
	vec v##i = _mm256_broadcast_ss(p + i * a.row); \
	s##i = fma8(v##i, b0, s##i); \
	t##i = fma8(v##i, b1, t##i);
#define KEEP(i) \
	store(c.p + i * c.row, s##i); \
	store(c.p + i * c.row + LANES, t##i);
#define TILE(n, EACH) \
	INLINE void tile##n(Left a, const float *b, ptrdiff_t brow, Result c) { \
		vec i0 = c.init ? load(c.init) : set1(0), i1 = c.init ? load(c.init + LANES) : set1(0); \
		EACH(SUMS) \
		for (int tap = 0; tap < a.taps; tap++) { \
			const float *p = a.tap ? a.p + a.tap[tap] : a.p; \
			for (int k = 0; k < a.k; k++, p += a.col, b += brow) { \
				vec b0 = load(b), b1 = load(b + LANES); \
				EACH(STEP) \
			} \
		} \
		EACH(KEEP) \
	}

#define EACH1(X) X(0)
#define EACH2(X) EACH1(X) X(1)
#define EACH3(X) EACH2(X) X(2)
#define EACH4(X) EACH3(X) X(3)
#define EACH5(X) EACH4(X) X(4)
#define EACH6(X) EACH5(X) X(5)
TILE(1, EACH1)
TILE(2, EACH2)
TILE(3, EACH3)
TILE(4, EACH4)
TILE(5, EACH5)
TILE(6, EACH6)

static void full(Left a, const float *b, ptrdiff_t brow, Result c) {
	if (a.col == 1 && brow == PANEL) {
		a.col = 1; // the compiler sees it as constant then
		tile6(a, b, PANEL, c);
	} else {
		tile6(a, b, brow, c);
	}
}

static void partial(int rows, Left a, const float *b, ptrdiff_t brow, Result c) {
	switch (rows) {
	case 1: tile1(a, b, brow, c); break;
	case 2: tile2(a, b, brow, c); break;
	case 3: tile3(a, b, brow, c); break;
	case 4: tile4(a, b, brow, c); break;
	case 5: tile5(a, b, brow, c); break;
	}
}

void gemm(int m, int n, Left a, Right b, Result c) {
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
	float *p = alloc_floats((size_t) count * k * PANEL);
	if (!p)
		return NULL;
	for (int j = 0; j < count * PANEL; j++)
		for (int i = 0; i < k; i++)
			p[((size_t) (j / PANEL) * k + i) * PANEL + j % PANEL] = j < n ? w[i * row + j * col] : 0;
	return p;
}

float *alloc_floats(size_t n) {
	size_t bytes = (n + 2 * PANEL) * sizeof(float);
	return aligned_alloc(64, (bytes + 63) / 64 * 64);
}
