#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"

#define EPS 1e-12f // of the norms of q and k, as in torch.nn.functional.normalize

static bool mdta_make(Mdta *a, int c, int heads, Norm n, const float *temperature, const float *qkv, const float *deep, const float *out) {
	*a = (Mdta){.heads = heads};
	bool made = expand_make(&a->expand, c, 3 * c, n, qkv, NULL, deep, NULL);
	a->temperature = alloc_floats(heads);
	a->out = alloc_floats((size_t) c * c);
	if (!made || !a->temperature || !a->out)
		return false;
	memcpy(a->temperature, temperature, heads * sizeof(float));
	const int d = c / heads;
	for (int h = 0; h < heads; h++)
		for (int o = 0; o < c; o++)
			for (int i = 0; i < d; i++)
				a->out[((size_t) h * d + i) * c + o] = out[((size_t) h * c + o) * d + i];
	return true;
}

static void mdta_free(Mdta *a) {
	expand_free(&a->expand);
	free(a->temperature);
	free(a->out);
}

// Sums of a tile: for every channel of q the products with the channels of k
// of its head, then the squares of q and of k.
static int sums_row(const Mdta *a) { return (a->expand.c / a->heads + PANEL - 1) / PANEL * PANEL; }
static size_t sums_size(const Mdta *a) { return (size_t) a->expand.c * (sums_row(a) + 2); }

typedef struct {
	const Mdta *a;
	Features x, y;
	num *v;          // of all pixels
	float *sums;     // of every tile
	const unit *map; // c x c from v to y, packed
	bool failed;
} MdtaJob;

// put_qkv takes a row of expanded pixels apart: v goes to its place, q and k below each other, as
// units for their product over the pixels, and their squares are added to a tile's sums.
static void put_qkv(const Mdta *a, const float *const expanded[3], int width, unit *qk, num *v, float *squares) {
	const int c = a->expand.c;
	for (int p = 0; p < width; p += 4) {
		const int n = width - p < 4 ? width - p : 4;
		for (int i = 0; i < 2 * c; i += LANES) {
			vec f[4], s = load(squares + i);
			deep4(&a->expand, expanded, p, i, f);
			for (int j = n; j < 4; j++)
				f[j] = set1(0);
			for (int j = 0; j < 4; j++)
				s = madd(f[j], f[j], s);
			store(squares + i, s);
			for (int j = 0; j < 4; j += PER)
				put_rows(qk + (ptrdiff_t) (p + j) / PER * 2 * c + i, f + j);
		}
		for (int i = 0; i < c; i += LANES) {
			vec f[4];
			deep4(&a->expand, expanded, p, 2 * c + i, f);
			for (int j = 0; j < n; j++)
				put(v + (ptrdiff_t) (p + j) * c + i, f[j]);
		}
	}
}

// add_products adds those of the channels of q and k over a row of pixels to a tile's sums.
static void add_products(const Mdta *a, const unit *qk, int width, float *sums) {
	const int c = a->expand.c, d = c / a->heads, row = sums_row(a);
	for (int h = 0; h < a->heads; h++)
		gemm(d, d, (Left){.p = qk + h * d, .row = 1, .col = 2 * c, .k = units(width), .taps = 1}, (Right){qk + c + h * d, 2 * c, PANEL},
		        (Result){.p = sums + (ptrdiff_t) h * d * row, .row = row, .add = sums + (ptrdiff_t) h * d * row, .add_row = row});
}

static void first_tile(void *data, size_t i) {
	MdtaJob *j = data;
	const Mdta *a = j->a;
	const int c = a->expand.c;
	const Tile t = tile_at(j->x, 3 * c, i);
	float *sums = j->sums + i * sums_size(a);
	memset(sums, 0, sums_size(a) * sizeof(float));
	ExpandRows w;
	unit *qk = (unit *) alloc_floats((size_t) (t.width + 3) / 4 * 4 * 2 * c);
	if (expand_open(&w, &a->expand, j->x, t) && qk)
		for (int y = t.top; y < t.bottom; y++) {
			const float *expanded[3];
			expand_to(&w, y, expanded);
			put_qkv(a, expanded, t.width, qk, j->v + ((size_t) y * j->x.w + t.left) * c, sums + (ptrdiff_t) c * sums_row(a));
			add_products(a, qk, t.width, sums);
		}
	else
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
	expand_close(&w);
	free(qk);
}

static void second_row(void *data, size_t y) {
	const MdtaJob *j = data;
	const int c = j->x.c;
	gemm(j->x.w, c, rows(j->v + y * j->x.w * c, c, c), packed(j->map, c),
	        (Result){.p = j->y.p + y * j->y.row, .row = c, .add = j->x.p + y * j->x.row, .add_row = c});
}

// mdta_attend turns the sums into softmax(q k / |q||k| * temperature), d x d in rows of `row`.
static void mdta_attend(const float *sums, const float *q, const float *k, int d, int row, float temperature, float *map) {
	for (int i = 0; i < d; i++) {
		float most = -INFINITY, total = 0;
		for (int n = 0; n < d; n++) {
			float norms = fmaxf(sqrtf(q[i]), EPS) * fmaxf(sqrtf(k[n]), EPS);
			map[i * d + n] = sums[(ptrdiff_t) i * row + n] / norms * temperature;
			most = fmaxf(most, map[i * d + n]);
		}
		for (int n = 0; n < d; n++)
			total += map[i * d + n] = expf(map[i * d + n] - most);
		for (int n = 0; n < d; n++)
			map[i * d + n] /= total;
	}
}

// fold_head makes the rows of a head of the map from v: its attention, turned, times its part of the last convolution.
static void fold_head(const float *map, const float *out, int d, int c, float *folded) {
	memset(folded, 0, (size_t) d * c * sizeof(float));
	for (int k = 0; k < d; k++, out += c)
		for (int i = 0; i < d; i++)
			for (int o = 0; o < c; o += LANES)
				store(folded + (ptrdiff_t) i * c + o, madd(set1(map[k * d + i]), load(out + o), load(folded + (ptrdiff_t) i * c + o)));
}

// fold_attention folds the attention of all heads and the last convolution into one map from v, packed; NULL without memory.
static unit *fold_attention(const Mdta *a, const float *sums) {
	const int c = a->expand.c, d = c / a->heads, row = sums_row(a);
	const float *q = sums + (ptrdiff_t) c * row, *k = q + c;
	float *map = alloc_floats((size_t) d * d), *folded = alloc_floats((size_t) c * c);
	unit *result = NULL;
	for (int h = 0; map && folded && h < a->heads; h++) {
		mdta_attend(sums + (ptrdiff_t) h * d * row, q + h * d, k + h * d, d, row, a->temperature[h], map);
		fold_head(map, a->out + (size_t) h * d * c, d, c, folded + (size_t) h * d * c);
	}
	if (map && folded)
		result = panels(folded, c, c, c, 1);
	free(map);
	free(folded);
	return result;
}

static bool mdta_run(const Mdta *a, const Pool *pool, Features x, Features y, float *v) {
	const size_t count = tiles(x, a->expand.wide), size = sums_size(a);
	MdtaJob j = {.a = a, .x = x, .y = y, .v = (num *) v};
	j.sums = alloc_floats(count * size);
	j.failed = !j.sums;
	if (!j.failed)
		pool->run(pool, first_tile, &j, count);
	unit *map = NULL;
	if (!j.failed) {
		for (size_t t = 1; t < count; t++)
			for (size_t i = 0; i < size; i++)
				j.sums[i] += j.sums[t * size + i];
		j.map = map = fold_attention(a, j.sums);
		j.failed = !map;
	}
	if (!j.failed)
		pool->run(pool, second_row, &j, x.h);
	free(map);
	free(j.sums);
	return !j.failed;
}
