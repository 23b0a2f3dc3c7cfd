//go:build amd64 && linux

#include <stdlib.h>

#include "spread.h"

bool gated_make(Gated *g, int c, int hidden, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias,
                const float *out, const float *out_bias) {
	*g = (Gated){.hidden = hidden};
	bool made = spread_make(&g->spread, c, 2 * hidden, n, in, in_bias, deep, deep_bias);
	g->out = panels(out, hidden, c, 1, hidden);
	g->out_shift = numbers(c);
	if (!made || !g->out || !g->out_shift)
		return false;
	for (int i = 0; i < c; i++)
		g->out_shift[i] = out_bias ? out_bias[i] : 0;
	return true;
}

void gated_free(Gated *g) {
	spread_free(&g->spread);
	free(g->out);
	free(g->out_shift);
}

typedef struct {
	const Gated *g;
	Features x, y;
	bool failed;
} Job;

// gate is the depthwise convolution of a row of pixels, one half gating the other.
static void gate(const Gated *g, const float *const rows[3], int width, float *out) {
	const int hidden = g->hidden;
	for (int p = 0; p < width; p += 4)
		for (int c = 0; c < hidden; c += LANES) {
			vec a[4], b[4];
			deep4(&g->spread, rows, p, c, a);
			for (int i = 0; i < 4; i++)
				a[i] = gelu8(a[i]);
			deep4(&g->spread, rows, p, hidden + c, b);
			for (int i = 0; i < 4; i++)
				store(out + (ptrdiff_t) (p + i) * hidden + c, _mm256_mul_ps(a[i], b[i]));
		}
}

static void run_tile(void *data, size_t i) {
	Job *j = data;
	const Gated *g = j->g;
	const Tile t = tile_at(j->x, g->spread.wide, i);
	const int c = g->spread.c, hidden = g->hidden;
	SpreadRows w;
	float *gated = numbers((size_t) (t.width + 3) / 4 * 4 * hidden);
	if (spread_open(&w, &g->spread, j->x, t) && gated)
		for (int y = t.top; y < t.bottom; y++) {
			const float *rows[3];
			spread_to(&w, y, rows);
			gate(g, rows, t.width, gated);
			product(t.width, c, (Left){.p = gated, .row = hidden, .col = 1, .k = hidden, .taps = 1}, packed(g->out, hidden),
			        (Result){.p = j->y.p + y * j->y.row + (ptrdiff_t) t.left * c, .row = c, .init = g->out_shift,
			                 .add = j->x.p + y * j->x.row + (ptrdiff_t) t.left * c, .add_row = c});
		}
	else
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
	spread_close(&w);
	free(gated);
}

bool gated_run(const Gated *g, const Pool *pool, Features x, Features y) {
	Job j = {.g = g, .x = x, .y = y};
	pool->run(pool, run_tile, &j, tiles(x, g->spread.wide));
	return !j.failed;
}
