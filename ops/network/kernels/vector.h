#ifndef BURNISH_KERNELS_VECTOR_H
#define BURNISH_KERNELS_VECTOR_H

// LANES single-precision numbers at a time, by the vector extensions of GCC and
// Clang: the compiler turns them into the instructions of whatever set a file is
// compiled for. Products and sums become fused multiply-adds where there are any.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef float unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float vec4 __attribute__((vector_size(16)));
typedef float vec8 __attribute__((vector_size(32)));
typedef float unaligned8 __attribute__((vector_size(32), aligned(4), may_alias));

// Factors of products are nums, of which a unit, as wide as a lane, holds PER: one of single
// precision, or two of bf16, of which a lane adds both products in single precision.
#ifdef BF16
#define PER 2
typedef uint16_t num __attribute__((may_alias));
typedef int32_t unit __attribute__((may_alias));
#else
#define PER 1
typedef float num;
typedef float unit;
#endif

INLINE vec load(const float *p) { return *(const unaligned *) p; }
INLINE void store(float *p, vec v) { *(unaligned *) p = v; }
INLINE vec set1(float f) { return f - (vec){0}; }
INLINE vec madd(vec a, vec b, vec c) { return a * b + c; }

// units_at are LANES units from p on, and one is all of them the one at p.
// products adds those of two vectors of units to c. put and put_rows store numbers as nums:
// put LANES that follow each other, and put_rows PER vectors that lie below each other
// in a matrix, as units.
#if !defined(BF16)
INLINE vec units_at(const unit *p) { return load(p); }
INLINE vec one(const unit *p) { return set1(*p); }
INLINE vec products(vec a, vec b, vec c) { return madd(a, b, c); }
INLINE void put(num *p, vec v) { store(p, v); }
INLINE void put_rows(unit *p, const vec v[PER]) { store(p, v[0]); }
#elif LANES == 16
INLINE __m512bh units_at(const unit *p) { return (__m512bh) _mm512_loadu_si512(p); }
INLINE __m512bh one(const unit *p) { return (__m512bh) _mm512_set1_epi32(*p); }
INLINE vec products(__m512bh a, __m512bh b, vec c) { return _mm512_dpbf16_ps(c, a, b); }
INLINE void put(num *p, vec v) { _mm256_storeu_si256((void *) p, (__m256i) _mm512_cvtneps_pbh(v)); }
INLINE void put_rows(unit *p, const vec v[PER]) {
	const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
	                                     18, 2, 17, 1, 16, 0);
	_mm512_storeu_si512(p, _mm512_permutexvar_epi16(zip, (__m512i) _mm512_cvtne2ps_pbh(v[1], v[0])));
}
#elif defined(__ARM_NEON)
INLINE bfloat16x8_t units_at(const unit *p) { return vreinterpretq_bf16_s32(vld1q_s32((const int32_t *) p)); }
INLINE bfloat16x8_t one(const unit *p) { return vreinterpretq_bf16_s32(vdupq_n_s32(*p)); }
INLINE vec products(bfloat16x8_t a, bfloat16x8_t b, vec c) { return vbfdotq_f32(c, a, b); }
INLINE void put(num *p, vec v) { vst1_u16((uint16_t *) p, vreinterpret_u16_bf16(vcvt_bf16_f32(v))); }
INLINE void put_rows(unit *p, const vec v[PER]) {
	const uint16x4x2_t z = vzip_u16(vreinterpret_u16_bf16(vcvt_bf16_f32(v[0])), vreinterpret_u16_bf16(vcvt_bf16_f32(v[1])));
	vst1q_u16((uint16_t *) p, vcombine_u16(z.val[0], z.val[1]));
}
#endif

// put_all stores n numbers, a multiple of LANES, as nums.
INLINE void put_all(const float *x, int n, num *to) {
	for (int i = 0; i < n; i += LANES)
		put(to + i, load(x + i));
}

#if defined(BF16) && LANES == 16
// zip makes units of two rows of n nums, a multiple of LANES.
INLINE void zip(const num *a, const num *b, int n, unit *to) {
	for (int i = 0; i < n; i += LANES) {
		const __m512i x = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *) (a + i)));
		const __m512i y = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *) (b + i)));
		_mm512_storeu_si512(to + i, _mm512_or_si512(x, _mm512_slli_epi32(y, 16)));
	}
}
#elif defined(BF16)
INLINE void zip(const num *a, const num *b, int n, unit *to) {
	for (int i = 0; i < n; i++)
		to[i] = (int32_t) ((uint32_t) b[i] << 16 | a[i]);
}
#endif

// number is a num of one number, to the nearest.
static inline num number(float f) {
#ifdef BF16
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	if ((bits & 0x7fffffff) > 0x7f800000)
		return bits >> 16 | 0x40; // NaN stays so
	return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
#else
	return f;
#endif
}

// larger and smaller give b where either number is NaN, or NaN.
INLINE vec larger(vec a, vec b) {
#if LANES == 16
	return _mm512_max_ps(a, b);
#elif LANES == 8
	return _mm256_max_ps(a, b);
#elif defined(__SSE2__)
	return _mm_max_ps(a, b);
#elif defined(__ARM_NEON)
	return vmaxq_f32(a, b);
#endif
}

INLINE vec smaller(vec a, vec b) {
#if LANES == 16
	return _mm512_min_ps(a, b);
#elif LANES == 8
	return _mm256_min_ps(a, b);
#elif defined(__SSE2__)
	return _mm_min_ps(a, b);
#elif defined(__ARM_NEON)
	return vminq_f32(a, b);
#endif
}

#if LANES == 16
#define HALF(v, at) __builtin_shufflevector(v, v, at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7)
#endif
#define QUARTER(v, at) __builtin_shufflevector(v, v, at, at + 1, at + 2, at + 3)

// hsum and hmax are the sum and the largest of all lanes.
INLINE float hsum(vec v) {
#if LANES == 16
	const vec8 w = HALF(v, 0) + HALF(v, 8);
	vec4 x = QUARTER(w, 0) + QUARTER(w, 4);
#elif LANES == 8
	vec4 x = QUARTER(v, 0) + QUARTER(v, 4);
#else
	vec4 x = v;
#endif
	x = x + __builtin_shufflevector(x, x, 2, 3, 0, 1);
	return x[0] + x[1];
}

INLINE float hmax(vec v) {
#if defined(__ARM_NEON)
	return vmaxvq_f32(v);
#else
#if LANES == 16
	const vec8 w = _mm256_max_ps(HALF(v, 0), HALF(v, 8));
	vec4 x = _mm_max_ps(QUARTER(w, 0), QUARTER(w, 4));
#elif LANES == 8
	vec4 x = _mm_max_ps(QUARTER(v, 0), QUARTER(v, 4));
#else
	vec4 x = v;
#endif
	x = _mm_max_ps(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));
	return x[0] > x[1] ? x[0] : x[1];
#endif
}

// rounded is the nearest whole number, below 2^22.
INLINE vec rounded(vec v) {
	const vec magic = set1(12582912); // where numbers have no places for fractions
	return (v + magic) - magic;
}

// vexp is exp(x) for x <= 88, to 2e-7 of its value: 2^n e^r with |r| <= ln 2 / 2,
// e^r by a polynomial fitted to the relative error.
INLINE vec vexp(vec x) {
	x = larger(set1(-87), x); // this way round NaN stays NaN
	vec n = rounded(x * set1(1.44269504f));
	vec r = x - n * set1(0.693359375f);
	r = r - n * set1(-2.12194440e-4f);
	vec p = madd(set1(0.00829761725f), r, set1(0.0419156308f));
	p = madd(p, r, set1(0.166675766f));
	p = madd(p, r, set1(0.499988926f));
	p = madd(p, r, set1(0.999999691f));
	p = madd(p, r, set1(1.00000007f));
	const ivec scale = __builtin_convertvector(n, ivec) << 23;
	return (vec) ((ivec) p + scale);
}

// vexp_num is exp(x) for x <= 0, to 1e-4 of its value or, below, 1e-37: nums of bf16 know no better.
INLINE vec vexp_num(vec x) {
#if defined(BF16) && LANES == 16
	const vec t = x * set1(1.44269504f), n = _mm512_roundscale_ps(t, 8), r = t - n;
	vec p = madd(set1(0.05517167f), r, set1(0.24261115f));
	p = madd(p, r, set1(0.69326099f));
	p = madd(p, r, set1(0.99992807f));
	return _mm512_scalef_ps(p, n);
#else
	return vexp(x);
#endif
}

// exp_and_sum turns m logits, a multiple of PANEL, into powers of e over the largest of them, in their
// place or as nums at `to`, which may be that place, too. It gives the inverse of their sum: times
// that they are the softmax.
INLINE float exp_and_sum(float *x, int m, num *to) {
	vec most = load(x), sum = set1(0);
	for (int i = LANES; i < m; i += LANES)
		most = larger(most, load(x + i));
	most = set1(hmax(most));
	for (int i = 0; i < m; i += LANES) {
		const vec logit = load(x + i) - most, e = to ? vexp_num(logit) : vexp(logit);
		if (to)
			put(to + i, e);
		else
			store(x + i, e);
		sum = sum + e;
	}
	return 1 / hsum(sum);
}

// inverse is 1/x of numbers that are neither tiny nor huge, to the last place but one.
INLINE vec inverse(vec x) {
#if LANES == 16
	const vec y = _mm512_rcp14_ps(x);
	return madd(y, madd(-x, y, set1(1)), y);
#else
	return 1 / x;
#endif
}

// vgelu is x times the normal distribution function, to 2e-6 up to |x| = 16: a rational
// function of x squared, fitted on [-5.2, 5.2], beyond which it stays as it is.
INLINE vec vgelu(vec x) {
	vec c = smaller(larger(x, set1(-5.2f)), set1(5.2f)), t = c * c;
	vec p = madd(set1(7.27263165e-06f), t, set1(0.00039439871f));
	p = madd(p, t, set1(0.00600862585f));
	p = madd(p, t, set1(0.0565330581f));
	p = madd(p, t, set1(0.398940517f));
	vec q = madd(set1(6.08417476e-07f), t, set1(0.000143195046f));
	q = madd(q, t, set1(0.00314861102f));
	q = madd(q, t, set1(0.0414834231f));
	q = madd(q, t, set1(0.308353797f));
	q = madd(q, t, set1(1));
	return x * madd(c, p * inverse(q), set1(0.5f));
}

#define TURN 8

// turn transposes eight rows of eight: b[j][i] = a[i][j]; rows lie `ra` and `rb` apart.
INLINE void turn(const float *a, ptrdiff_t ra, float *b, ptrdiff_t rb) {
	vec8 r[8], s[8];
	for (int i = 0; i < 8; i++)
		r[i] = *(const unaligned8 *) (a + i * ra);
	for (int i = 0; i < 8; i += 2) {
		s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (int i = 0; i < 8; i += 4) {
		r[i] = __builtin_shufflevector(s[i], s[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
		r[i + 1] = __builtin_shufflevector(s[i], s[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
		r[i + 2] = __builtin_shufflevector(s[i + 1], s[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
		r[i + 3] = __builtin_shufflevector(s[i + 1], s[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
	}
	for (int i = 0; i < 4; i++) {
		*(unaligned8 *) (b + i * rb) = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		*(unaligned8 *) (b + (i + 4) * rb) = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

#endif
