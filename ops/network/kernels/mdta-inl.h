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
	Features x, v, y;
	float *sums;     // of every tile
	const float *map; // c x c from v to y, packed
	bool failed;
} MdtaJob;

// add_sums adds a row of q, k and v to a tile's sums and keeps v.
static void add_sums(const Mdta *a, const float *qkv, int width, float *sums) {
	const int c = a->expand.c, d = c / a->heads, row = sums_row(a);
	for (int h = 0; h < a->heads; h++)
		gemm(d, d, (Left){.p = qkv + h * d, .row = 1, .col = 3 * c, .k = width, .taps = 1}, (Right){qkv + c + h * d, 3 * c, PANEL},
		        (Result){.p = sums + (ptrdiff_t) h * d * row, .row = row, .add = sums + (ptrdiff_t) h * d * row, .add_row = row});
	float *squares = sums + (ptrdiff_t) c * row;
	for (int i = 0; i < 2 * c; i += LANES) {
		vec s = load(squares + i);
		for (int p = 0; p < width; p++) {
			vec v = load(qkv + (ptrdiff_t) p * 3 * c + i);
			s = madd(v, v, s);
		}
		store(squares + i, s);
	}
}

static void first_tile(void *data, size_t i) {
	MdtaJob *j = data;
	const Mdta *a = j->a;
	const int c = a->expand.c, wide = 3 * c;
	const Tile t = tile_at(j->x, wide, i);
	float *sums = j->sums + i * sums_size(a);
	memset(sums, 0, sums_size(a) * sizeof(float));
	ExpandRows w;
	float *qkv = alloc_floats((size_t) (t.width + 3) / 4 * 4 * wide);
	if (expand_open(&w, &a->expand, j->x, t) && qkv)
		for (int y = t.top; y < t.bottom; y++) {
			const float *rows[3];
			expand_to(&w, y, rows);
			for (int p = 0; p < t.width; p += 4)
				for (int k = 0; k < wide; k += LANES) {
					vec v[4];
					deep4(&a->expand, rows, p, k, v);
					for (int n = 0; n < 4; n++)
						store(qkv + (ptrdiff_t) (p + n) * wide + k, v[n]);
				}
			add_sums(a, qkv, t.width, sums);
			float *v = j->v.p + y * j->v.row + (ptrdiff_t) t.left * c;
			for (int p = 0; p < t.width; p++)
				memcpy(v + (ptrdiff_t) p * c, qkv + (ptrdiff_t) p * wide + 2 * c, c * sizeof(float));
		}
	else
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
	expand_close(&w);
	free(qkv);
}

static void second_row(void *data, size_t y) {
	const MdtaJob *j = data;
	const int c = j->x.c;
	gemm(j->x.w, c, (Left){.p = j->v.p + y * j->v.row, .row = c, .col = 1, .k = c, .taps = 1}, packed(j->map, c),
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

// fold_attention folds the attention of all heads and the last convolution into one map from v, packed; NULL without memory.
static float *fold_attention(const Mdta *a, const float *sums) {
	const int c = a->expand.c, d = c / a->heads, row = sums_row(a);
	const float *q = sums + (ptrdiff_t) c * row, *k = q + c;
	float *map = alloc_floats((size_t) d * d), *folded = alloc_floats((size_t) c * c), *result = NULL;
	for (int h = 0; map && folded && h < a->heads; h++) {
		mdta_attend(sums + (ptrdiff_t) h * d * row, q + h * d, k + h * d, d, row, a->temperature[h], map);
		gemm(d, c, (Left){.p = map, .row = 1, .col = d, .k = d, .taps = 1}, (Right){a->out + (size_t) h * d * c, c, PANEL},
		        (Result){.p = folded + (size_t) h * d * c, .row = c});
	}
	if (map && folded)
		result = panels(folded, c, c, c, 1);
	free(map);
	free(folded);
	return result;
}

static bool mdta_run(const Mdta *a, const Pool *pool, Features x, Features y, float *v) {
	const size_t count = tiles(x, a->expand.wide), size = sums_size(a);
	MdtaJob j = {.a = a, .x = x, .y = y};
	j.v = (Features){v, x.h, x.w, x.c, (ptrdiff_t) x.w * x.c};
	j.sums = alloc_floats(count * size);
	j.failed = !j.sums;
	if (!j.failed)
		pool->run(pool, first_tile, &j, count);
	float *map = NULL;
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
