package onnx

import (
	"context"
	"fmt"
	"math"

	ort "github.com/yalue/onnxruntime_go"
)

// How far a device's answer may be from the CPU's, as a part of the contract's
// range. Tensor cores round products to ten bits (TF32), which moves single
// pixels by about half a step of 8-bit output; a broken device is off by far
// more.
const (
	meanTolerance = 0.002
	maxTolerance  = 0.02
)

// prove runs a known input through s, on d, and through the same model on the
// CPU, and compares.
func (b *builder) prove(s *ort.DynamicAdvancedSession, d Device) error {
	cpu, err := b.session(Device{Kind: "cpu"})
	if err != nil {
		return err
	}
	defer destroy(cpu)
	side := (64 + b.contract.Multiple - 1) / b.contract.Multiple * b.contract.Multiple
	in := knownInput(side, b.contract.RangeLow, b.contract.RangeHigh)
	got, want := make([]float32, len(in)), make([]float32, len(in))
	shape := ort.NewShape(1, 3, int64(side), int64(side))
	if err := run(context.Background(), s, in, got, shape); err != nil {
		return err
	}
	if err := run(context.Background(), cpu, in, want, shape); err != nil {
		return err
	}
	return agree(got, want, b.contract.RangeHigh-b.contract.RangeLow)
}

// agree compares a device's answer with the CPU's.
func agree(got, want []float32, scale float32) error {
	if notFinite(got) >= 0 {
		return ErrNotFinite
	}
	var sum, most float64
	for i, v := range got {
		d := math.Abs(float64(v-want[i])) / float64(scale)
		sum, most = sum+d, max(most, d)
	}
	if mean := sum / float64(len(got)); mean > meanTolerance || most > maxTolerance {
		return fmt.Errorf("its answer to a known input differs from the CPU's by %.4f on average and %.4f at most, of a range of 1", mean, most)
	}
	return nil
}

// knownInput is a smooth pattern with a block edge every eight pixels, like a
// damaged photo's.
func knownInput(side int, low, high float32) []float32 {
	v := make([]float32, 3*side*side)
	for i := range v {
		c, y, x := i/(side*side), i/side%side, i%side
		wave := math.Sin(float64(x)*0.21+float64(c))*math.Cos(float64(y)*0.17) + 0.2*float64((x/8+y/8)%2)
		v[i] = low + (high-low)*float32(0.45+0.3*wave)
	}
	return v
}
