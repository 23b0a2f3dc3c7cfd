#include <math.h>
#include <string.h>

#include "blocks.h"
#include "vector.h"

#define NORM_EPS 1e-5f // PyTorch's default
#define VECTORS_OF_PANEL (PANEL / LANES)

INLINE float total(const vec sums[VECTORS_OF_PANEL]) {
	vec sum = sums[0];
	for (int v = 1; v < VECTORS_OF_PANEL; v++)
		sum = sum + sums[v];
	return hsum(sum);
}

// NORMALISE computes `normal` of the channels i of every pixel for `keep`.
#define NORMALISE(x, n, c, keep) \
	const float part = 1.0f / c; \
	for (int p = 0; p < n; p++, x += c, y += c) { \
		vec sums[VECTORS_OF_PANEL] = {0}, squares[VECTORS_OF_PANEL] = {0}; \
		for (int i = 0; i < c; i += PANEL) \
			for (int v = 0; v < VECTORS_OF_PANEL; v++) \
				sums[v] = sums[v] + load(x + i + v * LANES); \
		const vec mean = set1(total(sums) * part); \
		for (int i = 0; i < c; i += PANEL) \
			for (int v = 0; v < VECTORS_OF_PANEL; v++) { \
				const vec d = load(x + i + v * LANES) - mean; \
				squares[v] = madd(d, d, squares[v]); \
			} \
		const vec scale = set1(1 / sqrtf(total(squares) * part + NORM_EPS)); \
		for (int i = 0; i < c; i += LANES) { \
			const vec normal = (load(x + i) - mean) * scale; \
			keep; \
		} \
	}

static void normalise(const float *x, num *y, int n, int c) { NORMALISE(x, n, c, put(y + i, normal)) }

static void normalise_by(Norm by, const float *x, float *y, int n, int c) {
	NORMALISE(x, n, c, store(y + i, madd(normal, load(by.scale + i), load(by.shift + i))))
}

typedef struct {
	const float *from, *add;
	float *to;
	Features x;
} Turn;

static void row_from_planes(void *data, size_t r) {
	const Turn *t = data;
	const Features x = t->x;
	const ptrdiff_t plane = (ptrdiff_t) x.h * x.w;
	for (int c = 0; c < x.c; c += TURN) {
		const float *from = t->from + c * plane + r * x.w;
		float *to = x.p + r * x.row + c;
		int i = 0;
		for (; i + TURN <= x.w; i += TURN)
			turn(from + i, plane, to + (ptrdiff_t) i * x.c, x.c);
		for (; i < x.w; i++)
			for (int j = 0; j < TURN; j++)
				to[(ptrdiff_t) i * x.c + j] = from[j * plane + i];
	}
}

static void from_planes(const Pool *pool, const float *planes, Features x) {
	Turn t = {.from = planes, .x = x};
	pool->run(pool, row_from_planes, &t, x.h);
}

static void row_to_planes(void *data, size_t r) {
	const Turn *t = data;
	const Features x = t->x;
	const ptrdiff_t plane = (ptrdiff_t) x.h * x.w;
	for (int c = 0; c < x.c; c += TURN) {
		const float *from = x.p + r * x.row + c;
		float *to = t->to + c * plane + r * x.w;
		int i = 0;
		for (; i + TURN <= x.w; i += TURN)
			turn(from + (ptrdiff_t) i * x.c, x.c, to + i, plane);
		for (; i < x.w; i++)
			for (int j = 0; j < TURN; j++)
				to[j * plane + i] = from[(ptrdiff_t) i * x.c + j];
	}
	for (int c = 0; t->add && c < x.c; c++) {
		const float *add = t->add + c * plane + r * x.w;
		float *to = t->to + c * plane + r * x.w;
		for (int i = 0; i < x.w; i++)
			to[i] += add[i];
	}
}

static void to_planes(const Pool *pool, Features x, const float *add, float *planes) {
	Turn t = {.to = planes, .add = add, .x = x};
	pool->run(pool, row_to_planes, &t, x.h);
}

size_t bordered_size(int h, int w, int c, int pad) { return (size_t) (h + 2 * pad) * (w + 2 * pad) * c; }

static Features bordered(float *memory, int h, int w, int c, int pad) {
	const ptrdiff_t row = (ptrdiff_t) (w + 2 * pad) * c, side = (ptrdiff_t) pad * c;
	const size_t ends = pad * row * sizeof(float);
	memset(memory, 0, ends);
	memset(memory + (h + pad) * row, 0, ends);
	for (int y = pad; y < h + pad; y++) {
		memset(memory + y * row, 0, side * sizeof(float));
		memset(memory + (y + 1) * row - side, 0, side * sizeof(float));
	}
	return (Features){memory + pad * row + side, h, w, c, row};
}
