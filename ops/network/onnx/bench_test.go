package onnx_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

// resident is the process's memory in bytes, as the kernel counts it; 0 where it
// does not tell.
func resident(testing.TB) int { return status("VmRSS:") }

func status(key string) int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), key)
	kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kb << 10
}

// processor is the time that the process has spent computing.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRun times the bundled model per megapixel of tile: by the tile's
// side, the threads of a run, and the runs at a time. cpu-s/MP
// is by the processor, which other load disturbs less. peak-MB is the process's
// peak, so only the first line of a fresh process tells one configuration's.
func BenchmarkRun(b *testing.B) {
	onnxtest.Need(b)
	path := filepath.Join("..", "..", "promptcir", "models", "lite.onnx")
	if other := os.Getenv("BURNISH_BENCH_MODEL"); other != "" {
		path = other
	}
	if _, err := os.Stat(path); err != nil {
		b.Skip("no model to measure: ", path)
	}
	for _, side := range []int{128, 256, 384, 512} {
		for _, c := range []struct{ threads, runs, batch int }{{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {2, 1, 2}} {
			b.Run(fmt.Sprintf("side=%d/threads=%d/runs=%d/batch=%d", side, c.threads, c.runs, c.batch), func(b *testing.B) {
				benchRun(b, path, side, c.threads, c.runs, c.batch)
			})
		}
	}
}

func benchRun(b *testing.B, path string, side, threads, runs, batch int) {
	m, err := onnx.Open(path, onnx.Options{Device: device.CPU, Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	one := func() {
		in, out := ramp(batch*3*side*side), make([]float32, batch*3*side*side)
		if err := m.Run(b.Context(), in, batch, side, side, out); err != nil {
			b.Error(err)
		}
	}
	one()
	before := processor()
	b.ResetTimer()
	for range b.N {
		done := make(chan struct{})
		for range runs {
			go func() { one(); done <- struct{}{} }()
		}
		for range runs {
			<-done
		}
	}
	mp := float64(b.N*runs*batch*side*side) / 1e6
	b.ReportMetric(b.Elapsed().Seconds()/mp, "s/MP")
	b.ReportMetric((processor()-before).Seconds()/mp, "cpu-s/MP")
	b.ReportMetric(float64(status("VmHWM:"))/1e6, "peak-MB")
	b.ReportMetric(0, "ns/op")
}
