#ifndef BURNISH_KERNELS_EXPAND_H
#define BURNISH_KERNELS_EXPAND_H

#include "blocks.h"
#include "vector.h"

// An expanded image would be several times the features. It is made row by row of
// narrow tiles instead, three rows at a time, which stay in the cache.

// Tile is a part of the image: rows [top, bottom), columns [left, left+width).
typedef struct {
	int top, bottom, left, width;
} Tile;

// ExpandRows are three expanded rows of a tile with a pixel more at both sides, zero outside the image.
typedef struct {
	const Expand *s;
	Features x;
	Tile tile;
	float *memory, *row[3]; // row[r%3], counted from the row above the tile
	num *norm;
} ExpandRows;

// tiles says into how many tiles an image is divided, and tile gives one of them.
static size_t tiles(Features x, int wide);
static Tile tile_at(Features x, int wide, size_t i);

static bool expand_open(ExpandRows *w, const Expand *s, Features x, Tile t);

// expand_to makes the rows around y ready: above, at and below; y grows by one from tile.top.
static void expand_to(ExpandRows *w, int y, const float *rows[3]);
static void expand_close(ExpandRows *w);

// deep4 is the depthwise convolution of four pixels from p on, channels [c, c+8).
INLINE void deep4(const Expand *s, const float *const rows[3], ptrdiff_t p, int c, vec out[4]) {
	const ptrdiff_t wide = s->wide;
	vec bias = load(s->deep_bias + c);
	for (int i = 0; i < 4; i++)
		out[i] = bias;
	for (int y = 0; y < 3; y++) {
		const float *at = rows[y] + p * wide + c, *weight = s->deep + 3 * y * wide + c;
		vec v[6];
		for (int i = 0; i < 6; i++)
			v[i] = load(at + i * wide);
		for (int x = 0; x < 3; x++) {
			vec f = load(weight + x * wide);
			for (int i = 0; i < 4; i++)
				out[i] = madd(v[i + x], f, out[i]);
		}
	}
}

#endif
