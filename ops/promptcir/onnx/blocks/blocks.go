// Package blocks computes the network's blocks on CPUs: Restormer's transformer
// block and HAT's residual hybrid attention group, each in one piece, as
// operators of ONNX Runtime.
//
// A graph spells such a block out in a hundred operators, between which every
// intermediate result, several times as large as the features, goes through
// memory, and whose layouts differ. Here a block works on a few rows or one
// window at a time, which stay in the cache, and is made of one product of
// matrices that keeps the processor's multipliers busy.
//
// Restormer: Zamir et al., CVPR 2022. HAT: Chen et al., CVPR 2023.
package blocks

// Domain and its version are what the operators are found under: Transformer and
// Group. They take N×C×H×W features and the block's weights, in the order of the
// C code, and give features of the same shape.
const (
	Domain  = "burnish"
	Version = 1
)
