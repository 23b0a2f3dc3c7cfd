//go:build amd64 && linux

#include <stdlib.h>
#include <string.h>

#include "vector.h"
#include "windows.h"

bool kernel3_make(Kernel3 *k, int in, int padded, int out, const float *weights, const float *bias, bool gelu) {
	*k = (Kernel3){.in = padded, .out = (out + PANEL - 1) / PANEL * PANEL, .gelu = gelu};
	float *turned = numbers((size_t) 9 * padded * k->out);
	k->shift = numbers(k->out);
	if (!turned || !k->shift) {
		free(turned);
		return false;
	}
	memset(turned, 0, (size_t) 9 * padded * k->out * sizeof(float));
	for (int o = 0; o < k->out; o++) {
		k->shift[o] = o < out ? bias[o] : 0;
		for (int i = 0; o < out && i < in; i++)
			for (int t = 0; t < 9; t++)
				turned[((size_t) t * padded + i) * k->out + o] = weights[((size_t) o * in + i) * 9 + t];
	}
	k->weights = panels(turned, 9 * padded, k->out, k->out, 1);
	free(turned);
	return k->weights != NULL;
}

void kernel3_free(Kernel3 *k) {
	free(k->weights);
	free(k->shift);
}

typedef struct {
	const Kernel3 *k;
	Features x, y;
	float *sums; // of every row, or NULL
} Job;

static void run_row(void *data, size_t row) {
	const Job *j = data;
	const Kernel3 *k = j->k;
	ptrdiff_t taps[9];
	for (int t = 0; t < 9; t++)
		taps[t] = (t / 3 - 1) * j->x.row + (t % 3 - 1) * k->in;
	float *y = j->y.p + row * j->y.row;
	product(j->y.w, k->out, (Left){.p = j->x.p + row * j->x.row, .row = k->in, .col = 1, .k = k->in, .taps = 9, .tap = taps},
	        packed(k->weights, 9 * k->in), (Result){.p = y, .row = k->out, .init = k->shift});
	if (k->gelu)
		for (ptrdiff_t i = 0; i < (ptrdiff_t) j->y.w * k->out; i += LANES)
			store(y + i, gelu8(load(y + i)));
	for (int c = 0; j->sums && c < k->out; c += LANES) {
		vec s = all(0);
		for (int i = 0; i < j->y.w; i++)
			s = _mm256_add_ps(s, load(y + (ptrdiff_t) i * k->out + c));
		store(j->sums + row * k->out + c, s);
	}
}

bool kernel3_run(const Kernel3 *k, const Pool *pool, Features x, Features y, float *sums) {
	Job j = {.k = k, .x = x, .y = y};
	if (sums && !(j.sums = numbers((size_t) y.h * k->out)))
		return false;
	pool->run(pool, run_row, &j, y.h);
	for (int c = 0; sums && c < k->out; c++) {
		double sum = 0;
		for (int r = 0; r < y.h; r++)
			sum += j.sums[(size_t) r * k->out + c];
		sums[c] = sum;
	}
	free(j.sums);
	return true;
}
