package watcher

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An unmounted file system leaves an empty folder with another inode behind.
// Its files are not taken for removed, so its return sends nothing again.
func TestRootGoesAndComesBack(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir, away := mkdir(t, above, "ingest"), filepath.Join(above, "away")
	write(t, mkdir(t, dir, "sub"), "a.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, PollInterval: 50 * time.Millisecond}}})
	r.expect("sub/a.jpg")
	r.mode(Watching)

	rename(t, dir, away)
	if s := r.mode(Degraded); !strings.Contains(s.Reason, "gone") {
		t.Errorf("reason %q", s.Reason)
	}
	mkdir(t, dir)
	for end := time.Now().Add(deadline); !strings.Contains(r.Folders()[0].Reason, "is empty"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("state with an empty folder in its place: %+v", r.Folders()[0])
		}
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	rename(t, away, dir)
	r.mode(Watching)
	r.quiet()
	write(t, dir, "sub/b.jpg")
	r.expect("sub/b.jpg")
}

func TestEmptyFolderInItsPlaceIsWatched(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir := mkdir(t, above, "ingest")
	write(t, dir, "a.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, PollInterval: 50 * time.Millisecond}}})
	r.expect("a.jpg")
	rename(t, dir, filepath.Join(above, "away"))
	mkdir(t, dir)
	r.mode(Degraded)
	write(t, dir, "b.jpg")
	r.mode(Watching)
	r.expect("b.jpg")
}

func TestOnceTellsOfAMissingFolder(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	gone, here := mkdir(t, above, "gone"), mkdir(t, above, "here")
	write(t, here, "a.jpg")
	w, err := New(Options{Folders: []Config{{Folder: gone}, {Folder: here, Settle: settle}}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	out := make(chan File, 2)
	err = w.Run(t.Context(), out)
	if err == nil || !strings.Contains(err.Error(), gone) || strings.Contains(err.Error(), here) {
		t.Errorf("Run = %v", err)
	}
	if len(out) != 1 {
		t.Errorf("%d files sent from the other folder", len(out))
	}
}

func TestOnceWaitsForAWriterAndDropsTheVanished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vanishes := write(t, dir, "vanishes.jpg")
	write(t, dir, "grows.jpg")
	var once sync.Once
	var rounds int
	got, err := runOnce(t, Options{
		Folders: []Config{{Folder: dir}},
		Complete: func(f File) (bool, error) {
			path := f.Path
			once.Do(func() { os.Remove(vanishes) })
			if filepath.Base(path) == "grows.jpg" && rounds < 3 {
				rounds++
				return false, os.WriteFile(path, []byte(strings.Repeat("x", 1000*rounds)), 0o644)
			}
			return true, nil
		},
	})
	// vanishes.jpg may have been judged before it was removed, but not sent.
	if !slices.Equal(got, []string{"grows.jpg"}) || err != nil || rounds != 3 {
		t.Errorf("sent %q in %d rounds, %v", got, rounds, err)
	}
}

func TestRightsRepaired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	a := write(t, dir, "a.jpg")
	r.expect("a.jpg")
	if err := os.Chmod(a, 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect("a.jpg")
}

func TestUnreadableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	locked := mkdir(t, dir, "locked")
	write(t, locked, "a.jpg")
	write(t, dir, "b.jpg")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) })
	r := start(t, Options{Folders: []Config{{Folder: dir}}})
	r.expect("b.jpg")
	if s := r.mode(Degraded); !strings.Contains(s.Reason, locked) {
		t.Errorf("reason %q", s.Reason)
	}
	if err := os.Chmod(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	r.expect("locked/a.jpg")
	r.mode(Watching)
}

// What the host could not find comes once more with its folder, unchanged as it
// is; where it is still there, at once; where it was removed, never.
func TestWhatWasMissedComesAgain(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir, away := mkdir(t, above, "ingest"), filepath.Join(above, "away")
	a := write(t, mkdir(t, dir, "sub"), "a.jpg")
	b := write(t, dir, "b.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, PollInterval: 50 * time.Millisecond}}})
	r.expect("sub/a.jpg", "b.jpg")
	r.mode(Watching)

	rename(t, dir, away)
	r.Resend(a)
	r.mode(Degraded)
	r.quiet()
	rename(t, away, dir)
	r.expect("sub/a.jpg")
	r.mode(Watching)

	r.Resend(b)
	r.expect("b.jpg")
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	r.Resend(b)
	r.Resend(filepath.Join(dir, "none/c.jpg"))
	r.quiet()
}
