//go:build amd64 && linux

#include <cpuid.h>

#include "ort.h"

#define MOVBE (1u << 22) // leaf 1, ecx
#define F16C (1u << 29)
#define LZCNT (1u << 5) // leaf 0x80000001, ecx

int burnish_kernels_processor(void) {
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (MOVBE | F16C)) != (MOVBE | F16C))
		return 0;
	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & LZCNT);
}
