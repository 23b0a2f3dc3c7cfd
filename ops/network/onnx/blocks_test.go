package onnx_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/kernels"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

// bundled opens the model that ships.
func bundled(t testing.TB, threads int, plain bool) *onnx.Model {
	t.Helper()
	return opened(t, onnx.Options{Device: device.CPU, Threads: threads, Unfused: plain})
}

func opened(t testing.TB, o onnx.Options) *onnx.Model {
	t.Helper()
	onnxtest.Need(t)
	m, err := onnx.Open(filepath.Join("..", "..", "promptcir", "models", "lite.onnx"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func needBlocks(t testing.TB) {
	t.Helper()
	if len(kernels.Sets()) == 0 {
		t.Skip("this processor or system has no fused kernels: it needs Linux, and SSE4.2 or NEON")
	}
}

// TestBlocksAgree compares the network with fused kernels with the
// graph, node by node, on images that are smooth, noisy and extreme.
func TestBlocksAgree(t *testing.T) {
	needBlocks(t)
	graph := bundled(t, 2, true)
	if graph.SelfTest().FusedBlocks != 0 {
		t.Fatalf("asked for the graph as it is, got %v", graph.SelfTest())
	}
	for i, set := range append(kernels.Sets(), kernels.Sets()[0]) {
		threads := []int{1, 3}[i%2]
		m := opened(t, onnx.Options{Device: device.CPU, Threads: threads, Kernels: set})
		if p := m.SelfTest(); p.FusedBlocks != 21 || p.Kernels != set || p.MACs < 50_000 || p.MaxError > limit(set, 5e-5, 5e-3) || p.MeanError > limit(set, 2e-5, 5e-4) {
			t.Fatalf("%s: %d fused blocks, of 21; %v, %.1g on average", set, p.FusedBlocks, p, p.MeanError)
		}
		for _, s := range [][3]int{{1, 32, 32}, {2, 64, 96}, {1, 32, 352}, {1, 160, 288}} {
			for name, in := range pictures(s[0], s[1], s[2]) {
				want, got := make([]float32, len(in)), make([]float32, len(in))
				if err := graph.Run(t.Context(), in, s[0], s[1], s[2], want); err != nil {
					t.Fatal(err)
				}
				if err := m.Run(t.Context(), in, s[0], s[1], s[2], got); err != nil {
					t.Fatal(err)
				}
				if d, moved := farthest(got, want), farthest(want, in); d > limit(set, 1e-5, 1e-2) || moved < 1e-3 {
					t.Errorf("%s, %d threads, %s of %v: %g from the graph, which moved pixels by %g", set, threads, name, s, d, moved)
				}
			}
		}
	}
}

// limit is how far a set may be from the graph: those that round factors to the
// eight bits of bf16 less near.
func limit(set string, exact, rounds float64) float64 {
	if kernels.Rounds(set) {
		return rounds
	}
	return exact
}

func pictures(n, h, w int) map[string][]float32 {
	r := rand.New(rand.NewPCG(1, 2))
	smooth, noise, extreme := make([]float32, n*3*h*w), make([]float32, n*3*h*w), make([]float32, n*3*h*w)
	for i := range smooth {
		x, y := float64(i%w), float64(i/w)
		smooth[i] = float32(0.5 + 0.4*math.Sin(x/9)*math.Cos(y/11) + 0.1*float64((i%w/8+i/w/8)%2))
		noise[i], extreme[i] = r.Float32(), float32(r.IntN(2))
	}
	return map[string][]float32{"smooth": smooth, "noise": noise, "black and white": extreme}
}

func farthest(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

// BenchmarkKernels compares the bundled model with the fused kernels of every
// instruction set and with the graph, node by node, on one tile, in turns.
// BENCH=Kernels make bench.
func BenchmarkKernels(b *testing.B) {
	needBlocks(b)
	for _, side := range []int{256, 512} {
		b.Run(fmt.Sprintf("side=%d", side), func(b *testing.B) {
			in, out := ramp(3*side*side), make([]float32, 3*side*side)
			names := append([]string{"graph"}, kernels.Sets()...)
			var models []*onnx.Model
			var best []float64
			for _, name := range names {
				o := onnx.Options{Device: device.CPU, Threads: 1, Unfused: name == "graph"}
				if !o.Unfused {
					o.Kernels = name
				}
				models, best = append(models, opened(b, o)), append(best, math.Inf(1))
			}
			for b.Loop() {
				for range 5 {
					for i, m := range models {
						before := processor()
						if err := m.Run(b.Context(), in, 1, side, side, out); err != nil {
							b.Fatal(err)
						}
						best[i] = min(best[i], (processor() - before).Seconds())
					}
				}
			}
			mp := float64(side*side) / 1e6
			for i, name := range names {
				b.ReportMetric(best[i]/mp, name+"-cpu-s/MP")
				b.ReportMetric(models[i].SelfTest().MACs*mp/1e3/best[i], name+"-GMAC/s")
				b.ReportMetric(best[0]/best[i], name+"-×faster")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
