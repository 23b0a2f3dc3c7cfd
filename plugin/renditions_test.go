package plugin_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
)

// renditions are the sizes and formats of BenchmarkRenditions: the WebP is of
// the last size.
var renditions = []int{2048, 1024, 320}

// BenchmarkRenditions makes a 12-megapixel photo into JPEGs of 2048, 1024 and
// 320 pixels and a WebP of 320, decoding it once, and compares the CPU time of
// that with the best hand-written program on libvips in this process, without
// and with reading its files back once, and with a vipsthumbnail process for
// each file. None of them checks metadata and colours, hashes or syncs.
func BenchmarkRenditions(b *testing.B) {
	photo := enlarged(b, 4000, 3000)
	e := benchEngine(b, `
    steps:
      - resize: {width: 2048, height: 2048}
        id: large
      - resize: {width: 1024, height: 1024}
        id: middle
      - resize: {width: 320, height: 320}
        id: small
    outputs:
      - {path: "{stem}.large.jpg", from: large}
      - {path: "{stem}.middle.jpg", from: middle}
      - {path: "{stem}.small.jpg", from: small}
      - {path: "{stem}.small.webp", from: small}
`)
	tool, err := exec.LookPath("vipsthumbnail")
	if err != nil {
		b.Skip("vipsthumbnail is not installed (Debian's package libvips-tools)")
	}
	var ours, byHand, readBack, processes []time.Duration
	for b.Loop() {
		ours = append(ours, cpu(b, syscall.RUSAGE_SELF, func() { process(b, e, photo) }))
		byHand = append(byHand, cpu(b, syscall.RUSAGE_SELF, func() { handWritten(b, photo, false) }))
		readBack = append(readBack, cpu(b, syscall.RUSAGE_SELF, func() { handWritten(b, photo, true) }))
		processes = append(processes, cpu(b, syscall.RUSAGE_CHILDREN, func() { vipsThumbnails(b, tool, photo) }))
	}
	b.ReportMetric(median(ours)/float64(time.Millisecond), "cpu-ms/photo")
	b.ReportMetric(median(ours)/median(byHand), "×hand-written")
	b.ReportMetric(median(ours)/median(readBack), "×hand-written-and-read-back")
	b.ReportMetric(median(processes)/median(ours), "vipsthumbnail/burnish")
}

// median is of times that were taken in turns, so that what else the machine
// does for a while falls on all alike.
func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2]+times[(len(times)-1)/2]) / 2
}

// cpu is the processor time that f takes, of this process or of its children.
func cpu(b *testing.B, who int, f func()) time.Duration {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	f()
	return used() - before
}

// handWritten decodes once, makes each size of the one before, and encodes as
// the engine does.
func handWritten(b *testing.B, photo string, readBack bool) {
	b.Helper()
	dir := b.TempDir()
	current, err := vips.Open(photo, vips.Sequential)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range renditions {
		lazy, err := current.Do("resize", vips.Args{"scale": float64(size) / float64(current.Width())})
		if err != nil {
			b.Fatal(err)
		}
		whole, err := lazy.Materialise(b.Context(), 1<<30, dir)
		if err != nil {
			b.Fatal(err)
		}
		lazy.Close()
		current.Close()
		current = whole
		if err := current.Save("jpegsave", filepath.Join(dir, fmt.Sprintf("%d.jpg", size)), vips.Args{"Q": 90, "optimize_coding": true}); err != nil {
			b.Fatal(err)
		}
	}
	if err := current.Save("webpsave", filepath.Join(dir, "320.webp"), vips.Args{"Q": 80}); err != nil {
		b.Fatal(err)
	}
	current.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || !readBack {
		return
	}
	for _, file := range files {
		img, err := vips.Open(file, vips.Sequential)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := vips.Call("avg", vips.Args{"in": img}); err != nil {
			b.Fatal(err)
		}
		img.Close()
	}
}

func vipsThumbnails(b *testing.B, tool, photo string) {
	b.Helper()
	run := func(size int, file string) {
		out := filepath.Join(b.TempDir(), file)
		if text, err := exec.Command(tool, photo, "--size", fmt.Sprint(size), "-o", out).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, text)
		}
	}
	for _, size := range renditions {
		run(size, fmt.Sprintf("%d.jpg[Q=90,optimize_coding]", size))
	}
	run(renditions[len(renditions)-1], "320.webp[Q=80]")
}
