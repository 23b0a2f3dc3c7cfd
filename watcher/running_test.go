package watcher

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	settle   = 150 * time.Millisecond // of the tests' folders
	deadline = 60 * time.Second       // for what must happen
)

// running is a watcher under test. Files are collected as they come.
type running struct {
	*Watcher
	t      *testing.T
	out    chan File
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, o Options) *running {
	t.Helper()
	for i := range o.Folders {
		if o.Folders[i].Settle == 0 {
			o.Folders[i].Settle = settle
		}
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.filesystem = local
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Watcher: w, t: t, out: make(chan File), cancel: cancel, ended: make(chan error, 1)}
	go func() { r.ended <- w.Run(ctx, r.out) }()
	t.Cleanup(r.stop)
	return r
}

// local stands for the file system that tests run on, whatever it is.
func local(string) filesystem { return filesystem{name: "local"} }

func watch(t *testing.T, folder string) *running {
	t.Helper()
	r := start(t, Options{Folders: []Config{{Folder: folder}}})
	r.mode(Watching)
	return r
}

func (r *running) stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run: %v", err)
	}
}

// mode waits for the first folder's state.
func (r *running) mode(want Mode) FolderState {
	r.t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(5 * time.Millisecond) {
		s := r.Folders()[0]
		if s.Mode == want {
			return s
		}
		if time.Now().After(end) {
			r.t.Fatalf("the folder is %+v, not %s", s, want)
		}
	}
}

// next returns the file sent next, by its path below its root.
func (r *running) next() string {
	r.t.Helper()
	return r.within(deadline)
}

func (r *running) within(d time.Duration) string {
	r.t.Helper()
	select {
	case f := <-r.out:
		return r.below(f)
	case <-time.After(d):
		r.t.Fatal("no file was sent")
		return ""
	}
}

func (r *running) below(f File) string {
	r.t.Helper()
	rel, err := filepath.Rel(f.Root, f.Path)
	if err != nil || !filepath.IsAbs(f.Path) || !filepath.IsLocal(rel) {
		r.t.Fatalf("sent %+v", f)
	}
	return rel
}

// expect waits for exactly these files, in any order, and for quiet after.
func (r *running) expect(want ...string) {
	r.t.Helper()
	var got []string
	for range want {
		got = append(got, r.next())
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		r.t.Fatalf("sent %q, want %q", got, want)
	}
	r.quiet()
}

// quiet fails if anything is sent within a few settle periods.
func (r *running) quiet() {
	r.t.Helper()
	select {
	case f := <-r.out:
		r.t.Fatalf("sent %s as well", r.below(f))
	case <-time.After(3 * settle):
	}
}

// runOnce runs to the end and returns what was sent.
func runOnce(t *testing.T, o Options) ([]string, error) {
	t.Helper()
	o.Once = true
	r := start(t, o)
	r.cancel = nil
	var got []string
	for {
		select {
		case f := <-r.out:
			got = append(got, r.below(f))
		case err := <-r.ended:
			slices.Sort(got)
			return got, err
		case <-time.After(deadline):
			t.Fatalf("Run with Once does not return; sent so far: %q", got)
		}
	}
}

func write(t *testing.T, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.WriteFile(name, []byte("content of "+name), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func mkdir(t *testing.T, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(name, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
