//go:build linux

// AVX2 and FMA.

#pragma GCC target("avx2,fma,bmi,bmi2,popcnt,tune=haswell")

#define LANES 8
#define KINDS_HERE kinds_avx2
#include "all-inl.h"
