//go:build linux

// AVX-512 with F, BW, CD, DQ and VL.

#pragma GCC target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,popcnt,prefer-vector-width=512,tune=skylake-avx512")

#define LANES 16
#define KINDS_HERE kinds_avx512
#include "all-inl.h"
