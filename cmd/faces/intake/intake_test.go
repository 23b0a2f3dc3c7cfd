package intake_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// made writes a photo's only output.
func made(j plugin.Job) (plugin.Result, error) {
	path := filepath.Join(j.Output, "out.jpg")
	data, err := os.ReadFile(j.Path)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	return plugin.Result{State: plugin.Done, Outputs: []plugin.Output{{Path: path, Size: int64(len(data))}}}, err
}

func open(t *testing.T, c intake.Config, submit func(context.Context, plugin.Job) (plugin.Result, error)) (*intake.Intake, string) {
	t.Helper()
	state := t.TempDir()
	in, err := intake.Open(intake.Options{StateDir: state, Submit: submit})
	if err != nil {
		t.Fatal(err)
	}
	in.Configure(c)
	return in, state
}

// files counts what lies in the scratch folder.
func files(t *testing.T, state string) (n int) {
	t.Helper()
	_ = filepath.WalkDir(filepath.Join(state, "requests"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}

// problem requires a problem of that status.
func problem(t *testing.T, err error, status int) *intake.Problem {
	t.Helper()
	var p *intake.Problem
	if !errors.As(err, &p) || p.Status != status {
		t.Fatalf("got %v, want a problem with the status %d", err, status)
	}
	return p
}

func TestAPhotoLeavesNothingBehind(t *testing.T) {
	in, state := open(t, intake.Config{Queue: 2}, func(_ context.Context, j plugin.Job) (plugin.Result, error) {
		if !j.Unrecorded || j.Pipeline != "web" {
			t.Errorf("the job is %+v", j)
		}
		return made(j)
	})
	p, err := in.Take(t.Context(), strings.NewReader("pixels"), `C:\holiday/../../etc/pass"wd`+"\r\n.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if name := filepath.Base(p.Path()); name != "pass_wd__.jpg" || !strings.HasPrefix(p.Path(), state) {
		t.Errorf("the photo lies at %s", p.Path())
	}
	for range 2 {
		r, err := p.Process(t.Context(), plugin.Job{Pipeline: "web"})
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := os.ReadFile(r.Outputs[0].Path); string(data) != "pixels" {
			t.Errorf("the output is %q", data)
		}
	}
	p.Close()
	if n := files(t, state); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	in, _ := open(t, intake.Config{Queue: 2}, func(_ context.Context, j plugin.Job) (plugin.Result, error) { return made(j) })
	take := func() (*intake.Photo, error) { return in.Take(t.Context(), strings.NewReader("x"), "") }
	a, err := take()
	if err != nil {
		t.Fatal(err)
	}
	b, err := take()
	if err != nil {
		t.Fatal(err)
	}
	_, err = take()
	if p := problem(t, err, 429); p.RetryAfter < time.Second || p.Key != "faces.queue" {
		t.Errorf("the problem is %+v", p)
	}
	a.Close()
	if a, err = take(); err != nil {
		t.Fatal(err)
	}
	a.Close()
	b.Close()
}

func TestBodiesAreBounded(t *testing.T) {
	in, state := open(t, intake.Config{Queue: 2, Bytes: 3 << 20, Space: 5 << 20}, nil)
	_, err := in.Take(t.Context(), bytes.NewReader(make([]byte, 3<<20+1)), "")
	if p := problem(t, err, 413); p.Key != "limits.bytes" {
		t.Errorf("the problem is %+v", p)
	}
	_, err = in.Take(t.Context(), strings.NewReader(""), "")
	problem(t, err, 400)
	_, err = in.Take(t.Context(), io.MultiReader(strings.NewReader("half"), broken{}), "")
	problem(t, err, 400)
	p, err := in.Take(t.Context(), bytes.NewReader(make([]byte, 3<<20)), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = in.Take(t.Context(), bytes.NewReader(make([]byte, 3<<20)), "")
	problem(t, err, 507)
	p.Close()
	in.Configure(intake.Config{Queue: 2, MinFree: diag.Size(1) << 62})
	_, err = in.Take(t.Context(), strings.NewReader("x"), "")
	problem(t, err, 507)
	if n := files(t, state); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type held struct{}

func (held) Error() string { return "paused" }
func (held) Held() bool    { return true }

func TestFailures(t *testing.T) {
	var answer error
	in, _ := open(t, intake.Config{Queue: 2, Timeout: 50 * time.Millisecond}, func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		if answer == nil {
			<-ctx.Done()
			return plugin.Result{}, &plugin.Error{Kind: plugin.Stopped, Err: ctx.Err()}
		}
		return plugin.Result{}, answer
	})
	fail := func(ctx context.Context, body string, err error) error {
		p, taken := in.Take(ctx, strings.NewReader(body), "a.jpg")
		if taken != nil {
			return taken
		}
		defer p.Close()
		answer = err
		_, err = p.Process(ctx, plugin.Job{})
		return err
	}
	of := func(kind plugin.Kind) error {
		return &plugin.Error{Path: "/secret/place", Kind: kind, Err: errors.New("300 MP, limits.megapixels allows 200"), Hint: "raise it"}
	}
	for kind, status := range map[plugin.Kind]int{plugin.NotImage: 422, plugin.Damaged: 422, plugin.TooLarge: 413, plugin.Starved: 503, plugin.StepFailed: 500} {
		p := problem(t, fail(t.Context(), "x", of(kind)), status)
		if strings.Contains(p.Error(), "/secret") || p.Kind != kind {
			t.Errorf("%s: %+v", kind, p)
		}
		if kind == plugin.TooLarge && p.Key != "limits.megapixels" {
			t.Errorf("the key is %q", p.Key)
		}
	}
	problem(t, fail(t.Context(), "x", held{}), 503)
	problem(t, fail(t.Context(), "x", nil), 504)
	gone, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	problem(t, fail(gone, "x", nil), intake.StatusGone)
	problem(t, fail(t.Context(), "bomb", of(plugin.Crashed)), 422)
	if p := problem(t, fail(t.Context(), "bomb", errors.New("it was processed once more")), 422); !strings.Contains(p.Detail, "not tried again") {
		t.Errorf("a body that ended a worker: %s", p.Detail)
	}
	problem(t, fail(t.Context(), "another", errors.New("x")), 500)
}

// Many at once neither race nor keep their places.
func TestManyAtOnce(t *testing.T) {
	in, state := open(t, intake.Config{Queue: 6, Space: 64 << 20}, func(_ context.Context, j plugin.Job) (plugin.Result, error) { return made(j) })
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for {
				p, err := in.Take(t.Context(), strings.NewReader("x"), "a.jpg")
				if busy := (*intake.Problem)(nil); errors.As(err, &busy) && busy.Status == 429 {
					time.Sleep(time.Millisecond)
					continue
				}
				if err == nil {
					_, err = p.Process(t.Context(), plugin.Job{})
					p.Close()
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
	all.Wait()
	if n := files(t, state); n != 0 {
		t.Errorf("%d files are left", n)
	}
}
