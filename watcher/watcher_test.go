package watcher

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestFilesAlreadyThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.jpg")
	write(t, mkdir(t, dir, "2024/05"), "b.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir}}})
	r.expect("a.jpg", "2024/05/b.jpg")
}

func TestNewFileAndChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	write(t, dir, "a.jpg")
	r.expect("a.jpg")
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.expect("a.jpg")
}

// A copy in pieces is not sent before its last byte is there. Pieces come
// closer together than the settle period even on a busy machine.
func TestSlowCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Options{Folders: []Config{{Folder: dir, Settle: 2 * time.Second}}})
	r.mode(Watching)
	f, err := os.Create(filepath.Join(dir, "slow.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	var finished atomic.Bool
	go func() {
		for range 30 {
			_, _ = f.WriteString("piece")
			time.Sleep(100 * time.Millisecond)
		}
		finished.Store(true)
		f.Close()
	}()
	got := <-r.out
	if !finished.Load() || got.Size != 150 {
		t.Errorf("sent %d bytes of 150, finished: %v", got.Size, finished.Load())
	}
	r.quiet()
}

func TestRenames(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	r := watch(t, dir)

	rename(t, write(t, elsewhere, "in.jpg"), filepath.Join(dir, "in.jpg"))
	r.expect("in.jpg")

	part := write(t, dir, "photo.jpg.part")
	rsync := write(t, dir, ".scan.jpg.x7Qz1a")
	r.quiet()
	rename(t, part, filepath.Join(dir, "photo.jpg"))
	rename(t, rsync, filepath.Join(dir, "scan.jpg"))
	r.expect("photo.jpg", "scan.jpg")
}

func TestBurstInNewFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	var want []string
	for i := range 20 {
		at := mkdir(t, dir, fmt.Sprint(i), "b/c")
		for _, up := range []string{"..", "../..", "."} {
			want = append(want, filepath.Join(fmt.Sprint(i), "b/c", up, "x.jpg"))
			write(t, at, up, "x.jpg")
		}
	}
	r.expect(want...)
}

func TestFolderMovedInAndAbout(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	r := watch(t, dir)
	write(t, mkdir(t, elsewhere, "album/deep"), "a.jpg")
	rename(t, filepath.Join(elsewhere, "album"), filepath.Join(dir, "album"))
	r.expect("album/deep/a.jpg")

	rename(t, filepath.Join(dir, "album"), filepath.Join(dir, "trip"))
	r.expect("trip/deep/a.jpg")
	write(t, dir, "trip/deep/b.jpg")
	r.expect("trip/deep/b.jpg")

	rename(t, filepath.Join(dir, "trip"), filepath.Join(elsewhere, "trip"))
	write(t, elsewhere, "trip/deep/outside.jpg")
	r.quiet()
	rename(t, filepath.Join(elsewhere, "trip"), filepath.Join(dir, "trip"))
	r.expect("trip/deep/a.jpg", "trip/deep/b.jpg", "trip/deep/outside.jpg")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const files = 2000
	dir := t.TempDir()
	r := watch(t, dir)
	go func() {
		for i := range files {
			sub := filepath.Join(dir, fmt.Sprint(i%7))
			_ = os.MkdirAll(sub, 0o755)
			_ = os.WriteFile(filepath.Join(sub, fmt.Sprintf("%d.jpg", i)), nil, 0o644)
		}
	}()
	seen := map[string]int{}
	for range files {
		seen[r.next()]++
	}
	if len(seen) != files {
		t.Errorf("%d different files of %d", len(seen), files)
	}
	r.quiet()
}

func TestOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got, err := runOnce(t, Options{Folders: []Config{{Folder: dir}}}); len(got) > 0 || err != nil {
		t.Errorf("an empty folder gave %q, %v", got, err)
	}
	write(t, dir, "a.jpg")
	write(t, mkdir(t, dir, "b"), "c.jpg")
	write(t, dir, "Thumbs.db")
	got, err := runOnce(t, Options{Folders: []Config{{Folder: dir}}})
	if want := []string{"a.jpg", "b/c.jpg"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("sent %q, %v; want %q", got, err, want)
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "whole.jpg")
	write(t, dir, "truncated.jpg")
	write(t, dir, "unreadable.jpg")
	var asked atomic.Int32
	got, err := runOnce(t, Options{
		Folders: []Config{{Folder: dir, IncompleteTimeout: 4 * settle}},
		Complete: func(f File) (bool, error) {
			path := f.Path
			switch filepath.Base(path) {
			case "truncated.jpg":
				asked.Add(1)
				return false, nil
			case "unreadable.jpg":
				return false, errors.New("permission denied")
			}
			return true, nil
		},
	})
	if want := []string{"truncated.jpg", "unreadable.jpg", "whole.jpg"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("sent %q, %v", got, err)
	}
	if asked.Load() < 2 {
		t.Error("a file that was not complete was not asked about again")
	}
}

func TestExcluded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real := mkdir(t, dir, "real")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	write(t, mkdir(t, real, "out/deep"), "a.jpg")
	write(t, mkdir(t, real, "outer"), "b.jpg")
	write(t, mkdir(t, real, "other"), "c.jpg")
	target := write(t, dir, "target.jpg")
	for _, l := range []string{"link.jpg", "outer/dir"} {
		if err := os.Symlink(target, filepath.Join(real, l)); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, Options{
		Folders: []Config{{Folder: link}, {Folder: filepath.Join(real, "other")}},
		Exclude: []string{filepath.Join(real, "out"), filepath.Join(link, "later")},
	})
	roots := map[string]string{}
	for range 2 {
		f := <-r.out
		roots[filepath.Base(f.Path)] = f.Root
	}
	if roots["b.jpg"] != link || roots["c.jpg"] != filepath.Join(real, "other") {
		t.Errorf("roots of the files: %v", roots)
	}
	r.quiet()
	write(t, mkdir(t, real, "later"), "d.jpg")
	write(t, real, "out/deep/e.jpg")
	r.quiet()
}

func TestSlowReceiverLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	for i := range 30 {
		write(t, dir, fmt.Sprintf("%02d.jpg", i))
	}
	first := r.next()
	time.Sleep(3 * settle) // all have settled and wait
	if first == "29.jpg" {
		t.Skip("the file to change was sent first")
	}
	if err := os.WriteFile(filepath.Join(dir, "29.jpg"), []byte("changed while it waited"), 0o644); err != nil {
		t.Fatal(err)
	}
	if first != "28.jpg" {
		os.Remove(filepath.Join(dir, "28.jpg"))
	}
	seen := map[string]int64{first: 0}
	for len(seen) < 29 {
		f := <-r.out
		if _, twice := seen[r.below(f)]; twice {
			t.Errorf("%s was sent twice", f.Path)
		}
		seen[r.below(f)] = f.Size
		time.Sleep(5 * time.Millisecond)
	}
	if seen["29.jpg"] != int64(len("changed while it waited")) {
		t.Errorf("the changed file was sent with %d bytes", seen["29.jpg"])
	}
	r.quiet()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := write(t, dir, "file")
	sub := mkdir(t, dir, "sub")
	for want, o := range map[string]Options{
		"no folder":                {},
		"does not exist":           {Folders: []Config{{Folder: filepath.Join(dir, "none")}}},
		"is a file":                {Folders: []Config{{Folder: file}}},
		"got nothing":              {Folders: []Config{{}}},
		"incomplete_timeout: must": {Folders: []Config{{Folder: dir, IncompleteTimeout: -1}}},
		"got -1s":                  {Folders: []Config{{Folder: dir, Settle: -time.Second}}},
		"lies in":                  {Folders: []Config{{Folder: sub}}, Exclude: []string{dir}},
		"is the same as":           {Folders: []Config{{Folder: dir}, {Folder: sub + "/.."}}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) = %v, want a word on %q", o, err, want)
		}
	}
}

func TestAHeldFolderKeepsNoOtherBack(t *testing.T) {
	t.Parallel()
	held, free := t.TempDir(), t.TempDir()
	r := start(t, Options{Folders: []Config{{Folder: held}, {Folder: free}}})
	r.Pause(held, true)
	for i := range 20 {
		write(t, held, fmt.Sprintf("h%02d.jpg", i))
	}
	time.Sleep(3 * settle) // all have settled and wait
	write(t, free, "f.jpg")
	before := 0 // one may have been about to be sent
	for f := range r.out {
		if f.Root == free {
			break
		}
		before++
	}
	if before > 1 {
		t.Errorf("%d files of the held folder came", before)
	}
	r.quiet()
	r.Pause(held, false)
	seen := map[string]bool{}
	for range 20 - before {
		seen[r.next()] = true
	}
	if len(seen) != 20-before {
		t.Errorf("%d different files came of %d", len(seen), 20-before)
	}
	r.quiet()
}

func TestOnceWaitsForAHeldFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.jpg")
	w, err := New(Options{Folders: []Config{{Folder: dir, Settle: settle}}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	w.Pause(dir, true)
	out, ended := make(chan File), make(chan error, 1)
	go func() { ended <- w.Run(t.Context(), out) }()
	select {
	case <-ended:
		t.Fatal("it ended without a file that is there")
	case <-out:
		t.Fatal("a file of a held folder came")
	case <-time.After(5 * settle):
	}
	w.Pause(dir, false)
	<-out
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A folder was held and let go again while the loop looked for the end, and
// files that waited were left out: 14,008 of 20,000 came.
func TestOnceSendsAllOfAFolderThatIsHeldAgainAndAgain(t *testing.T) {
	t.Parallel()
	const files = 3000
	dir := t.TempDir()
	for i := range files {
		write(t, dir, fmt.Sprintf("%d.jpg", i))
	}
	w, err := New(Options{Folders: []Config{{Folder: dir, Settle: settle}}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	out, ended := make(chan File), make(chan error, 1)
	go func() { ended <- w.Run(t.Context(), out) }()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for held := true; ; held = !held {
			select {
			case <-done:
				return
			default:
				w.Pause(dir, held)
			}
		}
	}()
	for n := 0; ; n++ {
		select {
		case <-out:
		case err := <-ended:
			if n != files || err != nil {
				t.Errorf("%d files of %d came: %v", n, files, err)
			}
			return
		}
	}
}
