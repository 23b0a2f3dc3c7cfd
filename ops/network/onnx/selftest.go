package onnx

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/kernels"
	ort "github.com/yalue/onnxruntime_go"
)

// tolerance is how far an answer may be from the graph's on the CPU, as a part
// of the contract's range.
type tolerance struct{ mean, most float64 }

// Tensor cores round products to ten bits (TF32), which moves single pixels by
// about half a step of 8-bit output; a broken device is off by far more. Fused
// kernels compute in single precision as the graph does, in another order; an
// expected answer is rounded to 3e-5. Factors rounded to bf16 move single pixels by
// half a step, and the whole by a twentieth.
var (
	deviceLimits = tolerance{mean: 0.002, most: 0.02}
	blockLimits  = tolerance{mean: 2e-5, most: 1e-4}
	halfLimits   = tolerance{mean: 5e-4, most: 0.02}
)

// SelfTest is what a known input showed of a model when it was opened.
type SelfTest struct {
	Provider     string  // the execution provider that really ran it; "" where that could not be told
	SecondsPerMP float64 // of tiles, computed twice; the second counts
	MeanError    float64 // against the CPU, as a part of the range; 0 on the CPU itself
	MaxError     float64
	MACs         float64 // multiply-accumulates a pixel of the graph; 0 where that could not be told
	FusedBlocks  int     // blocks of the network that ran in a fused kernel
	Kernels      string  // the instruction set of the fused kernels
	UnfusedShare float64 // the share of MACs that ran outside of them, where there are any
}

func (p SelfTest) String() string {
	text := fmt.Sprintf("%s, %.3g s/MP", cmp.Or(p.Provider, "provider unknown"), p.SecondsPerMP)
	switch {
	case p.FusedBlocks > 0:
		text += fmt.Sprintf(", %d fused blocks (%s), which differ from the graph by %.1g at most", p.FusedBlocks, p.Kernels, p.MaxError)
	case p.Provider != cpuProvider:
		text += fmt.Sprintf(", differs from the CPU by %.1g on average and %.1g at most", p.MeanError, p.MaxError)
	}
	return text
}

// leastShare is the part of the multiply-accumulates that a device has to take
// for the model to run there, and not on the CPU behind its back.
const leastShare = 0.5

// verify runs a known input through s, on d, and, unless that is the graph on the
// CPU, compares with what that gives.
func (b *builder) verify(s *ort.DynamicAdvancedSession, d device.Device) (SelfTest, error) {
	w, h := b.trySize()
	got, p, took, err := b.try(s, w, h)
	if err != nil {
		return SelfTest{}, err
	}
	pixels := float64(w * h)
	selfTest := SelfTest{SecondsPerMP: took.Seconds() / pixels * 1e6}
	if p.macs != nil {
		selfTest.Provider, selfTest.MACs = p.main(), p.total()/pixels
	}
	selfTest.FusedBlocks, selfTest.Kernels = b.blocks, b.kernels
	if b.blocks == 0 && (d.Kind == "cpu" || kindOf(d).provider == cpuProvider) {
		return selfTest, nil
	}
	assess := func(want []float32, macs float64) (err error) {
		if p.macs != nil && macs > 0 {
			selfTest.MACs = macs
			selfTest.UnfusedShare = min(p.total()/pixels/macs, 1)
			left := p.macs[cpuProvider] / pixels / macs
			if b.blocks == 0 && (selfTest.Provider == cpuProvider || 1-left < leastShare) {
				return fmt.Errorf("the provider started, but left %.0f %% of the work to the CPU", 100*left)
			}
		}
		limits := deviceLimits
		switch {
		case b.blocks > 0 && kernels.Rounds(b.kernels):
			limits = halfLimits
		case b.blocks > 0:
			limits = blockLimits
		}
		selfTest.MeanError, selfTest.MaxError, err = agree(got, want, limits)
		return err
	}
	if want := b.expected(w, h); want != nil && assess(want, b.contract.MACs) == nil {
		return selfTest, nil
	}
	// There is no expected answer, or one for other weights: the graph itself tells.
	want, macs, err := b.reference(w, h)
	if err != nil {
		return selfTest, err
	}
	return selfTest, assess(want, macs)
}

// trySize is that of the known input: the fixed size, or 64 pixels a side.
func (b *builder) trySize() (w, h int) {
	if f := b.contract.Fixed; f != [2]int{} {
		return f[0], f[1]
	}
	side := (64 + b.contract.Multiple - 1) / b.contract.Multiple * b.contract.Multiple
	return side, side
}

// expected is the answer to the known input that the model's export carries, for
// images from 0 to 1, or nil.
func (b *builder) expected(w, h int) []float32 {
	if !b.codec.plain() || b.contract.MACs == 0 {
		return nil
	}
	known, err := readKnown(b.graph.metadata["burnish.known"])
	if err != nil || len(known) != 3*w*h {
		return nil
	}
	return known
}

// reference is what the graph answers to the known input on the CPU, and its
// multiply-accumulates a pixel. It takes the time of opening the graph.
func (b *builder) reference(w, h int) (want []float32, macs float64, err error) {
	plain := *b
	if b.blocks > 0 {
		plain.data, plain.blocks = b.plain, 0
	}
	s, err := plain.session(device.CPU)
	if err != nil {
		return nil, 0, err
	}
	defer destroy(s)
	want, p, _, err := plain.try(s, w, h)
	return want, p.total() / float64(w*h), err
}

// readKnown reads an answer as model/known.py writes it: base64 of 16-bit
// numbers for -0.5 to 1.5.
func readKnown(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(raw)%2 != 0 {
		return nil, errors.New("half a number is left over")
	}
	known := make([]float32, len(raw)/2)
	for i := range known {
		known[i] = float32(float64(binary.LittleEndian.Uint16(raw[2*i:]))/32767.5 - 0.5)
	}
	return known, nil
}

// longestTry is how long the network may take for one known input of so few pixels.
const longestTry = 2 * time.Minute

// try answers the known input twice, noting where it ran and how long it took. A run
// that does not end is stopped, where a graph has no end.
func (b *builder) try(s *ort.DynamicAdvancedSession, w, h int) (out []float32, p profile, took time.Duration, err error) {
	in := knownInput(w, h)
	scale := b.contract.scale()
	out = make([]float32, len(in)*scale*scale)
	var values []float64
	for _, v := range b.contract.Form.Values {
		values = append(values, v.Test)
	}
	endless := fmt.Errorf("it did not answer an image of %d×%d pixels within %s: its graph may hold a loop that never ends; export it again, or name another model", w, h, longestTry)
	ctx, cancel := context.WithTimeoutCause(context.Background(), longestTry, endless)
	defer cancel()
	err = b.codec.run(ctx, s, in, 1, h, w, out, values)
	if b.profiles != "" {
		// Without a profile it is only not known where the nodes ran.
		if q, e := endProfiling(s); e == nil {
			p = q
		}
	}
	if err != nil {
		return nil, p, 0, err
	}
	began := time.Now()
	err = b.codec.run(ctx, s, in, 1, h, w, out, values)
	return out, p, time.Since(began), err
}

// agree compares an answer with the graph's on the CPU.
func agree(got, want []float32, limits tolerance) (mean, most float64, err error) {
	if notFinite(got) >= 0 {
		return 0, 0, ErrNotFinite
	}
	var sum float64
	for i, v := range got {
		d := math.Abs(float64(v - want[i]))
		sum, most = sum+d, max(most, d)
	}
	if mean = sum / float64(len(got)); mean > limits.mean || most > limits.most {
		err = fmt.Errorf("its answer to a known input differs from the CPU's by %.4f on average and %.4f at most, of a range of 1", mean, most)
	}
	return mean, most, err
}

// knownInput is a smooth pattern with a block edge every eight pixels, like a
// damaged photo's.
func knownInput(w, h int) []float32 {
	v := make([]float32, 3*w*h)
	for i := range v {
		c, y, x := i/(w*h), i/w%h, i%w
		wave := math.Sin(float64(x)*0.21+float64(c))*math.Cos(float64(y)*0.17) + 0.2*float64((x/8+y/8)%2)
		v[i] = float32(0.45 + 0.3*wave)
	}
	return v
}
