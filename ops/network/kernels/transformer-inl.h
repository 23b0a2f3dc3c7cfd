#include <stdlib.h>

#include "blocks.h"

struct Transformer {
	Mdta attention;
	Gdfn gdfn;
	int c;
};

enum { T_NORM1, T_SHIFT1, T_TEMPERATURE, T_QKV, T_QKV_DEEP, T_PROJECT, T_NORM2, T_SHIFT2, T_IN, T_IN_DEEP, T_OUT };

static Transformer *transformer_make(int c, const float *const *w, const size_t *sizes, int count, const char **why) {
	if (count != TRANSFORMER_WEIGHTS || c < PANEL || c % PANEL) {
		*why = "a transformer block of other weights than known";
		return NULL;
	}
	const int heads = sizes[T_TEMPERATURE], hidden = sizes[T_OUT] / c;
	const size_t n = c, want[] = {n, n, heads, 3 * n * n, 27 * n, n * n, n, n, 2 * n * hidden, 18 * (size_t) hidden, n * hidden};
	bool fits = heads > 0 && c % heads == 0 && hidden > 0 && hidden % PANEL == 0;
	for (int i = 0; i < count; i++)
		fits &= sizes[i] == want[i];
	if (!fits) {
		*why = "a transformer block of other shapes than known";
		return NULL;
	}
	Transformer *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->c = c;
	bool made = mdta_make(&t->attention, c, heads, (Norm){w[T_NORM1], w[T_SHIFT1]}, w[T_TEMPERATURE], w[T_QKV], w[T_QKV_DEEP], w[T_PROJECT]);
	made &= gdfn_make(&t->gdfn, c, hidden, (Norm){w[T_NORM2], w[T_SHIFT2]}, w[T_IN], NULL, w[T_IN_DEEP], NULL, w[T_OUT], NULL);
	if (made)
		return t;
	transformer_free(t);
	return NULL;
}

static void transformer_free(Transformer *t) {
	if (!t)
		return;
	mdta_free(&t->attention);
	gdfn_free(&t->gdfn);
	free(t);
}

static bool transformer_within(const Transformer *t, const Pool *pool, Features x, float *second, float *third) {
	Features b = x;
	b.p = second;
	return mdta_run(&t->attention, pool, x, b, third) && gdfn_run(&t->gdfn, pool, b, x);
}

static bool transformer_run(const Transformer *t, const Pool *pool, const float *x, float *y, int h, int w) {
	const size_t size = (size_t) h * w * t->c;
	const Scratch memory = scratch_acquire(3 * size);
	if (!memory.p)
		return false;
	const Features a = {memory.p, h, w, t->c, (ptrdiff_t) w * t->c};
	from_planes(pool, x, a);
	const bool done = transformer_within(t, pool, a, memory.p + size, memory.p + 2 * size);
	if (done)
		to_planes(pool, a, NULL, y);
	scratch_release(memory);
	return done;
}
