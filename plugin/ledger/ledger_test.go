package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var shot = time.Date(2024, 5, 17, 12, 30, 0, 123456789, time.FixedZone("", 7200))

func openTest(t testing.TB) *Ledger {
	t.Helper()
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func put(t testing.TB, l *Ledger, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		if err := l.Put(e); err != nil {
			t.Fatal(err)
		}
	}
}

// done is a record of path with content c that wrote the outputs named.
func done(path, work, c string, outputs ...string) Entry {
	e := Entry{
		Key:   Key{Path: path, Work: work, Content: c},
		Stat:  Stat{Size: 1000, ModTime: shot, Inode: 7, Changed: shot},
		State: Done,
	}
	for _, o := range outputs {
		e.Outputs = append(e.Outputs, Output{Path: o, Size: 10, Hash: "hash of " + o + " from " + c})
	}
	return e
}

func TestPutKeepsEveryField(t *testing.T) {
	l := openTest(t)
	want := Entry{
		Key:        Key{Path: "in/a.jpg", Work: "w1", Content: "c1"},
		Stat:       Stat{Size: 1 << 40, ModTime: shot, Inode: 1<<64 - 1},
		State:      Failed,
		Outputs:    []Output{{Path: "/out/a.jpg", Size: 3, Hash: "h"}},
		Error:      "truncated \x01 at byte 5",
		ErrorClass: "permanent",
		Attempts:   3,
		Mounts:     []string{"/ 1"},
		Started:    shot,
		Finished:   shot.Add(time.Second),
		Notes:      map[string]string{"model": "lite"},
	}
	put(t, l, want)
	got, ok, err := l.Lookup(want.Key)
	if err != nil || !ok {
		t.Fatalf("Lookup: %v, %v", ok, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLookup(t *testing.T) {
	l := openTest(t)
	put(t, l, done("a.jpg", "w1", "c1"), done("a.jpg", "w2", "c1"), done("b.jpg", "w1", "old"), done("b.jpg", "w1", "new"))
	for _, tt := range []struct {
		key  Key
		want bool
	}{
		{Key{Path: "a.jpg", Work: "w1", Content: "c1"}, true},
		{Key{Path: "a.jpg", Work: "w2", Content: "c1"}, true},
		{Key{Path: "a.jpg", Work: "w3", Content: "c1"}, false}, // another pipeline or model
		{Key{Path: "a.jpg", Work: "w1", Content: "c2"}, false}, // changed in place
		{Key{Path: "copy.jpg", Work: "w1", Content: "c1"}, false},
		{Key{Path: "b.jpg", Work: "w1", Content: "new"}, true},
		{Key{Path: "b.jpg", Work: "w1", Content: "old"}, false}, // its outputs were replaced
	} {
		e, ok, err := l.Lookup(tt.key)
		if err != nil || ok != tt.want || ok && e.Key != tt.key {
			t.Errorf("Lookup(%+v) = %+v, %v, %v", tt.key, e.Key, ok, err)
		}
	}
}

func TestUnchanged(t *testing.T) {
	l := openTest(t)
	put(t, l, done("a.jpg", "w1", "c1"))
	for _, tt := range []struct {
		name string
		path string
		stat Stat
		work string
		want bool
	}{
		{"same", "a.jpg", Stat{1000, shot.UTC(), 7, shot}, "w1", true},
		{"size", "a.jpg", Stat{1001, shot, 7, shot}, "w1", false},
		{"time", "a.jpg", Stat{1000, shot.Add(1), 7, shot}, "w1", false},
		{"change of content with the date kept", "a.jpg", Stat{1000, shot, 7, shot.Add(1)}, "w1", false}, // navidrome#3817
		{"a file system without times of change", "a.jpg", Stat{1000, shot, 7, time.Time{}}, "w1", true},
		{"inode", "a.jpg", Stat{1000, shot, 8, shot}, "w1", false},
		{"work", "a.jpg", Stat{1000, shot, 7, shot}, "w2", false},
		{"path", "b.jpg", Stat{1000, shot, 7, shot}, "w1", false},
	} {
		e, ok, err := l.Unchanged(tt.path, tt.stat, tt.work)
		if err != nil || ok != tt.want || ok && e.Content != "c1" {
			t.Errorf("%s: %+v, %v, %v", tt.name, e, ok, err)
		}
	}
}

func TestReusable(t *testing.T) {
	l := openTest(t)
	failed := done("failed.jpg", "w1", "c2")
	failed.State = Failed
	put(t, l, done("a.jpg", "w1", "c1"), failed, done("gone.jpg", "w1", "c3"), done("gone.jpg", "w1", "c4"),
		done("a.jpg", "w1longer", "c5"))
	for _, tt := range []struct {
		content, work, want string
	}{
		{"c1", "w1", "a.jpg"},
		{"c1", "w2", ""},
		{"c2", "w1", ""}, // failed
		{"c3", "w1", ""}, // replaced by c4
		{"c4", "w1", "gone.jpg"},
		{"c5", "w1", ""}, // a prefix of the work's name is not the work
		{"", "", ""},
	} {
		e, ok, err := l.Reusable(tt.content, tt.work)
		if err != nil || ok != (tt.want != "") || e.Path != tt.want {
			t.Errorf("Reusable(%q, %q) = %q, %v, %v; want %q", tt.content, tt.work, e.Path, ok, err, tt.want)
		}
	}
}

func TestOutputs(t *testing.T) {
	l := openTest(t)
	same := done("plain.jpg", "w1", "c9")
	same.Outputs = []Output{{Path: "/out/plain.jpg", Size: 1000, Hash: "c9"}}
	put(t, l, done("a.jpg", "w1", "c1", "/out/a.jpg", "/out/a.webp"), same)

	owner, ok, err := l.Owner("/out/a.webp")
	if err != nil || !ok || owner != "a.jpg" {
		t.Errorf("Owner = %q, %v, %v", owner, ok, err)
	}
	if owner, ok, err := l.Owner("/out/b.jpg"); err != nil || ok {
		t.Errorf("Owner of what nobody made = %q, %v, %v", owner, ok, err)
	}
	for hash, want := range map[string]bool{
		"hash of /out/a.jpg from c1": true,
		"c1":                         false,
		"c9":                         false, // an output equal to its source must not shut the source out
		"":                           false,
	} {
		if got, err := l.IsOutput(hash); err != nil || got != want {
			t.Errorf("IsOutput(%q) = %v, %v", hash, got, err)
		}
	}
}

// An output written by another piece of work makes the record before it void:
// its work would otherwise count as done while its output is gone.
func TestReplacedOutputsVoidTheRecord(t *testing.T) {
	l := openTest(t)
	first := done("a.jpg", "w1", "c1", "/out/a.jpg", "/out/a.webp")
	put(t, l, first, done("b.jpg", "w1", "c2", "/out/b.jpg"), done("a.jpg", "w2", "c1", "/out/a.jpg"))

	if _, ok, _ := l.Lookup(first.Key); ok {
		t.Error("the first record still stands")
	}
	if _, ok, _ := l.Reusable("c1", "w1"); ok {
		t.Error("the first result is still offered")
	}
	if _, ok, _ := l.Lookup(Key{Path: "b.jpg", Work: "w1", Content: "c2"}); !ok {
		t.Error("an unrelated record is gone")
	}
	if owner, ok, _ := l.Owner("/out/a.webp"); !ok || owner != "a.jpg" {
		t.Errorf("owner of the output left over = %q, %v", owner, ok)
	}
	if ours, _ := l.IsOutput("hash of /out/a.webp from c1"); !ours {
		t.Error("the output left over is not recognised")
	}
}

func TestFailureKeepsOutputsKnown(t *testing.T) {
	l := openTest(t)
	again := done("a.jpg", "w1", "c1")
	again.State, again.Error, again.ErrorClass = Failed, "disk full", "transient"
	put(t, l, done("a.jpg", "w1", "c1", "/out/a.jpg"), again)
	if owner, ok, _ := l.Owner("/out/a.jpg"); !ok || owner != "a.jpg" {
		t.Errorf("Owner = %q, %v", owner, ok)
	}
	if _, ok, _ := l.Reusable("c1", "w1"); ok {
		t.Error("a failure is offered for reuse")
	}
	failed, err := l.Failed()
	if err != nil || len(failed) != 1 || failed[0].Error != "disk full" {
		t.Errorf("Failed = %+v, %v", failed, err)
	}
}

func TestEach(t *testing.T) {
	l := openTest(t)
	var want []string
	var wait sync.WaitGroup
	for i := range 2*pageLength + 3 {
		path := fmt.Sprintf("%05d.jpg", i)
		want = append(want, path)
		wait.Go(func() {
			if err := l.Put(done(path, "w", "c")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	var got []string
	err := l.Each(func(e Entry) error {
		got = append(got, e.Path)
		_, _, err := l.Lookup(e.Key)
		return err
	})
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	stop := errors.New("stop")
	if err := l.Each(func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Each ended with %v", err)
	}
}

func TestPutRefuses(t *testing.T) {
	l := openTest(t)
	for want, e := range map[string]Entry{
		"state":   {Key: Key{Path: "a", Work: "w"}},
		"path":    {Key: Key{Work: "w"}, State: Failed},
		"finger":  {Key: Key{Path: "a"}, State: Failed},
		"content": {Key: Key{Path: "a", Work: "w"}, State: Done},
		"zero":    {Key: Key{Path: "a\x00b", Work: "w"}, State: Failed},
		"output":  {Key: Key{Path: "a", Work: "w"}, State: Failed, Outputs: []Output{{}}},
	} {
		if err := l.Put(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Put(%+v) = %v, want a word on %q", e, err, want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	l := openTest(t)
	const workers, each = 8, 40
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				path := fmt.Sprintf("%d/%d.jpg", w, i)
				e := done(path, "w", "content of "+path, filepath.Join("/out", path))
				if err := l.Put(e); err != nil {
					t.Error(err)
					return
				}
				if _, ok, err := l.Lookup(e.Key); err != nil || !ok {
					t.Errorf("own record after Put: %v, %v", ok, err)
				}
				if owner, ok, err := l.Owner(e.Outputs[0].Path); err != nil || !ok || owner != path {
					t.Errorf("owner after Put: %q, %v, %v", owner, ok, err)
				}
			}
		})
	}
	wait.Wait()
	n := 0
	if err := l.Each(func(Entry) error { n++; return nil }); err != nil || n != workers*each {
		t.Errorf("%d records of %d, %v", n, workers*each, err)
	}
}

func TestSuperseded(t *testing.T) {
	l := openTest(t)
	put(t, l, done("one.jpg", "w", "c1", "/out/same"), done("two.jpg", "w", "c2", "/out/same"))
	one, ok, err := l.Find("one.jpg", "w")
	if err != nil || !ok || one.Superseded != "w" || one.State != Done {
		t.Fatalf("%+v, %v, %v", one, ok, err)
	}
	put(t, l, one) // as when its file was touched
	if owner, _, _ := l.Owner("/out/same"); owner != "two.jpg" {
		t.Errorf("the output is of %q", owner)
	}
	if _, ok, _ := l.Reusable("c1", "w"); ok {
		t.Error("what was replaced is offered for reuse")
	}
	put(t, l, done("two.jpg", "w2", "c2", "/out/same")) // another pipeline
	if _, ok, _ := l.Find("two.jpg", "w"); ok {
		t.Error("the same photo's earlier result still stands")
	}
}
