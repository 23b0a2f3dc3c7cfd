package plugin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// benchEngine opens an engine on the steps and outputs given.
func benchEngine(b *testing.B, pipeline string) *plugin.Engine {
	b.Helper()
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		b.Fatal(err)
	}
	c, faults := config.Parse("bench.yaml", b.TempDir(), []byte("version: 1\npipelines:\n  p:\n"+pipeline), reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		b.Fatal(errs)
	}
	e, err := plugin.Open(b.Context(), c.Engine(), reg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

// enlarged is a real photo of the demo, scaled up to w×h and saved as a JPEG.
func enlarged(b *testing.B, w, h int) string {
	b.Helper()
	img, err := vips.Open("../packaging/demo/photos/skyline-q30.jpg", vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer img.Close()
	large, err := img.Do("resize", vips.Args{"scale": float64(w) / float64(img.Width()), "vscale": float64(h) / float64(img.Height())})
	if err != nil {
		b.Fatal(err)
	}
	defer large.Close()
	path := filepath.Join(b.TempDir(), "photo.jpg")
	if err := large.Save("jpegsave", path, vips.Args{"Q": 85}); err != nil {
		b.Fatal(err)
	}
	return path
}

func process(b *testing.B, e *plugin.Engine, photo string) time.Duration {
	b.Helper()
	began := time.Now()
	if _, err := e.Process(b.Context(), plugin.Job{Path: photo, Pipeline: "p", Output: b.TempDir(), Overwrite: true}); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// BenchmarkRestore restores a photo of one megapixel to a JPEG, and compares
// with decoding and encoding it alone.
func BenchmarkRestore(b *testing.B) {
	const width, height = 1152, 864
	photo := enlarged(b, width, height)
	restore := benchEngine(b, "    steps: [promptcir]\n    outputs: [{path: \"{stem}.restored.jpg\"}]\n")
	plain := benchEngine(b, "    outputs: [{path: \"{stem}.plain.jpg\"}]\n")
	var with, without time.Duration
	n := 0
	for b.Loop() {
		with += process(b, restore, photo)
		without += process(b, plain, photo)
		n++
	}
	megapixels := float64(n) * width * height / 1e6
	b.ReportMetric(with.Seconds()/megapixels, "s/MP")
	b.ReportMetric(float64(with)/float64(without), "×transcode")
	b.ReportMetric(peakMB(b), "peak-MB")
}

// peakMB is the most memory that this process has held so far.
func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kb float64
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			break
		}
	}
	return kb / 1024
}
