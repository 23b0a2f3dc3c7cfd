package plugin_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
)

// remembered looks at what is gone, now and after more than a year, and returns
// the names of the photos that are still known.
func (b *fixture) remembered() (names []string) {
	b.Helper()
	now := time.Now()
	for _, t := range []time.Time{now, now.AddDate(0, 6, 0), now.AddDate(1, 1, 0)} {
		if err := b.engine.DropGone(t); err != nil {
			b.Fatal(err)
		}
	}
	b.records(func(e history.Record) history.Record { names = append(names, filepath.Base(e.Path)); return e })
	slices.Sort(names)
	return slices.Compact(names)
}

// records changes all records behind the engine's back.
func (b *fixture) records(f func(history.Record) history.Record) {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(b.path("state"))
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Each(false, func(e history.Record) error { return l.Put(f(e)) }); err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.open()
}

func TestPhotosThatAreGoneAreForgotten(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	paths := map[string]string{}
	for i, name := range []string{"gone", "photo", "output", "away", "lost"} {
		paths[name] = b.photo("sub/"+name+".jpg", 20, 10, byte(i))
		j := b.job(paths[name])
		if name == "away" || name == "lost" {
			j.After.Move = filepath.Join(b.folder, "originals")
		}
		b.run(j)
	}
	original, _ := os.ReadFile(paths["gone"])
	for _, name := range []string{"cut", "held", "deleted"} {
		j := b.job(b.write("in/"+name+".jpg", []byte(cut+name)))
		if name == "held" {
			j.Quarantine = filepath.Join(b.folder, "held")
			old := time.Now().Add(-time.Hour)
			os.Chtimes(j.Path, old, old)
		}
		for range plugin.MaxStrikes {
			b.strike(j)
		}
	}
	for _, path := range []string{"in/sub/gone.jpg", "out/sub/gone.png", "out/sub/photo.png", "in/sub/output.jpg", "out/sub/away.png", "originals/sub/lost.jpg", "in/deleted.jpg"} {
		if err := os.Remove(b.path(path)); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.remembered(); !slices.Equal(got, []string{"away.jpg", "cut.jpg", "held.jpg", "lost.jpg", "output.jpg", "photo.jpg"}) {
		t.Errorf("remembered: %v", got)
	}
	if reasons := b.files("state/quarantine"); len(reasons) != 2 || strings.Contains(strings.Join(reasons, " "), "deleted") {
		t.Errorf("reasons: %v", reasons)
	}
	b.write("in/sub/gone.jpg", original) // is a new photo
	b.done(paths["gone"])
	b.skipped(paths["photo"], "already done")

	os.RemoveAll(b.path("in")) // folders and all
	for _, folder := range []string{"out", "originals", "held"} {
		os.RemoveAll(b.path(folder))
	}
	if got := b.remembered(); len(got) > 0 {
		t.Errorf("with everything gone, remembered: %v", got)
	}
}

// A photo whose output is another's by now is known while that is there.
func TestASupersededPhotoIsRemembered(t *testing.T) {
	b := newFixture(t, colliding("overwrite"), plugin.WithLedger())
	one, two := b.photo("one.jpg", 20, 20, 1), b.photo("two.jpg", 20, 20, 2)
	b.done(one)
	b.done(two)
	os.Remove(one)
	os.Remove(two)
	if got := b.remembered(); len(got) != 2 {
		t.Errorf("remembered: %v", got)
	}
}

func TestForEverIsForEver(t *testing.T) {
	b := newFixture(t, small+"ledger: {retention: 0s}\n", plugin.WithLedger())
	path := b.photo("a.jpg", 20, 10, 1)
	b.done(path)
	os.RemoveAll(b.path("in"))
	os.RemoveAll(b.path("out"))
	if got := b.remembered(); len(got) != 1 {
		t.Errorf("remembered: %v", got)
	}
}

// Of a file system that is not there, or that another is in the place of,
// nothing is concluded.
func TestAMountThatIsGone(t *testing.T) {
	forget := func(b *fixture) []string {
		b.Helper()
		os.RemoveAll(b.path("in"))
		os.RemoveAll(b.path("out"))
		return b.remembered()
	}
	for name, change := range map[string]func(string) []string{
		"mounted elsewhere": func(m string) []string {
			return []string{m[:strings.LastIndex(m, " ")] + "/photos" + m[strings.LastIndex(m, " "):]}
		},
		"another disk": func(m string) []string { return []string{m + "1"} },
		"one of two":   func(m string) []string { return []string{m, "/mnt/gone 1:2:3"} },
		"not known":    func(string) []string { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, small, plugin.WithLedger())
			b.done(b.photo("a.jpg", 20, 10, 1))
			b.records(func(e history.Record) history.Record {
				if len(e.Mounts) != 1 {
					t.Fatalf("it lies on %q", e.Mounts)
				}
				e.Mounts = change(e.Mounts[0])
				return e
			})
			if got := forget(b); len(got) != 1 {
				t.Errorf("remembered: %v", got)
			}
		})
	}
	t.Run("for real", func(t *testing.T) {
		b := newFixture(t, small, plugin.WithLedger())
		disk := b.path("in/disk")
		mount := func() {
			t.Helper()
			if err := os.MkdirAll(disk, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
				t.Skip("a file system cannot be mounted here:", err)
			}
			t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
		}
		mount()
		away, here := b.photo("disk/away.jpg", 20, 10, 1), b.photo("here.jpg", 20, 10, 2)
		b.done(away)
		b.done(here)
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
		os.Remove(here)
		os.RemoveAll(b.path("out"))
		if got := b.remembered(); !slices.Equal(got, []string{"away.jpg"}) {
			t.Errorf("unmounted, remembered: %v", got)
		}
		mount() // another disk, in its place
		if got := b.remembered(); !slices.Equal(got, []string{"away.jpg"}) {
			t.Errorf("with another disk in its place, remembered: %v", got)
		}
	})
}
