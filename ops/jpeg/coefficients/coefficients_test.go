package coefficients

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func data(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, file []byte) (*Reader, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(path, t.TempDir())
}

// plane is a component decoded by the definition of the transform.
func plane(t *testing.T, r *Reader, component int) (samples []float64, stride int) {
	t.Helper()
	c := r.Components[component]
	stride = 8 * c.Columns
	samples = make([]float64, stride*8*c.V*r.Rows)
	for n := range r.Rows {
		planes, err := r.Row(n)
		if err != nil {
			t.Fatal(err)
		}
		steps := r.Tables()[component].Steps
		for b := range c.V * c.Columns {
			block := planes[component][64*b:][:64]
			y, x := 8*(n*c.V+b/c.Columns), 8*(b%c.Columns)
			for i := range 64 {
				samples[(y+i/8)*stride+x+i%8] = sample(block, steps, i%8, i/8)
			}
		}
	}
	return samples, stride
}

func sample(block []int16, steps [64]uint16, x, y int) float64 {
	sum := 0.0
	for k, q := range block {
		u, v := k%8, k/8
		f := float64(q) * float64(steps[k]) / 4 * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
		if u == 0 {
			f /= math.Sqrt2
		}
		if v == 0 {
			f /= math.Sqrt2
		}
		sum += f
	}
	return min(max(sum+128, 0), 255)
}

// TestDecodesAsPixels compares with another decoder's planes.
func TestDecodesAsPixels(t *testing.T) {
	for _, name := range []string{"420", "422-restart", "440", "411", "410", "gray-22", "parted", "wide-steps"} {
		t.Run(name, func(t *testing.T) {
			file := data(t, name)
			r, err := open(t, file)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if r.Width != 67 || r.Height != 45 {
				t.Fatalf("%d×%d", r.Width, r.Height)
			}
			img, err := jpeg.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			for c := range r.Components {
				want, wantStride, w, h := theirs(img, c)
				got, stride := plane(t, r, c)
				for y := range h {
					for x := range w {
						if d := math.Abs(got[y*stride+x] - float64(want[y*wantStride+x])); d > 2 {
							t.Fatalf("component %d: (%d, %d) is off by %.1f", c, x, y, d)
						}
					}
				}
			}
		})
	}
}

func theirs(img image.Image, component int) (pix []byte, stride, w, h int) {
	switch img := img.(type) {
	case *image.Gray:
		return img.Pix, img.Stride, img.Rect.Dx(), img.Rect.Dy()
	case *image.YCbCr:
		if component == 0 {
			return img.Y, img.YStride, img.Rect.Dx(), img.Rect.Dy()
		}
		right, bottom := img.Rect.Dx()-1, img.Rect.Dy()-1
		at := img.COffset(right, bottom)
		w, h = at%img.CStride+1, at/img.CStride+1
		return [][]byte{img.Cb, img.Cr}[component-1], img.CStride, w, h
	}
	panic("another kind of image")
}

// TestAllCodingsAgree: the same picture was coded in these ways.
func TestAllCodingsAgree(t *testing.T) {
	want := all(t, "420")
	for _, name := range []string{"progressive", "arithmetic", "parted"} {
		got := all(t, name)
		for c := range want {
			if len(got[c]) != len(want[c]) {
				t.Fatalf("%s: component %d has %d values, want %d", name, c, len(got[c]), len(want[c]))
			}
			for i := range want[c] {
				if got[c][i] != want[c][i] && inside(t, "420", c, i) {
					t.Fatalf("%s: component %d: value %d is %d, want %d", name, c, i, got[c][i], want[c][i])
				}
			}
		}
	}
}

// inside leaves out the blocks that only fill up units: codings fill differently.
func inside(t *testing.T, name string, c, i int) bool {
	r, err := open(t, data(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, b := r.Components[c], i/64
	w, h := r.Width*n.H*8/r.UnitWidth, r.Height*n.V*8/r.UnitHeight
	return 8*(b%n.Columns) <= w && 8*(b/n.Columns) <= h
}

func all(t testing.TB, name string) [][]int16 {
	t.Helper()
	r, err := open(t, data(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return rest(t, r)
}

func rest(t testing.TB, r *Reader) [][]int16 {
	t.Helper()
	values := make([][]int16, len(r.Components))
	for n := range r.Rows {
		planes, err := r.Row(n)
		if err != nil {
			t.Fatal(err)
		}
		for c, p := range planes {
			values[c] = append(values[c], p...)
		}
	}
	return values
}

func TestSpaces(t *testing.T) {
	for name, want := range map[string]Space{"420": YCbCr, "gray-22": Gray, "rgb": RGB, "cmyk": Other, "uneven": YCbCr, "chroma-finer": YCbCr} {
		r, err := open(t, data(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if r.Space != want {
			t.Errorf("%s: space %d, want %d", name, r.Space, want)
		}
		rest(t, r)
		r.Close()
	}
}

// TestAnEarlierRowIsReadAgain asks for rows out of order.
func TestAnEarlierRowIsReadAgain(t *testing.T) {
	for _, name := range []string{"420", "progressive"} {
		want := all(t, name)[0]
		r, err := open(t, data(t, name))
		if err != nil {
			t.Fatal(err)
		}
		size := 64 * r.Components[0].V * r.Components[0].Columns
		for _, n := range []int{2, 0, 1, 1, 2, 0} {
			planes, err := r.Row(n)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range planes[0] {
				if v != want[n*size+i] {
					t.Fatalf("%s: row %d differs", name, n)
				}
			}
		}
		if _, err := r.Row(r.Rows); err == nil {
			t.Error("a row below the last was read")
		}
		r.Close()
		r.Close()
	}
}

// TestDamageIsTold cuts and harms the coded data: sound rows come as they were,
// and from the damage on there are none.
func TestDamageIsTold(t *testing.T) {
	for _, name := range []string{"420", "progressive"} {
		file, want := data(t, name), all(t, name)[0]
		cut := append(bytes.Clone(file[:len(file)-300]), 0xff, 0xd9)
		r, err := open(t, cut)
		if err != nil {
			t.Fatal(err)
		}
		size := 64 * r.Components[0].V * r.Components[0].Columns
		n := 0
		for ; n < r.Rows; n++ {
			planes, err := r.Row(n)
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("%s: %v", name, err)
				}
				break
			}
			for i, v := range planes[0] {
				if v != want[n*size+i] {
					t.Fatalf("%s: row %d is not as it was", name, n)
				}
			}
		}
		if most := map[string]int{"420": r.Rows - 1, "progressive": 0}[name]; n > most || name == "420" && n == 0 {
			t.Errorf("%s: %d rows of a file cut short", name, n)
		}
		r.Close()
	}
}

func TestRefusals(t *testing.T) {
	for name, file := range map[string][]byte{
		"nothing":   nil,
		"no JPEG":   []byte("GIF89a and more"),
		"cut short": data(t, "420")[:100],
	} {
		if r, err := open(t, file); err == nil || !strings.HasPrefix(err.Error(), "jpeg: ") {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// TestManyScans is refused: such files are made to keep decoders busy.
func TestManyScans(t *testing.T) {
	file := data(t, "parted")
	first := bytes.Index(file, []byte{0xff, 0xda})
	second := first + 2 + bytes.Index(file[first+2:], []byte{0xff, 0xda})
	bomb := append(bytes.Clone(file[:first]), bytes.Repeat(file[first:second], 200)...)
	r, err := open(t, append(bomb, file[first:]...))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Row(0); err == nil || !strings.Contains(err.Error(), "scans") {
		t.Errorf("got %v", err)
	}
}

// TestLargeProgressive keeps coefficients in a temporary file of which nothing
// is left, and takes little memory.
func TestLargeProgressive(t *testing.T) {
	file := data(t, "progressive")
	at := bytes.Index(file, []byte{0xff, 0xc2})
	big := bytes.Clone(file) // 5000×5000: 75 MB of coefficients, most of them missing
	for _, i := range []int{at + 5, at + 7} {
		big[i], big[i+1] = 5000>>8, 5000&255
	}
	before := peak(t)
	r, err := open(t, big)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Row(0); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if grew := peak(t) - before; grew > 40<<20 {
		t.Errorf("it took %d MB", grew>>20)
	}
	if left, _ := os.ReadDir(r.scratch); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestTemporaryFile compares coefficients kept in a file with those kept in memory.
func TestTemporaryFile(t *testing.T) {
	want := all(t, "progressive")
	r, err := open(t, data(t, "progressive"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.inMemory = 0
	got := rest(t, r)
	for c := range want {
		for i := range want[c] {
			if got[c][i] != want[c][i] {
				t.Fatalf("component %d: value %d is %d, want %d", c, i, got[c][i], want[c][i])
			}
		}
	}
}

// peak is the process's, in bytes.
func peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the system does not tell")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// TestNothingLeaks opens and reads many files, sound and harmed.
func TestNothingLeaks(t *testing.T) {
	sound, harmed := data(t, "progressive"), bytes.Clone(data(t, "420"))
	harmed[len(harmed)-200] ^= 0x55
	path := filepath.Join(t.TempDir(), "a.jpg")
	round := func() {
		for _, file := range [][]byte{sound, harmed, harmed[:300]} {
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(path, t.TempDir())
			if err != nil {
				continue
			}
			r.inMemory = 0
			for n := range r.Rows {
				_, _ = r.Row(n)
			}
			r.Close()
		}
	}
	for range 20 {
		round()
	}
	files, memory := descriptors(t), resident(t)
	for range 100 {
		round()
	}
	runtime.GC()
	if now := descriptors(t); now > files {
		t.Errorf("%d descriptors are open, %d before", now, files)
	}
	if grew := resident(t) - memory; grew > 16<<20 {
		t.Errorf("memory grew by %d MB", grew>>20)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("the system does not tell")
	}
	return len(open)
}

func resident(t *testing.T) int64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the system does not tell")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// FuzzRow looks for crashes, and for planes that are not of the header's size.
func FuzzRow(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.jpg")
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	path := filepath.Join(f.TempDir(), "a.jpg")
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, filepath.Dir(path))
		if err != nil {
			return
		}
		defer r.Close()
		if r.Width*r.Height > 1<<20 {
			return
		}
		r.inMemory = int64(len(file) % 2 * InMemory)
		for n := range r.Rows {
			planes, err := r.Row(n)
			if err != nil {
				return
			}
			for c, p := range planes {
				if len(p) != 64*r.Components[c].V*r.Components[c].Columns {
					t.Errorf("component %d has %d values", c, len(p))
				}
				for _, v := range p {
					_ = v
				}
			}
		}
	})
}
