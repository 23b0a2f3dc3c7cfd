package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
	"github.com/burnish-photo/burnish/plugin/cache"
)

func TestMain(m *testing.M) {
	os.Exit(vipstest.Run(func() int { return onnxtest.Run(m) }))
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// fixture is a cache with what it logs.
type fixture struct {
	*cache.Cache
	folder string
	log    *bytes.Buffer
}

func open(tb testing.TB, size int64) *fixture {
	f := &fixture{folder: filepath.Join(tb.TempDir(), "cache"), log: &bytes.Buffer{}}
	f.Cache = cache.Open(cache.Options{Folder: f.folder, Size: size, InMemory: 1 << 20, Scratch: tb.TempDir(), Log: slog.New(slog.NewTextHandler(f.log, nil))})
	return f
}

// files are those of the cache.
func (f *fixture) files(tb testing.TB) (all []string) {
	tb.Helper()
	err := filepath.WalkDir(f.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// keyOf is a key, as operators make them.
func keyOf(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 32) }

// picture has pixels that no two are alike, in the given kind.
func picture(tb testing.TB, w, h, bands int, format string) *vips.Image {
	tb.Helper()
	size := map[string]int{"uchar": 1, "ushort": 2}[format]
	pixels := make([]byte, w*h*bands*size)
	for i := range pixels {
		pixels[i] = byte(90 + i*i/7%97 + i/(w*bands*size)%50)
	}
	return must[*vips.Image](tb)(vips.FromMemory(pixels, w, h, bands, format))
}

// What comes from the cache is what the network makes, to the bit, with the same
// metadata, whatever kind of photo it is.
func TestKeptPixelsAreThoseOfTheNetwork(t *testing.T) {
	onnxtest.Need(t)
	cpu := must[device.List](t)(device.ParseList("cpu"))
	model := must[network.Model](t)(network.Catalogue{Names: models.Names(), Open: models.Open}.Find("lite", ops.Env{}))
	operator := func(c ops.Cache) *network.Operator {
		env := ops.Env{Devices: cpu, Threads: 2, Cache: c, InMemory: 1 << 30, Scratch: t.TempDir()}
		op := must[*network.Operator](t)(network.New(network.Options{Name: "test", Models: []network.Model{model}, Tiling: network.Tiling{Size: 128}, Strength: 1}, env))
		t.Cleanup(func() { op.Close() })
		return op
	}
	kept := open(t, 1<<30)
	fresh, cached := operator(nil), operator(kept)
	n := 0
	for _, format := range []string{"uchar", "ushort"} {
		for bands := 1; bands <= 4; bands++ {
			t.Run(fmt.Sprintf("%d bands of %s", bands, format), func(t *testing.T) {
				n++
				plain := picture(t, 150, 90, bands, format)
				defer plain.Close()
				dense := must[*vips.Image](t)(plain.Do("copy", vips.Args{"xres": 11.8, "yres": 11.8}))
				defer dense.Close()
				exif := must[*vips.Image](t)(dense.WithBlob("xmp-data", []byte("<x/>")))
				defer exif.Close()
				photo := must[*vips.Image](t)(exif.WithBlob("icc-profile-data", []byte("a profile")))
				defer photo.Close()
				in := ops.Image{Pixels: photo, Source: &ops.Source{Width: 150, Height: 90}}
				apply := func(op *network.Operator) (*vips.Image, map[string]string, ops.Stats) {
					var notes ops.Notes
					var stats ops.Recorder
					ctx := ops.WithRecorder(ops.WithStep(ops.WithNotes(t.Context(), &notes), keyOf(n)), &stats)
					out := must[ops.Image](t)(op.Apply(ctx, []ops.Image{in}))
					t.Cleanup(out.Close)
					must[[]byte](t)(out.Pixels.Pixels())
					return out.Pixels, notes.All(), stats.Stats()
				}
				want, notes, _ := apply(fresh)
				for i, hits := range []int64{0, 1} {
					got, noted, stats := apply(cached)
					if stats.Hits != hits || stats.Misses != 1-hits || hits > 0 && stats.Tiles > 0 {
						t.Errorf("run %d: %+v", i, stats)
					}
					same(t, got, want)
					if fmt.Sprint(noted) != fmt.Sprint(notes) {
						t.Errorf("run %d notes %v, want %v", i, noted, notes)
					}
				}
			})
		}
	}
	if kept.log.Len() > 0 {
		t.Error(kept.log)
	}
}

// same requires the same pixels, header and metadata.
func same(t *testing.T, got, want *vips.Image) {
	t.Helper()
	header := func(p *vips.Image) string {
		x, y := p.Resolution()
		return fmt.Sprint(p.Width(), p.Height(), p.Bands(), p.Format(), p.Interpretation(), x, y, p.HasAlpha(), p.Orientation())
	}
	if header(got) != header(want) {
		t.Errorf("the header is %s, want %s", header(got), header(want))
	}
	if !bytes.Equal(must[[]byte](t)(got.Pixels()), must[[]byte](t)(want.Pixels())) {
		t.Error("the pixels differ")
	}
	fields := func(p *vips.Image) []string { // a stream says that it is one
		return slices.DeleteFunc(p.Fields(), func(name string) bool { return name == "vips-sequential" })
	}
	if !slices.Equal(fields(got), fields(want)) {
		t.Errorf("the metadata are %q, want %q", got.Fields(), want.Fields())
	}
	for _, name := range want.Fields() {
		a, _ := got.Blob(name)
		if b, ok := want.Blob(name); ok && !bytes.Equal(a, b) {
			t.Errorf("%s is %q, want %q", name, a, b)
		}
	}
}

func TestWhatIsLeftAloneIsKept(t *testing.T) {
	f := open(t, 1<<20)
	f.Put(t.Context(), keyOf(1), ops.Cached{Notes: map[string]string{"left_alone": "no damage"}})
	got, ok := f.Get(t.Context(), keyOf(1))
	if !ok || got.Pixels != nil || got.Notes["left_alone"] != "no damage" {
		t.Errorf("got %+v, %t", got, ok)
	}
	if _, ok := f.Get(t.Context(), keyOf(2)); ok {
		t.Error("an unknown key is found")
	}
}

// Each bit of a file that is another is noticed, and so is a file that ends early.
func TestDamageCostsTheWorkAlone(t *testing.T) {
	f := open(t, 1<<20)
	p := picture(t, 20, 10, 3, "uchar")
	defer p.Close()
	put := func() string {
		f.Put(t.Context(), keyOf(1), ops.Cached{Pixels: p})
		return f.files(t)[0]
	}
	whole := must[[]byte](t)(os.ReadFile(put()))
	spoil := func(what string, data []byte) {
		t.Helper()
		path := put()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Get(t.Context(), keyOf(1)); ok {
			got.Pixels.Close()
			t.Errorf("%s is not noticed", what)
		}
		if len(f.files(t)) > 0 {
			t.Errorf("%s stays", what)
		}
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1
		spoil(fmt.Sprintf("a bit of byte %d of %d", i, len(whole)), damaged)
	}
	for _, n := range []int{0, 1, 10, len(whole) / 2, len(whole) - 1} {
		spoil(fmt.Sprintf("an end after %d bytes", n), whole[:n])
	}
	put()
	path := f.files(t)[0]
	damaged := bytes.Clone(whole)
	damaged[60] ^= 4
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	f.Put(t.Context(), keyOf(2), ops.Cached{Pixels: p})
	var told []string
	s, err := cache.Verify(t.Context(), f.folder, func(path string, _ error) { told = append(told, path) })
	if err != nil || s.Files != 1 || !slices.Equal(told, []string{path}) || len(f.files(t)) != 1 {
		t.Errorf("verify: %+v, %v, told of %q", s, err, told)
	}
}

// The files that were used last stay within the budget.
func TestTheLeastRecentlyUsedGoesFirst(t *testing.T) {
	f := open(t, 40<<10) // ten small files
	p := picture(t, 20, 10, 3, "uchar")
	defer p.Close()
	for i := range 30 {
		f.Put(t.Context(), keyOf(i), ops.Cached{Pixels: p})
		old := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(filepath.Join(f.folder, keyOf(i)[:2], keyOf(i)), old, old); err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Get(t.Context(), keyOf(0)); !ok {
			t.Fatalf("the one in use is gone after %d", i)
		} else {
			got.Pixels.Close()
		}
		if s := must[cache.Stats](t)(cache.Stat(f.folder)); s.Bytes > 40<<10 {
			t.Fatalf("after %d files it takes %d bytes", i, s.Bytes)
		}
	}
	if _, ok := f.Get(t.Context(), keyOf(2)); ok {
		t.Error("an old one stays")
	}
	foreign := filepath.Join(f.folder, "notes.txt")
	if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if removed, left, err := cache.Prune(f.folder, 0); err != nil || left.Files != 0 || removed.Files == 0 {
		t.Errorf("removed %+v, left %+v, %v", removed, left, err)
	}
	if got := f.files(t); !slices.Equal(got, []string{foreign}) {
		t.Errorf("left: %q", got)
	}
}

// A killed process leaves a file that is being written, which nobody takes for a
// result, and which goes when it is old.
func TestWhatWasBeingWritten(t *testing.T) {
	f := open(t, 1<<20)
	folder := filepath.Join(f.folder, keyOf(1)[:2])
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, ".writing-123")
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := must[cache.Stats](t)(cache.Stat(f.folder)); s.Files != 0 || len(f.files(t)) != 1 {
		t.Errorf("%+v, %q", s, f.files(t))
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	if s := must[cache.Stats](t)(cache.Stat(f.folder)); s.Files != 0 || len(f.files(t)) != 0 {
		t.Errorf("%+v, %q", s, f.files(t))
	}
}

// A folder that cannot be written to costs one line in the log.
func TestAFolderThatCannotBeWrittenTo(t *testing.T) {
	f := open(t, 1<<20)
	if err := os.WriteFile(f.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		f.Put(t.Context(), keyOf(i), ops.Cached{})
	}
	if n := strings.Count(f.log.String(), "cannot be written to"); n != 1 {
		t.Errorf("%d lines: %s", n, f.log)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := f.Get(canceled, keyOf(1)); ok {
		t.Error("something is found")
	}
}

// A folder that cannot be read keeps nothing else from being pruned.
func TestAPartThatCannotBeRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	f := open(t, 40<<10)
	closed := filepath.Join(f.folder, "ff")
	if err := os.MkdirAll(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) })
	for n := range 20 {
		f.Put(t.Context(), keyOf(n), ops.Cached{Notes: map[string]string{"left_alone": "no damage"}})
	}
	s, err := cache.Stat(f.folder)
	if err == nil || s.Bytes == 0 || s.Bytes > 40<<10 {
		t.Errorf("%+v, %v", s, err)
	}
	if told := strings.Count(f.log.String(), "cannot be looked at"); told != 1 {
		t.Errorf("told %d times: %s", told, f.log)
	}
}
