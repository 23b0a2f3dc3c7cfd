package worker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// benchPipeline is the hard case: without a network a photo takes little time.
const benchPipeline = `version: 1
state_dir: ./state-%s
worker: {sandbox: %s}
watch: [{folder: ./in, pipeline: p, output: ./out-%[1]s}]
pipelines: {p: {steps: [{resize: {width: 2048, height: 2048}}], outputs: [{path: "{stem}.jpg"}]}}
`

// BenchmarkWorkerCost compares an engine in this process with one in a worker
// process, confined as the daemon's is: the same photos of 12 MP, in turn.
func BenchmarkWorkerCost(b *testing.B) {
	if err := startNative(); err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	photo := twelveMegapixels(b)
	here, there := openBoth(b, folder)
	defer here.Close()
	defer there.Close()
	var wall, cpu [2][]float64 // ms of every photo; in this process, in the other
	n := 0
	for b.Loop() {
		for range 4 { // one photo says little
			n++
			path := filepath.Join(folder, "in", fmt.Sprintf("%d.jpg", n))
			if err := os.WriteFile(path, fmt.Appendf(photo, "%d", n), 0o644); err != nil {
				b.Fatal(err)
			}
			for k := range 2 {
				var w, c time.Duration
				i := (k + n) % 2 // each goes first in turn
				if i == 0 {
					w, c = cost(b, here, path, filepath.Join(folder, "out-here"), os.Getpid())
				} else {
					w, c = cost(b, there, path, filepath.Join(folder, "out-there"), os.Getpid(), there.current.pid)
				}
				wall[i], cpu[i] = append(wall[i], w.Seconds()*1000), append(cpu[i], c.Seconds()*1000)
			}
		}
	}
	for i, where := range []string{"in-process", "worker"} {
		b.ReportMetric(middle(wall[i]), "ms-wall-"+where)
		b.ReportMetric(middle(cpu[i]), "ms-CPU-"+where)
	}
	b.ReportMetric(middle(wall[1])/middle(wall[0]), "×wall")
	b.ReportMetric(middle(cpu[1])/middle(cpu[0]), "×CPU")
}

func openBoth(b *testing.B, folder string) (*Local, *Supervised) {
	b.Helper()
	registry, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "in"), 0o755); err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	load := func(name, sandbox string) Options {
		source := Source{File: name + ".yaml", Folder: folder, Text: fmt.Appendf(nil, benchPipeline, name, sandbox)}
		c, err := source.parse(registry)
		if err != nil {
			b.Fatal(err)
		}
		return Options{Config: c, Source: source, Registry: registry, Log: log}
	}
	here, err := OpenLocal(b.Context(), load("here", "off"))
	if err != nil {
		b.Fatal(err)
	}
	there, err := Supervise(load("there", "auto"))
	if err != nil {
		b.Fatal(err)
	}
	return here, there
}

// cost is the time and the processes' CPU time that a photo takes.
func cost(b *testing.B, w interface {
	Process(context.Context, plugin.Job) (plugin.Result, error)
}, photo, output string, pids ...int) (wall, cpu time.Duration) {
	b.Helper()
	before, began := ticks(b, pids), time.Now()
	r, err := w.Process(context.Background(), plugin.Job{Path: photo, Pipeline: "p", Output: output})
	if err != nil || r.State != plugin.Done {
		b.Fatal(r, err)
	}
	return time.Since(began), ticks(b, pids) - before
}

// ticks is the CPU time of processes so far.
func ticks(b *testing.B, pids []int) (sum time.Duration) {
	b.Helper()
	for _, pid := range pids {
		if pid == os.Getpid() { // more exact
			var u syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
			continue
		}
		// Nanoseconds on the CPU of each thread, those that ended excepted.
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, name := range stats {
			var ns int64
			text, _ := os.ReadFile(name) // the thread may have ended
			_, _ = fmt.Fscan(strings.NewReader(string(text)), &ns)
			sum += time.Duration(ns)
		}
	}
	return sum
}

func middle(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// twelveMegapixels is a photo of the demo, scaled up.
func twelveMegapixels(b *testing.B) []byte {
	b.Helper()
	img, err := vips.Open("../../packaging/demo/photos/skyline-q30.jpg", vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer img.Close()
	large, err := img.Do("resize", vips.Args{"scale": 4000 / float64(img.Width()), "vscale": 3000 / float64(img.Height())})
	if err != nil {
		b.Fatal(err)
	}
	defer large.Close()
	path := filepath.Join(b.TempDir(), "photo.jpg")
	if err := large.Save("jpegsave", path, vips.Args{"Q": 85}); err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
