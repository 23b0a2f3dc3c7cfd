package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	library, err := onnxtest.Library()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		os.Exit(0)
	}
	os.Setenv(onnx.LibraryEnv, library)
	stop, err := plugin.Start(plugin.Runtime{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if n := vips.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d images were not closed\n", n)
		code = 1
	}
	if err := errors.Join(stop(), goleak.Find(vipstest.TextThreads())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const small = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 64, height: 64}
    outputs:
      - path: "{dir}/{stem}.png"
`

// fixture is a folder with photos, an engine and its outputs.
type fixture struct {
	*testing.T
	folder  string
	options []plugin.Option
	config  string
	specs   []ops.Spec
	engine  *plugin.Engine
}

func newFixture(t *testing.T, text string, options ...plugin.Option) *fixture {
	b := &fixture{T: t, folder: t.TempDir(), config: text, options: options, specs: builtin.Specs()}
	b.open()
	return b
}

func (b *fixture) open() {
	b.Helper()
	reg, err := ops.NewRegistry(b.specs...)
	if err != nil {
		b.Fatal(err)
	}
	c, faults := config.Parse("test.yaml", b.folder, []byte(b.config), reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		b.Fatal(errs)
	}
	engine, err := plugin.Open(b.Context(), c.Engine(), reg, b.options...)
	if err != nil {
		b.Fatal(err)
	}
	b.engine = engine
	b.Cleanup(func() {
		if b.engine == engine {
			engine.Close()
		}
	})
}

func (b *fixture) reopen() {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	b.open()
}

// photo writes a JPEG of w×h pixels that differ by seed.
func (b *fixture) photo(name string, w, h int, seed byte) string {
	b.Helper()
	pixels := make([]byte, w*h*3)
	for i := range pixels {
		pixels[i] = byte(i/3%w) + seed*17 + byte(i%3*40)
	}
	img, err := vips.FromMemory(pixels, w, h, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer img.Close()
	srgb, err := img.Do("copy", vips.Args{"interpretation": "srgb"})
	if err != nil {
		b.Fatal(err)
	}
	defer srgb.Close()
	path := b.path("in/" + name)
	saver, _ := vips.SaverFor(map[string]string{".jpg": "jpeg", ".png": "png"}[filepath.Ext(name)])
	if err := srgb.Save(saver, path, nil); err != nil {
		b.Fatal(err)
	}
	return path
}

func (b *fixture) path(name string) string {
	b.Helper()
	path := filepath.Join(b.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	return path
}

func (b *fixture) write(name string, data []byte) string {
	b.Helper()
	path := b.path(name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

func (b *fixture) job(path string) plugin.Job {
	return plugin.Job{Path: path, Root: filepath.Join(b.folder, "in"), Pipeline: "small", Output: filepath.Join(b.folder, "out")}
}

func (b *fixture) process(path string) (plugin.Result, error) {
	b.Helper()
	return b.engine.Process(b.Context(), b.job(path))
}

func (b *fixture) done(path string) plugin.Result {
	b.Helper()
	r, err := b.process(path)
	if err != nil || r.State != plugin.Done {
		b.Fatalf("%s: %+v, %v; want it done", path, r, err)
	}
	return r
}

func (b *fixture) skipped(path, reason string) {
	b.Helper()
	r, err := b.process(path)
	if err != nil || r.State != plugin.Skipped || !strings.Contains(r.Reason, reason) {
		b.Errorf("%s: %+v, %v; want it skipped: %s", path, r, err, reason)
	}
}

// fails requires an error of the kind that names the photo and the words.
func (b *fixture) fails(path string, kind plugin.Kind, words ...string) {
	b.Helper()
	_, err := b.process(path)
	var known *plugin.Error
	if !errors.As(err, &known) || known.Kind != kind {
		b.Errorf("%s: got %v, want a failure of the kind %s", path, err, kind)
		return
	}
	for _, word := range append(words, path) {
		if !strings.Contains(err.Error(), word) {
			b.Errorf("%q does not name %q", err, word)
		}
	}
}

// files lists what lies below the folder, sorted.
func (b *fixture) files(name string) []string {
	b.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(b.folder), name, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return found
}

var r2024 = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func TestNothingIsDoneTwice(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("sea/a.jpg", 200, 100, 1)
	original, _ := os.ReadFile(a)
	r := b.done(a)
	if got := b.files("out"); len(got) != 1 || got[0] != "out/sea/a.png" || len(r.Outputs) != 1 {
		t.Fatalf("wrote %v, reported %v", got, r.Outputs)
	}
	b.skipped(a, "already done")
	b.reopen()
	b.skipped(a, "already done")
	if err := os.Chtimes(a, r2024, r2024); err != nil {
		t.Fatal(err)
	}
	b.skipped(a, "already done") // told by content
	if now, _ := os.ReadFile(a); !bytes.Equal(now, original) {
		t.Error("the original was changed")
	}
}

func TestACopyGetsItsOwnOutputs(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	data, _ := os.ReadFile(a)
	b.done(a)
	r := b.done(b.write("in/copy/b.jpg", data))
	if !strings.Contains(r.Reason, "a.jpg") {
		t.Errorf("the outputs were made anew: %+v", r)
	}
	one, _ := os.ReadFile(b.path("out/a.png"))
	other, _ := os.ReadFile(b.path("out/copy/b.png"))
	if len(one) == 0 || !bytes.Equal(one, other) {
		t.Error("the outputs of equal photos differ")
	}
}

func TestAChangedPipelineRunsAgain(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	b.config = strings.Replace(small, "width: 64", "width: 32", 1)
	b.reopen()
	b.done(a) // its own output of before is replaced
	img, err := vips.Open(b.path("out/a.png"), vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	if img.Width() != 32 {
		t.Errorf("the output is %d pixels wide, want 32", img.Width())
	}
}

func TestOwnOutputsAreNotTakenIn(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	b.done(b.photo("a.jpg", 200, 100, 1))
	data, _ := os.ReadFile(b.path("out/a.png"))
	b.skipped(b.write("in/renamed.png", data), "made by Burnish")
}

func TestFailures(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	whole, _ := os.ReadFile(b.photo("whole.jpg", 800, 600, 3))
	b.fails(b.write("in/cut.jpg", whole[:len(whole)/2]), plugin.Damaged, "copy it here again")
	b.fails(b.write("in/text.jpg", []byte("hello, world")), plugin.NotImage, "hello", "rename or remove it")
	b.fails(b.write("in/empty.jpg", nil), plugin.NotImage, "empty")
	b.fails(b.path("in/gone.jpg"), plugin.Unreadable, "check the path")
	b.fails(filepath.Dir(b.path("in/folder/x")), plugin.Unreadable, "not a regular file")
	b.skipped(b.write("in/notes.txt", []byte("hello")), "not a photo")
	if got := b.files("."); strings.Contains(strings.Join(got, " "), "out/") {
		t.Errorf("something was written: %v", got)
	}
	b.done(b.path("in/whole.jpg"))
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	b := newFixture(t, small)
	a := b.photo("a.jpg", 20, 10, 1)
	os.Chmod(a, 0)
	b.fails(a, plugin.Unreadable, "let the user")
}

func TestLargePhotosAreRefusedFromTheirHeader(t *testing.T) {
	b := newFixture(t, small+"limits: {megapixels: 0.01}\n")
	b.fails(b.photo("a.jpg", 200, 100, 1), plugin.TooLarge, "200×100", "limits.megapixels")
	b.done(b.photo("b.jpg", 100, 100, 1))
}

func TestOutputsOfTwoPhotosDoNotCollide(t *testing.T) {
	for _, options := range [][]plugin.Option{nil, {plugin.WithLedger()}} {
		b := newFixture(t, small, options...)
		b.done(b.photo("a.jpg", 200, 100, 1))
		b.fails(b.photo("a.png", 200, 100, 2), plugin.Conflict, "already belongs to", "{ext}")
		if len(options) > 0 {
			b.reopen()
			b.fails(b.path("in/a.png"), plugin.Conflict, "already belongs to")
		}
	}
}

func TestForeignFilesAreNotReplaced(t *testing.T) {
	b := newFixture(t, small)
	a := b.photo("a.jpg", 200, 100, 1)
	b.write("out/a.png", []byte("somebody's"))
	for range 2 {
		b.fails(a, plugin.Conflict, "is not as Burnish made it", "move it away")
	}
	if got := b.files("out"); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
	j := b.job(a)
	j.Overwrite = true
	if _, err := b.engine.Process(t.Context(), j); err != nil {
		t.Error(err)
	}
	b.reopen()
	b.done(a) // the very same output is no conflict
}

func TestAnEditedOutputIsNotReplaced(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	b.write("out/a.png", []byte("edited by hand"))
	b.config = strings.Replace(small, "width: 64", "width: 32", 1)
	b.reopen()
	b.fails(a, plugin.Conflict, "is not as Burnish made it")
	if data, _ := os.ReadFile(b.path("out/a.png")); string(data) != "edited by hand" {
		t.Error("the user's edit is lost")
	}
}

func TestAForeignFileInTheWayOfACopy(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	data, _ := os.ReadFile(a)
	b.done(a)
	b.write("out/copy/b.png", []byte("somebody's"))
	b.fails(b.write("in/copy/b.jpg", data), plugin.Conflict, "is not as Burnish made it")
	if got := b.files("out"); len(got) != 2 {
		t.Errorf("left behind: %v", got)
	}
}

func TestNoOtherSourceIsReplaced(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "png", "jpg", 1))
	other, a := b.photo("a.jpg", 200, 100, 1), b.photo("a.png", 200, 100, 2)
	b.options = []plugin.Option{plugin.WithSources(other, a)}
	b.reopen()
	j := b.job(a)
	j.Output, j.Overwrite = j.Root, true
	if _, err := b.engine.Process(t.Context(), j); err == nil || !strings.Contains(err.Error(), "would replace another original") {
		t.Errorf("got %v", err)
	}
}

// Nor where a link leads to its folder, or to it, or where it is under another
// name as well.
func TestNoOtherSourceIsReplacedThroughALink(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "png", "jpg", 1))
	other, a := b.photo("a.jpg", 200, 100, 1), b.photo("a.png", 200, 100, 2)
	original, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	folder, file := filepath.Join(b.folder, "link"), filepath.Join(t.TempDir(), "link.jpg")
	if err := errors.Join(os.Symlink(filepath.Dir(a), folder), os.Symlink(other, file)); err != nil {
		t.Fatal(err)
	}
	hard := filepath.Join(b.folder, "hard.jpg")
	if err := os.Link(other, hard); err != nil {
		t.Fatal(err)
	}
	for _, sources := range [][]string{{folder, other, a}, {filepath.Dir(a), file, a}, {filepath.Dir(a), hard, a}} {
		output, sources := sources[0], sources[1:]
		b.options = []plugin.Option{plugin.WithSources(sources...)}
		b.reopen()
		j := b.job(a)
		j.Output, j.Overwrite = output, true
		if _, err := b.engine.Process(t.Context(), j); err == nil || !strings.Contains(err.Error(), "would replace another original") {
			t.Errorf("into %s: %v", output, err)
		}
		if now, _ := os.ReadFile(other); !bytes.Equal(now, original) {
			t.Fatalf("into %s: the original was replaced", output)
		}
	}
}

func TestTheOriginalIsNeverReplaced(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "{stem}.png", "{stem}.{ext}\"\n        jpeg: {}\n        from: \"source", 1))
	a := b.photo("a.jpg", 200, 100, 1)
	original, _ := os.ReadFile(a)
	j := b.job(a)
	j.Output, j.Overwrite = j.Root, true
	_, err := b.engine.Process(t.Context(), j)
	if err == nil || !strings.Contains(err.Error(), "would replace the original") {
		t.Errorf("got %v", err)
	}
	if now, _ := os.ReadFile(a); !bytes.Equal(now, original) {
		t.Error("the original was changed")
	}
}

// touch is an operator that changes the source while it is worked on.
type touch struct{}

func (touch) Build(context.Context, ops.Env) (ops.Operator, error) { return touch{}, nil }
func (touch) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	return in[0].With(in[0].Pixels.Ref()), os.Chtimes(in[0].Source.Path, r2024, r2024)
}

func TestASourceThatChangesMeanwhilePublishesNothing(t *testing.T) {
	b := &fixture{T: t, folder: t.TempDir(), config: strings.Replace(small, "- resize: {width: 64, height: 64}", "- touch", 1)}
	b.specs = []ops.Spec{{Name: "touch", Version: 1, Config: func() ops.Config { return &touch{} }}}
	b.open()
	b.fails(b.photo("a.jpg", 20, 10, 1), plugin.Changed, "changed while it was read")
	if got := b.files("."); strings.Contains(strings.Join(got, " "), "out/a") {
		t.Errorf("published %v", got)
	}
}

// Two jobs for the same photo run one after the other: the second sees what
// the first has done, or does it anew where the photo has changed.
func TestTheSameWorkAtOnce(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 1000, 500, 1)
	states := make(chan plugin.State, 4)
	for range cap(states) {
		go func() {
			r, err := b.process(a)
			if err != nil {
				t.Error(err)
			}
			states <- r.State
		}()
	}
	count := map[plugin.State]int{}
	for range cap(states) {
		count[<-states]++
	}
	if count[plugin.Done] != 1 || count[plugin.Skipped] != cap(states)-1 {
		t.Errorf("got %v", count)
	}
}

func TestARenamedPipelineIsOtherWork(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "{stem}", "{pipeline}/{stem}", 1), plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	b.config = strings.Replace(b.config, "  small:", "  tiny:", 1)
	b.reopen()
	j := b.job(a)
	j.Pipeline = "tiny"
	if r, err := b.engine.Process(t.Context(), j); err != nil || r.State != plugin.Done {
		t.Errorf("%+v, %v", r, err)
	}
	if got := b.files("out"); len(got) != 2 {
		t.Errorf("wrote %v", got)
	}
}

func TestAFailedPublicationCanBeRepeated(t *testing.T) {
	b := newFixture(t, small+`      - path: "{dir}/{stem}.2.png"`+"\n", plugin.WithLedger())
	a := b.photo("a.jpg", 200, 100, 1)
	obstacle := b.path("out/a.2.png/inside") // a folder where the second output goes
	if _, err := b.process(a); err == nil {
		t.Fatal("an output that is a folder passed")
	}
	if err := os.RemoveAll(filepath.Dir(obstacle)); err != nil {
		t.Fatal(err)
	}
	if got := b.files("out"); len(got) != 0 {
		t.Errorf("published %v", got)
	}
	b.done(a)
}

func TestSweepRemovesOnlyItsOwn(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	b.path("in/x")
	b.config += "watch: [{folder: in, pipeline: small, output: out}]\n"
	b.reopen()
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	left := b.write("out/"+staging.PrefixOf(b.path("state")).Name("abc"), []byte("cut short"))
	others := b.write("out/.burnish-once-abc.tmp", []byte("somebody is at work"))
	b.reopen()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error("a killed run's temporary file is left")
	}
	if _, err := os.Stat(others); err != nil {
		t.Error("another's temporary file was removed")
	}
}

func TestAllOutputsOrNone(t *testing.T) {
	b := newFixture(t, small+`      - path: "{dir}/taken/{stem}.jpg"`+"\n")
	b.write("out/taken", []byte("a file where a folder is wanted"))
	_, err := b.process(b.photo("a.jpg", 200, 100, 1))
	if err == nil {
		t.Error("an output that cannot be written passed")
	}
	if got := b.files("out"); len(got) != 1 {
		t.Errorf("published %v", got)
	}
}

func TestACancelledJobPublishesNothing(t *testing.T) {
	b := newFixture(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.engine.Process(ctx, b.job(b.photo("a.jpg", 2000, 1000, 1)))
	var known *plugin.Error
	if !errors.As(err, &known) || known.Kind != plugin.Stopped {
		t.Errorf("got %v", err)
	}
}

func TestUnknownPipeline(t *testing.T) {
	b := newFixture(t, small)
	j := b.job(b.photo("a.jpg", 20, 10, 1))
	j.Pipeline = "smal"
	if _, err := b.engine.Process(t.Context(), j); err == nil || !strings.Contains(err.Error(), `did you mean "small"`) {
		t.Errorf("got %v", err)
	}
}
