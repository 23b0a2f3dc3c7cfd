package onnx

import (
	"context"
	"encoding/binary"
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
	var best time.Duration
	for i := range peakTimes {
		began := time.Now()
		if err := run(ctx, s, in, out, ort.NewShape(peakSide, peakSide)); err != nil {
			return 0, err
		}
		if took := time.Since(began); i > 0 && (best == 0 || took < best) { // the first one warms up
			best = took
		}
	}
	return peakSide * peakSide * peakSide / best.Seconds(), nil
}

// squareProduct is an ONNX model that multiplies a square matrix by itself.
func squareProduct(side int) []byte {
	node := message(bytesField(1, []byte("x")), bytesField(1, []byte("x")), bytesField(2, []byte("y")), bytesField(4, []byte("MatMul")))
	dim := bytesField(1, message(varintField(1, side)))
	tensor := message(varintField(1, 1), bytesField(2, message(dim, dim)))
	value := func(name string) []byte {
		return message(bytesField(1, []byte(name)), bytesField(2, message(bytesField(1, tensor))))
	}
	graph := message(bytesField(1, node), bytesField(2, []byte("product")), bytesField(11, value("x")), bytesField(12, value("y")))
	opset := message(bytesField(1, nil), varintField(2, 17))
	return message(varintField(1, 8), bytesField(7, graph), bytesField(8, opset))
}

// message, bytesField and varintField write what fields reads.
func message(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func bytesField(field int, body []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3|2), uint64(len(body))), body...)
}

func varintField(field, n int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3), uint64(n))
}
