package bulk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/bulk"
)

func write(t *testing.T, path, text string) (int64, time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size(), info.ModTime()
}

func open(t *testing.T, folder string, key ...string) *bulk.Run {
	t.Helper()
	r, err := bulk.Open(folder, "test", key...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestARunGoesOn(t *testing.T) {
	dir := t.TempDir()
	runs, out := filepath.Join(dir, "runs"), filepath.Join(dir, "out \"\n\xff.png")
	photo := filepath.Join(dir, "a \xfe\n.jpg")
	size, at := write(t, photo, "photo")
	write(t, out, "output")
	r := open(t, runs, "x", "y")
	if r.Known() != 0 || r.Done(photo, size, at) {
		t.Error("something is done in a new run")
	}
	if err := r.Add(photo, size, at, []string{out}); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(photo+"2", size, at, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bulk.Open(runs, "test", "x", "y"); !errors.Is(err, bulk.ErrBusy) {
		t.Errorf("a run that is under way: %v", err)
	}
	r.Close()
	r = open(t, runs, "x", "y")
	if r.Known() != 2 || !r.Done(photo, size, at) || r.Done(photo, size+1, at) || r.Done(photo, size, at.Add(1)) || !r.Done(photo+"2", size, at) {
		t.Errorf("%d known", r.Known())
	}
	r.Close()
	if other := open(t, runs, "xy", ""); other.Known() != 0 {
		t.Error("another run has what is done in this one")
	} else {
		other.Close()
	}
	write(t, out, "changed output")
	if r = open(t, runs, "x", "y"); r.Done(photo, size, at) || !r.Done(photo+"2", size, at) {
		t.Error("a photo counts as done whose output was changed")
	}
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	if r = open(t, runs, "x", "y"); r.Known() != 0 {
		t.Error("a finished run is known")
	}
	r.Close()
}

func TestATornLineIsCutOff(t *testing.T) {
	runs := t.TempDir()
	r := open(t, runs, "k")
	for _, name := range []string{"/a", "/b"} {
		if err := r.Add(name, 1, time.Unix(1, 0), nil); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	files, _ := filepath.Glob(filepath.Join(runs, "*.run"))
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(data) {
		if err := os.WriteFile(files[0], data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		r := open(t, runs, "k")
		if r.Known() > 2 || n < len(data)-1 && r.Done("/b", 1, time.Unix(1, 0)) {
			t.Fatalf("after %d of %d bytes, %d are known", n, len(data), r.Known())
		}
		if err := r.Add("/c", 1, time.Unix(1, 0), nil); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if r = open(t, runs, "k"); !r.Done("/c", 1, time.Unix(1, 0)) {
			t.Fatalf("after %d of %d bytes, what was added since is not known", n, len(data))
		}
		r.Close()
	}
}

func TestRunsAreForgotten(t *testing.T) {
	runs := t.TempDir()
	open(t, runs, "old").Close()
	files, _ := filepath.Glob(filepath.Join(runs, "*.run"))
	long := time.Now().Add(-40 * 24 * time.Hour)
	if err := os.Chtimes(files[0], long, long); err != nil {
		t.Fatal(err)
	}
	open(t, runs, "new").Close()
	if files, _ = filepath.Glob(filepath.Join(runs, "*")); len(files) != 1 {
		t.Errorf("left: %v", files)
	}
}

func TestOrder(t *testing.T) {
	type photo struct {
		path string
		at   int64
	}
	for order, want := range map[bulk.Order]string{"": "abc", bulk.ByPath: "abc", bulk.Newest: "bac", bulk.Oldest: "acb"} {
		all := []photo{{"c", 1}, {"b", 2}, {"a", 1}}
		bulk.Sort(all, order, func(p *photo) string { return p.path }, func(p *photo) time.Time { return time.Unix(p.at, 0) })
		if got := all[0].path + all[1].path + all[2].path; got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
}
