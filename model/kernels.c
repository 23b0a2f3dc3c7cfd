/* Training kernels for CPUs: depthwise 3x3 convolutions with or without a gate, LayerNorm, and window attention.
 *
 * Features are B x H x W x C, single precision or bfloat16; sums are single
 * precision. fast.py compiles this file for the processor at hand, calls it
 * with pointers and has the contracts; tests/test_fast.py compares it with the
 * plain network. One thread: processes share the machine's cores.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES), aligned(4)));

static int up(int n) { return (n + LANES - 1) / LANES * LANES; }

static float *take(size_t n) {
	float *p = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
	if (!p) abort();
	return p;
}

static float *zeros(size_t n) { return memset(take(n), 0, n * sizeof(float)); }

/* n numbers of row `at` (an index of numbers) to floats; half: they are bfloat16. */
static inline void load(float *restrict to, const void *from, size_t at, int n, int half) {
	if (!half) {
		memcpy(to, (const float *)from + at, n * sizeof(float));
		return;
	}
	const uint16_t *restrict in = (const uint16_t *)from + at;
	uint32_t *restrict out = (uint32_t *)to;
	int i = 0;
	for (; i + LANES <= n; i += LANES)
		for (int l = 0; l < LANES; l++) out[i + l] = (uint32_t)in[i + l] << 16;
	for (; i < n; i++) out[i] = (uint32_t)in[i] << 16;
}

static inline void store(void *to, size_t at, const float *restrict from, int n, int half) {
	if (!half) {
		memcpy((float *)to + at, from, n * sizeof(float));
		return;
	}
	uint16_t *restrict out = (uint16_t *)to + at;
	const uint32_t *restrict in = (const uint32_t *)from;
	int i = 0;
	for (; i + LANES <= n; i += LANES)
		for (int l = 0; l < LANES; l++) out[i + l] = (in[i + l] + 0x7fff + ((in[i + l] >> 16) & 1)) >> 16;
	for (; i < n; i++) out[i] = (in[i] + 0x7fff + ((in[i] >> 16) & 1)) >> 16;
}

static inline vec choose(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

/* exp(x) of x <= 0, to 2 units in the last place; below -87 that of -87. */
static inline vec fall(vec x) {
	const vec least = (vec){0} - 87;
	x = choose(x > least, x, least);
	ivec n = __builtin_convertvector(x * 1.44269504f - 0.5f, ivec);
	vec r = x - __builtin_convertvector(n, vec) * 0.69314718f;
	vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	return (p * r * r + r + 1) * (vec)((n + 127) << 23);
}

/* The normal distribution's probability up to x, within 1e-7; bell: exp(-x*x/2). Abramowitz and Stegun, 7.1.26. */
static inline vec normal(vec x, vec bell) {
	vec z = (vec)((ivec)x & 0x7fffffff) * 0.70710678f, t = 1 / (z * 0.3275911f + 1);
	vec p = t * 1.061405429f - 1.453152027f;
	p = p * t + 1.421413741f;
	p = p * t - 0.284496736f;
	p = (p * t + 0.254829592f) * t * bell * 0.5f;
	return choose((ivec)x < 0, p, 1 - p);
}

/* Up to LANES numbers at `from`, zeros after `n`; and the way back. */
static inline vec some(const float *from, int n) {
	if (n >= LANES)
		return *(const vec *)from;
	vec x = {0};
	memcpy(&x, from, n * sizeof(float));
	return x;
}

static inline void put(float *to, vec x, int n) {
	if (n >= LANES)
		*(vec *)to = x;
	else
		memcpy(to, &x, n * sizeof(float));
}

/* Rows of an image as floats, a pixel of zeros at both ends: slots of a ring of four. */
struct ring {
	float *slots;
	size_t size;
	int width, channels, padded;
};

static struct ring ring(int width, int channels) {
	struct ring r = {.width = width, .channels = channels, .padded = up(channels)};
	r.size = (size_t)(width + 2) * r.padded;
	r.slots = zeros(4 * r.size);
	return r;
}

static float *slot(const struct ring *r, int row) { return r->slots + (row & 3) * r->size; }

/* Row `row` of an image of `height` rows into its slot; zeros outside. */
static void fill(struct ring *r, const void *image, size_t base, int row, int height, int half) {
	float *to = slot(r, row) + r->padded;
	if (row < 0 || row >= height) {
		memset(to, 0, (size_t)r->width * r->padded * sizeof(float));
		return;
	}
	size_t from = base + (size_t)row * r->width * r->channels;
	if (r->padded == r->channels) {
		load(to, image, from, r->width * r->channels, half);
		return;
	}
	for (int x = 0; x < r->width; x++)
		load(to + (size_t)x * r->padded, image, from + (size_t)x * r->channels, r->channels, half);
}

/* One row of a 3x3 depthwise convolution: taps is 9 x padded; flip: the transposed one. */
static void convolve(const struct ring *r, int row, const float *taps, const float *bias, int flip, float *out) {
	int p = r->padded;
	const float *rows[3];
	for (int k = 0; k < 3; k++) rows[k] = slot(r, row + (flip ? 1 - k : k - 1));
	for (int c = 0; c < p; c += LANES) {
		vec w[9], b = {0};
		for (int t = 0; t < 9; t++) w[t] = *(const vec *)(taps + t * p + c);
		if (bias) b = *(const vec *)(bias + c);
		for (int x = 0; x < r->width; x++) {
			vec sum = b;
			for (int k = 0; k < 3; k++)
				for (int l = 0; l < 3; l++)
					sum += w[3 * k + l] * *(const vec *)(rows[k] + (size_t)(x + (flip ? 2 - l : l)) * p + c);
			*(vec *)(out + (size_t)x * p + c) = sum;
		}
	}
}

/* Gradient of the taps from one row of gradients, which starts at its first pixel. */
static void correlate(const struct ring *in, int row, const float *grad, float *taps, float *bias) {
	int p = in->padded;
	for (int c = 0; c < p; c += LANES) {
		vec w[9] = {{0}}, b = {0};
		for (int x = 0; x < in->width; x++) {
			vec g = *(const vec *)(grad + (size_t)x * p + c);
			b += g;
			for (int k = 0; k < 3; k++)
				for (int l = 0; l < 3; l++)
					w[3 * k + l] += g * *(const vec *)(slot(in, row + k - 1) + (size_t)(x + l) * p + c);
		}
		for (int t = 0; t < 9; t++) *(vec *)(taps + t * p + c) += w[t];
		*(vec *)(bias + c) += b;
	}
}

/* C x 9 weights to 9 x padded, and the way back. */
static float *spread(const float *weight, int channels) {
	int p = up(channels);
	float *taps = zeros((size_t)9 * p);
	for (int c = 0; c < channels; c++)
		for (int t = 0; t < 9; t++) taps[t * p + c] = weight[c * 9 + t];
	return taps;
}

static float *widened(const float *bias, int channels) {
	return bias ? memcpy(zeros(up(channels)), bias, channels * sizeof(float)) : NULL;
}

/* gelu(gate) * value of one row; rows are width x padded with both halves in it. */
static void gate_row(const float *row, int width, int padded, int half_channels, float *out) {
	for (int x = 0; x < width; x++) {
		const float *a = row + (size_t)x * padded, *v = a + half_channels;
		float *o = out + (size_t)x * half_channels;
		for (int c = 0; c < half_channels; c += LANES) {
			int left = half_channels - c;
			vec gate = some(a + c, left);
			put(o + c, gate * normal(gate, fall(gate * gate * -0.5f)) * some(v + c, left), left);
		}
	}
}

/* From gradients of the gated row to those of the row before the gate, in its place. */
static void gate_back(float *row, int width, int padded, int half_channels, const float *grad) {
	for (int x = 0; x < width; x++) {
		float *a = row + (size_t)x * padded, *v = a + half_channels;
		const float *g = grad + (size_t)x * half_channels;
		for (int c = 0; c < half_channels; c += LANES) {
			int left = half_channels - c;
			vec gate = some(a + c, left), from = some(g + c, left), bell = fall(gate * gate * -0.5f);
			vec cdf = normal(gate, bell);
			put(a + c, from * some(v + c, left) * (cdf + gate * bell * 0.39894228f), left);
			put(v + c, from * gate * cdf, left);
		}
	}
}

void depthwise(const void *in, const float *weight, const float *bias, void *out, int batch, int height, int width,
	       int channels, int gated, int half) {
	struct ring r = ring(width, channels);
	int p = r.padded, kept = gated ? channels / 2 : channels;
	float *taps = spread(weight, channels), *b = widened(bias, channels);
	float *row = take((size_t)width * p), *narrow = take((size_t)width * kept);
	for (int n = 0; n < batch; n++) {
		size_t base = (size_t)n * height * width * channels;
		for (int y = -1; y < 1; y++) fill(&r, in, base, y, height, half);
		for (int y = 0; y < height; y++) {
			size_t at = ((size_t)n * height + y) * width * kept;
			fill(&r, in, base, y + 1, height, half);
			convolve(&r, y, taps, b, 0, row);
			if (gated)
				gate_row(row, width, p, kept, narrow);
			if (gated || p == channels) {
				store(out, at, gated ? narrow : row, width * kept, half);
				continue;
			}
			for (int x = 0; x < width; x++) store(out, at + (size_t)x * kept, row + (size_t)x * p, kept, half);
		}
	}
	free(r.slots), free(taps), free(b), free(row), free(narrow);
}

/* dweight is C x 9 and dbias C, both written. */
void depthwise_back(const void *in, const float *weight, const float *bias, const void *grad, void *din,
		    float *dweight, float *dbias, int batch, int height, int width, int channels, int gated, int half) {
	struct ring r = ring(width, channels), g = ring(width, channels);
	int p = r.padded, kept = gated ? channels / 2 : channels;
	float *taps = spread(weight, channels), *b = widened(bias, channels);
	float *dtaps = zeros((size_t)9 * p), *db = zeros(p);
	float *row = take((size_t)width * p), *narrow = take((size_t)width * kept);
	for (int n = 0; n < batch; n++) {
		size_t base = (size_t)n * height * width * channels, gbase = (size_t)n * height * width * kept;
		memset(g.slots, 0, 4 * g.size * sizeof(float));
		for (int y = -1; y < 1; y++) fill(&r, in, base, y, height, half);
		for (int y = 0; y <= height; y++) {
			float *now = slot(&g, y) + p;
			if (y < height) {
				fill(&r, in, base, y + 1, height, half);
				if (gated) {
					convolve(&r, y, taps, b, 0, now);
					load(narrow, grad, gbase + (size_t)y * width * kept, width * kept, half);
					gate_back(now, width, p, kept, narrow);
				} else {
					fill(&g, grad, gbase, y, height, half);
				}
				correlate(&r, y, now, dtaps, db);
			} else {
				memset(now, 0, (size_t)width * p * sizeof(float));
			}
			if (y == 0)
				continue;
			convolve(&g, y - 1, taps, NULL, 1, row);
			for (int x = 0; x < width; x++)
				store(din, base + ((size_t)(y - 1) * width + x) * channels, row + (size_t)x * p, channels, half);
		}
	}
	for (int c = 0; c < channels; c++) {
		for (int t = 0; t < 9; t++) dweight[c * 9 + t] = dtaps[t * p + c];
		dbias[c] = db[c];
	}
	free(r.slots), free(g.slots), free(taps), free(b), free(dtaps), free(db), free(row), free(narrow);
}

static inline float total(vec x) {
	float sum = 0;
	for (int l = 0; l < LANES; l++) sum += x[l];
	return sum;
}

/* A row of `n` channels as floats, zeros up to its padded width p; returns 1 / standard deviation and takes the mean off it. */
static inline float centred(const void *in, size_t at, int n, int p, float epsilon, float *row, int half) {
	vec sum = {0}, squares = {0};
	load(row, in, at, n, half);
	for (int c = 0; c < p; c += LANES) sum += *(vec *)(row + c);
	float mean = total(sum) / n;
	for (int c = 0; c < p; c += LANES) {
		put(row + c, *(vec *)(row + c) - mean, n - c);
		squares += *(vec *)(row + c) * *(vec *)(row + c);
	}
	return 1 / sqrtf(total(squares) / n + epsilon);
}

/* LayerNorm of rows x n. */
void norm(const void *in, const float *weight, const float *bias, void *out, float epsilon, int rows, int n, int half) {
	int p = up(n);
	float *w = widened(weight, n), *b = widened(bias, n), *row = zeros(p);
	for (int i = 0; i < rows; i++) {
		float scale = centred(in, (size_t)i * n, n, p, epsilon, row, half);
		for (int c = 0; c < p; c += LANES)
			put(row + c, *(vec *)(row + c) * scale * *(vec *)(w + c) + *(vec *)(b + c), n - c);
		store(out, (size_t)i * n, row, n, half);
	}
	free(w), free(b), free(row);
}

/* dweight and dbias hold n, all written. */
void norm_back(const void *in, const float *weight, const void *grad, void *din, float *dweight, float *dbias, float epsilon,
	       int rows, int n, int half) {
	int p = up(n);
	float *w = widened(weight, n), *dw = zeros(p), *db = zeros(p), *row = zeros(p), *g = zeros(p);
	for (int i = 0; i < rows; i++) {
		float scale = centred(in, (size_t)i * n, n, p, epsilon, row, half);
		vec sum = {0}, products = {0};
		load(g, grad, (size_t)i * n, n, half);
		for (int c = 0; c < p; c += LANES) {
			vec x = *(vec *)(row + c) * scale, from = *(vec *)(g + c);
			*(vec *)(row + c) = x;
			*(vec *)(dw + c) += from * x;
			*(vec *)(db + c) += from;
			from *= *(vec *)(w + c);
			*(vec *)(g + c) = from;
			sum += from;
			products += from * x;
		}
		float mean = total(sum) / n, along = total(products) / n;
		for (int c = 0; c < p; c += LANES)
			put(g + c, (*(vec *)(g + c) - mean - *(vec *)(row + c) * along) * scale, n - c);
		store(din, (size_t)i * n, g, n, half);
	}
	memcpy(dweight, dw, n * sizeof(float)), memcpy(dbias, db, n * sizeof(float));
	free(w), free(dw), free(db), free(row), free(g);
}

/* A block of `count` rows and `vecs` vectors of `product`, 16 vectors at most; both are constants where it is inlined.
 * The loops must be unrolled: the sums stay in registers then. */
static inline __attribute__((always_inline)) void block(const float *restrict a, size_t arow, size_t astep, const float *restrict b,
							int bstride, float *restrict out, int ostride, int inner, int add, int count,
							int vecs) {
	vec s[16], v[4];
#pragma GCC unroll 16
	for (int k = 0; k < count; k++)
#pragma GCC unroll 4
		for (int l = 0; l < vecs; l++)
			s[k * vecs + l] = add ? *(vec *)(out + (size_t)k * ostride + l * LANES) : (vec){0};
	for (int t = 0; t < inner; t++) {
#pragma GCC unroll 4
		for (int l = 0; l < vecs; l++) v[l] = *(const vec *)(b + (size_t)t * bstride + l * LANES);
#pragma GCC unroll 16
		for (int k = 0; k < count; k++) {
			float one = a[k * arow + t * astep];
#pragma GCC unroll 4
			for (int l = 0; l < vecs; l++) s[k * vecs + l] += one * v[l];
		}
	}
#pragma GCC unroll 16
	for (int k = 0; k < count; k++)
#pragma GCC unroll 4
		for (int l = 0; l < vecs; l++) *(vec *)(out + (size_t)k * ostride + l * LANES) = s[k * vecs + l];
}

/* out (rows x wide) (+)= a (rows x inner) * b (inner x wide); wide and rows are multiples of LANES.
 * Strides are in floats; turned: a is stored inner x rows. */
static void product(const float *a, int astride, int turned, const float *b, int bstride, float *out, int ostride, int rows,
		    int inner, int wide, int add) {
	size_t arow = turned ? 1 : astride, astep = turned ? astride : 1;
#define EACH(count, vecs)                                                                                    \
	for (int i = 0; i < rows; i += count)                                                                \
		for (int j = 0; j < wide; j += vecs * LANES)                                                 \
			block(a + i * arow, arow, astep, b + j, bstride, out + (size_t)i * ostride + j, ostride, inner, add, \
			      count, vecs)
	if (wide % (4 * LANES) == 0)
		EACH(4, 4);
	else if (wide % (3 * LANES) == 0)
		EACH(4, 3);
	else if (wide % (2 * LANES) == 0)
		EACH(8, 2);
	else
		EACH(16, 1);
#undef EACH
}

/* What attention is about: features of qkv are B x H x W x 3C, C = heads x dim. A window of `window` px a side
 * asks keys of `keys` px a side around it (keys == window: its own). Keys outside the image are zeros. */
struct shape {
	int batch, height, width, heads, dim, window, keys, shift, half;
};

/* One head of one window in single precision; d is dim padded. */
struct head {
	int n, m, d;
	float *q, *k, *v, *kt, *vt, *p, *dp, *o, *dq, *dk, *dv;
	int *at, *from, *region; /* pixel of each query and key (-1: outside); region of a shifted window's token */
};

static struct head head(const struct shape *s) {
	struct head h = {.n = s->window * s->window, .m = s->keys * s->keys, .d = up(s->dim)};
	size_t n = h.n, m = h.m, d = h.d;
	h.q = zeros(n * d), h.k = zeros(m * d), h.v = zeros(m * d), h.kt = zeros(m * d), h.vt = zeros(m * d);
	h.p = zeros(n * m), h.dp = zeros(n * m), h.o = zeros(n * d), h.dq = zeros(n * d), h.dk = zeros(m * d);
	h.dv = zeros(m * d);
	h.at = malloc(n * sizeof(int)), h.from = malloc(m * sizeof(int)), h.region = malloc(n * sizeof(int));
	if (!h.at || !h.from || !h.region) abort();
	return h;
}

static void drop(struct head *h) {
	free(h->q), free(h->k), free(h->v), free(h->kt), free(h->vt), free(h->p), free(h->dp), free(h->o);
	free(h->dq), free(h->dk), free(h->dv), free(h->at), free(h->from), free(h->region);
}

/* Where the tokens of the window at (top, left) of the rolled image lie; returns whether its regions differ. */
static int place(const struct shape *s, struct head *h, int top, int left) {
	int mixed = 0, pad = (s->keys - s->window) / 2, i = 0, j = 0;
	for (int y = top; y < top + s->window; y++)
		for (int x = left; x < left + s->window; x++, i++) {
			int row = y + s->shift, column = x + s->shift;
			int down = s->shift && row >= s->height, right = s->shift && column >= s->width;
			h->at[i] = (row - down * s->height) * s->width + column - right * s->width;
			h->region[i] = 2 * down + right;
			mixed |= h->region[i] != h->region[0];
		}
	for (int y = top - pad; y < top - pad + s->keys; y++)
		for (int x = left - pad; x < left - pad + s->keys; x++, j++) {
			int outside = y < 0 || x < 0 || y >= s->height || x >= s->width;
			h->from[j] = s->keys == s->window ? h->at[j] : outside ? -1 : y * s->width + x;
		}
	return mixed;
}

static inline void gather(float *to, int d, const void *image, size_t base, const int *at, int count, int stride, int offset, int dim,
		   int half) {
	for (int i = 0; i < count; i++) {
		float *row = to + (size_t)i * d;
		if (at[i] < 0)
			memset(row, 0, d * sizeof(float));
		else
			load(row, image, base + (size_t)at[i] * stride + offset, dim, half);
	}
}

/* rows x wide to wide x rows; rows is a multiple of LANES. */
static void turn(const float *restrict from, int rows, int wide, float *restrict to) {
	for (int i = 0; i < rows; i += LANES)
		for (int j = 0; j < wide; j++)
			for (int l = 0; l < LANES; l++) to[(size_t)j * rows + i + l] = from[(size_t)(i + l) * wide + j];
}

/* q, k and kt of head `number`, then its softmax into p. */
static void attend(const struct shape *s, struct head *h, const void *qkv, size_t base, int number, const float *bias, int mixed) {
	int all = s->heads * s->dim, stride = 3 * all, offset = number * s->dim;
	float scale = 1 / sqrtf(s->dim);
	gather(h->q, h->d, qkv, base, h->at, h->n, stride, offset, s->dim, s->half);
	gather(h->k, h->d, qkv, base, h->from, h->m, stride, all + offset, s->dim, s->half);
	gather(h->v, h->d, qkv, base, h->from, h->m, stride, 2 * all + offset, s->dim, s->half);
	for (int i = 0; i < h->n * h->d; i++) h->q[i] *= scale;
	turn(h->k, h->m, h->d, h->kt);
	memcpy(h->p, bias + (size_t)number * h->n * h->m, (size_t)h->n * h->m * sizeof(float));
	if (mixed)
		for (int i = 0; i < h->n; i++)
			for (int j = 0; j < h->m; j++) h->p[i * h->m + j] -= h->region[i] == h->region[j] ? 0 : 100;
	product(h->q, h->d, 0, h->kt, h->m, h->p, h->m, h->n, s->dim, h->m, 1);
	for (int i = 0; i < h->n; i++) {
		float *restrict row = h->p + (size_t)i * h->m, most = row[0], sum = 0;
		vec sums = {0};
		for (int j = 1; j < h->m; j++) most = row[j] > most ? row[j] : most;
		for (int j = 0; j < h->m; j += LANES) {
			vec e = fall(*(vec *)(row + j) - most);
			*(vec *)(row + j) = e;
			sums += e;
		}
		for (int l = 0; l < LANES; l++) sum += sums[l];
		sum = 1 / sum;
		for (int j = 0; j < h->m; j++) row[j] *= sum;
	}
}

/* bias is heads x n x m; out is B x H x W x C. */
void attention(const void *qkv, const float *bias, void *out, const struct shape *s) {
	struct head h = head(s);
	int all = s->heads * s->dim;
	for (int b = 0; b < s->batch; b++)
		for (int top = 0; top < s->height; top += s->window)
			for (int left = 0; left < s->width; left += s->window) {
				int mixed = place(s, &h, top, left);
				size_t pixels = (size_t)b * s->height * s->width;
				for (int i = 0; i < s->heads; i++) {
					attend(s, &h, qkv, pixels * 3 * all, i, bias, mixed);
					product(h.p, h.m, 0, h.v, h.d, h.o, h.d, h.n, h.m, h.d, 0);
					for (int t = 0; t < h.n; t++)
						store(out, (pixels + h.at[t]) * all + i * s->dim, h.o + (size_t)t * h.d, s->dim, s->half);
				}
			}
	drop(&h);
}

static void scatter(float *image, const float *from, int d, const int *at, int count, int stride, int offset, int dim, float scale) {
	for (int i = 0; i < count; i++) {
		if (at[i] < 0)
			continue;
		float *restrict to = image + (size_t)at[i] * stride + offset;
		const float *restrict row = from + (size_t)i * d;
		for (int c = 0; c < dim; c++) to[c] += scale * row[c];
	}
}

/* Gradients of attend and of the product with v, from those in o, into dq, dk, dv and the bias. */
static void attend_back(const struct shape *s, struct head *h, float *dbias) {
	turn(h->v, h->m, h->d, h->vt);
	product(h->p, h->m, 1, h->o, h->d, h->dv, h->d, h->m, h->n, h->d, 0);
	product(h->o, h->d, 0, h->vt, h->m, h->dp, h->m, h->n, s->dim, h->m, 0);
	for (int i = 0; i < h->n; i++) {
		float *restrict p = h->p + (size_t)i * h->m, *restrict g = h->dp + (size_t)i * h->m, sum = 0;
		float *restrict total = dbias + (size_t)i * h->m;
		for (int j = 0; j < h->m; j++) sum += p[j] * g[j];
		for (int j = 0; j < h->m; j++) total[j] += g[j] = p[j] * (g[j] - sum);
	}
	product(h->dp, h->m, 0, h->k, h->d, h->dq, h->d, h->n, h->m, h->d, 0);
	product(h->dp, h->m, 1, h->q, h->d, h->dk, h->d, h->m, h->n, h->d, 0);
}

/* dqkv is written, dbias too. */
void attention_back(const void *qkv, const float *bias, const void *grad, void *dqkv, float *dbias, const struct shape *s) {
	struct head h = head(s);
	int all = s->heads * s->dim, pixels = s->height * s->width;
	float *image = take((size_t)pixels * 3 * all);
	memset(dbias, 0, (size_t)s->heads * h.n * h.m * sizeof(float));
	for (int b = 0; b < s->batch; b++) {
		size_t base = (size_t)b * pixels;
		memset(image, 0, (size_t)pixels * 3 * all * sizeof(float));
		for (int top = 0; top < s->height; top += s->window)
			for (int left = 0; left < s->width; left += s->window) {
				int mixed = place(s, &h, top, left);
				for (int i = 0; i < s->heads; i++) {
					attend(s, &h, qkv, base * 3 * all, i, bias, mixed);
					gather(h.o, h.d, grad, base * all, h.at, h.n, all, i * s->dim, s->dim, s->half);
					attend_back(s, &h, dbias + (size_t)i * h.n * h.m);
					scatter(image, h.dq, h.d, h.at, h.n, 3 * all, i * s->dim, s->dim, 1 / sqrtf(s->dim));
					scatter(image, h.dk, h.d, h.from, h.m, 3 * all, all + i * s->dim, s->dim, 1);
					scatter(image, h.dv, h.d, h.from, h.m, 3 * all, 2 * all + i * s->dim, s->dim, 1);
				}
			}
		for (int i = 0; i < pixels; i++)
			store(dqkv, (base + i) * 3 * all, image + (size_t)i * 3 * all, 3 * all, s->half);
	}
	free(image);
	drop(&h);
}
