package network

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/vips"
)

// way is one way to divide the cores: photos under way, tiles of them all at a
// time, and threads for each.
type way struct{ atATime, tiles, threads int }

var ways = []way{{1, 1, 1}, {1, 1, 2}, {1, 2, 1}, {1, 2, 2}, {2, 1, 2}, {2, 2, 1}, {4, 2, 1}, {4, 4, 1}}

// BenchmarkThreads restores 1, 2 and 5 photos, JPEG to JPEG, with the cores divided
// in several ways, in slots, and prints the quickest of some rounds of each.
// BENCH=Threads make bench.
func BenchmarkThreads(b *testing.B) {
	const rounds = 2
	photo := smallPhoto(b)
	operators := map[way]*Operator{}
	for _, w := range ways {
		operators[w] = dividedBy(b, w)
	}
	for b.Loop() {
		var table strings.Builder
		t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "photos\tat a time\ttiles\tthreads\tclock s/MP\tCPU s/MP\t")
		for _, photos := range []int{1, 2, 5} {
			best := map[way][2]float64{}
			for range rounds {
				for _, w := range ways {
					if w.atATime > photos {
						continue
					}
					clock, cpu := restoreAll(b, operators[w], photo, photos, w.atATime)
					if had, ok := best[w]; !ok || clock < had[0] {
						best[w] = [2]float64{clock, cpu}
					}
				}
			}
			for _, w := range ways {
				if s, ok := best[w]; ok {
					fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%.2f\t%.2f\t\n", photos, w.atATime, w.tiles, w.threads, s[0], s[1])
				}
			}
		}
		t.Flush()
		fmt.Print("\n", table.String())
	}
	b.ReportMetric(0, "ns/op")
}

const smallSide = 576 // pixels: four tiles

func smallPhoto(b *testing.B) string {
	b.Helper()
	clean, err := vips.Open("../../packaging/demo/originals/osprey.webp", vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer clean.Close()
	large, err := clean.Do("resize", vips.Args{"scale": smallSide / float64(clean.Width()), "vscale": smallSide / float64(clean.Height())})
	if err != nil {
		b.Fatal(err)
	}
	defer large.Close()
	path := filepath.Join(b.TempDir(), "photo.jpg")
	if err := large.Save("jpegsave", path, vips.Args{"Q": 30}); err != nil {
		b.Fatal(err)
	}
	return path
}

func dividedBy(b *testing.B, w way) *Operator {
	b.Helper()
	o, err := open(liteOptions(), ops.Env{Devices: device.List{device.CPU}, Threads: w.threads}, func(int, int64) (int, int) { return w.tiles, w.threads })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { o.Close() })
	return o
}

// restoreAll is the seconds that a megapixel took, by the clock and of the CPU.
func restoreAll(b *testing.B, o *Operator, path string, photos, atATime int) (clock, cpu float64) {
	b.Helper()
	slots, errs := make(chan struct{}, atATime), make([]error, photos)
	began, computed := time.Now(), spent()
	var all sync.WaitGroup
	for i := range photos {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = restoreFile(b.Context(), o, path, fmt.Sprintf("%s.%d.out", path, i))
		})
	}
	all.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		b.Fatal(errs[i])
	}
	mp := float64(photos) * smallSide * smallSide / 1e6
	return time.Since(began).Seconds() / mp, (spent() - computed).Seconds() / mp
}

func restoreFile(ctx context.Context, o *Operator, from, to string) error {
	in, err := vips.Open(from, vips.Sequential)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := o.Apply(ctx, []ops.Image{{Pixels: in}})
	if err != nil {
		return err
	}
	defer out.Close()
	return out.Pixels.Save("jpegsave", to, vips.Args{"Q": 90})
}

// spent is the time that the process has spent computing.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
