#include "expand.h"

#include <stdlib.h>
#include <string.h>

#define BAND 32            // rows of a tile; two more are expanded twice
#define ROW_FLOATS 12288   // an expanded row of a tile at most, so that three stay in a cache of 256 KB

static bool expand_make(Expand *s, int c, int wide, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias) {
	*s = (Expand){.c = c, .wide = wide};
	float *scaled = alloc_floats((size_t) c * wide);
	s->in_bias = alloc_floats(wide);
	s->deep = alloc_floats(9 * (size_t) wide);
	s->deep_bias = alloc_floats(wide);
	if (!scaled || !s->in_bias || !s->deep || !s->deep_bias) {
		free(scaled);
		return false;
	}
	for (int o = 0; o < wide; o++) {
		double shift = in_bias ? in_bias[o] : 0;
		for (int i = 0; i < c; i++) {
			shift += (double) in[(size_t) o * c + i] * n.shift[i];
			scaled[(size_t) o * c + i] = in[(size_t) o * c + i] * n.scale[i];
		}
		s->in_bias[o] = shift;
		s->deep_bias[o] = deep_bias ? deep_bias[o] : 0;
		for (int t = 0; t < 9; t++)
			s->deep[t * (size_t) wide + o] = deep[(size_t) o * 9 + t];
	}
	s->in = panels(scaled, c, wide, 1, c);
	free(scaled);
	return s->in != NULL;
}

static void expand_free(Expand *s) {
	free(s->in);
	free(s->in_bias);
	free(s->deep);
	free(s->deep_bias);
}

static int columns(Features x, int wide) {
	int most = ROW_FLOATS / wide / 8 * 8;
	if (most < 8)
		most = 8;
	int count = (x.w + most - 1) / most;
	return (x.w + count - 1) / count;
}

static size_t tiles(Features x, int wide) {
	int w = columns(x, wide);
	return (size_t) ((x.h + BAND - 1) / BAND) * ((x.w + w - 1) / w);
}

static Tile tile_at(Features x, int wide, size_t i) {
	int w = columns(x, wide), across = (x.w + w - 1) / w;
	int top = i / across * BAND, left = i % across * w;
	return (Tile){top, top + BAND < x.h ? top + BAND : x.h, left, left + w < x.w ? w : x.w - left};
}

static bool expand_open(ExpandRows *w, const Expand *s, Features x, Tile t) {
	*w = (ExpandRows){.s = s, .x = x, .tile = t};
	size_t pixels = (t.width + 3) / 4 * 4 + 2, row = pixels * s->wide;
	w->memory = alloc_floats(3 * row + pixels * s->c);
	if (!w->memory)
		return false;
	memset(w->memory, 0, 3 * row * sizeof(float));
	for (int i = 0; i < 3; i++)
		w->row[i] = w->memory + i * row;
	w->norm = (num *) (w->memory + 3 * row);
	return true;
}

void expand_close(ExpandRows *w) { free(w->memory); }

// expand_row makes row y of the image ready.
static void expand_row(ExpandRows *w, int y) {
	const Expand *s = w->s;
	const Tile t = w->tile;
	float *out = w->row[(y - t.top + 1) % 3];
	if (y < 0 || y >= w->x.h) {
		memset(out, 0, (size_t) (t.width + 2) * s->wide * sizeof(float));
		return;
	}
	// The pixels at the image's sides stay zero, as they were made.
	int from = t.left > 0 ? -1 : 0, to = t.left + t.width < w->x.w ? t.width + 1 : t.width;
	normalise(w->x.p + y * w->x.row + (ptrdiff_t) (t.left + from) * s->c, w->norm, to - from, s->c);
	gemm(to - from, s->wide, rows(w->norm, s->c, s->c), packed(s->in, s->c),
	        (Result){.p = out + (ptrdiff_t) (from + 1) * s->wide, .row = s->wide, .init = s->in_bias});
}

static void expand_to(ExpandRows *w, int y, const float *rows[3]) {
	if (y == w->tile.top) {
		expand_row(w, y - 1);
		expand_row(w, y);
	}
	expand_row(w, y + 1);
	for (int i = 0; i < 3; i++)
		rows[i] = w->row[(y - w->tile.top + i) % 3];
}
