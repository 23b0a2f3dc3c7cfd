package kernels

import "golang.org/x/sys/cpu"

func sets() (names []string) {
	x := cpu.X86
	sse4 := x.HasSSE42 && x.HasPOPCNT
	avx2 := sse4 && x.HasAVX2 && x.HasFMA && x.HasBMI1 && x.HasBMI2
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512CD && x.HasAVX512DQ && x.HasAVX512VL
	if avx512 && x.HasAVX512BF16 {
		names = append(names, "avx512"+halfPrecision)
	}
	if avx512 {
		names = append(names, "avx512")
	}
	if avx2 {
		names = append(names, "avx2")
	}
	if sse4 {
		names = append(names, "sse4")
	}
	return names
}
