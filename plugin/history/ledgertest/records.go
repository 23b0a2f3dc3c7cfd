package ledgertest

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
)

// many is more records than a store would read at once.
const many = 1000

func putKeepsEveryField(t *testing.T, s history.Store) {
	damage, psnr := 0.25, 41.5
	want := history.Record{
		Key:        history.Key{Path: "/in/a.jpg", Task: "w1", Content: "c1"},
		Build:      "b1",
		Stat:       history.Stat{Size: 1 << 40, ModTime: shot, Inode: 1<<64 - 1, Changed: shot.Add(1)},
		State:      history.Quarantined,
		Outputs:    []history.Output{{Path: "/out/a.jpg", Size: 3, Hash: "h", Place: 2, Build: "b0"}},
		Former:     []history.Output{{Path: "/out/old.jpg", Size: 4, Hash: "g"}},
		Redo:       []int{2},
		Altered:    []history.Output{{Path: "/out/altered.jpg", Size: 5, Hash: "i"}},
		Root:       "/in",
		LeftOut:    []int{0, 2},
		Hint:       "copy the photo again",
		Error:      "truncated \x01 at byte 5",
		ErrorClass: "permanent",
		Attempts:   4, Strikes: 3, Starved: 2,
		Pipeline: "photos", MovedTo: "/quarantine/a.jpg", Salvaged: true,
		Mounts:  []string{"/ 1"},
		Undone:  shot.Add(time.Minute),
		Started: shot, Finished: shot.Add(time.Second),
		Notes: map[string]string{"model": "lite"},
		Trial: &history.Trial{
			Before:  history.Record{Key: history.Key{Path: "/in/a.jpg", Task: "w0", Content: "c1"}, State: history.Done},
			Outputs: []history.Compared{{Path: "/out/a.jpg", Before: 3, After: 4, PSNR: &psnr, Reason: "none"}},
		},
		Review: &history.Review{Folder: "F", Results: []history.Result{{Output: history.Output{Path: "/out/a.jpg", Size: 3, Hash: "h"}, Name: "0.jpg", Target: 1, Format: "jpeg"}}, Strength: new(float64)},
		Photo:  &history.Photo{Format: "jpeg", Width: 6000, Height: 4000, Orientation: 6, Camera: "Canon EOS R5", Taken: shot.UTC()},
		Stats:  ops.Stats{Pixels: 24e6, BytesRead: 3, Damage: &damage, Tiles: 9, Stages: map[ops.Stage]time.Duration{ops.StageEncode: time.Second}},
	}
	put(t, s, want)
	want.Superseded = "w9"
	want.Task = "w2"
	put(t, s, want)
	got, ok := find(t, s, want.Path, want.Task)
	if !ok {
		t.Fatal("it is not there")
	}
	for i, v := 0, reflect.ValueOf(want); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("this test leaves out %s", v.Type().Field(i).Name)
		}
	}
	if !sameRecord(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// sameRecord compares times as moments.
func sameRecord(a, b history.Record) bool {
	same := a.Stat.Same(b.Stat) && a.Started.Equal(b.Started) && a.Finished.Equal(b.Finished)
	a.Stat, a.Started, a.Finished = b.Stat, b.Started, b.Finished
	return same && reflect.DeepEqual(a, b)
}

func putReplaces(t *testing.T, s history.Store) {
	put(t, s, done("b.jpg", "w1", "old"), done("b.jpg", "w2", "old"), done("b.jpg", "w1", "new"))
	if r, _ := find(t, s, "b.jpg", "w1"); r.Content != "new" {
		t.Errorf("the content is %q", r.Content)
	}
	if r, _ := find(t, s, "b.jpg", "w2"); r.Content != "old" {
		t.Errorf("another task's content is %q", r.Content)
	}
	if all, err := s.ByContent("old"); err != nil || !slices.Equal(paths(all), []string{"b.jpg w2"}) {
		t.Errorf("of the old content: %v, %v", paths(all), err)
	}
}

func putRefuses(t *testing.T, s history.Store) {
	for want, r := range map[string]history.Record{
		"state":   {Key: history.Key{Path: "a", Task: "w"}},
		"path":    {Key: history.Key{Task: "w"}, State: history.Failed},
		"finger":  {Key: history.Key{Path: "a"}, State: history.Failed},
		"content": {Key: history.Key{Path: "a", Task: "w"}, State: history.Done},
		"zero":    {Key: history.Key{Path: "a\x00b", Task: "w"}, State: history.Failed},
		"output":  {Key: history.Key{Path: "a", Task: "w"}, State: history.Failed, Outputs: []history.Output{{}}},
		"review":  {Key: history.Key{Path: "a", Task: "w", Content: "c"}, State: history.Waiting},
		"folders": {Key: history.Key{Path: "a", Task: "w"}, State: history.Failed, Review: &history.Review{Folder: ".."}},
		"names":   {Key: history.Key{Path: "a", Task: "w"}, State: history.Failed, Review: &history.Review{Folder: "F", Results: []history.Result{{Name: "../a", Output: history.Output{Path: "/a"}}}}},
	} {
		if err := s.Put(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Put(%+v) = %v, which must speak of %q", r, err, want)
		}
	}
}

// Names of files hold any bytes but zero, and a record tells each apart; so do
// tasks, which name folders.
func namesOfAnyBytes(t *testing.T, s history.Store) {
	for _, name := range []string{"/plain.jpg", "/été.jpg", "/no\xffphoto.jpg", "/\xc3", "/\xff\xfe00", "/repl\ufffd.jpg", "/\xed\xa0\x80.jpg"} {
		task := "w /to" + name
		want := done("/in"+name, task, "c", "/out"+name)
		want.Root, want.MovedTo, want.Mounts, want.Error, want.Hint = "/in"+name, "/moved"+name, []string{"/mnt" + name}, "read "+name, "free "+name
		want.Outputs[0].Hash = "h"
		want.Review = &history.Review{Folder: "F", Results: []history.Result{{Output: history.Output{Path: "/out" + name}, Name: "0.jpg"}}}
		want.Altered = []history.Output{{Path: "/out" + name, Hash: "a"}}
		before := done("/in"+name, "v /to"+name, "c", "/out"+name)
		before.Outputs[0].Hash = "b"
		want.Trial = &history.Trial{Before: before, Outputs: []history.Compared{{Path: "/out" + name, Reason: "open " + name, Kept: "/trash" + name}}}
		put(t, s, want)
		if got, _ := find(t, s, want.Path, task); !sameRecord(got, want) {
			t.Errorf("%q came back as %+v", name, got)
		}
		if equal, _, err := FindEqual(s, "c", task); err != nil || !sameRecord(equal, want) {
			t.Errorf("%q came back by its content as %+v, %v", name, equal, err)
		}
		taken := want
		taken.Outputs, taken.Superseded = nil, task
		put(t, s, taken)
		if got, _ := find(t, s, want.Path, task); got.Superseded != task {
			t.Errorf("%q is superseded by %q", name, got.Superseded)
		}
		if by := maker(t, s, "/out"+name); by != want.Path {
			t.Errorf("the maker of %q is %q", "/out"+name, by)
		}
	}
}

func of(t *testing.T, s history.Store) {
	failed := done("a.jpg", "w2", "c2")
	failed.State = history.Failed
	put(t, s, failed, done("a.jpg", "w1", "c1"), done("a.jpg", "w10", "c1"), done("a.jpg.bak", "w1", "c1"), done("a", "w1", "c1"))
	all, err := s.Of("a.jpg")
	if want := []string{"a.jpg w1", "a.jpg w10", "a.jpg w2"}; err != nil || !slices.Equal(paths(all), want) {
		t.Errorf("%v, %v; want %v", paths(all), err, want)
	}
	if all, err := s.Of("b.jpg"); err != nil || len(all) > 0 {
		t.Errorf("of an unknown path: %v, %v", paths(all), err)
	}
}

func byContent(t *testing.T, s history.Store) {
	failed := done("failed.jpg", "w1", "c2")
	failed.State = history.Failed
	put(t, s, done("b.jpg", "w1", "c1"), done("a.jpg", "w1", "c1"), done("c.jpg", "w0", "c1"), failed,
		done("gone.jpg", "w1", "c3"), done("gone.jpg", "w1", "c4"), done("a.jpg", "w1longer", "c5"))
	for content, want := range map[string][]string{
		"c1": {"c.jpg w0", "a.jpg w1", "b.jpg w1"},
		"c2": nil, // failed
		"c3": nil, // replaced by c4
		"c4": {"gone.jpg w1"},
		"c5": {"a.jpg w1longer"},
		"c":  nil, // a prefix of a content is none
		"":   nil,
	} {
		if all, err := s.ByContent(content); err != nil || !slices.Equal(paths(all), want) {
			t.Errorf("ByContent(%q) = %v, %v; want %v", content, paths(all), err, want)
		}
	}
}

func outputs(t *testing.T, s history.Store) {
	same := done("plain.jpg", "w1", "c9")
	same.Outputs = []history.Output{{Path: "/out/plain.jpg", Size: 1000, Hash: "c9"}}
	put(t, s, done("a.jpg", "w1", "c1", "/out/a.jpg", "/out/a.webp"), same)
	if m, ok, err := s.Maker("/out/a.webp"); err != nil || !ok || m.Path != "a.jpg" || m.Task != "w1" || m.Record.Content != "c1" {
		t.Errorf("the maker is %+v, %t, %v", m, ok, err)
	}
	if by := maker(t, s, "/out/b.jpg"); by != "" {
		t.Errorf("the maker of what nobody made is %q", by)
	}
	for hash, want := range map[string]bool{
		hashOf("/out/a.jpg", "c1"): true,
		"c1":                       false,
		"c9":                       false, // an output equal to its source must not shut the source out
		"":                         false,
	} {
		if got := isOutput(t, s, hash); got != want {
			t.Errorf("IsOutput(%q) = %t", hash, got)
		}
	}
}

func failureKeepsOutputsKnown(t *testing.T, s history.Store) {
	again := done("a.jpg", "w1", "c1")
	again.State, again.Error = history.Failed, "disk full"
	put(t, s, done("a.jpg", "w1", "c1", "/out/a.jpg"), again)
	if by := maker(t, s, "/out/a.jpg"); by != "a.jpg" {
		t.Errorf("the maker is %q", by)
	}
	if all, err := s.ByContent("c1"); err != nil || len(all) > 0 {
		t.Errorf("a failure is offered for reuse: %v, %v", paths(all), err)
	}
	failed, err := history.Failures(s)
	if err != nil || len(failed) != 1 || failed[0].Error != "disk full" {
		t.Errorf("failures: %+v, %v", failed, err)
	}
}

// An output written by another task makes the record before it void: its task
// would otherwise count as done while its output is gone.
func replacedOutputsVoidTheRecord(t *testing.T, s history.Store) {
	put(t, s, done("a.jpg", "w1", "c1", "/out/a.jpg", "/out/a.webp"), done("b.jpg", "w1", "c2", "/out/b.jpg"), done("a.jpg", "w2", "c1", "/out/a.jpg"))
	if _, ok := find(t, s, "a.jpg", "w1"); ok {
		t.Error("the first record still stands")
	}
	if _, ok := find(t, s, "b.jpg", "w1"); !ok {
		t.Error("an unrelated record is gone")
	}
	if m, ok, err := s.Maker("/out/a.webp"); err != nil || !ok || m.Path != "a.jpg" || m.Task != "w1" || m.Record.Path != "" {
		t.Errorf("the maker of the output left over is %+v, %t, %v", m, ok, err)
	}
	if !isOutput(t, s, hashOf("/out/a.webp", "c1")) {
		t.Error("the output left over is not recognised")
	}
}

func superseded(t *testing.T, s history.Store) {
	put(t, s, done("one.jpg", "w", "c1", "/out/same", "/out/other"), done("two.jpg", "w5", "c2", "/out/same"))
	one, _ := find(t, s, "one.jpg", "w")
	if one.Superseded != "w5" || one.State != history.Done {
		t.Fatalf("%+v", one)
	}
	put(t, s, one) // as when its file was touched
	if by := maker(t, s, "/out/same"); by != "two.jpg" {
		t.Errorf("the output is of %q", by)
	}
	if by := maker(t, s, "/out/other"); by != "one.jpg" {
		t.Errorf("the other output is of %q", by)
	}
	if all, err := s.ByContent("c1"); err != nil || len(all) > 0 {
		t.Errorf("what was replaced is offered for reuse: %v, %v", paths(all), err)
	}
	put(t, s, done("two.jpg", "w2", "c2", "/out/same")) // another pipeline
	if _, ok := find(t, s, "two.jpg", "w5"); ok {
		t.Error("the same photo's earlier result still stands")
	}
}

// A failure of another photo does not keep its claim on an output.
func failedRecordsMakeRoom(t *testing.T, s history.Store) {
	failed := done("one.jpg", "w", "c1", "/out/same")
	failed.State = history.Failed
	put(t, s, failed, done("two.jpg", "w", "c2", "/out/same"))
	if r, ok := find(t, s, "one.jpg", "w"); ok {
		t.Errorf("it still stands: %+v", r)
	}
}

func deletes(t *testing.T, s history.Store) {
	put(t, s, done("a.jpg", "w1", "c1", "/out/a.jpg"), done("a.jpg", "w2", "c1"))
	for range 2 { // that there is none is no error
		if err := s.Delete("a.jpg", "w1"); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.Of("a.jpg"); err != nil || !slices.Equal(paths(all), []string{"a.jpg w2"}) {
		t.Errorf("left: %v, %v", paths(all), err)
	}
	if m, ok, err := s.Maker("/out/a.jpg"); err != nil || !ok || m.Path != "a.jpg" || m.Record.Path != "" {
		t.Errorf("its output's maker is %+v, %t, %v", m, ok, err)
	}
	if !isOutput(t, s, hashOf("/out/a.jpg", "c1")) {
		t.Error("its output is not known")
	}
}

func moves(t *testing.T, s history.Store) {
	put(t, s, done("in/a.jpg", "w1", "c1", "/out/a.jpg"), done("in/a.jpg", "w2", "c1"))
	if err := s.Move("in/a.jpg", "moved/a.jpg", "w1"); err != nil {
		t.Fatal(err)
	}
	if _, ok := find(t, s, "in/a.jpg", "w1"); ok {
		t.Error("it is where it was")
	}
	if r, ok := find(t, s, "moved/a.jpg", "w1"); !ok || r.MovedTo != "moved/a.jpg" || r.Content != "c1" {
		t.Errorf("it has become %+v", r)
	}
	if by := maker(t, s, "/out/a.jpg"); by != "moved/a.jpg" {
		t.Errorf("its output's maker is %q", by)
	}
	if _, ok := find(t, s, "in/a.jpg", "w2"); !ok {
		t.Error("another task's record went along")
	}
	if err := s.Move("unknown.jpg", "moved/b.jpg", "w1"); err != nil {
		t.Errorf("of no record: %v", err)
	}
}

func each(t *testing.T, s history.Store) {
	var all, failed []string
	var wait sync.WaitGroup
	for i := range many {
		r := done(fmt.Sprintf("%05d.jpg", i), "w", "c")
		all = append(all, r.Path+" w")
		if i%3 == 0 {
			r.State = history.Failed
			failed = append(failed, r.Path+" w")
		}
		wait.Go(func() {
			if err := s.Put(r); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for failedOnly, want := range map[bool][]string{false: all, true: failed} {
		var got []history.Record
		err := s.Each(failedOnly, func(r history.Record) error {
			got = append(got, r)
			_, err := s.Of(r.Path)
			return err
		})
		if err != nil || !slices.Equal(paths(got), want) {
			t.Errorf("failed only %t: %d records, not %d or not in order, %v", failedOnly, len(got), len(want), err)
		}
	}
	stop := errors.New("stop")
	if err := s.Each(false, func(history.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Each ended with %v", err)
	}
}

// A walk through reviews sees the records that have one, in whatever state, for as
// long as they have it.
func reviews(t *testing.T, s history.Store) {
	waits := done("a.jpg", "w", "c")
	waits.State, waits.Outputs, waits.Review = history.Waiting, nil, &history.Review{Folder: "F"}
	interrupted, moved := waits, waits
	interrupted.Path, interrupted.State = "b.jpg", history.Failed
	moved.Path = "c.jpg"
	put(t, s, waits, interrupted, moved, done("d.jpg", "w", "c"))
	want := func(want ...string) {
		t.Helper()
		var got []history.Record
		err := s.EachReview(func(r history.Record) error {
			got = append(got, r)
			return nil
		})
		if err != nil || !slices.Equal(paths(got), want) {
			t.Errorf("%q, %v, want %q", paths(got), err, want)
		}
	}
	want("a.jpg w", "b.jpg w", "c.jpg w")
	if err := errors.Join(s.Delete("b.jpg", "w"), s.Move("c.jpg", "e.jpg", "w")); err != nil {
		t.Fatal(err)
	}
	put(t, s, done("a.jpg", "w", "c"))
	want("e.jpg w")
}

// The function that Each calls may write.
func eachMayWrite(t *testing.T, s history.Store) {
	for i := range 50 {
		put(t, s, done(fmt.Sprintf("%02d.jpg", i), "w", "c"))
	}
	seen := 0
	err := s.Each(false, func(r history.Record) error {
		seen++
		return s.Delete(r.Path, r.Task)
	})
	if err != nil || seen != 50 {
		t.Errorf("%d records, %v", seen, err)
	}
	if err := s.Each(false, func(r history.Record) error { return fmt.Errorf("%s is left", r.Path) }); err != nil {
		t.Error(err)
	}
}

func mounts(t *testing.T, s history.Store) {
	if was, err := s.Mount("/out"); was != "" || err != nil {
		t.Errorf("unknown: %q, %v", was, err)
	}
	for _, mount := range []string{"/ 1:2", "/out 3:4", ""} {
		if err := s.SetMount("/out", mount); err != nil {
			t.Fatal(err)
		}
		if was, err := s.Mount("/out"); was != mount || err != nil {
			t.Errorf("%q came back as %q, %v", mount, was, err)
		}
	}
}

func concurrentUse(t *testing.T, s history.Store) {
	const workers, each = 8, 40
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				path := fmt.Sprintf("%d/%d.jpg", w, i)
				r := done(path, "w", "content of "+path, filepath.Join("/out", path))
				if err := s.Put(r); err != nil {
					t.Error(err)
					return
				}
				if _, ok, err := Find(s, path, "w"); err != nil || !ok {
					t.Errorf("own record after Put: %t, %v", ok, err)
				}
				if m, ok, err := s.Maker(r.Outputs[0].Path); err != nil || !ok || m.Path != path {
					t.Errorf("maker after Put: %+v, %t, %v", m, ok, err)
				}
			}
		})
	}
	wait.Wait()
	n := 0
	if err := s.Each(false, func(history.Record) error { n++; return nil }); err != nil || n != workers*each {
		t.Errorf("%d records of %d, %v", n, workers*each, err)
	}
}

// Pages come one after the other, whatever is put or deleted in between.
func pages(t *testing.T, s history.Store) {
	for i := range 20 {
		put(t, s, done(fmt.Sprintf("%02d.jpg", i/2), fmt.Sprint("w", i%2), "c"))
	}
	var got []string
	for after := (history.Key{}); ; {
		page, err := s.Page(after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, paths(page)...)
		after = page[len(page)-1].Key
		if err := s.Delete(after.Path, after.Task); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 20 || got[0] != "00.jpg w0" || got[19] != "09.jpg w1" || !slices.IsSorted(got) {
		t.Errorf("pages of %q", got)
	}
}
