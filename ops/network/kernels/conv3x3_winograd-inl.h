#include <stdlib.h>
#include <string.h>

#include "conv3x3_winograd.h"
#include "vector.h"

// A row of a 3x3 convolution takes 3 products for each of the three rows above,
// at and below it. Winograd's F(4,3) makes four neighbouring pixels ("a quad") of six
// products a row instead of twelve: points of the polynomials whose product the
// convolution is. Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", CVPR 2016.

#define POINTS 6
#define QUAD 4
#define JOBS 16 // at the most, of at least LEAST rows; two more of each are turned into points twice
#define LEAST 4

static bool conv3x3_winograd_make(Conv3x3 *k, int in, int padded, int out, const float *weights, const float *bias, bool gelu) {
	*k = (Conv3x3){.in = padded, .out = (out + PANEL - 1) / PANEL * PANEL, .gelu = gelu};
	const size_t point = (size_t) 3 * padded * k->out;
	float *points = alloc_floats(POINTS * point);
	k->bias = alloc_floats(k->out);
	if (!points || !k->bias) {
		free(points);
		return false;
	}
	memset(points, 0, POINTS * point * sizeof(float));
	for (int o = 0; o < k->out; o++) {
		k->bias[o] = bias && o < out ? bias[o] : 0;
		for (int i = 0; o < out && i < in; i++)
			for (int y = 0; y < 3; y++) {
				const float *w = weights + ((size_t) o * in + i) * 9 + 3 * y;
				float *p = points + ((size_t) y * padded + i) * k->out + o;
				const double a = w[0], b = w[1], c = w[2];
				p[0] = a / 4;
				p[point] = -(a + b + c) / 6;
				p[2 * point] = (b - a - c) / 6;
				p[3 * point] = a / 24 + b / 12 + c / 6;
				p[4 * point] = a / 24 - b / 12 + c / 6;
				p[5 * point] = c;
			}
	}
	k->weights = panels(points, POINTS * 3 * padded, k->out, k->out, 1);
	free(points);
	return k->weights != NULL;
}

static void conv3x3_winograd_free(Conv3x3 *k) {
	free(k->weights);
	free(k->bias);
}

static int quads(int w) { return (w + QUAD - 1) / QUAD; }

// to_points turns a row of w pixels and its border, from the pixel left of it on, into points:
// POINTS x quads x channels. Behind the border it takes zeros.
static void to_points(const float *x, int w, int c, num *points) {
	const ptrdiff_t next = (ptrdiff_t) quads(w) * c;
	for (int left = w + 2; left > 2; left -= QUAD, x += QUAD * c, points += c)
		for (int i = 0; i < c; i += LANES) {
			vec d[POINTS];
			for (int n = 0; n < POINTS; n++)
				d[n] = n < left ? load(x + n * c + i) : set1(0);
			const vec even = madd(set1(-4), d[2], d[4]), odd = madd(set1(-4), d[1], d[3]);
			const vec far = d[4] - d[2], wide = set1(2) * (d[3] - d[1]);
			put(points + i, madd(set1(4), d[0], madd(set1(-5), d[2], d[4])));
			put(points + next + i, even + odd);
			put(points + 2 * next + i, even - odd);
			put(points + 3 * next + i, far + wide);
			put(points + 4 * next + i, far - wide);
			put(points + 5 * next + i, madd(set1(4), d[1], madd(set1(-5), d[3], d[5])));
		}
}

// from_points makes a row of y of its points and adds its pixels to sums, unless NULL.
static void from_points(const Conv3x3 *k, const float *points, Features y, float *sums) {
	const int c = k->out;
	const ptrdiff_t next = (ptrdiff_t) quads(y.w) * c;
	for (int i = 0; i < c; i += LANES) {
		const vec bias = load(k->bias + i);
		vec sum = set1(0);
		const float *m = points + i;
		float *to = y.p + i;
		for (int left = y.w; left > 0; left -= QUAD, m += c) {
			const vec m0 = load(m), m1 = load(m + next), m2 = load(m + 2 * next), m3 = load(m + 3 * next), m4 = load(m + 4 * next);
			const vec near = m1 + m2, across = m1 - m2, far = m3 + m4, wide = m3 - m4;
			vec v[QUAD] = {
			    ((m0 + near) + far),
			    madd(set1(2), wide, across),
			    madd(set1(4), far, near),
			    madd(set1(8), wide, across + load(m + 5 * next)),
			};
			for (int n = 0; n < QUAD && n < left; n++, to += y.c) {
				v[n] = v[n] + bias;
				if (k->gelu)
					v[n] = vgelu(v[n]);
				store(to, v[n]);
				sum = sum + v[n];
			}
		}
		if (sums)
			store(sums + i, load(sums + i) + sum);
	}
}

typedef struct {
	const Conv3x3 *k;
	Features x, y;
	float *sums; // of every band, or NULL
	int band;    // rows
	bool failed;
} ConvJob;

static void run_band(void *data, size_t band) {
	ConvJob *j = data;
	const Conv3x3 *k = j->k;
	const int top = band * j->band, bottom = top + j->band < j->y.h ? top + j->band : j->y.h, n = quads(j->y.w);
	const size_t row = (size_t) POINTS * n * k->in / PER, point = (size_t) n * k->in / PER;
	float *memory = alloc_floats(3 * row + (size_t) POINTS * n * k->out);
	if (!memory) {
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
		return;
	}
	unit *points = (unit *) memory;
	float *out = memory + 3 * row;
	float *sums = j->sums ? j->sums + band * k->out : NULL;
	if (sums)
		memset(sums, 0, k->out * sizeof(float));
	for (int y = top - 1; y <= bottom; y++) {
		to_points(j->x.p + y * j->x.row - k->in, j->y.w, k->in, (num *) (points + (y + 3) % 3 * row));
		if (y <= top)
			continue;
		const ptrdiff_t taps[3] = {(y + 1) % 3 * row, (y + 2) % 3 * row, y % 3 * row}; // of the rows around y-1
		for (int p = 0; p < POINTS; p++)
			gemm(n, k->out, (Left){.p = points + p * point, .row = k->in / PER, .col = 1, .k = k->in / PER, .taps = 3, .tap = taps},
			        (Right){k->weights + (ptrdiff_t) p * 3 * k->in / PER * PANEL, PANEL, (ptrdiff_t) POINTS * 3 * k->in / PER * PANEL},
			        (Result){.p = out + (ptrdiff_t) p * n * k->out, .row = k->out});
		Features to = j->y;
		to.p += (y - 1) * to.row;
		from_points(k, out, to, sums);
	}
	free(memory);
}

static bool conv3x3_winograd_run(const Conv3x3 *k, const Pool *pool, Features x, Features y, float *sums) {
	ConvJob j = {.k = k, .x = x, .y = y};
	j.band = (y.h + JOBS - 1) / JOBS;
	if (j.band < LEAST)
		j.band = LEAST;
	const size_t bands = (y.h + j.band - 1) / j.band;
	if (sums && !(j.sums = alloc_floats(bands * k->out)))
		return false;
	pool->run(pool, run_band, &j, bands);
	for (int c = 0; sums && !j.failed && c < k->out; c++) {
		double sum = 0;
		for (size_t b = 0; b < bands; b++)
			sum += j.sums[b * k->out + c];
		sums[c] = sum;
	}
	free(j.sums);
	return !j.failed;
}
