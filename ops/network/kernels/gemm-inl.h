#include "gemm.h"

#include <stdlib.h>
#include <string.h>

#include "vector.h"

// ROWS rows of a are multiplied with one panel at a time: their sums, the panel's
// vectors and a number of a are what the registers hold. Sums have names: of an array
// of them compilers keep a copy in memory.
#if PANEL == LANES
#define ROWS 12
#define VECTORS(X, i) X(i, 0)
#elif PANEL == 2 * LANES
#define ROWS 6
#define VECTORS(X, i) X(i, 0) X(i, 1)
#elif PANEL == 4 * LANES && defined(__ARM_NEON)
#define ROWS 6
#define VECTORS(X, i) X(i, 0) X(i, 1) X(i, 2) X(i, 3)
#elif PANEL == 4 * LANES
#define ROWS 2
#define VECTORS(X, i) X(i, 0) X(i, 1) X(i, 2) X(i, 3)
#endif

#define INIT(i, v) const vec i##v = c.init ? load(c.init + v * LANES) : set1(0);
#define SUM(i, v) vec s##i##_##v = c.add ? init##v + load(c.add + i * c.add_row + v * LANES) : init##v;
#define COLUMN(i, v) const __typeof__(units_at(b)) b##v = units_at(b + v * LANES);
#define PRODUCT(i, v) s##i##_##v = products(a##i, b##v, s##i##_##v);
#define KEEP(i, v) store(c.p + i * c.row + v * LANES, s##i##_##v);
#define PUT(i, v) put(c.nums + i * c.row + v * LANES, s##i##_##v);

#define SUMS(i) VECTORS(SUM, i)
#define STEP(i) const __typeof__(one(p)) a##i = one(p + i * a.row); VECTORS(PRODUCT, i)
#define KEEPS(i) VECTORS(KEEP, i)
#define PUTS(i) VECTORS(PUT, i)

// tile1 to tile12 compute so many rows of one panel.
#define TILE(n, EACH) \
	INLINE void tile##n(Left a, const unit *b, ptrdiff_t brow, Result c) { \
		VECTORS(INIT, init) \
		EACH(SUMS) \
		for (int tap = 0; tap < a.taps; tap++) { \
			const unit *p = a.tap ? a.p + a.tap[tap] : a.p; \
			for (int k = 0; k < a.k; k++, p += a.col, b += brow) { \
				VECTORS(COLUMN, ) \
				EACH(STEP) \
			} \
		} \
		if (c.nums) { \
			EACH(PUTS) \
		} else { \
			EACH(KEEPS) \
		} \
	}

#define EACH1(X) X(0)
#define EACH2(X) EACH1(X) X(1)
#define EACH3(X) EACH2(X) X(2)
#define EACH4(X) EACH3(X) X(3)
#define EACH5(X) EACH4(X) X(4)
#define EACH6(X) EACH5(X) X(5)
#define EACH7(X) EACH6(X) X(6)
#define EACH8(X) EACH7(X) X(7)
#define EACH9(X) EACH8(X) X(8)
#define EACH10(X) EACH9(X) X(9)
#define EACH11(X) EACH10(X) X(10)
#define EACH12(X) EACH11(X) X(11)

#define FULL3(n) tile##n
#define FULL2(n) FULL3(n)
#define FULL FULL2(ROWS)

TILE(1, EACH1)
TILE(2, EACH2)
#if ROWS >= 6
TILE(3, EACH3)
TILE(4, EACH4)
TILE(5, EACH5)
TILE(6, EACH6)
#endif
#if ROWS >= 12
TILE(7, EACH7)
TILE(8, EACH8)
TILE(9, EACH9)
TILE(10, EACH10)
TILE(11, EACH11)
TILE(12, EACH12)
#endif

INLINE void full(Left a, const unit *b, ptrdiff_t brow, Result c) {
	if (a.col == 1 && brow == PANEL) {
		a.col = 1; // the compiler sees it as constant then
		FULL(a, b, PANEL, c);
	} else {
		FULL(a, b, brow, c);
	}
}

INLINE void partial(int rows, Left a, const unit *b, ptrdiff_t brow, Result c) {
	switch (rows) {
	case 1: tile1(a, b, brow, c); break;
#if ROWS >= 6
	case 2: tile2(a, b, brow, c); break;
	case 3: tile3(a, b, brow, c); break;
	case 4: tile4(a, b, brow, c); break;
	case 5: tile5(a, b, brow, c); break;
#endif
#if ROWS >= 12
	case 6: tile6(a, b, brow, c); break;
	case 7: tile7(a, b, brow, c); break;
	case 8: tile8(a, b, brow, c); break;
	case 9: tile9(a, b, brow, c); break;
	case 10: tile10(a, b, brow, c); break;
	case 11: tile11(a, b, brow, c); break;
#endif
	}
}

static __attribute__((noinline, noclone)) void gemm(int m, int n, Left a, Right b, Result c) {
	for (int j = 0; j < n; j += PANEL) {
		const unit *panel = b.p + j / PANEL * b.panel;
		Left left = a;
		Result out = {c.p ? c.p + j : NULL, c.row, c.init ? c.init + j : NULL, c.add ? c.add + j : NULL, c.add_row, c.nums ? c.nums + j : NULL};
		int i = 0;
		for (; i + ROWS <= m; i += ROWS) {
			full(left, panel, b.row, out);
			left.p += ROWS * a.row;
			if (out.nums)
				out.nums += ROWS * c.row;
			else
				out.p += ROWS * c.row;
			if (out.add)
				out.add += ROWS * c.add_row;
		}
		partial(m - i, left, panel, b.row, out);
	}
}

static unit *panels(const float *w, int k, int n, ptrdiff_t row, ptrdiff_t col) {
	const int count = (n + PANEL - 1) / PANEL, high = units(k);
	unit *p = (unit *) alloc_floats((size_t) count * high * PANEL);
	if (!p)
		return NULL;
	num *to = (num *) p;
	for (int panel = 0; panel < count * PANEL; panel += PANEL)
		for (int i = 0; i < high * PER; i += PER)
			for (int j = panel; j < panel + PANEL; j++)
				for (int r = i; r < i + PER; r++)
					*to++ = number(j < n && r < k ? w[r * row + j * col] : 0);
	return p;
}
