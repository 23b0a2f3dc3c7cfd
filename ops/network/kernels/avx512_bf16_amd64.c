//go:build linux

// AVX-512 with F, BW, CD, DQ, VL and BF16.

#pragma GCC target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,avx2,fma,bmi,bmi2,popcnt,prefer-vector-width=512,tune=skylake-avx512")

#define LANES 16
#define BF16
#define KINDS_HERE kinds_avx512_bf16
#include "all-inl.h"
