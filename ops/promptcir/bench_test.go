package promptcir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

// BenchmarkPhoto restores a JPEG into a JPEG: decode, network, encode. s/MP is
// by the clock, cpu-s/MP by the processor, which other load disturbs less.
// peak-MB is the process's peak: run one line at a time to read it.
func BenchmarkPhoto(b *testing.B) {
	for _, side := range []int{256, 384, 512} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("tile=%d/threads=%d", side, threads), func(b *testing.B) {
				benchPhoto(b, promptcir.Config{Model: "lite", Tile: side}, threads, 3, 3)
			})
		}
	}
}

// BenchmarkStream restores 100 megapixels with a network that changes nothing:
// what everything around the network takes.
func BenchmarkStream(b *testing.B) {
	benchPhoto(b, promptcir.Config{Model: "../network/onnx/testdata/identity.onnx", Tile: 256}, 2, 27, 19)
}

// BenchmarkWide restores the top of a photo as wide as one of 100 megapixels:
// its peak-MB is that of the whole photo, since memory grows with the width only.
func BenchmarkWide(b *testing.B) {
	for _, side := range []int{256, 384} {
		b.Run(fmt.Sprintf("tile=%d", side), func(b *testing.B) {
			benchPhoto(b, promptcir.Config{Model: "lite", Tile: side}, 2, 27, 2)
		})
	}
}

func benchPhoto(b *testing.B, c promptcir.Config, threads, across, down int) {
	op := build(b, c, ops.Env{Devices: devices("cpu"), Threads: threads})
	part := crop(b, 0, 0, 448, 448)
	defer part.Close()
	photo := must[*vips.Image](b)(part.Do("replicate", vips.Args{"across": across, "down": down}))
	path := filepath.Join(b.TempDir(), "photo.jpg")
	if err := photo.Save("jpegsave", path, vips.Args{"Q": 30}); err != nil {
		b.Fatal(err)
	}
	photo.Close()
	before := processor()
	for b.Loop() {
		in := must[*vips.Image](b)(vips.Open(path, vips.Sequential))
		out := must[ops.Image](b)(op.Apply(b.Context(), []ops.Image{{Pixels: in}}))
		err := out.Pixels.Save("jpegsave", path+".out", vips.Args{"Q": 90})
		out.Close()
		in.Close()
		if err != nil {
			b.Fatal(err)
		}
	}
	mp := float64(b.N) * float64(across*down*448*448) / 1e6
	b.ReportMetric(b.Elapsed().Seconds()/mp, "s/MP")
	b.ReportMetric((processor()-before).Seconds()/mp, "cpu-s/MP")
	b.ReportMetric(peak(), "peak-MB")
	b.ReportMetric(0, "ns/op")
}

// processor is the time that the process has spent computing.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that the process has held, 0 where it is not told.
func peak() float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kb, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return kb / 1e3
}
