package plugin_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
)

// Where an output folder's disk is not mounted, the disk below is not filled,
// neither by the photos nor by a new start.
func TestTheDiskBelowIsNotFilled(t *testing.T) {
	const watched = small + `
watch:
  - {folder: in, pipeline: small, output: disk/out}
`
	b := newFixture(t, small, plugin.WithLedger())
	disk := b.path("disk")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	mount := func() {
		t.Helper()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
			t.Skip("a file system cannot be mounted here:", err)
		}
	}
	unmount := func() {
		t.Helper()
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
	}
	mount()
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	one, two := b.photo("one.jpg", 20, 10, 1), b.photo("two.jpg", 20, 10, 2)
	b.config = watched
	b.reopen()
	there := func(path string) plugin.Job {
		j := b.job(path)
		j.Output = filepath.Join(disk, "out")
		return j
	}
	b.run(there(one))
	moved := there(one)
	moved.After.Move = filepath.Join(disk, "originals")
	b.run(moved)
	unmount()
	for range plugin.MaxStrikes + 1 {
		if b.strike(there(two)) {
			t.Fatal("in quarantine")
		}
		b.reopen()
	}
	if f := b.failures(); len(f) != 1 || f[0].Kind != plugin.Unwritable || f[0].Strikes != 0 {
		t.Errorf("failures: %+v", f)
	}
	if left := b.files("disk"); len(left) > 0 {
		t.Errorf("the disk below holds %v", left)
	}
	mount()
	b.run(there(two))
	unmount()
	moved = b.job(b.photo("four.jpg", 20, 10, 4))
	moved.After.Move = filepath.Join(disk, "originals")
	b.run(moved) // its output lies elsewhere
	if _, err := os.Stat(moved.Path); err != nil || len(b.files("disk")) > 0 {
		t.Errorf("the original: %v; the disk below holds %v", err, b.files("disk"))
	}
	b.write("disk/out/here", nil) // somebody says that it is to be here
	b.run(there(b.photo("three.jpg", 20, 10, 3)))
	if left := b.files("disk"); len(left) == 0 {
		t.Error("nothing was written")
	}
}

// The same told by what the ledger remembers alone.
func TestAnOutputFolderThatMoved(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	out := b.path("out")
	remember := func(mount string) {
		t.Helper()
		if err := b.engine.Close(); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.Open(b.path("state"))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.SetMount(out, mount); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		b.open()
	}
	photo := b.photo("a.jpg", 20, 10, 1)
	remember(b.folder + " 1:2:3")
	b.fails(photo, plugin.Unwritable, "lay on the disk mounted at "+b.folder, "mount it")
	remember("/mnt/elsewhere 1:2:3") // a link was changed meanwhile
	b.done(photo)
}
