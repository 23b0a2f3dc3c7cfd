// Package kernels computes the blocks of networks on CPUs by fused kernels, as
// operators of ONNX Runtime: Restormer's transformer block, HAT's residual
// hybrid attention group, PromptCIR's prompt interaction, and the convolutions
// between resolutions.
//
// A graph spells such a block out in a hundred operators, between which every
// intermediate result, several times as large as the features, goes through
// memory, and whose layouts differ. Here a block works on a few rows or one
// window at a time, which stay in the cache, and is made of one product of
// matrices that keeps the processor's multipliers busy.
//
// Restormer: Zamir et al., CVPR 2022. HAT: Chen et al., CVPR 2023. PromptCIR: Li
// et al., NTIRE 2024.
package kernels

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Domain and its version are what the operators are found under. They take
// N×C×H×W features and the block's weights, in the order of the C code, and give
// features.
const (
	Domain  = "burnish"
	Version = 1
)

// Env is the environment variable that names the set to use.
const Env = "BURNISH_KERNELS"

// halfPrecision ends the names of sets that round the factors of products to bf16.
const halfPrecision = "-bf16"

// Rounds reports whether the products of a set are of numbers rounded to bf16, whose
// sums are of single precision all the same.
func Rounds(set string) bool { return strings.HasSuffix(set, halfPrecision) }

// Choose gives the set of that name; for "" the one that [Env] names, else the fastest, and
// after it, where that one rounds, the fastest that does not, for networks that cannot do
// with it. It gives none where there is none.
func Choose(name string) ([]string, error) {
	have := Sets()
	name = cmp.Or(name, os.Getenv(Env))
	if name != "" {
		if !slices.Contains(have, name) {
			return nil, fmt.Errorf("kernels must be one of %s on this processor, got %q", strings.Join(have, ", "), name)
		}
		return []string{name}, nil
	}
	for i, set := range have {
		if !Rounds(set) {
			return have[:i+1], nil
		}
	}
	return have, nil
}
