#include <stdlib.h>

#include "conv3x3_winograd.h"
#include "vector.h"

struct Shuffle {
	Conv3x3 conv;
	int in, out; // channels of the convolution
	bool up;
};

static Shuffle *shuffle_make(bool up, int out, const float *weights, size_t size, const char **why) {
	const size_t in = out > 0 ? size / 9 / out : 0;
	if (in == 0 || in % PANEL || size != 9 * in * out || (up && out % 4)) {
		*why = "a convolution of other shapes than known";
		return NULL;
	}
	*why = NULL;
	Shuffle *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	*s = (Shuffle){.in = in, .out = out, .up = up};
	if (conv3x3_winograd_make(&s->conv, in, in, out, weights, NULL, false))
		return s;
	shuffle_free(s);
	return NULL;
}

static void shuffle_free(Shuffle *s) {
	if (!s)
		return;
	conv3x3_winograd_free(&s->conv);
	free(s);
}

int shuffle_in(const Shuffle *s) { return s->in; }
int shuffle_out(const Shuffle *s) { return s->up ? s->out / 4 : 4 * s->out; }

typedef struct {
	const Shuffle *s;
	Features x;
	float *y;
} ShuffleJob;

// up_row lays a row out as two rows of every fourth as many planes.
static void up_row(void *data, size_t row) {
	const ShuffleJob *j = data;
	const Features x = j->x;
	const ptrdiff_t plane = 4 * (ptrdiff_t) x.h * x.w, line = 2 * (ptrdiff_t) x.w;
	for (int c = 0; c < j->s->out; c += 4) {
		const float *from = x.p + row * x.row + c;
		float *top = j->y + c / 4 * plane + 2 * row * line, *bottom = top + line;
		for (int i = 0; i < x.w; i++, from += x.c) {
			top[2 * i] = from[0];
			top[2 * i + 1] = from[1];
			bottom[2 * i] = from[2];
			bottom[2 * i + 1] = from[3];
		}
	}
}

// down_row lays two rows out as a row of four times as many planes.
static void down_row(void *data, size_t row) {
	const ShuffleJob *j = data;
	const Features x = j->x;
	const ptrdiff_t plane = (ptrdiff_t) (x.h / 2) * (x.w / 2);
	for (int c = 0; c < j->s->out; c++) {
		const float *top = x.p + 2 * row * x.row + c, *bottom = top + x.row;
		float *to = j->y + 4 * c * plane + row * (x.w / 2);
		for (int i = 0; i < x.w / 2; i++, top += 2 * x.c, bottom += 2 * x.c) {
			to[i] = top[0];
			to[plane + i] = top[x.c];
			to[2 * plane + i] = bottom[0];
			to[3 * plane + i] = bottom[x.c];
		}
	}
}

static bool shuffle_run(const Shuffle *s, const Pool *pool, const float *x, float *y, int h, int w) {
	const size_t before = bordered_size(h, w, s->in, 1), after = (size_t) h * w * s->conv.out;
	const Scratch memory = scratch_acquire(before + after);
	if (!memory.p)
		return false;
	const Features from = bordered(memory.p, h, w, s->in, 1), to = {memory.p + before, h, w, s->conv.out, (ptrdiff_t) w * s->conv.out};
	from_planes(pool, x, from);
	const bool done = conv3x3_winograd_run(&s->conv, pool, from, to, NULL);
	ShuffleJob j = {.s = s, .x = to, .y = y};
	if (done)
		pool->run(pool, s->up ? up_row : down_row, &j, s->up ? h : h / 2);
	scratch_release(memory);
	return done;
}
