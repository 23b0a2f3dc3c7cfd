//go:build linux && (amd64 || arm64)

#include <pthread.h>
#include <stdlib.h>

#include "memory.h"

// Every run of a block needs a few images of memory, for a moment. The general
// allocator would give it back and fetch it again each time, or keep pieces of
// it for every thread; here as many pieces are kept as blocks run at a time.
// What is kept is in use by nobody, so that it may be freed whenever a kernel
// ends: that of a model with larger tiles does not stay for those that remain.

#define LINE 64 // bytes of a cache line, and of the longest vector
#define MOST 64 // pieces kept; beyond that they come and go

static struct {
	pthread_mutex_t lock;
	struct {
		float *p;
		size_t n;
	} free[MOST];
	int count;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

void scratch_trim(void) {
	pthread_mutex_lock(&pool.lock);
	while (pool.count > 0)
		free(pool.free[--pool.count].p);
	pthread_mutex_unlock(&pool.lock);
}

Scratch scratch_acquire(size_t n) {
	Scratch m = {0};
	pthread_mutex_lock(&pool.lock);
	int best = -1; // the smallest that is large enough, else the largest
	for (int i = 0; i < pool.count; i++) {
		const size_t have = pool.free[i].n, other = best < 0 ? 0 : pool.free[best].n;
		if (best < 0 || (have >= n ? other < n || have < other : other < n && have > other))
			best = i;
	}
	if (best >= 0) {
		m = (Scratch){pool.free[best].p, pool.free[best].n};
		pool.free[best] = pool.free[--pool.count];
	}
	pthread_mutex_unlock(&pool.lock);
	if (m.n >= n && m.p)
		return m;
	free(m.p);
	return (Scratch){alloc_floats(n), n};
}

void scratch_release(Scratch m) {
	pthread_mutex_lock(&pool.lock);
	if (m.p && pool.count < MOST) {
		pool.free[pool.count].p = m.p;
		pool.free[pool.count++].n = m.n;
		m.p = NULL;
	}
	pthread_mutex_unlock(&pool.lock);
	free(m.p);
}

float *alloc_floats(size_t n) {
	const size_t bytes = n * sizeof(float) + 2 * LINE;
	return aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
}
