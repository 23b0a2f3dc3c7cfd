package viewer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"github.com/burnish-photo/burnish/plugin/source"
)

// bench is a viewer of records in memory, of files in folders of the test.
type bench struct {
	*Viewer
	store   *ledgertest.Memory
	in, out string
	state   string
}

func newBench(t testing.TB, change func(*Options)) *bench {
	t.Helper()
	b := &bench{store: ledgertest.NewMemory(), in: t.TempDir(), out: t.TempDir(), state: t.TempDir()}
	o := Options{
		Records: history.NewRecords(b.store, b.state), StateDir: b.state, Log: slog.New(slog.DiscardHandler), Budget: 1 << 30,
		Admit: func(context.Context, int64) (func(), error) { return func() {}, nil },
	}
	if change != nil {
		change(&o)
	}
	b.Viewer = New(o)
	t.Cleanup(b.Close)
	return b
}

// photo records a source and outputs of that content, and is its id.
func (b *bench) photo(t testing.TB, name string, content []byte, outputs ...[]byte) string {
	t.Helper()
	path := filepath.Join(b.in, name)
	write(t, path, content)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	r := history.Record{
		Key: history.Key{Path: path, Task: "settings " + b.out, Content: digest(content)}, Root: b.in, State: history.Done,
		Stat:     history.Stat{Size: info.Size(), ModTime: info.ModTime(), Inode: source.Inode(info), Changed: source.ChangeTime(info)},
		Finished: time.Now(),
	}
	for i, output := range outputs {
		out := filepath.Join(b.out, fmt.Sprint(name, ".", i))
		write(t, out, output)
		r.Outputs = append(r.Outputs, history.Output{Path: out, Size: int64(len(output)), Hash: digest(output)})
	}
	if err := b.store.Put(r); err != nil {
		t.Fatal(err)
	}
	return r.ID()
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// scene is a picture with detail everywhere, encoded by a saver.
func scene(t testing.TB, w, h int, saver string, args vips.Args) []byte {
	t.Helper()
	pixels := make([]byte, w*h*3)
	for y := range h {
		for x := range w {
			p := pixels[3*(y*w+x):]
			p[0] = byte(128 + 100*math.Sin(float64(x)/37)*math.Cos(float64(y)/23))
			p[1] = byte(255 * x / w)
			p[2] = byte(255 * y / h)
			if (x/16+y/16)%7 == 0 {
				p[0], p[1], p[2] = byte(x*7), byte(y*5), byte(x+y)
			}
		}
	}
	raw, err := vips.FromMemory(pixels, w, h, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	p, err := raw.Do("copy", vips.Args{"interpretation": "srgb"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n, ok := args["orientation"]; ok {
		delete(args, "orientation")
		tagged, err := p.WithInt(vips.FieldOrientation, n.(int))
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		p = tagged
	}
	if args == nil {
		args = vips.Args{}
	}
	args["in"] = p
	out, err := vips.Call(saver, args)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	return out["buffer"].([]byte)
}

// decoded are the pixels of an encoded picture.
func decoded(t testing.TB, loader string, content []byte, steps ...vips.Step) (pixels []byte, w, h int) {
	t.Helper()
	out, err := vips.Call(loader, vips.Args{"buffer": content})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p, err := vips.Chain(out["out"].(*vips.Image), append(steps, vips.Op("colourspace", vips.Args{"space": "srgb"}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if pixels, err = p.Pixels(); err != nil {
		t.Fatal(err)
	}
	return pixels, p.Width(), p.Height()
}

// Every tile at full size, of every format and orientation, has the pixels of
// the whole picture turned upright.
func TestTilesAreThoseOfThePicture(t *testing.T) {
	b := newBench(t, nil)
	const w, h = 1152, 704 // levels begin at both edges
	kinds := []struct {
		name, saver, loader string
		args                vips.Args
	}{
		{"420.jpg", "jpegsave_buffer", "jpegload_buffer", vips.Args{"Q": 90}},
		{"444.jpg", "jpegsave_buffer", "jpegload_buffer", vips.Args{"Q": 95, "subsample_mode": "off"}},
		{"restart.jpg", "jpegsave_buffer", "jpegload_buffer", vips.Args{"Q": 80, "restart_interval": 5}},
		{"progressive.jpg", "jpegsave_buffer", "jpegload_buffer", vips.Args{"Q": 90, "interlace": true}},
		{"a.png", "pngsave_buffer", "pngload_buffer", nil},
		{"a.webp", "webpsave_buffer", "webpload_buffer", vips.Args{"lossless": true}},
	}
	for n := 2; n <= 8; n++ {
		kinds = append(kinds, struct {
			name, saver, loader string
			args                vips.Args
		}{fmt.Sprint("turned", n, ".jpg"), "jpegsave_buffer", "jpegload_buffer", vips.Args{"Q": 90, "orientation": n}})
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			content := scene(t, w, h, k.saver, k.args)
			id := b.photo(t, k.name, content)
			whole, ww, wh := decoded(t, k.loader, content, vips.Op("autorot", nil))
			info, err := b.Describe(t.Context(), id, 0)
			if err != nil || info.Width != ww || info.Height != wh {
				t.Fatalf("%+v, %v; want %d×%d", info, err, ww, wh)
			}
			for y := range (wh-1)/Side + 1 {
				for x := range (ww-1)/Side + 1 {
					tile, err := b.Tile(t.Context(), Tile{Photo: id, X: x, Y: y, Lossless: true})
					if err != nil {
						t.Fatal(err)
					}
					got, tw, th := decoded(t, "pngload_buffer", tile)
					for row := range th {
						want := whole[3*((y*Side+row)*ww+x*Side):][:3*tw]
						if !bytes.Equal(got[3*row*tw:][:3*tw], want) {
							t.Fatalf("tile %d, %d: row %d is not that of the picture", x, y, row)
						}
					}
				}
			}
			smallerLevels(t, b, id, whole, ww, wh)
		})
	}
}

// smallerLevels compares the tiles of smaller levels with means of the picture.
func smallerLevels(t *testing.T, b *bench, id string, whole []byte, w, h int) {
	t.Helper()
	for level := 1; level < 7; level++ {
		tile, err := b.Tile(t.Context(), Tile{Photo: id, Level: level, Lossless: true})
		if err != nil {
			t.Fatal(err)
		}
		got, tw, th := decoded(t, "pngload_buffer", tile)
		if tw != min(Side, smaller(w, level)) || th != min(Side, smaller(h, level)) {
			t.Fatalf("level %d: %d×%d", level, tw, th)
		}
		off, n := 0.0, 1<<level
		for y := range min(th, h/n) {
			for x := range min(tw, w/n) {
				sum := 0
				for i := range n * n {
					sum += int(whole[3*((y*n+i/n)*w+x*n+i%n)+1])
				}
				off += math.Abs(float64(sum)/float64(n*n) - float64(got[3*(y*tw+x)+1]))
			}
		}
		if off /= float64(tw * th); off > 5 {
			t.Errorf("level %d is off by %.1f", level, off)
		}
	}
}

func TestTilesThatThereAreNot(t *testing.T) {
	b := newBench(t, nil)
	id := b.photo(t, "a.jpg", scene(t, 600, 400, "jpegsave_buffer", nil))
	for _, tile := range []Tile{
		{X: 2}, {Y: 1}, {X: -1}, {Level: -1}, {Level: maxLevel + 1}, {Level: 1, X: 1}, {X: math.MaxInt}, {Y: math.MinInt}, {Level: math.MaxInt}, {X: math.MaxInt / Side, Y: math.MaxInt / Side},
	} {
		tile.Photo = id
		if _, err := b.Tile(t.Context(), tile); !errors.Is(err, ErrOutside) {
			t.Errorf("%+v: %v", tile, err)
		}
	}
	for _, picture := range []int{1, -1, math.MaxInt, math.MinInt} {
		if _, err := b.Tile(t.Context(), Tile{Photo: id, Picture: picture}); !errors.Is(err, ErrUnknown) {
			t.Errorf("picture %d: %v", picture, err)
		}
	}
	for _, photo := range []string{"", "x", "../../etc/passwd", b.in + "/a.jpg", id[1:], id + "0"} {
		if _, err := b.Tile(t.Context(), Tile{Photo: photo}); !errors.Is(err, ErrUnknown) {
			t.Errorf("photo %q: %v", photo, err)
		}
	}
	if _, err := b.Preview(t.Context(), id, 0, 1<<40); !errors.Is(err, ErrOutside) {
		t.Errorf("a preview of any size: %v", err)
	}
}

// What lies in the place of a file that was recorded is not shown.
func TestSwappedFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.jpg")
	write(t, secret, scene(t, 64, 64, "jpegsave_buffer", nil))
	for name, swap := range map[string]func(path string) error{
		"deleted": os.Remove,
		"link":    func(path string) error { return errors.Join(os.Remove(path), os.Symlink(secret, path)) },
		"content": func(path string) error { return os.WriteFile(path, scene(t, 64, 48, "jpegsave_buffer", nil), 0o644) },
		"same size": func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return errors.Join(os.WriteFile(path, make([]byte, info.Size()), 0o644), os.Chtimes(path, info.ModTime(), info.ModTime()))
		},
		"pipe": func(path string) error { return errors.Join(os.Remove(path), mkfifo(path)) },
		"folder link": func(path string) error {
			return errors.Join(os.Rename(filepath.Dir(path), filepath.Dir(path)+".away"), os.Symlink(filepath.Dir(secret), filepath.Dir(path)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			id := b.photo(t, "sub/secret.jpg", scene(t, 80, 60, "jpegsave_buffer", nil), scene(t, 81, 60, "jpegsave_buffer", nil))
			for picture := range 2 {
				if _, err := b.Tile(t.Context(), Tile{Photo: id, Picture: picture, Lossless: true}); err != nil {
					t.Fatal(err)
				}
			}
			r, _, _ := b.store.ByID(id)
			for picture, path := range []string{r.Path, r.Outputs[0].Path} {
				if err := swap(path); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Tile(t.Context(), Tile{Photo: id, Picture: picture}); !errors.Is(err, ErrChanged) && !errors.Is(err, ErrMissing) {
					t.Errorf("a tile of picture %d: %v", picture, err)
				}
				if _, err := b.Preview(t.Context(), id, picture, 100); !errors.Is(err, ErrChanged) && !errors.Is(err, ErrMissing) {
					t.Errorf("a preview of picture %d: %v", picture, err)
				}
			}
			if _, err := b.File(id, 1); !errors.Is(err, ErrChanged) && !errors.Is(err, ErrMissing) {
				t.Errorf("the file: %v", err)
			}
		})
	}
}

// A photo that ended the process which decoded it, or that is beyond the limits,
// is not decoded to be shown.
func TestPhotosThatWereRefusedAreNotOpened(t *testing.T) {
	b := newBench(t, nil)
	for kind, want := range map[failure.Kind]error{failure.Crashed: ErrUnsafe, failure.Starved: ErrUnsafe, failure.TooLarge: ErrLarge} {
		id := b.photo(t, string(kind)+".jpg", scene(t, 64, 64, "jpegsave_buffer", nil))
		r, _, _ := b.store.ByID(id)
		r.State, r.ErrorClass = history.Quarantined, string(kind)
		if err := b.store.Put(r); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Tile(t.Context(), Tile{Photo: id}); !errors.Is(err, want) {
			t.Errorf("a tile: %v, want %v", err, want)
		}
		if _, err := b.Preview(t.Context(), id, 0, 64); !errors.Is(err, want) {
			t.Errorf("a preview: %v, want %v", err, want)
		}
	}
}

// Memory is held for the pyramid that is being made, not for those that wait.
func TestWaitingPyramidsHoldNoMemory(t *testing.T) {
	var held, most atomic.Int32
	b := newBench(t, func(o *Options) {
		o.Admit = func(context.Context, int64) (func(), error) {
			now := held.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			time.Sleep(200 * time.Millisecond) // for the other one to come
			return func() { held.Add(-1) }, nil
		}
	})
	var both sync.WaitGroup
	for i := range 2 {
		id := b.photo(t, fmt.Sprint(i, ".png"), scene(t, 600+i, 64, "pngsave_buffer", nil))
		both.Go(func() {
			if _, err := b.Describe(t.Context(), id, 0); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held memory at a time", most.Load())
	}
}

// A file that is not whole is an error, not a crash.
func TestFilesThatAreNotWhole(t *testing.T) {
	b := newBench(t, nil)
	for _, saver := range []string{"jpegsave_buffer", "pngsave_buffer", "webpsave_buffer"} {
		content := scene(t, 900, 700, saver, nil)
		for i := range 12 {
			cut := bytes.Clone(content[:len(content)*(i+1)/13])
			for range i {
				cut[200+rand.Intn(len(cut)-200)] ^= 0x55
			}
			id := b.photo(t, fmt.Sprint(saver, i), cut)
			_, _ = b.Tile(t.Context(), Tile{Photo: id, X: 1, Y: 1})
			_, _ = b.Preview(t.Context(), id, 0, 100)
		}
	}
}

// Many who ask at once are answered or told to come again, and a picture is
// prepared once.
func TestFlood(t *testing.T) {
	b := newBench(t, nil)
	id := b.photo(t, "a.png", scene(t, 1500, 1200, "pngsave_buffer", nil))
	made := 0
	prepare := b.pictures.prepare
	b.pictures.prepare = func(ctx context.Context, f *file) (pyramid, error) { made++; return prepare(ctx, f) }
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%3)*10*time.Second)
			defer cancel()
			_, err := b.Tile(ctx, Tile{Photo: id, Level: i % 3})
			if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("prepared %d times", made)
	}
}

// Who goes ends what nobody else waits for.
func TestGoneCallersEndTheWork(t *testing.T) {
	b := newBench(t, nil)
	id := b.photo(t, "a.png", scene(t, 64, 64, "pngsave_buffer", nil))
	ended := make(chan error, 1)
	b.pictures.prepare = func(ctx context.Context, _ *file) (pyramid, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := b.Tile(ctx, Tile{Photo: id}); !errors.Is(err, context.Canceled) {
		t.Errorf("the call ended by %v", err)
	}
	select {
	case <-ended:
	case <-time.After(abandoned + 10*time.Second):
		t.Error("the work goes on")
	}
}

// Previews stay within their budget; those that were used last stay.
func TestPreviewsStayWithinTheirBudget(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Budget = 5 << 20 })
	var last string
	for i := range 8 {
		last = b.photo(t, fmt.Sprint(i, ".png"), scene(t, 1000+i, 800, "pngsave_buffer", nil))
		if _, err := b.Tile(t.Context(), Tile{Photo: last}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(b.state, folderName, "*"))
	total := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 5<<20 || len(files) == 0 || len(files) == 8 {
		t.Errorf("%d files of %d bytes", len(files), total)
	}
	for _, name := range files { // they may go at any time, or be nonsense
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		write(t, name, []byte("nonsense"))
	}
	if _, err := b.Tile(t.Context(), Tile{Photo: last}); err != nil {
		t.Errorf("what was open: %v", err)
	}
	again := newBench(t, nil)
	again.cache.path = b.cache.path
	id := again.photo(t, "7.png", scene(t, 1007, 800, "pngsave_buffer", nil))
	if _, err := again.Tile(t.Context(), Tile{Photo: id}); err != nil {
		t.Errorf("over nonsense: %v", err)
	}
	full := newBench(t, func(o *Options) { o.MinFree = 1 << 60 })
	id = full.photo(t, "a.png", scene(t, 1000, 800, "pngsave_buffer", nil))
	if _, err := full.Tile(t.Context(), Tile{Photo: id}); err == nil {
		t.Error("a full disk is filled")
	}
}

// Pictures in memory stay within their bounds, and nothing of libvips is left.
func TestNothingIsLeft(t *testing.T) {
	before := vips.Live()
	b := newBench(t, nil)
	for i := range 4 {
		id := b.photo(t, fmt.Sprint(i, ".jpg"), scene(t, 600+i, 500, "jpegsave_buffer", nil), scene(t, 600+i, 500, "pngsave_buffer", nil))
		for picture := range 2 {
			for level := range 5 {
				if _, err := b.Tile(t.Context(), Tile{Photo: id, Picture: picture, Level: level}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.Preview(t.Context(), id, picture, 200); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Close()
	if left := vips.Live() - before; left != 0 {
		t.Errorf("%d images are left", left)
	}
}

// A progressive JPEG whose coefficients would fill the memory is refused before
// it is decoded, in words; it can be downloaded all the same.
func TestAProgressiveJPEGThatTakesTooMuchMemoryIsRefused(t *testing.T) {
	b := newBench(t, nil)
	content := scene(t, 64, 64, "jpegsave_buffer", vips.Args{"Q": 80, "interlace": true})
	at := bytes.Index(content, []byte{0xff, 0xc2}) + 5
	for _, side := range []int{0, 2} { // 20,000 pixels, high and wide
		content[at+side], content[at+side+1] = 0x4e, 0x20
	}
	id := b.photo(t, "huge.jpg", content, content)
	if _, err := b.Tile(t.Context(), Tile{Photo: id}); !errors.Is(err, ErrHeld) {
		t.Error("a tile: ", err)
	}
	if _, err := b.Preview(t.Context(), id, 1, 320); !errors.Is(err, ErrHeld) {
		t.Error("a preview: ", err)
	}
	_, states, err := b.Look(t.Context(), id)
	if err != nil || !errors.Is(states[0].Err, ErrHeld) || !strings.Contains(states[1].Err.Error(), "20000 × 20000") {
		t.Error(err, states)
	}
	if f, err := b.File(id, 1); err != nil {
		t.Error("a download: ", err)
	} else if err := f.Close(); err != nil {
		t.Error(err)
	}
}
