//go:build amd64 && linux

#include <math.h>
#include <string.h>

#include "blocks.h"
#include "vector.h"

#define NORM_EPS 1e-5f // PyTorch's default

void normalise(const float *x, float *y, int n, int c) {
	const float part = 1.0f / c;
	for (int p = 0; p < n; p++, x += c, y += c) {
		vec s = load(x), t = load(x + LANES);
		for (int i = 2 * LANES; i < c; i += 2 * LANES) {
			s = _mm256_add_ps(s, load(x + i));
			t = _mm256_add_ps(t, load(x + i + LANES));
		}
		vec mean = set1(sum8(_mm256_add_ps(s, t)) * part), v = set1(0), u = set1(0);
		for (int i = 0; i < c; i += 2 * LANES) {
			vec d = _mm256_sub_ps(load(x + i), mean), e = _mm256_sub_ps(load(x + i + LANES), mean);
			v = fma8(d, d, v);
			u = fma8(e, e, u);
		}
		vec scale = set1(1 / sqrtf(sum8(_mm256_add_ps(v, u)) * part + NORM_EPS));
		for (int i = 0; i < c; i += LANES)
			store(y + i, _mm256_mul_ps(_mm256_sub_ps(load(x + i), mean), scale));
	}
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
	for (int c = 0; c < x.c; c += LANES) {
		const float *from = t->from + c * plane + r * x.w;
		float *to = x.p + r * x.row + c;
		int i = 0;
		for (; i + LANES <= x.w; i += LANES)
			transpose8x8(from + i, plane, to + (ptrdiff_t) i * x.c, x.c);
		for (; i < x.w; i++)
			for (int j = 0; j < LANES; j++)
				to[(ptrdiff_t) i * x.c + j] = from[j * plane + i];
	}
}

void from_planes(const Pool *pool, const float *planes, Features x) {
	Turn t = {.from = planes, .x = x};
	pool->run(pool, row_from_planes, &t, x.h);
}

static void row_to_planes(void *data, size_t r) {
	const Turn *t = data;
	const Features x = t->x;
	const ptrdiff_t plane = (ptrdiff_t) x.h * x.w;
	for (int c = 0; c < x.c; c += LANES) {
		const float *from = x.p + r * x.row + c;
		float *to = t->to + c * plane + r * x.w;
		int i = 0;
		for (; i + LANES <= x.w; i += LANES)
			transpose8x8(from + (ptrdiff_t) i * x.c, x.c, to + i, plane);
		for (; i < x.w; i++)
			for (int j = 0; j < LANES; j++)
				to[j * plane + i] = from[(ptrdiff_t) i * x.c + j];
	}
	for (int c = 0; t->add && c < x.c; c++) {
		const float *add = t->add + c * plane + r * x.w;
		float *to = t->to + c * plane + r * x.w;
		for (int i = 0; i < x.w; i++)
			to[i] += add[i];
	}
}

void to_planes(const Pool *pool, Features x, const float *add, float *planes) {
	Turn t = {.to = planes, .add = add, .x = x};
	pool->run(pool, row_to_planes, &t, x.h);
}

size_t bordered_size(int h, int w, int c, int pad) { return (size_t) (h + 2 * pad) * (w + 2 * pad) * c; }

Features bordered(float *memory, int h, int w, int c, int pad) {
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
