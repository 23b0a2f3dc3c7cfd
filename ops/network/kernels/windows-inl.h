#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define OUTSIDE -100.0f // logit of pixels that a shifted window joins by accident, as in HAT
#define QUERIES 64      // rows of the attention map at a time

static bool windows_make(Windows *a, int c, int heads, int side, int reach, int shift, const float *qkv, const float *qkv_bias, const float *bias,
                  const float *out, const float *out_bias) {
	*a = (Windows){.c = c, .heads = heads, .side = side, .reach = reach, .shift = shift};
	const size_t map = (size_t) heads * side * side * reach * reach, n = (size_t) c * 3 * c;
	const float scale = 1 / sqrtf((float) c / heads);
	float *scaled = alloc_floats(n);
	a->qkv_bias = alloc_floats(3 * c);
	a->bias = alloc_floats(map);
	a->out = panels(out, c, c, c, 1);
	a->out_bias = alloc_floats(c);
	if (!scaled || !a->qkv_bias || !a->bias || !a->out || !a->out_bias) {
		free(scaled);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		scaled[i] = qkv[i] * (i % (3 * c) < (size_t) c ? scale : 1);
	for (int i = 0; i < 3 * c; i++)
		a->qkv_bias[i] = qkv_bias[i] * (i < c ? scale : 1);
	memcpy(a->bias, bias, map * sizeof(float));
	memcpy(a->out_bias, out_bias, c * sizeof(float));
	a->qkv = panels(scaled, c, 3 * c, 3 * c, 1);
	free(scaled);
	return a->qkv != NULL;
}

static void windows_free(Windows *a) {
	free(a->qkv);
	free(a->qkv_bias);
	free(a->bias);
	free(a->out);
	free(a->out_bias);
}

typedef struct {
	const Windows *a;
	Features x, y, z, branch;
	Features kv; // OCAB: units of keys and values of all pixels, with a border of zeros
	const float *part;
	bool failed;
} WindowsJob;

// WindowScratch is the memory of one window. Rows of q, k and v are pixels, and their distances of units.
typedef struct {
	num *pixels, *heard;
	unit *q, *kv, *keys, *values;
	float *map, *sum, *found, *said;
	ptrdiff_t q_row, kv_row;
} WindowScratch;

static float *scratch_make(const Windows *a, WindowScratch *s) {
	const size_t n = (size_t) a->side * a->side, m = (size_t) a->reach * a->reach, c = a->c;
	float *p = alloc_floats(n * c + n * 3 * c + m * 2 * c + 2 * c * m + QUERIES * m + QUERIES + QUERIES * c + 2 * n * c), *at = p;
	if (!p)
		return NULL;
	s->pixels = (num *) at;
	s->q = (unit *) (at += n * c);
	s->kv = (unit *) (at += n * 3 * c);
	s->keys = (unit *) (at += m * 2 * c);
	s->values = (unit *) (at += c * m);
	s->map = at += c * m;
	s->sum = at += QUERIES * m;
	s->found = at += QUERIES;
	s->heard = (num *) (at += QUERIES * c);
	s->said = at + n * c;
	return p;
}

// region tells pixels of opposite sides of the image apart, which share a shifted window.
static int region(const WindowsJob *j, int y, int x) {
	const Windows *a = j->a;
	return (y >= j->x.h - a->shift ? 2 : 0) + (x >= j->x.w - a->shift ? 1 : 0);
}

static void mask(const WindowsJob *j, int top, int left, int first, int n, float *map) {
	const int side = j->a->side, m = side * side;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < m; k++) {
			int q = first + i;
			if (region(j, top + q / side, left + q % side) != region(j, top + k / side, left + k % side))
				map[i * m + k] += OUTSIDE;
		}
}

// values is the Right of the window's values, rows of which become units below each other.
static Right values(const Windows *a, WindowScratch *s) {
	const int c = a->c;
#if PER == 1
	return (Right){s->kv + c, s->kv_row, PANEL};
#else
	const num *v = (const num *) (s->kv + units(c));
	for (int i = 0; i < a->reach * a->reach; i += PER)
		zip(v + i * s->kv_row * PER, v + (i + 1) * s->kv_row * PER, c, s->values + (ptrdiff_t) i / PER * c);
	return (Right){s->values, c, PANEL};
#endif
}

// windows_attend fills s->heard with what every pixel of the window at (top, left) hears.
static void windows_attend(const WindowsJob *j, WindowScratch *s, int top, int left) {
	const Windows *a = j->a;
	const int c = a->c, d = c / a->heads, n = a->side * a->side, m = a->reach * a->reach;
	const Right said = values(a, s);
	const bool crossing = a->shift && (top + a->side == j->x.h || left + a->side == j->x.w);
	for (int h = 0; h < a->heads; h++) {
		for (int i = 0; i < m; i += TURN)
			for (int k = 0; k < units(d); k += TURN)
				turn((const float *) s->kv + i * s->kv_row + units(h * d) + k, s->kv_row, (float *) s->keys + (ptrdiff_t) k * m + i, m);
		for (int q = 0; q < n; q += QUERIES) {
			const int count = n - q < QUERIES ? n - q : QUERIES;
			gemm(count, m, (Left){.p = s->q + q * s->q_row + units(h * d), .row = s->q_row, .col = 1, .k = units(d), .taps = 1},
			        (Right){s->keys, m, PANEL}, (Result){.p = s->map, .row = m, .add = a->bias + ((size_t) h * n + q) * m, .add_row = m});
			if (crossing)
				mask(j, top, left, q, count, s->map);
			for (int i = 0; i < count; i++)
				s->sum[i] = exp_and_sum(s->map + (ptrdiff_t) i * m, m, (num *) (s->map + (ptrdiff_t) i * m));
			gemm(count, d, (Left){.p = (const unit *) s->map, .row = m, .col = 1, .k = units(m), .taps = 1},
			        (Right){said.p + h * d, said.row, said.panel}, (Result){.p = s->found, .row = d});
			num *heard = s->heard + (ptrdiff_t) q * c + h * d;
			for (int i = 0; i < count; i++)
				for (int k = 0; k < d; k += LANES)
					put(heard + (ptrdiff_t) i * c + k, load(s->found + (ptrdiff_t) i * d + k) * set1(s->sum[i]));
		}
	}
}

// gather copies the window's pixels, row by row, following the shift around the image.
static void gather(const WindowsJob *j, int top, int left, num *pixels) {
	const Windows *a = j->a;
	const int c = a->c;
	for (int y = 0; y < a->side; y++)
		for (int x = 0; x < a->side; x++, pixels += c) {
			const int row = (top + y + a->shift) % j->y.h, col = (left + x + a->shift) % j->y.w;
			put_all(j->y.p + row * j->y.row + (ptrdiff_t) col * c, c, pixels);
		}
}

// scatter adds what the window says to x and to the branch, into z.
static void scatter(const WindowsJob *j, int top, int left, const float *said) {
	const Windows *a = j->a;
	const int c = a->c;
	for (int y = 0; y < a->side; y++)
		for (int x = 0; x < a->side; x++, said += c) {
			const int row = (top + y + a->shift) % j->x.h, col = (left + x + a->shift) % j->x.w;
			const float *from = j->x.p + row * j->x.row + (ptrdiff_t) col * c;
			const float *branch = j->branch.p ? j->branch.p + row * j->branch.row + (ptrdiff_t) col * c : NULL;
			float *to = j->z.p + row * j->z.row + (ptrdiff_t) col * c;
			for (int i = 0; i < c; i += LANES) {
				vec v = load(from + i) + load(said + i);
				if (branch)
					v = madd(load(branch + i), load(j->part + i), v);
				store(to + i, v);
			}
		}
}

// own takes q, k and v from the window itself, others k and v from the window around it.
static void own(const WindowsJob *j, WindowScratch *s, int top, int left) {
	const Windows *a = j->a;
	const int c = a->c, n = a->side * a->side;
	gather(j, top, left, s->pixels);
	gemm(n, 3 * c, rows(s->pixels, c, c), packed(a->qkv, c), (Result){.nums = (num *) s->q, .row = 3 * c, .init = a->qkv_bias});
	s->q_row = s->kv_row = units(3 * c);
	s->kv = s->q + units(c);
}

static void others(const WindowsJob *j, WindowScratch *s, int top, int left) {
	const Windows *a = j->a;
	const int c = a->c, n = a->side * a->side, border = (a->reach - a->side) / 2;
	gather(j, top, left, s->pixels);
	gemm(n, c, rows(s->pixels, c, c), packed(a->qkv, c), (Result){.nums = (num *) s->q, .row = c, .init = a->qkv_bias});
	s->q_row = units(c);
	s->kv_row = j->kv.c;
	for (int y = 0; y < a->reach; y++)
		memcpy(s->kv + y * a->reach * s->kv_row, j->kv.p + (top + y - border) * j->kv.row + (left - border) * s->kv_row,
		       a->reach * s->kv_row * sizeof(unit));
}

static void row_of_windows(void *data, size_t row) {
	WindowsJob *j = data;
	const Windows *a = j->a;
	const int c = a->c, n = a->side * a->side, top = row * a->side;
	WindowScratch s;
	float *memory = scratch_make(a, &s);
	if (!memory) {
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
		return;
	}
	for (int left = 0; left < j->x.w; left += a->side) {
		(a->reach == a->side ? own : others)(j, &s, top, left);
		windows_attend(j, &s, top, left);
		gemm(n, c, rows(s.heard, c, c), packed(a->out, c), (Result){.p = s.said, .row = c, .init = a->out_bias});
		scatter(j, top, left, s.said);
	}
	free(memory);
}

// row_of_keys makes a row of keys and values, a few pixels at a time.
static void row_of_keys(void *data, size_t row) {
	WindowsJob *j = data;
	const Windows *a = j->a;
	const int c = a->c;
	const Right all = packed(a->qkv, c);
	num *pixels = (num *) alloc_floats((size_t) QUERIES * c);
	if (!pixels) {
		__atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
		return;
	}
	for (int x = 0; x < j->y.w; x += QUERIES) {
		const int n = j->y.w - x < QUERIES ? j->y.w - x : QUERIES;
		put_all(j->y.p + row * j->y.row + (ptrdiff_t) x * c, n * c, pixels);
		gemm(n, 2 * c, rows(pixels, c, c), (Right){all.p + c / PANEL * all.panel, all.row, all.panel},
		        (Result){.nums = (num *) (j->kv.p + row * j->kv.row + (ptrdiff_t) x * j->kv.c), .row = 2 * c, .init = a->qkv_bias + c});
	}
	free(pixels);
}

static size_t windows_memory(const Windows *a, int h, int w) {
	return a->reach == a->side ? 0 : bordered_size(h, w, units(2 * a->c), (a->reach - a->side) / 2);
}

static bool windows_run(const Windows *a, const Pool *pool, Features x, Features y, Features branch, const float *part, Features z, float *memory) {
	WindowsJob j = {.a = a, .x = x, .y = y, .z = z, .branch = branch, .part = part};
	if (a->reach != a->side) {
		const int border = (a->reach - a->side) / 2;
		j.kv = bordered(memory, x.h, x.w, units(2 * a->c), border);
		pool->run(pool, row_of_keys, &j, x.h);
	}
	if (!j.failed)
		pool->run(pool, row_of_windows, &j, x.h / a->side);
	return !j.failed;
}
