#ifndef BURNISH_KERNELS_VECTOR_H
#define BURNISH_KERNELS_VECTOR_H

// Eight single-precision numbers at a time (AVX2 and FMA).

#include <immintrin.h>
#include <stddef.h>

#define LANES 8
#define INLINE static inline __attribute__((always_inline))

typedef __m256 vec;

INLINE vec load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, vec v) { _mm256_storeu_ps(p, v); }
INLINE vec set1(float f) { return _mm256_set1_ps(f); }
INLINE vec fma8(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

INLINE float sum8(vec v) {
	__m128 h = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
	h = _mm_add_ps(h, _mm_movehl_ps(h, h));
	return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}

INLINE float max8(vec v) {
	__m128 h = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
	h = _mm_max_ps(h, _mm_movehl_ps(h, h));
	return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}

// exp8 is exp(x) for x <= 88, to 2e-7 of its value: 2^n e^r with |r| <= ln 2 / 2,
// e^r by a polynomial fitted to the relative error.
INLINE vec exp8(vec x) {
	x = _mm256_max_ps(set1(-87), x); // this way round NaN stays NaN
	vec n = _mm256_round_ps(_mm256_mul_ps(x, set1(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
	vec r = _mm256_fnmadd_ps(n, set1(0.693359375f), x);
	r = _mm256_fnmadd_ps(n, set1(-2.12194440e-4f), r);
	vec p = fma8(set1(0.00829761725f), r, set1(0.0419156308f));
	p = fma8(p, r, set1(0.166675766f));
	p = fma8(p, r, set1(0.499988926f));
	p = fma8(p, r, set1(0.999999691f));
	p = fma8(p, r, set1(1.00000007f));
	__m256i scale = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
	return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), scale));
}

// exp_and_sum turns m logits, a multiple of eight, into powers of e over the largest of them, and gives
// the inverse of their sum: times that they are the softmax.
INLINE float exp_and_sum(float *x, int m) {
	vec most = load(x), sum = set1(0);
	for (int i = LANES; i < m; i += LANES)
		most = _mm256_max_ps(most, load(x + i));
	most = set1(max8(most));
	for (int i = 0; i < m; i += LANES) {
		vec e = exp8(_mm256_sub_ps(load(x + i), most));
		store(x + i, e);
		sum = _mm256_add_ps(sum, e);
	}
	return 1 / sum8(sum);
}

// gelu8 is x times the normal distribution function, to 2e-6 up to |x| = 16: a rational
// function of x squared, fitted on [-5.2, 5.2], beyond which it stays as it is.
INLINE vec gelu8(vec x) {
	vec c = _mm256_min_ps(_mm256_max_ps(x, set1(-5.2f)), set1(5.2f)), t = _mm256_mul_ps(c, c);
	vec p = fma8(set1(7.27263165e-06f), t, set1(0.00039439871f));
	p = fma8(p, t, set1(0.00600862585f));
	p = fma8(p, t, set1(0.0565330581f));
	p = fma8(p, t, set1(0.398940517f));
	vec q = fma8(set1(6.08417476e-07f), t, set1(0.000143195046f));
	q = fma8(q, t, set1(0.00314861102f));
	q = fma8(q, t, set1(0.0414834231f));
	q = fma8(q, t, set1(0.308353797f));
	q = fma8(q, t, set1(1));
	return _mm256_mul_ps(x, fma8(c, _mm256_div_ps(p, q), set1(0.5f)));
}

// transpose8x8 transposes eight rows of eight: b[j][i] = a[i][j]; rows lie `ra` and `rb` apart.
INLINE void transpose8x8(const float *a, ptrdiff_t ra, float *b, ptrdiff_t rb) {
	vec r[8], s[8];
	for (int i = 0; i < 8; i++)
		r[i] = load(a + i * ra);
	for (int i = 0; i < 8; i += 2) {
		s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
	}
	for (int i = 0; i < 8; i += 4) {
		r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
		r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
		r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
		r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
	}
	for (int i = 0; i < 4; i++) {
		store(b + i * rb, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
		store(b + (i + 4) * rb, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
	}
}

#endif
