#include "bridge.h"

#include <math.h>
#include <string.h>

// Lanczos 3 across rows of three bytes a pixel. Weights are integers, so that
// every processor makes the same pixels.

#define LOBES 3
#define UNIT_BITS 14 // of weights: their sum is 1 << UNIT_BITS
#define BANDS 3
#define GROUP 4 // taps that are weighed at once
#define SPARE 2 // pixels that reading a group, of 16 bytes, may touch behind it

typedef struct {
	int taps; // of each column, a multiple of GROUP; the last may weigh nothing
	int safe; // columns, from the left, that read nothing behind their row a GROUP at a time
	int *first;       // input pixel of each column's first tap
	int16_t *weights; // column by column
} narrow;

static double sinc(double x)
{
	return fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x);
}

static double lanczos(double x)
{
	return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

// Rounds n weights such that their sum is exact: the largest makes up for it.
static void rounded(const double *weights, int n, int16_t *out)
{
	double sum = 0;
	int left = 1 << UNIT_BITS, largest = 0;
	for (int i = 0; i < n; i++)
		sum += weights[i];
	for (int i = 0; i < n; i++) {
		out[i] = (int16_t) lround(weights[i] / sum * (1 << UNIT_BITS));
		left -= out[i];
		if (out[i] > out[largest])
			largest = i;
	}
	out[largest] += left;
}

static void narrow_free(narrow *t)
{
	g_free(t->first);
	g_free(t->weights);
	g_free(t);
}

// Pixels beyond an edge are as the one at it.
static narrow *narrow_new(int from, int to)
{
	narrow *t = g_new0(narrow, 1);
	double factor = (double) from / to;
	int used = VIPS_MIN((int) ceil(2 * LOBES * factor) + 1, from);
	t->taps = (used + GROUP - 1) / GROUP * GROUP;
	t->first = g_new(int, to);
	t->weights = g_new0(int16_t, (size_t) to * t->taps);
	double *weights = g_new(double, used);
	for (int x = 0; x < to; x++) {
		double centre = (x + 0.5) * factor - 0.5;
		int first = (int) ceil(centre - LOBES * factor);
		t->first[x] = VIPS_CLIP(0, first, from - used);
		memset(weights, 0, used * sizeof(double));
		for (int i = first; i <= centre + LOBES * factor; i++) {
			int tap = VIPS_CLIP(0, i, from - 1) - t->first[x];
			weights[VIPS_CLIP(0, tap, used - 1)] += lanczos((i - centre) / factor);
		}
		rounded(weights, used, t->weights + (size_t) x * t->taps);
		if (t->first[x] + t->taps + SPARE <= from)
			t->safe = x + 1;
	}
	g_free(weights);
	return t;
}

static inline uint8_t level(int sum)
{
	sum = (sum + (1 << (UNIT_BITS - 1))) >> UNIT_BITS;
	return (uint8_t) VIPS_CLIP(0, sum, 255);
}

// Columns x to end of a row. Taps behind the row's end weigh nothing and are
// not read.
static void plain(const narrow *t, int width, const uint8_t *in, uint8_t *out, int x, int end)
{
	for (; x < end; x++, out += BANDS) {
		const uint8_t *p = in + (size_t) t->first[x] * BANDS;
		const int16_t *w = t->weights + (size_t) x * t->taps;
		int taps = VIPS_MIN(t->taps, width - t->first[x]), r = 0, g = 0, b = 0;
		for (int i = 0; i < taps; i++, p += BANDS) {
			r += w[i] * p[0];
			g += w[i] * p[1];
			b += w[i] * p[2];
		}
		out[0] = level(r);
		out[1] = level(g);
		out[2] = level(b);
	}
}

#ifdef __x86_64__
#include <immintrin.h>

#define ROWS 4 // that share the loading of weights

// Pixels 0 and 1 in the lower half, 2 and 3 in the upper, each band's two side
// by side as 16-bit numbers: what one multiplication adds up.
__attribute__((target("avx2"), always_inline)) static inline __m256i pairs(const uint8_t *p)
{
	const __m256i places = _mm256_setr_epi8(
		0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
		6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
	__m128i bytes = _mm_loadu_si128((const __m128i *) p);
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), places);
}

__attribute__((target("avx2"), always_inline)) static inline void put(__m256i sums, uint8_t *out)
{
	__m128i s = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
	s = _mm_srai_epi32(_mm_add_epi32(s, _mm_set1_epi32(1 << (UNIT_BITS - 1))), UNIT_BITS);
	s = _mm_packus_epi16(_mm_packs_epi32(s, s), s);
	uint32_t rgb = (uint32_t) _mm_cvtsi128_si32(s);
	out[0] = rgb;
	out[1] = rgb >> 8;
	out[2] = rgb >> 16;
}

// Columns x to end of ROWS rows.
__attribute__((target("avx2"))) static void by_four(const narrow *t, const uint8_t *in, size_t in_step, uint8_t *out, size_t out_step, int x, int end)
{
	const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
	for (; x < end; x++, out += BANDS) {
		const uint8_t *p = in + (size_t) t->first[x] * BANDS;
		const int16_t *w = t->weights + (size_t) x * t->taps;
		__m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
		for (int i = 0; i < t->taps; i += GROUP, p += GROUP * BANDS) {
			__m256i weights = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *) (w + i))), spread);
			a = _mm256_add_epi32(a, _mm256_madd_epi16(weights, pairs(p)));
			b = _mm256_add_epi32(b, _mm256_madd_epi16(weights, pairs(p + in_step)));
			c = _mm256_add_epi32(c, _mm256_madd_epi16(weights, pairs(p + 2 * in_step)));
			d = _mm256_add_epi32(d, _mm256_madd_epi16(weights, pairs(p + 3 * in_step)));
		}
		put(a, out);
		put(b, out + out_step);
		put(c, out + 2 * out_step);
		put(d, out + 3 * out_step);
	}
}

// How many of the rows it made.
static int vectors(const narrow *t, const uint8_t *in, size_t in_step, uint8_t *out, size_t out_step, int x, int end, int rows)
{
	int y = 0;
	if (__builtin_cpu_supports("avx2"))
		for (; y + ROWS <= rows; y += ROWS)
			by_four(t, in + y * in_step, in_step, out + y * out_step, out_step, x, end);
	return y;
}
#else
static int vectors(const narrow *t, const uint8_t *in, size_t in_step, uint8_t *out, size_t out_step, int x, int end, int rows)
{
	return 0;
}
#endif

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	const narrow *t = b;
	VipsRegion *in = seq;
	const VipsRect *want = &out->valid;
	int width = in->im->Xsize, end = want->left + want->width;
	int right = VIPS_MIN(t->first[end - 1] + t->taps + SPARE, width);
	VipsRect need = { t->first[want->left], want->top, right - t->first[want->left], want->height };
	if (vips_region_prepare(in, &need))
		return -1;
	// Where column 0 would be; nothing outside of need is read.
	size_t in_step = VIPS_REGION_LSKIP(in), out_step = VIPS_REGION_LSKIP(out);
	const uint8_t *row = VIPS_REGION_ADDR(in, need.left, want->top) - (size_t) need.left * BANDS;
	uint8_t *to = VIPS_REGION_ADDR(out, want->left, want->top);
	int safe = VIPS_CLIP(want->left, t->safe, end);
	int quick = vectors(t, row, in_step, to, out_step, want->left, safe, want->height);
	for (int y = 0; y < want->height; y++) {
		int x = y < quick ? safe : want->left;
		plain(t, width, row + y * in_step, to + y * out_step + (size_t) (x - want->left) * BANDS, x, end);
	}
	return 0;
}

static void finish(VipsImage *image, narrow *t)
{
	narrow_free(t);
}

VipsImage *bv_narrow(VipsImage *in, int width)
{
	VipsImage *out = vips_image_new();
	vips_object_local(out, g_object_ref(in));
	if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_FATSTRIP, in, NULL)) {
		g_object_unref(out);
		return NULL;
	}
	out->Xsize = width;
	narrow *t = narrow_new(in->Xsize, width);
	g_signal_connect(out, "close", G_CALLBACK(finish), t);
	if (vips_image_generate(out, vips_start_one, generate, vips_stop_one, in, t)) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}
