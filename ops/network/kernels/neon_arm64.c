//go:build linux

// NEON, which every 64-bit ARM processor has.

#define LANES 4
#define KINDS_HERE kinds_neon
#include "all-inl.h"
