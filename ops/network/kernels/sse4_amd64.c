//go:build linux

// SSE4.2.

#pragma GCC target("sse4.2,popcnt")

#define LANES 4
#define KINDS_HERE kinds_sse4
#include "all-inl.h"
