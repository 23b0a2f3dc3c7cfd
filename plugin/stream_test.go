package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

const streaming = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 64, height: 64}
    outputs:
      - path: "{dir}/{stem}.png"
      - path: "{dir}/{stem}.webp"
        when: width > 50
      - path: "{dir}/{stem}"
        tiles: {}
`

func (b *fixture) stream(photo string) plugin.Stream {
	b.Helper()
	data, err := os.ReadFile(photo)
	if err != nil {
		b.Fatal(err)
	}
	return plugin.Stream{Source: iotest.OneByteReader(bytes.NewReader(data)), Name: filepath.Base(photo), Pipeline: "small"}
}

// scratch lists what lies in the engine's scratch folder.
func (b *fixture) scratch() []string {
	b.Helper()
	all, err := filepath.Glob(filepath.Join(b.folder, "state", "burnish-scratch-*", "*"))
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func TestTransform(t *testing.T) {
	b := newFixture(t, streaming, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	for output, format := range []string{"png", "webp"} {
		s := b.stream(photo)
		s.Output = output
		var out bytes.Buffer
		r, err := b.engine.Transform(t.Context(), s, &out)
		if err != nil || r.State != plugin.Done || len(r.Outputs) != 1 {
			t.Fatalf("%s: got %+v, %v", format, r, err)
		}
		if o := r.Outputs[0]; o.Path != "a."+format || o.Index != output || o.Size != int64(out.Len()) {
			t.Errorf("%s: the result tells of %+v, of %d bytes", format, o, out.Len())
		}
		written := b.write("got."+format, out.Bytes())
		if got, err := vips.Sniff(written); err != nil || got != format {
			t.Errorf("what was written is %q, %v; want %s", got, err, format)
		}
	}
	var out bytes.Buffer
	if _, err := b.engine.Transform(t.Context(), plugin.Stream{Path: photo, Pipeline: "small"}, &out); err != nil || out.Len() == 0 {
		t.Errorf("by path: %d bytes, %v", out.Len(), err)
	}
	if records, entries := b.everything(); records+entries != 0 {
		t.Errorf("%d records and %d entries of the journal are left", records, entries)
	}
	if left := b.scratch(); len(left) != 0 {
		t.Errorf("left in the scratch folder: %q", left)
	}
}

func TestTransformOfWhatIsNotWanted(t *testing.T) {
	b := newFixture(t, streaming)
	s := b.stream(b.photo("a.jpg", 40, 40, 1))
	s.Output = 1
	var out bytes.Buffer
	r, err := b.engine.Transform(t.Context(), s, &out)
	if err != nil || r.State != plugin.Skipped || !strings.Contains(r.Reason, "width") || out.Len() != 0 {
		t.Errorf("got %+v, %v and %d bytes; want it skipped for its width", r, err, out.Len())
	}
}

func TestTransformRefuses(t *testing.T) {
	b := newFixture(t, streaming+"limits: {bytes: 100kB}\n")
	photo := b.photo("a.jpg", 100, 80, 1)
	broken := errors.New("the line was cut")
	for name, c := range map[string]struct {
		change func(*plugin.Stream)
		kind   plugin.Kind
		words  string
	}{
		"empty":             {func(s *plugin.Stream) { s.Source = strings.NewReader("") }, plugin.NotImage, "it is empty"},
		"no photo":          {func(s *plugin.Stream) { s.Source, s.Name = strings.NewReader("hello"), "" }, plugin.NotImage, "photo: not a photo"},
		"no photo by name":  {func(s *plugin.Stream) { s.Source = strings.NewReader("hello") }, plugin.NotImage, "a.jpg: not an image"},
		"too large":         {func(s *plugin.Stream) { s.Source = io.LimitReader(neverEnding(0), 1e6) }, plugin.TooLarge, "limits.bytes"},
		"a failing reader":  {func(s *plugin.Stream) { s.Source = iotest.ErrReader(broken) }, plugin.Unreadable, "the line was cut"},
		"too many pixels":   {func(s *plugin.Stream) { s.Limits.Megapixels = 0.001 }, plugin.TooLarge, "a.jpg"},
		"no such file":      {func(s *plugin.Stream) { s.Source, s.Path, s.Name = nil, b.folder+"/none.jpg", "" }, plugin.Unreadable, "none.jpg"},
		"output":            {func(s *plugin.Stream) { s.Output = 3 }, "", "0 to 2, got 3"},
		"a folder":          {func(s *plugin.Stream) { s.Output = 2 }, "", "no stream can hold"},
		"pipeline":          {func(s *plugin.Stream) { s.Pipeline = "smal" }, "", `"small"`},
		"path and source":   {func(s *plugin.Stream) { s.Path = photo }, "", "either"},
		"neither of them":   {func(s *plugin.Stream) { s.Source = nil }, "", "either"},
		"a name with a way": {func(s *plugin.Stream) { s.Name, s.Source = "../../../etc/x.jpg", strings.NewReader("x") }, plugin.NotImage, "../../../etc/x.jpg"},
	} {
		s := b.stream(photo)
		c.change(&s)
		var out bytes.Buffer
		_, err := b.engine.Transform(t.Context(), s, &out)
		known := (*plugin.Error)(nil)
		errors.As(err, &known)
		if err == nil || !strings.Contains(err.Error(), c.words) || c.kind != "" && (known == nil || known.Kind != c.kind) {
			t.Errorf("%s: got %v, want %s %q", name, err, c.kind, c.words)
		}
		if name == "a failing reader" && !errors.Is(err, broken) {
			t.Errorf("%v hides the reader's error", err)
		}
		if out.Len() != 0 {
			t.Errorf("%s: %d bytes were written", name, out.Len())
		}
	}
}

type neverEnding byte

func (n neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(n)
	}
	return len(p), nil
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestTransformTellsWhatTheWriterSays(t *testing.T) {
	b := newFixture(t, streaming)
	full := errors.New("the client is gone")
	if _, err := b.engine.Transform(t.Context(), b.stream(b.photo("a.jpg", 100, 80, 1)), failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("got %v, want %v in it", err, full)
	}
}

func TestTransformEndsWithItsContext(t *testing.T) {
	b := newFixture(t, streaming, plugin.WithLedger())
	silent, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	_, err := b.engine.Transform(ctx, plugin.Stream{Source: silent, Pipeline: "small"}, &out)
	if known := (*plugin.Error)(nil); !errors.As(err, &known) || known.Kind != plugin.Stopped || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it stopped", err)
	}
	if left := b.scratch(); len(left) != 0 {
		t.Errorf("left in the scratch folder: %q", left)
	}
}

// slow is an operator that takes its time for every strip.
type slow struct{ strips *atomic.Int64 }

func (s *slow) Build(context.Context, ops.Env) (ops.Operator, error) { return s, nil }

func (s *slow) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	out, err := in[0].Pixels.Strips(vips.Strips{Height: 16, Func: func(in, out vips.Rows) error {
		s.strips.Add(1)
		time.Sleep(20 * time.Millisecond)
		copy(out.Pixels, in.Pixels)
		return nil
	}})
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(out), nil
}

func slowly(t *testing.T) (*fixture, *atomic.Int64) {
	strips := new(atomic.Int64)
	b := &fixture{T: t, folder: t.TempDir(), specs: []ops.Spec{{
		Name: "slow", Version: 1, Sequential: true, Summary: "take time", Config: func() ops.Config { return &slow{strips} },
	}}, config: "version: 1\npipelines:\n  small:\n    steps: [slow: {}]\n    outputs: [path: \"{stem}.png\"]\n"}
	b.open()
	return b, strips
}

func TestTransformStopsBetweenStrips(t *testing.T) {
	b, strips := slowly(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for strips.Load() < 3 {
			runtime.Gosched()
		}
		cancel()
	}()
	var out bytes.Buffer
	_, err := b.engine.Transform(ctx, b.stream(b.photo("a.jpg", 64, 3200, 1)), &out)
	if !errors.Is(err, context.Canceled) || out.Len() != 0 {
		t.Errorf("got %v and %d bytes", err, out.Len())
	}
	if n := strips.Load(); n > 100 {
		t.Errorf("%d of 200 strips were worked on after the end", n)
	}
}

func TestTransformTellsOfProgress(t *testing.T) {
	b, _ := slowly(t)
	s := b.stream(b.photo("a.jpg", 64, 1600, 1))
	var told []plugin.Progress
	s.Progress = func(p plugin.Progress) { told = append(told, p) }
	if _, err := b.engine.Transform(t.Context(), s, io.Discard); err != nil {
		t.Fatal(err)
	}
	encoding := 0
	for i, p := range told {
		if p.Fraction < 0 || p.Fraction > 1 || i > 0 && told[i-1].Stage == p.Stage && told[i-1].Fraction > p.Fraction {
			t.Errorf("progress goes from %v to %v", told[max(i-1, 0)], p)
		}
		if p.Stage == ops.StageEncode && p.Fraction > 0 && p.Fraction < 1 {
			encoding++
		}
	}
	if encoding < 3 || told[len(told)-1].Stage != ops.StageVerify {
		t.Errorf("told of %v; want encoding with fractions, and verification at the end", told)
	}
}
