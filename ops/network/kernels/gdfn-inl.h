#include <stdlib.h>

#include "expand.h"

static bool gdfn_make(Gdfn *g, int c, int hidden, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias,
                const float *out, const float *out_bias) {
	*g = (Gdfn){.hidden = hidden};
	bool made = expand_make(&g->expand, c, 2 * hidden, n, in, in_bias, deep, deep_bias);
	g->out = panels(out, hidden, c, 1, hidden);
	g->out_bias = alloc_floats(c);
	if (!made || !g->out || !g->out_bias)
		return false;
	for (int i = 0; i < c; i++)
		g->out_bias[i] = out_bias ? out_bias[i] : 0;
	return true;
}

static void gdfn_free(Gdfn *g) {
	expand_free(&g->expand);
	free(g->out);
	free(g->out_bias);
}

typedef struct {
	const Gdfn *g;
	Features x, y;
	bool failed;
} GdfnJob;

// gate is the depthwise convolution of a row of pixels, one half gating the other.
static void gate(const Gdfn *g, const float *const rows[3], int width, num *out) {
	const int hidden = g->hidden;
	for (int p = 0; p < width; p += 4)
		for (int c = 0; c < hidden; c += LANES) {
			vec a[4], b[4];
			deep4(&g->expand, rows, p, c, a);
			for (int i = 0; i < 4; i++)
				a[i] = vgelu(a[i]);
			deep4(&g->expand, rows, p, hidden + c, b);
			for (int i = 0; i < 4; i++)
				put(out + (ptrdiff_t) (p + i) * hidden + c, a[i] * b[i]);
		}
}

static void run_tile(void *data, size_t i) {
	GdfnJob *j = data;
	const Gdfn *g = j->g;
	const Tile t = tile_at(j->x, g->expand.wide, i);
	const int c = g->expand.c, hidden = g->hidden;
	ExpandRows w;
	num *gated = (num *) alloc_floats((size_t) (t.width + 3) / 4 * 4 * hidden);
	if (expand_open(&w, &g->expand, j->x, t) && gated)
		for (int y = t.top; y < t.bottom; y++) {
			const float *expanded[3];
			expand_to(&w, y, expanded);
			gate(g, expanded, t.width, gated);
			gemm(t.width, c, rows(gated, hidden, hidden), packed(g->out, hidden),
			        (Result){.p = j->y.p + y * j->y.row + (ptrdiff_t) t.left * c, .row = c, .init = g->out_bias,
			                 .add = j->x.p + y * j->x.row + (ptrdiff_t) t.left * c, .add_row = c});
		}
	else
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
	expand_close(&w);
	free(gated);
}

static bool gdfn_run(const Gdfn *g, const Pool *pool, Features x, Features y) {
	GdfnJob j = {.g = g, .x = x, .y = y};
	pool->run(pool, run_tile, &j, tiles(x, g->expand.wide));
	return !j.failed;
}
