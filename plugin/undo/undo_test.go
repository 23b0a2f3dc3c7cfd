package undo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// library is a tree of photos, and what Burnish did to it.
type library struct {
	*testing.T
	root  string
	store *ledgertest.Memory
	undo  Undoer
	task  string
}

func newLibrary(t *testing.T) *library {
	root := t.TempDir()
	store := ledgertest.NewMemory()
	l := &library{T: t, root: root, store: store, task: "settings " + filepath.Join(root, "out")}
	l.undo = Undoer{Store: store, StateDir: filepath.Join(root, "state")}
	for _, folder := range []string{"in", "out", "done"} {
		l.check(os.MkdirAll(l.at(folder), 0o755))
	}
	l.check(os.MkdirAll(l.undo.StateDir, 0o700))
	return l
}

func (l *library) at(path string) string { return filepath.Join(l.root, path) }

func (l *library) check(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

var taken = time.Date(2019, 3, 4, 5, 6, 7, 123456789, time.UTC)

func (l *library) write(path, text string) {
	l.Helper()
	l.check(os.MkdirAll(filepath.Dir(l.at(path)), 0o755))
	l.check(os.WriteFile(l.at(path), []byte(text), 0o640))
	l.check(os.Chtimes(l.at(path), taken, taken))
}

func (l *library) apply(c history.Change) uint64 {
	l.Helper()
	ids, err := l.store.Apply(c)
	l.check(err)
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (l *library) entry(act journal.Act, name string) journal.Entry {
	return journal.Entry{Act: act, Time: time.Now(), Photo: l.at("in/" + name), Root: l.at("in"), Task: l.task, Pipeline: "p", Content: hashOf("photo " + name), Settled: true}
}

// publish writes outputs of a photo that is there, as Burnish does.
func (l *library) publish(name string, outputs ...string) journal.Entry {
	l.Helper()
	e := l.entry(journal.Published, name)
	info, err := os.Stat(l.at("in/" + name))
	l.check(err)
	r := history.Record{
		Key: history.Key{Path: e.Photo, Task: l.task, Content: e.Content}, State: history.Done, Root: e.Root, Pipeline: "p",
		Stat: history.StatOf(info), Finished: time.Now(),
	}
	for _, o := range outputs {
		text := "output " + o + " of " + name
		path := l.at("out/" + o)
		f := journal.File{To: path, ToTop: len(l.at("out")), Size: int64(len(text)), Hash: hashOf(text)}
		if before, err := os.ReadFile(path); err == nil {
			f.Replaced, f.Own = hashOf(string(before)), true
		}
		l.write("out/"+o, text)
		e.Files = append(e.Files, f)
		r.Outputs = append(r.Outputs, history.Output{Path: path, Size: f.Size, Hash: f.Hash})
	}
	e.ID = l.apply(history.Change{Put: []history.Record{r}, Log: []journal.Entry{e}, Made: []string{l.at("out/sea")}})
	return e
}

// archive moves a photo that was published, with a sidecar if there is one.
func (l *library) archive(name string) {
	l.Helper()
	e := l.entry(journal.Archived, name)
	to := l.at("done/" + name)
	move := func(from, to, hash string) {
		l.check(os.MkdirAll(filepath.Dir(to), 0o755))
		l.check(os.Rename(from, to))
		e.Files = append(e.Files, journal.File{From: from, FromTop: len(e.Root), To: to, ToTop: len(l.at("done")), Hash: hash, Sidecar: hash == ""})
	}
	move(e.Photo, to, e.Content)
	if _, err := os.Stat(e.Photo + ".xmp"); err == nil {
		move(e.Photo+".xmp", to+".xmp", "")
	}
	l.apply(history.Change{Log: []journal.Entry{e}, Made: []string{filepath.Dir(to)}})
	l.check(l.store.Move(e.Photo, to, l.task))
}

// photo makes a photo and does all to it.
func (l *library) photo(name string) {
	l.Helper()
	l.write("in/"+name, "photo "+name)
	l.write("in/"+name+".xmp", "edits of "+name)
}

func (l *library) process(name string) {
	l.Helper()
	l.publish(name, name+".png", name+".jpg")
	l.archive(name)
}

// tree is every file with its mode, time and content, and every folder.
func (l *library) tree() (all []string) {
	l.Helper()
	for _, part := range []string{"in", "out", "done"} {
		l.check(filepath.WalkDir(l.at(part), func(path string, d fs.DirEntry, err error) error {
			info, errInfo := os.Lstat(path)
			if err := errors.Join(err, errInfo); err != nil {
				return err
			}
			line := strings.TrimPrefix(path, l.root) + " " + info.Mode().String()
			if info.Mode().IsRegular() {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				line += " " + info.ModTime().UTC().String() + " " + string(data)
			}
			all = append(all, line)
			return nil
		}))
	}
	return all
}

// contents are the bytes of all files there are, the trash's among them.
func (l *library) contents() map[string]int {
	all := map[string]int{}
	_ = filepath.WalkDir(l.root, func(path string, d fs.DirEntry, err error) error {
		if data, errRead := os.ReadFile(path); err == nil && errRead == nil && d.Type().IsRegular() {
			all[string(data)]++
		}
		return nil
	})
	return all
}

func (l *library) all(q Request) (photos []Photo) {
	l.Helper()
	for {
		p, err := l.undo.Undo(context.Background(), q)
		l.check(err)
		photos = append(photos, p.Photos...)
		if p.Next == 0 {
			return photos
		}
		q.Before, q.Run = p.Next, p.Run
	}
}

// refused is the problem of the only photo, "" for none.
func (l *library) refused(q Request) string {
	l.Helper()
	photos := l.all(q)
	if len(photos) != 1 {
		l.Fatalf("%+v", photos)
	}
	if p := photos[0]; p.Problem != "" && p.Hint == "" {
		l.Errorf("%q says not what to do", p.Problem)
	}
	return photos[0].Problem
}

func (l *library) same(want []string) {
	l.Helper()
	if got := l.tree(); !slices.Equal(got, want) {
		l.Errorf("the tree is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestUndoAndRedo(t *testing.T) {
	l := newLibrary(t)
	names := []string{"a.jpg", "sea/b.jpg", "caf\xe9.jpg"}
	for _, name := range names {
		l.photo(name)
	}
	before := l.tree()
	for _, name := range names {
		l.process(name)
	}
	after := l.tree()
	for range 3 {
		if photos := l.all(Request{Dry: true}); len(photos) != 3 || photos[0].Path != l.at("in/caf\xe9.jpg") || photos[0].Outputs != 2 || photos[0].Sidecars != 1 {
			t.Errorf("%+v", photos)
		}
		l.same(after)
		l.all(Request{})
		l.same(before)
		for _, name := range names {
			of, _ := l.store.Of(l.at("in/" + name))
			if len(of) != 1 || of[0].State != history.Skipped || of[0].Undone.IsZero() {
				t.Errorf("%s has the records %+v", name, of)
			}
		}
		if again := l.all(Request{}); len(again) > 0 {
			t.Errorf("undone twice: %+v", again)
		}
		l.all(Request{Redo: true})
		l.same(after)
		for _, name := range names {
			if of, _ := l.store.Of(l.at("done/" + name)); len(of) != 1 || of[0].State != history.Done || len(of[0].Outputs) != 2 {
				t.Errorf("%s has the records %+v", name, of)
			}
		}
	}
}

func TestWhatIsChosen(t *testing.T) {
	l := newLibrary(t)
	for _, name := range []string{"a.jpg", "sea/b.jpg", "sea/c.jpg"} {
		l.photo(name)
		l.publish(name, name+".png")
	}
	chosen := func(q Request) (names []string) {
		q.Dry = true
		for _, p := range l.all(q) {
			names = append(names, strings.TrimPrefix(p.Path, l.at("in")+"/"))
		}
		slices.Sort(names)
		return names
	}
	for _, c := range []struct {
		q    Request
		want string
	}{
		{Request{Paths: []string{l.at("in/sea")}}, "sea/b.jpg sea/c.jpg"},
		{Request{Paths: []string{l.at("in/sea/"), l.at("in/a.jpg")}}, "a.jpg sea/b.jpg sea/c.jpg"},
		{Request{Paths: []string{l.at("in/se")}}, ""},
		{Request{Paths: []string{l.at("out/sea/b.jpg.png")}}, "sea/b.jpg"},
		{Request{Where: `file == "c.jpg"`}, "sea/c.jpg"},
		{Request{Where: `pipeline == "q"`}, ""},
		{Request{Since: time.Now().Add(time.Hour)}, ""},
		{Request{Since: time.Now().Add(-time.Hour), Where: `folder == "sea"`}, "sea/b.jpg sea/c.jpg"},
	} {
		if got := strings.Join(chosen(c.q), " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
	}
	if _, err := l.undo.Undo(t.Context(), Request{Run: "../../etc"}); err == nil {
		t.Error("a run may name another folder")
	}
}

// Thousands are undone in pages, each photo once.
func TestPages(t *testing.T) {
	l := newLibrary(t)
	const n = 700
	for i := range n {
		name := fmt.Sprintf("%d.jpg", i)
		l.write("in/"+name, "photo "+name)
		l.publish(name, name+".png")
		if i%2 == 0 {
			l.archive(name)
		}
	}
	seen := map[string]bool{}
	for _, p := range l.all(Request{}) {
		if seen[p.Path] || p.Problem != "" {
			t.Errorf("%+v, seen %t", p, seen[p.Path])
		}
		seen[p.Path] = true
	}
	if left, _ := os.ReadDir(l.at("out")); len(seen) != n || len(left) > 0 {
		t.Errorf("%d photos, %d outputs left", len(seen), len(left))
	}
}

// What somebody did since is left as it is, and said.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(l *library)
		want string
	}{
		"output altered":  {func(l *library) { l.write("out/a.jpg.png", "edited") }, "has changed since Burnish wrote it"},
		"output a folder": {func(l *library) { os.Remove(l.at("out/a.jpg.png")); os.Mkdir(l.at("out/a.jpg.png"), 0o755) }, "has changed since Burnish wrote it"},
		"output a link": {func(l *library) {
			os.Rename(l.at("out/a.jpg.png"), l.at("x"))
			os.Symlink(l.at("x"), l.at("out/a.jpg.png"))
		}, "has changed since Burnish wrote it"},
		"original altered":      {func(l *library) { l.write("done/a.jpg", "edited") }, "has changed since"},
		"original gone":         {func(l *library) { os.Remove(l.at("done/a.jpg")) }, "is not at"},
		"place taken":           {func(l *library) { l.write("in/a.jpg", "another") }, "another file is at"},
		"place taken by a link": {func(l *library) { os.Symlink("/nowhere", l.at("in/a.jpg")) }, "another file is at"},
		"sidecar's place taken": {func(l *library) { l.write("in/a.jpg.xmp", "another") }, "another file is at"},
		"archive gone":          {func(l *library) { os.RemoveAll(l.at("done")) }, "is not at"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.photo("a.jpg")
			l.process("a.jpg")
			c.do(l)
			if name == "archive gone" {
				os.Mkdir(l.at("done"), 0o755)
			}
			before := l.tree()
			if got := l.refused(Request{}); !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			l.same(before)
			if of, _ := l.store.Of(l.at("done/a.jpg")); len(of) != 1 || of[0].State != history.Done {
				t.Errorf("its records are %+v", of)
			}
		})
	}
}

// An output that somebody removed is no reason to keep the rest.
func TestAnOutputThatIsGone(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	before := l.tree()
	l.process("a.jpg")
	os.Remove(l.at("out/a.jpg.png"))
	photos := l.all(Request{})
	if len(photos) != 1 || photos[0].Problem != "" || !slices.Equal(photos[0].Missing, []string{l.at("out/a.jpg.png")}) {
		t.Errorf("%+v", photos)
	}
	l.same(before)
}

// Outputs stay where the photo that they were made of is not there as it was.
func TestOutputsAreAllThatIsLeft(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	l.publish("a.jpg", "a.png")
	os.Remove(l.at("in/a.jpg"))
	if got := l.refused(Request{}); !strings.Contains(got, "may be all that is left of it") {
		t.Error(got)
	}
	l.write("in/a.jpg", "edited")
	if got := l.refused(Request{}); !strings.Contains(got, "the original has changed") {
		t.Error(got)
	}
	if _, err := os.Stat(l.at("out/a.png")); err != nil {
		t.Error(err)
	}
}

// An output that was made twice goes as one; where only the later making is to be
// undone, the earlier cannot be brought back, unless it was kept.
func TestReplacedOutputs(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	before := l.tree()
	l.publish("a.jpg", "a.png")
	since := time.Now()
	first, _ := os.ReadFile(l.at("out/a.png"))
	l.write("out/a.png", string(first))
	e := l.entry(journal.Published, "a.jpg")
	f := journal.File{To: l.at("out/a.png"), ToTop: len(l.at("out")), Hash: hashOf("second"), Size: 6, Replaced: hashOf(string(first)), Own: true}
	e.Files = []journal.File{f}
	l.write("out/a.png", "second")
	e.ID = l.apply(history.Change{Log: []journal.Entry{e}})
	if got := l.refused(Request{Since: since}); !strings.Contains(got, "replaced an earlier one, which was not kept") {
		t.Error(got)
	}
	kept := filepath.Join(originals.TrashFolder(l.undo.StateDir), "1h0m0s/a.png")
	l.write(strings.TrimPrefix(kept, l.root+"/"), string(first))
	e.Files[0].Kept = kept
	l.apply(history.Change{Log: []journal.Entry{e}})
	if got := l.refused(Request{Since: since}); got != "" {
		t.Error(got)
	}
	if now, _ := os.ReadFile(l.at("out/a.png")); string(now) != string(first) {
		t.Errorf("it holds %q", now)
	}
	if got := l.refused(Request{}); got != "" {
		t.Error(got)
	}
	l.same(before)
}

// A file that was there before Burnish wrote its equal stays; one that it
// replaced and did not keep is no reason to take the output away.
func TestForeignFiles(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	e := l.publish("a.jpg", "a.png", "b.png")
	e.Files[0].Replaced = e.Files[0].Hash
	l.apply(history.Change{Log: []journal.Entry{e}})
	if got := l.refused(Request{}); got != "" {
		t.Error(got)
	}
	_, a := os.Stat(l.at("out/a.png"))
	_, b := os.Stat(l.at("out/b.png"))
	if a != nil || !errors.Is(b, fs.ErrNotExist) {
		t.Errorf("%v, %v", a, b)
	}
	l.photo("c.jpg")
	e = l.publish("c.jpg", "c.png")
	e.Files[0].Replaced, e.Files[0].Own = hashOf("a person's"), false
	l.apply(history.Change{Log: []journal.Entry{e}})
	if got := l.refused(Request{}); !strings.Contains(got, "a file that Burnish had not made, and which was not kept") {
		t.Error(got)
	}
}

// Tiles are a folder, which goes and comes back as one.
func TestTiles(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	before := l.tree()
	e := l.publish("a.jpg")
	l.write("out/a_files/0/0_0.jpg", "tile")
	l.write("out/a_files/1/0_0.jpg", "tile")
	digest, err := staging.Digest(l.at("out/a_files"))
	l.check(err)
	e.Files = []journal.File{{To: l.at("out/a_files"), ToTop: len(l.at("out")), Hash: digest, Folder: true}}
	l.apply(history.Change{Log: []journal.Entry{e}})
	after := l.tree()
	if got := l.refused(Request{}); got != "" {
		t.Error(got)
	}
	l.same(before)
	if got := l.refused(Request{Redo: true}); got != "" {
		t.Error(got)
	}
	l.same(after)
	l.write("out/a_files/1/1_0.jpg", "another")
	if got := l.refused(Request{}); !strings.Contains(got, "has changed") {
		t.Error(got)
	}
}

// What was undone and is gone from the trash, or was made again since, is not
// redone.
func TestRedoIsRefused(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	l.publish("a.jpg", "a.png")
	l.all(Request{})
	before := l.tree()
	l.write("out/a.png", "another")
	if got := l.refused(Request{Redo: true}); !strings.Contains(got, "a file is at") {
		t.Error(got)
	}
	os.Remove(l.at("out/a.png"))
	l.check(originals.EmptyTrash(l.undo.StateDir, time.Now().Add(Kept+time.Hour)))
	if got := l.refused(Request{Redo: true}); !strings.Contains(got, "the trash keeps what was undone for 30 days") {
		t.Error(got)
	}
	l.same(before)
	l.publish("a.jpg", "a.png")
	if got := l.refused(Request{Redo: true}); !strings.Contains(got, "processed again since") {
		t.Error(got)
	}
}

// Whatever moment a crash comes in, what is there after is there once, and the
// next to open the ledger brings the rest to its end.
func TestACrashAtEveryMove(t *testing.T) {
	for _, redo := range []bool{false, true} {
		for moves := range 6 {
			t.Run(fmt.Sprintf("redo %t, %d moves", redo, moves), func(t *testing.T) {
				l := newLibrary(t)
				l.photo("a.jpg")
				before := l.tree()
				l.process("a.jpg")
				want, all := before, l.contents()
				if redo {
					want = l.tree()
					l.all(Request{})
				}
				entries, err := l.store.Entries(journal.Query{})
				l.check(err)
				s := selection{Undoer: &l.undo, request: Request{Redo: redo}, run: "r"}
				n, ok, err := s.unitOf(entries[0], nil)
				if !ok || err != nil {
					t.Fatal(ok, err)
				}
				plan := s.plan
				if redo {
					plan = s.planRedo
				}
				p, err := plan(n)
				l.check(err)
				if len(p.moves) != 4 {
					t.Fatalf("%+v", p.photo)
				}
				_, err = l.store.Apply(history.Change{Delete: keys(p.before), Put: p.after, Log: []journal.Entry{p.entry}})
				l.check(err)
				for i := range min(moves, 4) {
					made, err := l.undo.mover().Carry(wayOf(p.moves[i], nil))
					l.check(errors.Join(err, l.undo.noteMade(made)))
				}
				if now := l.contents(); !maps.Equal(now, all) {
					t.Fatalf("%v, want %v", now, all)
				}
				l.check(l.undo.Resume(t.Context()))
				l.same(want)
				if now := l.contents(); !maps.Equal(now, all) {
					t.Errorf("%v, want %v", now, all)
				}
				if open, _ := l.store.Entries(journal.Query{Unsettled: true}); len(open) > 0 {
					t.Errorf("unsettled: %+v", open)
				}
				l.all(Request{Redo: !redo})
				l.all(Request{})
				l.same(before)
			})
		}
	}
}

// A store that fails, as on a full disk, at any moment loses nothing either.
func TestAStoreThatFails(t *testing.T) {
	for writes := range 8 {
		l := newLibrary(t)
		l.photo("a.jpg")
		before := l.tree()
		l.process("a.jpg")
		all := l.contents()
		failing := &failing{Memory: l.store, left: writes}
		l.undo.Store = failing
		_, _ = l.undo.Undo(t.Context(), Request{})
		if now := l.contents(); !maps.Equal(now, all) {
			t.Fatalf("after %d writes: %v, want %v", writes, now, all)
		}
		l.undo.Store = l.store
		l.check(l.undo.Resume(t.Context()))
		l.all(Request{})
		l.same(before)
	}
}

// Where the folders that a move has made cannot be recorded, the file of that very
// move is put back as well.
func TestAMoveWhoseFoldersCannotBeRecorded(t *testing.T) {
	l := newLibrary(t)
	l.write("in/a.jpg", "photo a.jpg")
	l.publish("a.jpg", "a.png")
	l.undo.Store = &forgetful{l.store}
	photos, err := l.undo.Undo(t.Context(), Request{})
	if err != nil || len(photos.Photos) != 1 || photos.Photos[0].Problem == "" {
		t.Errorf("undone: %+v, %v", photos.Photos, err)
	}
	if _, err := os.Stat(l.at("out/a.png")); err != nil {
		t.Errorf("the output that the record tells of: %v", err)
	}
}

// forgetful records no folders.
type forgetful struct{ *ledgertest.Memory }

func (f *forgetful) Apply(c history.Change) ([]uint64, error) {
	if len(c.Made) > 0 {
		return nil, errors.New("no space left on device")
	}
	return f.Memory.Apply(c)
}

type failing struct {
	*ledgertest.Memory
	left int
}

func (f *failing) Apply(c history.Change) ([]uint64, error) {
	if f.left--; f.left < 0 {
		return nil, errors.New("no space left on device")
	}
	return f.Memory.Apply(c)
}

// Of what a crash cut off before there was an undo, the files tell.
func TestResumeTellsByTheFiles(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	l.photo("b.jpg")
	for _, act := range []journal.Act{journal.Published, journal.Archived} {
		came, never := l.entry(act, "a.jpg"), l.entry(act, "b.jpg")
		came.Settled, never.Settled = false, false
		if act == journal.Published {
			l.write("out/a.png", "output")
			came.Files = []journal.File{{To: l.at("out/a.png"), ToTop: len(l.at("out")), Hash: hashOf("output")}, {To: l.at("out/a2.png"), Hash: hashOf("output")}}
			never.Files = []journal.File{{To: l.at("out/b.png"), ToTop: len(l.at("out")), Hash: hashOf("output")}}
		} else {
			l.check(os.Rename(l.at("in/a.jpg"), l.at("done/a.jpg")))
			came.Files = []journal.File{{From: l.at("in/a.jpg"), To: l.at("done/a.jpg"), Hash: came.Content}}
			never.Files = []journal.File{{From: l.at("in/b.jpg"), To: l.at("done/b.jpg"), Hash: never.Content}}
		}
		l.apply(history.Change{Log: []journal.Entry{came, never}})
	}
	l.check(l.undo.Resume(t.Context()))
	left, err := l.store.Entries(journal.Query{})
	l.check(err)
	for _, e := range left {
		if !e.Settled || e.Photo != l.at("in/a.jpg") || len(e.Files) != 1 {
			t.Errorf("%+v", e)
		}
	}
	if len(left) != 2 {
		t.Errorf("%d entries", len(left))
	}
}

// What is under way is not taken for cut off: neither a publication nor another
// undo is meddled with.
func TestWhatIsUnderWayIsWaitedFor(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	var held sync.Mutex
	l.undo.Hold = func(context.Context, string) (func(), error) { held.Lock(); return held.Unlock, nil }
	e := l.entry(journal.Published, "a.jpg")
	e.Settled, e.Files = false, []journal.File{{To: l.at("out/a.png"), ToTop: len(l.at("out")), Size: 6, Hash: hashOf("output")}}
	held.Lock()
	e.ID = l.apply(history.Change{Log: []journal.Entry{e}})
	ended := make(chan error, 1)
	go func() {
		_, err := l.undo.Undo(t.Context(), Request{Paths: []string{l.at("in/b.jpg")}})
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Errorf("it did not wait: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if open, _ := l.store.Entries(journal.Query{Unsettled: true}); len(open) != 1 {
		t.Errorf("unsettled: %+v", open)
	}
	l.write("out/a.png", "output")
	e.Settled = true
	l.apply(history.Change{Log: []journal.Entry{e}})
	held.Unlock()
	l.check(<-ended)
	if all, _ := l.store.Entries(journal.Query{}); len(all) != 1 || len(all[0].Files) != 1 || !all[0].Settled {
		t.Errorf("the journal is %+v", all)
	}
}

// A photo keeps its original or its outputs in their places, though a disk is not
// there when what a crash has cut off goes on.
func TestResumeWithoutADisk(t *testing.T) {
	for name, c := range map[string]struct {
		redo  bool
		disk  string
		stays string
	}{
		"undo, no archive": {false, "done", "out/a.jpg.png"},
		"redo, no trash":   {true, "state/trash", "in/a.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.photo("a.jpg")
			l.process("a.jpg")
			if c.redo {
				l.all(Request{})
			}
			entries, err := l.store.Entries(journal.Query{})
			l.check(err)
			s := selection{Undoer: &l.undo, request: Request{Redo: c.redo}, run: "r"}
			n, _, err := s.unitOf(entries[0], nil)
			l.check(err)
			plan := s.plan
			if c.redo {
				plan = s.planRedo
			}
			p, err := plan(n)
			l.check(err)
			l.apply(history.Change{Delete: keys(p.before), Put: p.after, Log: []journal.Entry{p.entry}})
			l.check(os.Rename(l.at(c.disk), l.at("gone")))
			l.check(l.undo.Resume(t.Context()))
			if _, err := os.Stat(l.at(c.stays)); err != nil {
				t.Error(err)
			}
			if open, _ := l.store.Entries(journal.Query{Unsettled: true}); len(open) != 1 {
				t.Errorf("unsettled: %+v", open)
			}
			l.check(os.RemoveAll(l.at(c.disk)))
			l.check(os.Rename(l.at("gone"), l.at(c.disk)))
			l.check(l.undo.Resume(t.Context()))
			if open, _ := l.store.Entries(journal.Query{Unsettled: true}); len(open) != 0 {
				t.Errorf("still unsettled: %+v", open)
			}
			if _, err := os.Stat(l.at(c.stays)); err == nil {
				t.Errorf("%s is still there", c.stays)
			}
		})
	}
}
