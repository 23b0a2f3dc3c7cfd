package process_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/ops/process/client"
	"github.com/burnish-photo/burnish/ops/process/wire"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// within starts programs that are functions of this process.
type within func(in io.Reader, out io.Writer) error

func (f within) Start(context.Context, string, string) (ops.Program, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &inProcess{in: inW, out: outR, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		err := f(inR, outW)
		inR.Close()
		outW.Close()
		p.cause = "it ended by itself"
		if err != nil {
			p.cause = err.Error()
		}
	}()
	return p, nil
}

type inProcess struct {
	in, out *os.File
	once    sync.Once
	done    chan struct{}
	cause   string
}

func (p *inProcess) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *inProcess) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p *inProcess) End() string {
	p.once.Do(func() { p.in.Close(); p.out.Close() })
	select {
	case <-p.done:
		return p.cause
	case <-time.After(time.Second):
		return "it was killed"
	}
}

// declared is a declaration as a configuration has it.
func declared(t *testing.T, text string) process.Declaration {
	t.Helper()
	root, err := diag.Parse("test", []byte("command: [/bin/true]\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	var d process.Declaration
	d.SetDefaults()
	if faults := append(diag.Decode(root, &d), diag.Validate(root, d)...); len(faults) > 0 {
		t.Fatal(faults)
	}
	return d
}

// build makes the operator of a step.
func build(t *testing.T, d process.Declaration, programs ops.Programs, params string) ops.Operator {
	t.Helper()
	config := d.Spec("test").Config()
	root, err := diag.Parse("step", []byte(params))
	if err != nil {
		t.Fatal(err)
	}
	if faults := diag.Decode(root, config); len(faults) > 0 {
		t.Fatal(faults)
	}
	op, err := config.Build(t.Context(), ops.Env{Programs: programs, InMemory: 1 << 20, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { op.(io.Closer).Close() })
	return op
}

// photo is a photo of w×h with the given bands of 8 or 16 bits.
func photo(t *testing.T, w, h, bands int, format, space string) *vips.Image {
	t.Helper()
	size := map[string]int{"uchar": 1, "ushort": 2}[format]
	pixels := make([]byte, w*h*bands*size)
	for i := range pixels {
		pixels[i] = byte(i*7 + i/97)
	}
	plain, err := vips.FromMemory(pixels, w, h, bands, format)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	out, err := plain.Do("copy", vips.Args{"interpretation": space})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	return out
}

func apply(t *testing.T, op ops.Operator, p *vips.Image) (*vips.Image, error) {
	t.Helper()
	out, err := op.Apply(t.Context(), []ops.Image{{Pixels: p, Source: &ops.Source{Path: "/photos/a.jpg"}}})
	if err != nil {
		return nil, err
	}
	t.Cleanup(out.Close)
	return out.Pixels, nil
}

func samples(t *testing.T, p *vips.Image) []byte {
	t.Helper()
	all, err := p.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// negative is a program that streams.
func negative(o client.Operator) within {
	o.Name, o.Version = "negative", "1"
	o.Rows = func(_ *client.Photo, _ int, rows []byte) error {
		for i := range rows {
			rows[i] = ^rows[i]
		}
		return nil
	}
	return func(in io.Reader, out io.Writer) error { return client.Serve(o, in, out) }
}

func TestPixelsOfAllKinds(t *testing.T) {
	for _, test := range []struct {
		w, h, bands   int
		format, space string
		takes         client.Operator
		want          func(i int, v byte) byte // of the photo's bytes
	}{
		{1, 1, 3, "uchar", "srgb", client.Operator{}, inverted},
		{7, 5, 3, "uchar", "srgb", client.Operator{}, inverted},
		{301, 703, 3, "uchar", "srgb", client.Operator{}, inverted},
		{801, 703, 3, "uchar", "srgb", client.Operator{}, inverted}, // kept in a file
		{33, 70, 1, "uchar", "b-w", client.Operator{}, inverted},
		{33, 70, 1, "uchar", "b-w", client.Operator{Bands: []int{3}}, inverted},
		{33, 70, 4, "uchar", "cmyk", client.Operator{Bands: []int{4}}, inverted},
		{33, 70, 3, "ushort", "rgb16", client.Operator{Depths: []int{8, 16}}, inverted},
		{33, 70, 4, "uchar", "srgb", client.Operator{Alpha: true}, inverted},
		{33, 70, 4, "uchar", "srgb", client.Operator{}, func(i int, v byte) byte {
			if i%4 == 3 {
				return v
			}
			return ^v
		}},
		{801, 403, 4, "ushort", "rgb16", client.Operator{Depths: []int{16}}, func(i int, v byte) byte {
			if i%8 >= 6 {
				return v
			}
			return ^v
		}},
		{33, 70, 2, "uchar", "b-w", client.Operator{Bands: []int{3}}, func(i int, v byte) byte {
			if i%2 == 1 {
				return v
			}
			return ^v
		}},
		{33, 70, 3, "uchar", "srgb", client.Operator{Depths: []int{16}}, inverted},
	} {
		name := fmt.Sprintf("%d×%d of %d %s %s", test.w, test.h, test.bands, test.format, test.space)
		p := photo(t, test.w, test.h, test.bands, test.format, test.space)
		out, err := apply(t, build(t, declared(t, ""), negative(test.takes), "{}"), p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out.Width() != test.w || out.Height() != test.h || out.Bands() != test.bands || out.Format() != test.format || out.Interpretation() != test.space {
			t.Errorf("%s: got %d×%d of %d %s %s", name, out.Width(), out.Height(), out.Bands(), out.Format(), out.Interpretation())
		}
		want := samples(t, p)
		for i, v := range want {
			want[i] = test.want(i, v)
		}
		if !bytes.Equal(samples(t, out), want) {
			t.Errorf("%s: the pixels are not the negative's", name)
		}
	}
}

func inverted(_ int, v byte) byte { return ^v }

func TestFloats(t *testing.T) {
	o := client.Operator{Name: "half", Depths: []int{32}, Whole: func(_ context.Context, p *client.Photo) error { return nil }}
	serve := within(func(in io.Reader, out io.Writer) error { return client.Serve(o, in, out) })
	for _, format := range []string{"uchar", "ushort"} {
		p := photo(t, 65, 31, 3, format, map[string]string{"uchar": "srgb", "ushort": "rgb16"}[format])
		out, err := apply(t, build(t, declared(t, ""), serve, "{}"), p)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(samples(t, out), samples(t, p)) {
			t.Errorf("%s samples change on the way to floats and back", format)
		}
	}
}

// A program may change the size where its declaration says so.
func TestResizes(t *testing.T) {
	o := client.Operator{Name: "half", Resizes: true, Whole: func(_ context.Context, p *client.Photo) error {
		p.Height /= 2
		p.Pixels = p.Pixels[:p.Row()*p.Height]
		return nil
	}}
	serve := within(func(in io.Reader, out io.Writer) error { return client.Serve(o, in, out) })
	out, err := apply(t, build(t, declared(t, "resizes: true"), serve, "{}"), photo(t, 64, 50, 3, "uchar", "srgb"))
	if err != nil || out.Height() != 25 {
		t.Fatalf("got %v", err)
	}
	if _, err := apply(t, build(t, declared(t, ""), serve, "{}"), photo(t, 64, 50, 3, "uchar", "srgb")); err == nil || !strings.Contains(err.Error(), "resizes: true") || !ops.IsShared(err) {
		t.Errorf("undeclared: got %v", err)
	}
}

func TestMetadataStay(t *testing.T) {
	p, err := photo(t, 40, 30, 3, "uchar", "srgb").WithBlob(vips.FieldXMP, []byte("<x/>"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	turned, err := p.WithInt(vips.FieldOrientation, 6)
	if err != nil {
		t.Fatal(err)
	}
	defer turned.Close()
	out, err := apply(t, build(t, declared(t, ""), negative(client.Operator{}), "{}"), turned)
	if err != nil {
		t.Fatal(err)
	}
	if xmp, _ := out.Blob(vips.FieldXMP); string(xmp) != "<x/>" || out.Orientation() != 6 {
		t.Errorf("XMP %q, orientation %d", xmp, out.Orientation())
	}
}

// A photo that the program refuses is the photo's fault, and the process goes on;
// an error of its own is one that other photos share.
func TestErrorsOfThePrograms(t *testing.T) {
	var calls int
	o := client.Operator{Name: "picky", Whole: func(_ context.Context, p *client.Photo) error {
		calls++
		switch p.Width {
		case 1:
			return client.Refuse("send a wider one", "the photo is %d wide", p.Width)
		case 2:
			return errors.New("the licence has run out")
		}
		return nil
	}}
	op := build(t, declared(t, ""), within(func(in io.Reader, out io.Writer) error { return client.Serve(o, in, out) }), "{}")
	_, err := apply(t, op, photo(t, 1, 9, 3, "uchar", "srgb"))
	if err == nil || ops.IsShared(err) || ops.IsFatal(err) || err.Error() != "the photo is 1 wide; send a wider one" {
		t.Errorf("refused: got %v", err)
	}
	if _, err = apply(t, op, photo(t, 2, 9, 3, "uchar", "srgb")); err == nil || !ops.IsShared(err) || !strings.Contains(err.Error(), "the licence has run out") {
		t.Errorf("its own fault: got %v", err)
	}
	if _, err = apply(t, op, photo(t, 3, 9, 3, "uchar", "srgb")); err != nil || calls != 3 {
		t.Errorf("after that: %v, %d calls", err, calls)
	}
	if _, err = apply(t, op, photo(t, 3, 9, 4, "uchar", "cmyk")); err == nil || ops.IsShared(err) || !strings.Contains(err.Error(), "put convert before the step") {
		t.Errorf("CMYK: got %v", err)
	}
}

// Each breaks the protocol once a photo is there; none may hang, and the photo
// alone is struck.
func TestMisbehaviour(t *testing.T) {
	ready := func(out io.Writer) {
		_ = wire.Write(out, wire.Ready{Type: wire.TypeReady, Protocol: 1, Name: "bad", Version: "1", Depths: []int{8, 32}, Streams: true}, 0)
	}
	result := func(out io.Writer, l wire.Layout, body int) {
		_ = wire.Write(out, wire.Result{Type: wire.TypeResult, ID: 1, Layout: l}, int64(body))
	}
	size := wire.Layout{Format: "raw", Width: 64, Height: 64, Bands: 3, Depth: 8}
	with := func(change func(*wire.Layout)) wire.Layout {
		l := size
		change(&l)
		return l
	}
	for name, test := range map[string]struct {
		act  func(in *bufio.Reader, out io.Writer)
		want string
	}{
		"ends":           {func(*bufio.Reader, io.Writer) {}, "it ended"},
		"babbles":        {func(_ *bufio.Reader, out io.Writer) { fmt.Fprintln(out, "Loading model…") }, "a frame must begin with a line of two numbers"},
		"floods":         {func(_ *bufio.Reader, out io.Writer) { _, _ = io.Copy(out, zeros{}) }, "a frame must begin"},
		"half a frame":   {func(_ *bufio.Reader, out io.Writer) { result(out, size, 64*64*3); _, _ = out.Write(make([]byte, 100)) }, "it ended"},
		"half a header":  {func(_ *bufio.Reader, out io.Writer) { fmt.Fprint(out, "100 0\n{\"type\":") }, "it ended"},
		"no JSON":        {func(_ *bufio.Reader, out io.Writer) { fmt.Fprint(out, "5 0\nhello") }, "not JSON"},
		"a huge header":  {func(_ *bufio.Reader, out io.Writer) { fmt.Fprint(out, "99999999 0\n") }, "must be at most 65536"},
		"negative":       {func(_ *bufio.Reader, out io.Writer) { fmt.Fprint(out, "5 -1\n") }, "two numbers"},
		"another size":   {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Width = 63 }), 9) }, "must be 64×64"},
		"an endless one": {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Width = 1 << 40 }), 9) }, "impossible size"},
		"less than none": {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Height = -1 }), 9) }, "impossible size"},
		"other bands":    {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Bands = 4 }), 9) }, "must have 3 bands"},
		"another depth":  {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Depth = 64 }), 9) }, "8 or 16 bits"},
		"another format": {func(_ *bufio.Reader, out io.Writer) { result(out, with(func(l *wire.Layout) { l.Format = "gif" }), 9) }, "raw, ppm, png or tiff"},
		"too few bytes":  {func(_ *bufio.Reader, out io.Writer) { result(out, size, 9) }, "must be 12288 bytes, got 9"},
		"a giant PNG": {func(_ *bufio.Reader, out io.Writer) {
			result(out, with(func(l *wire.Layout) { l.Format = "png" }), 1<<40)
		}, "larger than 64×64 pixels can be"},
		"no PNG": {func(_ *bufio.Reader, out io.Writer) {
			result(out, with(func(l *wire.Layout) { l.Format = "png" }), 9)
			fmt.Fprint(out, "123456789")
		}, "not a png that can be read"},
		"a wrong PPM": {func(_ *bufio.Reader, out io.Writer) {
			result(out, with(func(l *wire.Layout) { l.Format = "ppm" }), 19)
			fmt.Fprint(out, "P6\n9999 9999\n255\n...")
		}, `got "P6" of 9999×9999`},
		"NaN": {func(_ *bufio.Reader, out io.Writer) {
			result(out, with(func(l *wire.Layout) { l.Depth = 32 }), 64*64*3*4)
			_, _ = out.Write(bytes.Repeat([]byte{0, 0, 192, 127}, 64*64*3))
		}, "not finite numbers"},
		"rows out of order": {func(_ *bufio.Reader, out io.Writer) {
			result(out, size, 0)
			_ = wire.Write(out, wire.Rows{Type: wire.TypeRows, ID: 1, Y: 32, Rows: 32}, 32*64*3)
		}, "must send rows from 0 on"},
		"too many rows": {func(_ *bufio.Reader, out io.Writer) {
			result(out, size, 0)
			_ = wire.Write(out, wire.Rows{Type: wire.TypeRows, ID: 1, Rows: 65}, 65*64*3)
		}, "must send rows from 0 on"},
		"of another photo": {func(_ *bufio.Reader, out io.Writer) {
			_ = wire.Write(out, wire.Result{Type: wire.TypeResult, ID: 7, Layout: size}, 9)
		}, "it answered photo 7"},
		"hangs":  {func(in *bufio.Reader, _ io.Writer) { _, _ = io.Copy(io.Discard, in) }, "took longer than 1s (operators.test.timeout)"},
		"drowns": {func(*bufio.Reader, io.Writer) { time.Sleep(1500 * time.Millisecond) }, "took longer than 1s (operators.test.timeout)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := within(func(r io.Reader, out io.Writer) error {
				in := bufio.NewReader(r)
				if _, err := wire.Read(in); err != nil {
					return err
				}
				ready(out)
				if _, err := wire.Read(in); err != nil { // a photo
					return err
				}
				test.act(in, out)
				return nil
			})
			timeout := "1s"
			if !strings.Contains(test.want, "longer") {
				timeout = "30s"
			}
			p := photo(t, 64, 64, 3, "uchar", "srgb")
			if name == "drowns" {
				p = photo(t, 64, 6400, 3, "uchar", "srgb") // more than a pipe holds
			}
			_, err := apply(t, build(t, declared(t, "timeout: "+timeout), program, "{}"), p)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && (!ops.IsFatal(err) || ops.IsShared(err)) {
				t.Errorf("fatal %v, shared %v: %v", ops.IsFatal(err), ops.IsShared(err), err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A program that is cancelled while a photo goes through it stays, if it answers.
func TestCancel(t *testing.T) {
	begun, photos := make(chan struct{}), 0
	o := client.Operator{Name: "slow", Rows: func(p *client.Photo, y int, _ []byte) error {
		if y == 0 {
			photos++
		}
		if p.Height > 1000 && y == 64 {
			close(begun)
			time.Sleep(300 * time.Millisecond)
		}
		return nil
	}}
	starts := 0
	program := within(func(in io.Reader, out io.Writer) error { starts++; return client.Serve(o, in, out) })
	op := build(t, declared(t, ""), program, "{}")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	began := time.Now()
	_, err := op.Apply(ctx, []ops.Image{{Pixels: photo(t, 400, 4000, 3, "uchar", "srgb")}})
	if !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
	if _, err := apply(t, op, photo(t, 64, 64, 3, "uchar", "srgb")); err != nil || starts != 1 || photos != 2 {
		t.Errorf("after that: %v, %d starts, %d photos", err, starts, photos)
	}
}

// A program that fails again and again is left alone for a while.
func TestBreaker(t *testing.T) {
	starts := 0
	program := within(func(io.Reader, io.Writer) error { starts++; return errors.New("no such model") })
	op := build(t, declared(t, ""), program, "{}")
	var err error
	for range 8 {
		if _, err = apply(t, op, photo(t, 9, 9, 3, "uchar", "srgb")); !ops.IsShared(err) {
			t.Fatalf("got %v", err)
		}
	}
	if starts != 5 || !strings.Contains(err.Error(), "failed 5 times in a row") || !strings.Contains(err.Error(), "no such model") {
		t.Errorf("%d starts, then %v", starts, err)
	}
}

func TestParametersReachTheProgram(t *testing.T) {
	got := map[string]any{}
	o := client.Operator{Name: "p", Rows: func(p *client.Photo, _ int, _ []byte) error { got = p.Parameters; return nil }}
	d := declared(t, "parameters: {amount: {type: number, min: 0, max: 1, default: 0.5}, mode: {type: string, values: [soft, hard], default: soft}, n: {type: integer}}")
	op := build(t, d, within(func(in io.Reader, out io.Writer) error { return client.Serve(o, in, out) }), "{n: 3, mode: hard}")
	if _, err := apply(t, op, photo(t, 9, 9, 3, "uchar", "srgb")); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "map[amount:0.5 mode:hard n:3]" {
		t.Errorf("got %v", got)
	}
	for params, want := range map[string]string{
		"{n: 1, amout: 1}":  `test has no parameter "amout"; did you mean "amount"?`,
		"{n: 1, amount: 2}": "amount: must be 0 to 1, got 2",
		"{n: 1.5}":          "n: must be an integer",
		"{}":                "test needs n, which has no default",
		"{n: 1, mode: sof}": `mode: must be soft or hard, got "sof"; did you mean "soft"?`,
	} {
		root, err := diag.Parse("step", []byte(params))
		if err != nil {
			t.Fatal(err)
		}
		if faults := diag.Decode(root, d.Spec("test").Config()); len(faults) == 0 || !strings.Contains(faults.Error(), want) {
			t.Errorf("%s: got %v, want %q", params, faults, want)
		}
	}
}
