#include "blocks.h"

static void *make_rhag(const Weights *w, Shape *s, const char **why) {
	Rhag *g = rhag_make(w->sizes[0], w->p, w->sizes, w->count, why);
	if (g)
		*s = (Shape){w->sizes[0], w->sizes[0], rhag_multiple(g), 1, 1};
	return g;
}
static void free_rhag(void *g) { rhag_free(g); }
static bool run_rhag(const void *g, const Pool *pool, const float *x, float *y, int h, int w) { return rhag_run(g, pool, x, y, h, w); }

static void *make_transformer(const Weights *w, Shape *s, const char **why) {
	Transformer *t = transformer_make(w->sizes[0], w->p, w->sizes, w->count, why);
	if (t)
		*s = (Shape){w->sizes[0], w->sizes[0], 1, 1, 1};
	return t;
}
static void free_transformer(void *t) { transformer_free(t); }
static bool run_transformer(const void *t, const Pool *pool, const float *x, float *y, int h, int w) {
	return transformer_run(t, pool, x, y, h, w);
}

static void *make_prompt(const Weights *w, Shape *s, const char **why) {
	Prompt *a = prompt_make(w->p, w->sizes, w->count, why);
	if (a)
		*s = (Shape){prompt_in(a), prompt_out(a), 1, 1, 1};
	return a;
}
static void free_prompt(void *a) { prompt_free(a); }
static bool run_prompt(const void *a, const Pool *pool, const float *x, float *y, int h, int w) {
	return prompt_run(a, pool, x, y, h, w);
}

static void *make_shuffle(bool up, const Weights *w, Shape *s, const char **why) {
	Shuffle *f = shuffle_make(up, w->first, w->p[0], w->sizes[0], why);
	if (f)
		*s = (Shape){shuffle_in(f), shuffle_out(f), up ? 1 : 2, up ? 2 : 1, up ? 1 : 2};
	return f;
}
static void *make_up(const Weights *w, Shape *s, const char **why) { return make_shuffle(true, w, s, why); }
static void *make_down(const Weights *w, Shape *s, const char **why) { return make_shuffle(false, w, s, why); }
static void free_shuffle(void *f) { shuffle_free(f); }
static bool run_shuffle(const void *f, const Pool *pool, const float *x, float *y, int h, int w) { return shuffle_run(f, pool, x, y, h, w); }

const Kind KINDS_HERE[KINDS] = {
    {"Group", make_rhag, free_rhag, run_rhag},
    {"Transformer", make_transformer, free_transformer, run_transformer},
    {"Interaction", make_prompt, free_prompt, run_prompt},
    {"Up", make_up, free_shuffle, run_shuffle},
    {"Down", make_down, free_shuffle, run_shuffle},
};
