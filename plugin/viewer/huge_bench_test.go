package viewer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// BenchmarkHuge opens a photo of 400 megapixels, and looks at it in full size
// far from its beginning. It reports the memory that this takes at the most.
func BenchmarkHuge(b *testing.B) {
	for _, kind := range []struct {
		name, saver string
		args        vips.Args
	}{
		{"jpeg", "jpegsave", vips.Args{"Q": 85}},
		{"jpeg-444", "jpegsave", vips.Args{"Q": 95, "subsample_mode": "off"}},
		{"png", "pngsave", vips.Args{"compression": 1}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			v := newBench(b, func(o *Options) { o.Budget = 4 << 30 })
			id := huge(b, v, kind.saver, kind.args)
			b.Run("open", func(b *testing.B) { open(b, v, id) })
			b.Run("tile", func(b *testing.B) {
				for n := 0; b.Loop(); n++ {
					if _, err := v.Tile(b.Context(), Tile{Photo: id, X: 30 + n%8, Y: 35}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("level2", func(b *testing.B) {
				for n := 0; b.Loop(); n++ {
					if _, err := v.Tile(b.Context(), Tile{Photo: id, Level: 2, X: 1 + n%8, Y: 5}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// open opens the photo, and shows all of it.
func open(b *testing.B, v *bench, id string) {
	debug.FreeOSMemory()
	before := admission.ThisHost.Resident()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Log(err) // the peak is then that of the making, too
	}
	spent := -processorTime(b)
	for b.Loop() {
		v.pictures.close()
		v.pictures = shared{prepare: v.prepare}
		for {
			_, err := v.Describe(b.Context(), id, 0)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrLater) {
				b.Fatal(err)
			}
		}
		if _, err := v.Tile(b.Context(), Tile{Photo: id, Level: 6}); err != nil {
			b.Fatal(err)
		}
	}
	spent += processorTime(b)
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(admission.ThisHost.Peak()-before)/1e6, "MB")
}

// processorTime is what the process has had, which other work does not change.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// huge records a photo of 20000×20000 pixels with the detail of a real one.
func huge(b *testing.B, v *bench, saver string, args vips.Args) string {
	b.Helper()
	demo, err := vips.Open(filepath.Join("..", "..", "packaging", "demo", "photos", "mountain-q20.jpg"), vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer demo.Close()
	large, err := vips.Chain(demo, vips.Op("replicate", vips.Args{"across": 64, "down": 64}), vips.Op("extract_area", vips.Args{"left": 0, "top": 0, "width": 20000, "height": 20000}))
	if err != nil {
		b.Fatal(err)
	}
	defer large.Close()
	path := filepath.Join(v.in, "huge")
	if err := large.Save(saver, path, args); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	hash, err := staging.Digest(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%s: %d MB", saver, info.Size()>>20)
	r := history.Record{
		Key: history.Key{Path: path, Task: "settings " + v.out, Content: hash}, Root: v.in, State: history.Done,
		Stat: history.Stat{Size: info.Size(), ModTime: info.ModTime(), Inode: source.Inode(info), Changed: source.ChangeTime(info)},
	}
	if err := v.store.Put(r); err != nil {
		b.Fatal(err)
	}
	return r.ID()
}
