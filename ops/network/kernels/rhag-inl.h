#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conv3x3_winograd.h"
#include "vector.h"
#include "windows.h"

#define BRANCH 0.01f // weight of the convolutional branch in HAT's hybrid block

// Hybrid is HAB: window attention beside two convolutions with channel
// attention (CAB), then the gated feed-forward.
typedef struct {
	const float *scale, *shift; // LayerNorm, kept in `norm`
	float *norm;
	Windows windows;
	Conv3x3 first, second;
	int squeezed;
	float *squeeze, *squeeze_bias, *excite, *excite_bias;
	Gdfn gdfn;
} Hybrid;

struct Rhag {
	int c, side, depth;
	Hybrid *hybrid; // depth of them, and the overlapping block, which has no convolutions
	Conv3x3 last;
};

// The weights of a hybrid block, then those of the overlapping one, then the last convolution's.
enum {
	NORM1, SHIFT1, QKV, QKV_BIAS, BIAS, PROJECT, PROJECT_BIAS, // of every block
	CONV1, CONV1_BIAS, CONV2, CONV2_BIAS, SQUEEZE, SQUEEZE_BIAS, EXCITE, EXCITE_BIAS, HYBRID_ONLY,
};
enum { NORM2, SHIFT2, IN, IN_BIAS, DEEP, DEEP_BIAS, OUT, OUT_BIAS, GATED_WEIGHTS };
enum { HYBRID_WEIGHTS = HYBRID_ONLY + GATED_WEIGHTS, OVERLAP_WEIGHTS = CONV1 + GATED_WEIGHTS, LAST_WEIGHTS = 2 };

static bool matches(const size_t *sizes, const size_t *want, int count) {
	for (int i = 0; i < count; i++)
		if (sizes[i] != want[i])
			return false;
	return true;
}

static bool gdfn_fits(int c, const size_t *sizes) {
	const size_t n = c, hidden = sizes[OUT] / n;
	const size_t want[] = {n, n, 2 * n * hidden, 2 * hidden, 18 * hidden, 2 * hidden, n * hidden, n};
	return hidden > 0 && hidden % PANEL == 0 && matches(sizes, want, GATED_WEIGHTS);
}

// attention_fits reads heads and sides from the sizes: the bias is heads x side^2 x reach^2.
static bool attention_fits(int c, const size_t *sizes, int side, int reach, int *heads) {
	const size_t n = c, map = (size_t) side * side * reach * reach, want[] = {n, n, 3 * n * n, 3 * n, sizes[BIAS], n * n, n};
	*heads = sizes[BIAS] / map;
	return *heads > 0 && sizes[BIAS] == map * *heads && c % *heads == 0 && c / *heads % PANEL == 0 && matches(sizes, want, CONV1);
}

// convolutions_fit requires the narrow features of all blocks equally wide, since they share their memory.
static bool convolutions_fit(int c, size_t narrow, const size_t *sizes) {
	const size_t n = c, mid = sizes[CONV1_BIAS], squeezed = sizes[SQUEEZE_BIAS];
	const size_t want[] = {9 * n * mid, mid, 9 * n * mid, n, n * squeezed, squeezed, n * squeezed, n};
	return mid == narrow && mid > 0 && squeezed > 0 && matches(sizes + CONV1, want, HYBRID_ONLY - CONV1);
}

static float *copy(const float *p, size_t n) {
	float *q = alloc_floats(n);
	if (q)
		memcpy(q, p, n * sizeof(float));
	return q;
}

static bool feed_make(Gdfn *g, int c, const float *const *w, const size_t *sizes) {
	return gdfn_make(g, c, sizes[OUT] / c, (Norm){w[NORM2], w[SHIFT2]}, w[IN], w[IN_BIAS], w[DEEP], w[DEEP_BIAS], w[OUT], w[OUT_BIAS]);
}

static bool attention_make(Hybrid *b, int c, int side, int reach, int shift, const float *const *w, const size_t *sizes) {
	int heads;
	if (!attention_fits(c, sizes, side, reach, &heads))
		return false;
	b->norm = alloc_floats(2 * c);
	if (!b->norm)
		return false;
	memcpy(b->norm, w[NORM1], c * sizeof(float));
	memcpy(b->norm + c, w[SHIFT1], c * sizeof(float));
	b->scale = b->norm;
	b->shift = b->norm + c;
	return windows_make(&b->windows, c, heads, side, reach, shift, w[QKV], w[QKV_BIAS], w[BIAS], w[PROJECT], w[PROJECT_BIAS]);
}

static bool convolutions_make(Hybrid *b, int c, const float *const *w, const size_t *sizes) {
	const int mid = sizes[CONV1_BIAS];
	b->squeezed = sizes[SQUEEZE_BIAS];
	bool made = conv3x3_winograd_make(&b->first, c, c, mid, w[CONV1], w[CONV1_BIAS], true);
	made &= conv3x3_winograd_make(&b->second, mid, b->first.out, c, w[CONV2], w[CONV2_BIAS], false);
	b->squeeze = copy(w[SQUEEZE], (size_t) c * b->squeezed);
	b->squeeze_bias = copy(w[SQUEEZE_BIAS], b->squeezed);
	b->excite = copy(w[EXCITE], (size_t) c * b->squeezed);
	b->excite_bias = copy(w[EXCITE_BIAS], c);
	return made && b->squeeze && b->squeeze_bias && b->excite && b->excite_bias;
}

static Rhag *rhag_make(int c, const float *const *w, const size_t *sizes, int count, const char **why) {
	const int depth = (count - OVERLAP_WEIGHTS - LAST_WEIGHTS) / HYBRID_WEIGHTS;
	*why = "a hybrid attention group of other weights than known";
	if (depth < 1 || count != depth * HYBRID_WEIGHTS + OVERLAP_WEIGHTS + LAST_WEIGHTS || c < PANEL || c % PANEL)
		return NULL;
	*why = "a hybrid attention group of other shapes than known";
	// The overlapping window has 3/2 of the window's side: its bias is 9/4 of a hybrid block's.
	const int overlap = depth * HYBRID_WEIGHTS, last = overlap + OVERLAP_WEIGHTS;
	int heads = 0, side = 0;
	for (int n = 8; n <= 32 && !side; n += 8)
		if (attention_fits(c, sizes, n, n, &heads) && attention_fits(c, sizes + overlap, n, n + n / 2, &heads))
			side = n;
	if (!side || !gdfn_fits(c, sizes + overlap + CONV1) || sizes[last] != 9 * (size_t) c * c || sizes[last + 1] != (size_t) c)
		return NULL;
	for (int i = 0; i < depth; i++) {
		const size_t *s = sizes + i * HYBRID_WEIGHTS;
		if (!attention_fits(c, s, side, side, &heads) || !convolutions_fit(c, sizes[CONV1_BIAS], s) || !gdfn_fits(c, s + HYBRID_ONLY))
			return NULL;
	}
	*why = NULL;
	Rhag *g = calloc(1, sizeof *g);
	if (!g || !(g->hybrid = calloc(depth + 1, sizeof *g->hybrid))) {
		free(g);
		return NULL;
	}
	g->c = c;
	g->side = side;
	g->depth = depth;
	bool made = true;
	for (int i = 0; i < depth; i++) {
		const float *const *v = w + i * HYBRID_WEIGHTS;
		const size_t *s = sizes + i * HYBRID_WEIGHTS;
		made &= attention_make(&g->hybrid[i], c, side, side, i % 2 * (side / 2), v, s) && convolutions_make(&g->hybrid[i], c, v, s) &&
		        feed_make(&g->hybrid[i].gdfn, c, v + HYBRID_ONLY, s + HYBRID_ONLY);
	}
	made = made && attention_make(&g->hybrid[depth], c, side, side + side / 2, 0, w + overlap, sizes + overlap) &&
	       feed_make(&g->hybrid[depth].gdfn, c, w + overlap + CONV1, sizes + overlap + CONV1) &&
	       conv3x3_winograd_make(&g->last, c, c, c, w[last], w[last + 1], false);
	if (made)
		return g;
	rhag_free(g);
	return NULL;
}

int rhag_multiple(const Rhag *g) { return g->side; }

static void rhag_free(Rhag *g) {
	if (!g)
		return;
	for (int i = 0; i <= g->depth; i++) {
		Hybrid *b = &g->hybrid[i];
		free(b->norm);
		windows_free(&b->windows);
		conv3x3_winograd_free(&b->first);
		conv3x3_winograd_free(&b->second);
		free(b->squeeze);
		free(b->squeeze_bias);
		free(b->excite);
		free(b->excite_bias);
		gdfn_free(&b->gdfn);
	}
	conv3x3_winograd_free(&g->last);
	free(g->hybrid);
	free(g);
}

typedef struct {
	const Hybrid *b;
	Features x, y;
} Normed;

static void norm_row(void *data, size_t row) {
	const Normed *j = data;
	normalise_by((Norm){j->b->scale, j->b->shift}, j->x.p + row * j->x.row, j->y.p + row * j->y.row, j->x.w, j->x.c);
}

static void copy_row(void *data, size_t row) {
	const Normed *j = data;
	memcpy(j->y.p + row * j->y.row, j->x.p + row * j->x.row, (size_t) j->x.w * j->x.c * sizeof(float));
}

// excite turns the sums over all pixels into the factor of every channel of the branch.
static void excite(const Hybrid *b, int c, double pixels, const float *sums, float *part) {
	for (int i = 0; i < c; i++)
		part[i] = b->excite_bias[i];
	for (int k = 0; k < b->squeezed; k++) {
		double s = b->squeeze_bias[k];
		for (int n = 0; n < c; n++)
			s += b->squeeze[(size_t) k * c + n] * (sums[n] / pixels);
		for (int i = 0; !(s <= 0) && i < c; i++)
			part[i] += (float) (b->excite[(size_t) i * b->squeezed + k] * s);
	}
	for (int i = 0; i < c; i++)
		part[i] = BRANCH / (1 + expf(-part[i]));
}

// Images of a run: two of the features, the normalised ones with their border,
// and the branch's two, in whose place the overlapping block has its keys and values.
typedef struct {
	Scratch memory;
	Features a, b, norm, narrow, branch;
	float *sums, *part, *keys;
} Images;

static bool images_make(Images *m, const Rhag *g, int h, int w) {
	const int c = g->c, mid = g->hybrid[0].first.out;
	const size_t size = (size_t) h * w * c, norm = bordered_size(h, w, c, 1), narrow = bordered_size(h, w, mid, 1);
	const size_t keys = windows_memory(&g->hybrid[g->depth].windows, h, w);
	m->memory = scratch_acquire(2 * size + norm + (keys > size + narrow ? keys : size + narrow) + 2 * c);
	float *p = m->memory.p;
	if (!p)
		return false;
	const ptrdiff_t row = (ptrdiff_t) w * c;
	m->sums = p;
	m->part = p + c;
	m->a = (Features){p += 2 * c, h, w, c, row};
	m->b = (Features){p += size, h, w, c, row};
	m->norm = bordered(p += size, h, w, c, 1);
	m->keys = p += norm;
	m->branch = (Features){p, h, w, c, row};
	m->narrow = bordered(p + size, h, w, mid, 1);
	return true;
}

static bool hybrid_run(const Hybrid *b, const Pool *pool, Images *m) {
	const bool overlapping = !b->first.weights;
	Normed n = {b, m->a, m->norm};
	pool->run(pool, norm_row, &n, m->a.h);
	Features branch = {0};
	if (!overlapping) {
		branch = m->branch;
		if (!conv3x3_winograd_run(&b->first, pool, m->norm, m->narrow, NULL) || !conv3x3_winograd_run(&b->second, pool, m->narrow, branch, m->sums))
			return false;
		excite(b, m->a.c, (double) m->a.h * m->a.w, m->sums, m->part);
	}
	return windows_run(&b->windows, pool, m->a, m->norm, branch, m->part, m->b, m->keys) && gdfn_run(&b->gdfn, pool, m->b, m->a);
}

static bool rhag_run(const Rhag *g, const Pool *pool, const float *x, float *y, int h, int w) {
	Images m;
	if (!images_make(&m, g, h, w))
		return false;
	from_planes(pool, x, m.a);
	bool done = true;
	for (int i = 0; done && i <= g->depth; i++)
		done = hybrid_run(&g->hybrid[i], pool, &m);
	if (done) {
		Normed n = {NULL, m.a, m.norm};
		pool->run(pool, copy_row, &n, h);
		done = conv3x3_winograd_run(&g->last, pool, m.norm, m.b, NULL);
	}
	if (done)
		to_planes(pool, m.b, x, y);
	scratch_release(m.memory);
	return done;
}
