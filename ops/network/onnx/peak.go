package onnx

import (
	"context"
	"errors"
	"runtime"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

const (
	peakSide  = 1024 // of the square matrices
	peakTimes = 8    // the best counts
)

// Peak measures how many multiply-accumulates a second this machine's CPU can
// do with that many threads, 0 for all that Go would use: the product of two
// matrices of 1024×1024 float32, by ONNX Runtime itself.
func Peak(ctx context.Context, threads int) (float64, error) {
	if started() == nil {
		return 0, ErrNotStarted
	}
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	so, err := ort.NewSessionOptions()
	if err != nil {
		return 0, err
	}
	defer destroy(so)
	if err := errors.Join(so.SetIntraOpNumThreads(threads), so.SetInterOpNumThreads(1)); err != nil {
		return 0, err
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(squareProduct(peakSide), []string{"x"}, []string{"y"}, so)
	if err != nil {
		return 0, err
	}
	defer destroy(s)
	in, out := make([]float32, peakSide*peakSide), make([]float32, peakSide*peakSide)
	for i := range in {
		in[i] = float32(i%17) / 17
	}
	square := ort.NewShape(peakSide, peakSide)
	var best time.Duration
	for i := range peakTimes {
		began := time.Now()
		if err := run(ctx, s, []tensor{{shape: square, floats: in}}, tensor{shape: square, floats: out}); err != nil {
			return 0, err
		}
		if took := time.Since(began); i > 0 && (best == 0 || took < best) { // the first one warms up
			best = took
		}
	}
	return peakSide * peakSide * peakSide / best.Seconds(), nil
}

// squareProduct is an ONNX model that multiplies a square matrix by itself.
func squareProduct(side uint64) []byte {
	dim := appendNumber(nil, dimValue, side)
	shape := appendBytes(appendBytes(nil, shapeDim, dim), shapeDim, dim)
	const float32Type = 1
	square := appendBytes(appendNumber(nil, tensorElem, float32Type), tensorShape, shape)
	value := func(name string) []byte {
		return appendBytes(appendBytes(nil, valueName, []byte(name)), valueType, appendBytes(nil, typeTensor, square))
	}
	x, y := []byte("x"), []byte("y")
	node := appendBytes(appendBytes(appendBytes(nil, nodeInput, x), nodeInput, x), nodeOutput, y)
	graph := appendBytes(nil, graphNode, appendBytes(node, nodeOp, []byte("MatMul")))
	graph = appendBytes(graph, graphName, []byte("product"))
	graph = appendBytes(appendBytes(graph, graphInput, value("x")), graphOutput, value("y"))
	opset := appendNumber(appendBytes(nil, opsetDomain, nil), opsetVersion, 17)
	model := appendBytes(appendNumber(nil, modelVersion, 8), modelGraph, graph)
	return appendBytes(model, modelOpset, opset)
}
