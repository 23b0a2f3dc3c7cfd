#include <stdlib.h>
#include <string.h>

#include "conv3x3_winograd.h"
#include "vector.h"

#define CHUNK 24 // pixels whose mixed vectors are made at a time

// Mlp is two linear layers with GELU between them.
typedef struct {
	int in, real, out; // out: real, rounded up to PANEL
	unit *first, *second;
	float *first_bias, *second_bias;
} Mlp;

struct Prompt {
	int c, prompt, tasks, bases, out;
	Mlp by_task, by_basis;
	unit *table; // bases to tasks x prompt, packed
	Conv3x3 conv;
	Transformer *transformer;
	unit *reduce; // c + prompt to out, packed
};

// The weights: two layers by task, two by basis (in x out each, with their biases), the learned
// vectors (tasks x bases x prompt), the convolution, those of a transformer block, the last 1x1.
enum { TASK, TASK_BIAS, TASK2, TASK2_BIAS, BASIS, BASIS_BIAS, BASIS2, BASIS2_BIAS, TABLE, CONV, BLOCK };
enum { REDUCE = BLOCK + TRANSFORMER_WEIGHTS, INTERACTION_WEIGHTS };

// NEVER is the logit of columns that only fill a panel.
#define NEVER (-1e30f)

static bool mlp_make(Mlp *m, int in, int n, const float *const w[4]) {
	*m = (Mlp){.in = in, .real = n, .out = (n + PANEL - 1) / PANEL * PANEL};
	m->first = panels(w[0], in, n, n, 1);
	m->second = panels(w[2], n, n, n, 1);
	m->first_bias = alloc_floats(m->out);
	m->second_bias = alloc_floats(m->out);
	if (!m->first || !m->second || !m->first_bias || !m->second_bias)
		return false;
	for (int i = 0; i < m->out; i++) {
		m->first_bias[i] = i < n ? w[1][i] : 0;
		m->second_bias[i] = i < n ? w[3][i] : NEVER;
	}
	return true;
}

static void mlp_free(Mlp *m) {
	free(m->first);
	free(m->first_bias);
	free(m->second);
	free(m->second_bias);
}

// table_make packs tasks x bases x prompt as a matrix from bases to tasks x prompt.
static unit *table_make(const Prompt *a, const float *table) {
	const int row = a->tasks * a->prompt;
	float *turned = alloc_floats((size_t) a->bases * row);
	unit *packed;
	if (!turned)
		return NULL;
	for (int t = 0; t < a->tasks; t++)
		for (int b = 0; b < a->bases; b++)
			memcpy(turned + (size_t) b * row + t * a->prompt, table + ((size_t) t * a->bases + b) * a->prompt, a->prompt * sizeof(float));
	packed = panels(turned, a->bases, row, row, 1);
	free(turned);
	return packed;
}

static Prompt *prompt_make(const float *const *w, const size_t *sizes, int count, const char **why) {
	if (count != INTERACTION_WEIGHTS) {
		*why = "a prompt interaction of other weights than known";
		return NULL;
	}
	*why = "a prompt interaction of other shapes than known";
	const size_t tasks = sizes[TASK_BIAS], bases = sizes[BASIS_BIAS];
	if (!tasks || tasks > PANEL || !bases || bases % PANEL || bases > sizes[TABLE] / tasks)
		return NULL;
	const size_t c = sizes[TASK] / tasks, prompt = sizes[TABLE] / tasks / bases, wide = c + prompt;
	if (!c || c % PANEL || prompt % PANEL)
		return NULL;
	const size_t want[] = {c * tasks, tasks, tasks * tasks, tasks, c * bases, bases, bases * bases, bases, tasks * bases * prompt, 9 * prompt * prompt};
	bool fits = sizes[BLOCK] == wide && sizes[REDUCE] % wide == 0;
	for (int i = 0; i < BLOCK; i++)
		fits &= sizes[i] == want[i];
	const size_t out = sizes[REDUCE] / wide;
	if (!fits || !out || out % PANEL || out > wide)
		return NULL;
	*why = NULL;
	Prompt *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->c = c, a->prompt = prompt, a->tasks = tasks, a->bases = bases, a->out = out;
	bool made = (a->transformer = transformer_make(wide, w + BLOCK, sizes + BLOCK, TRANSFORMER_WEIGHTS, why)) != NULL;
	made = made && mlp_make(&a->by_task, c, tasks, w + TASK) && mlp_make(&a->by_basis, c, bases, w + BASIS);
	made = made && (a->table = table_make(a, w[TABLE])) && conv3x3_winograd_make(&a->conv, prompt, prompt, prompt, w[CONV], NULL, false);
	made = made && (a->reduce = panels(w[REDUCE], wide, out, 1, wide));
	if (made)
		return a;
	prompt_free(a);
	return NULL;
}

static void prompt_free(Prompt *a) {
	if (!a)
		return;
	mlp_free(&a->by_task);
	mlp_free(&a->by_basis);
	free(a->table);
	conv3x3_winograd_free(&a->conv);
	transformer_free(a->transformer);
	free(a->reduce);
	free(a);
}

int prompt_in(const Prompt *a) { return a->c; }
int prompt_out(const Prompt *a) { return a->out; }

typedef struct {
	const Prompt *a;
	Features x, prompt, wide, y;
	bool failed;
} PromptJob;

// softmax of n rows of m numbers.
static void softmax(float *x, int n, int m) {
	for (int i = 0; i < n; i++, x += m) {
		const vec part = set1(exp_and_sum(x, m, NULL));
		for (int k = 0; k < m; k += LANES)
			store(x + k, load(x + k) * part);
	}
}

// shares is the softmax of the layers' answers for n pixels; hidden is as large as shares.
static void shares(const Mlp *m, const num *x, int n, float *hidden, float *shares) {
	gemm(n, m->out, rows(x, m->in, m->in), packed(m->first, m->in),
	        (Result){.p = hidden, .row = m->out, .init = m->first_bias});
	for (int i = 0; i < n * m->out; i += LANES)
		put((num *) hidden + i, vgelu(load(hidden + i))); // in its place
	gemm(n, m->out, rows((num *) hidden, m->out, m->real), packed(m->second, m->real),
	        (Result){.p = shares, .row = m->out, .init = m->second_bias});
	softmax(shares, n, m->out);
}

// prompt_row looks a row of prompts up and takes x over into the wide features.
static void prompt_row(void *data, size_t row) {
	PromptJob *j = data;
	const Prompt *a = j->a;
	const int c = a->c, e = a->prompt, t = a->by_task.out, b = a->by_basis.out, mixed = a->tasks * e;
	float *hidden = alloc_floats((size_t) CHUNK * (b + t + b + mixed + c));
	if (!hidden) {
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
		return;
	}
	float *tasks = hidden + CHUNK * b, *bases = tasks + CHUNK * t, *mix = bases + CHUNK * b;
	num *pixels = (num *) (mix + CHUNK * mixed);
	const float *x = j->x.p + row * j->x.row;
	float *wide = j->wide.p + row * j->wide.row, *to = j->prompt.p + row * j->prompt.row;
	for (int left = j->x.w; left > 0; left -= CHUNK, x += CHUNK * c) {
		const int n = left < CHUNK ? left : CHUNK;
		put_all(x, n * c, pixels);
		shares(&a->by_task, pixels, n, hidden, tasks);
		shares(&a->by_basis, pixels, n, hidden, bases);
		put_all(bases, n * b, (num *) bases);
		gemm(n, mixed, rows((num *) bases, b, a->bases), packed(a->table, a->bases),
		        (Result){.p = mix, .row = mixed});
		for (int p = 0; p < n; p++, to += e, wide += c + e) {
			memcpy(wide, x + (ptrdiff_t) p * c, c * sizeof(float));
			for (int i = 0; i < e; i += LANES) {
				vec s = set1(0);
				for (int k = 0; k < a->tasks; k++)
					s = madd(set1(tasks[p * t + k]), load(mix + (ptrdiff_t) p * mixed + k * e + i), s);
				store(to + i, s);
			}
		}
	}
	free(hidden);
}

static void reduce_row(void *data, size_t row) {
	PromptJob *j = data;
	const Prompt *a = j->a;
	const int wide = a->c + a->prompt;
	num *pixels = (num *) alloc_floats((size_t) CHUNK * wide);
	if (!pixels) {
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
		return;
	}
	for (int x = 0; x < j->y.w; x += CHUNK) {
		const int n = j->y.w - x < CHUNK ? j->y.w - x : CHUNK;
		put_all(j->wide.p + row * j->wide.row + (ptrdiff_t) x * wide, n * wide, pixels);
		gemm(n, a->out, rows(pixels, wide, wide), packed(a->reduce, wide), (Result){.p = j->y.p + row * j->y.row + (ptrdiff_t) x * a->out, .row = a->out});
	}
	free(pixels);
}

static bool prompt_run(const Prompt *a, const Pool *pool, const float *x, float *y, int h, int w) {
	const int c = a->c, wide = c + a->prompt;
	const size_t size = (size_t) h * w * wide, prompts = bordered_size(h, w, a->prompt, 1);
	const Scratch memory = scratch_acquire(2 * size + (prompts > size ? prompts : size));
	if (!memory.p)
		return false;
	// The block's two other images are where x and the prompts were.
	float *second = memory.p + size, *third = second + size;
	PromptJob j = {.a = a, .wide = {memory.p, h, w, wide, (ptrdiff_t) w * wide}};
	j.x = (Features){second, h, w, c, (ptrdiff_t) w * c};
	j.y = (Features){second, h, w, a->out, (ptrdiff_t) w * a->out};
	j.prompt = bordered(third, h, w, a->prompt, 1);
	from_planes(pool, x, j.x);
	pool->run(pool, prompt_row, &j, h);
	Features beside = j.wide;
	beside.p += c;
	bool done = !j.failed && conv3x3_winograd_run(&a->conv, pool, j.prompt, beside, NULL) && transformer_within(a->transformer, pool, j.wide, second, third);
	if (done) {
		pool->run(pool, reduce_row, &j, h);
		done = !j.failed;
	}
	if (done)
		to_planes(pool, j.y, NULL, y);
	scratch_release(memory);
	return done;
}
