package beneath

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ways runs a test with openat2 and with the walk that stands in for it.
func ways(t *testing.T, test func(t *testing.T)) {
	t.Run("openat2", func(t *testing.T) {
		if d, err := Open(t.TempDir()); err == nil {
			defer d.Close()
			if _, err := openat2(d.fd(), ".", None, unix.O_PATH); err != nil {
				t.Skipf("this kernel has no openat2: %v", err)
			}
		}
		test(t)
	})
	t.Run("walk", func(t *testing.T) {
		before := lacking.Swap(true)
		defer lacking.Store(before)
		test(t)
	})
}

// tree is a watched folder with a secret beside it.
func tree(t *testing.T) (d *Folder, base string) {
	t.Helper()
	base = t.TempDir()
	for name, text := range map[string]string{
		"watched/a.jpg": "a", "watched/sub/b.jpg": "b", "watched/sub/deep/c.jpg": "c", "private/secret.jpg": "secret",
	} {
		path := filepath.Join(base, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	d, err := Open(filepath.Join(base, "watched"))
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d, base
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(d *Folder, rel string, links Links) (string, error) {
	f, err := d.File(rel, links)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return string(data), err
}

func TestLinks(t *testing.T) {
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		link := func(target, name string) { must(t, os.Symlink(target, filepath.Join(base, "watched", name))) }
		link("sub/b.jpg", "near.jpg")
		link("sub", "folder")
		link("../a.jpg", "sub/up.jpg")
		link(filepath.Join(base, "watched/a.jpg"), "absolute.jpg")
		link("../watched/a.jpg", "back.jpg")
		link("../private/secret.jpg", "out.jpg")
		link("../private", "away")
		link(filepath.Join(base, "private/secret.jpg"), "far.jpg")
		link("loop.jpg", "loop.jpg")
		link("gone.jpg", "dangling.jpg")
		link("folder/../a.jpg", "through.jpg")
		link("/proc/self/root"+base+"/private/secret.jpg", "magic.jpg")
		for _, c := range []struct {
			rel            string
			none, in, most string // the content, or the error's text
		}{
			{"a.jpg", "a", "a", "a"},
			{"sub/deep/c.jpg", "c", "c", "c"},
			{"near.jpg", "link", "b", "b"},
			{"folder/b.jpg", "link", "b", "b"},
			{"folder/deep/c.jpg", "link", "c", "c"},
			{"sub/up.jpg", "link", "a", "a"},
			{"through.jpg", "link", "a", "a"},
			{"absolute.jpg", "link", "a", "a"},
			{"back.jpg", "link", "a", "a"},
			{"out.jpg", "link", "outside", "secret"},
			{"away/secret.jpg", "link", "outside", "secret"},
			{"far.jpg", "link", "outside", "secret"},
			{"loop.jpg", "link", "loop", "loop"},
			{"dangling.jpg", "link", "gone", "gone"},
			{"magic.jpg", "link", "outside", "gone"}, // the magic link's text is "/", where root is no link
			{"sub", "irregular", "irregular", "irregular"},
			{"none.jpg", "gone", "gone", "gone"},
			{"a.jpg/b.jpg", "no folder", "no folder", "no folder"},
			{"..", "outside", "outside", "outside"},
			{"../private/secret.jpg", "outside", "outside", "outside"},
			{"sub/../../private/secret.jpg", "outside", "outside", "outside"},
			{filepath.Join(base, "private/secret.jpg"), "outside", "outside", "outside"},
			{"a.jpg/", "outside", "outside", "outside"},
			{"sub//b.jpg", "outside", "outside", "outside"},
			{"", "outside", "outside", "outside"},
			{"a\x00.jpg", "invalid", "invalid", "invalid"},
		} {
			for links, want := range map[Links]string{None: c.none, Inside: c.in, Any: c.most} {
				got, err := read(d, c.rel, links)
				if err != nil {
					got = kind(err)
				}
				if c.rel == "magic.jpg" && links == Any && got == "secret" {
					continue // read as the ordinary path that the link's text is
				}
				if got != want {
					t.Errorf("%q with links %d: %q (%v), want %q", c.rel, links, got, err, want)
				}
			}
		}
	})
}

func kind(err error) string {
	for name, known := range map[string]error{
		"link": ErrLink, "outside": ErrOutside, "irregular": ErrNotRegular, "gone": fs.ErrNotExist,
		"loop": unix.ELOOP, "no folder": unix.ENOTDIR, "denied": fs.ErrPermission, "invalid": unix.EINVAL,
	} {
		if errors.Is(err, known) {
			return name
		}
	}
	return err.Error()
}

// A link of another user leads nowhere below a folder of outputs.
func TestTrustedLinks(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user's link")
	}
	d, base := tree(t)
	for name, uid := range map[string]int{"ours": 0, "theirs": 12345} {
		path := filepath.Join(base, "watched", name)
		must(t, os.Symlink("../private", path))
		must(t, os.Lchown(path, uid, uid))
	}
	if got, err := read(d, "ours/secret.jpg", Trusted); got != "secret" {
		t.Errorf("by one's own link: %q, %v", got, err)
	}
	if got, err := read(d, "theirs/secret.jpg", Trusted); !errors.Is(err, ErrLink) {
		t.Errorf("by another's link: %q, %v", got, err)
	}
	must(t, os.Chown(filepath.Join(base, "watched"), 12345, 12345))
	owned, err := Open(filepath.Join(base, "watched"))
	must(t, err)
	defer owned.Close()
	if got, err := read(owned, "theirs/secret.jpg", Trusted); got != "secret" {
		t.Errorf("by a link of the folder's owner: %q, %v", got, err)
	}
}

// What is no file is refused at once: a pipe that nobody writes to must not hold
// whoever looks.
func TestNotRegular(t *testing.T) {
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		path := func(name string) string { return filepath.Join(base, "watched", name) }
		must(t, unix.Mkfifo(path("pipe.jpg"), 0o644))
		socket, err := net.Listen("unix", path("socket.jpg"))
		must(t, err)
		defer socket.Close()
		names := []string{"pipe.jpg", "socket.jpg"}
		if unix.Mknod(path("device.jpg"), unix.S_IFCHR|0o644, 1<<8|3) == nil {
			names = append(names, "device.jpg")
		}
		for _, name := range names {
			done := make(chan error, 1)
			go func() { _, err := d.File(name, None); done <- err }()
			select {
			case err := <-done:
				if !errors.Is(err, ErrNotRegular) && !errors.Is(err, fs.ErrPermission) {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s: opening it waits", name)
			}
		}
	})
}

// The folder stays the one that was opened, whatever is put in its place.
func TestRootReplaced(t *testing.T) {
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		must(t, os.Rename(filepath.Join(base, "watched"), filepath.Join(base, "aside")))
		must(t, os.Symlink("private", filepath.Join(base, "watched")))
		if got, err := read(d, "a.jpg", None); got != "a" {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := read(d, "secret.jpg", None); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestDenied(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		must(t, os.Chmod(filepath.Join(base, "watched/a.jpg"), 0))
		if _, err := read(d, "a.jpg", None); !errors.Is(err, fs.ErrPermission) {
			t.Error(err)
		}
	})
}

// While names are swapped for links as fast as they can be, nothing but the
// folder's own files is ever opened, made, moved or removed.
func TestSwaps(t *testing.T) {
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		stop := swapping(t, filepath.Join(base, "watched"), filepath.Join(base, "private"))
		other, err := Open(t.TempDir())
		must(t, err)
		defer other.Close()
		until := time.Now().Add(time.Second)
		for n := 0; time.Now().Before(until) || n < 1000; n++ {
			for _, links := range []Links{None, Inside} {
				for _, rel := range []string{"v", "f/secret.jpg"} {
					if got, err := read(d, rel, links); err == nil && got == "secret" {
						t.Fatalf("%s with links %d: the private file was read", rel, links)
					}
				}
			}
			if f, err := d.Make("f/made", None, 0o755); err == nil {
				f.Close()
			}
			if f, err := d.Folder("f", None); err == nil {
				_ = f.RenameNew("secret.jpg", other, "moved.jpg")
				_ = other.RenameNew("moved.jpg", f, "secret.jpg")
				_ = f.RemoveAll("made")
				f.Close()
			}
		}
		stop()
		data, err := os.ReadFile(filepath.Join(base, "private/secret.jpg"))
		if err != nil || string(data) != "secret" {
			t.Errorf("the private file: %q, %v", data, err)
		}
		if left, _ := os.ReadDir(filepath.Join(base, "private")); len(left) != 1 {
			t.Errorf("the private folder holds %v", left)
		}
	})
}

// swapping lets v, a file, and f, a folder with a secret.jpg of its own, take
// turns with links to what is private, until it is stopped.
func swapping(t *testing.T, watched, private string) (stop func()) {
	var over atomic.Bool
	done := make(chan struct{})
	must(t, os.Mkdir(filepath.Join(watched, "f"), 0o755))
	for _, name := range []string{"v", "f/secret.jpg"} {
		must(t, os.WriteFile(filepath.Join(watched, name), []byte("own"), 0o644))
	}
	must(t, os.Symlink(filepath.Join(private, "secret.jpg"), filepath.Join(watched, ".v")))
	must(t, os.Symlink(private, filepath.Join(watched, ".f")))
	exchange := func(name string) {
		_ = unix.Renameat2(unix.AT_FDCWD, filepath.Join(watched, name), unix.AT_FDCWD, filepath.Join(watched, "."+name), unix.RENAME_EXCHANGE)
	}
	go func() {
		defer close(done)
		for !over.Load() {
			exchange("v")
			exchange("f")
		}
	}()
	return func() { over.Store(true); <-done }
}

func TestChanges(t *testing.T) {
	d, base := tree(t)
	made, err := d.Make("new/of/those", None, 0o755)
	must(t, err)
	defer made.Close()
	f, err := made.Create("x.tmp", 0o600)
	must(t, err)
	must(t, f.Close())
	if _, err := made.Create("x.tmp", 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
	if err := made.RenameNew("x.tmp", d, "a.jpg"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken name: %v", err)
	}
	must(t, made.Rename("x.tmp", d, "a.jpg"))
	if info, err := os.Lstat(filepath.Join(base, "watched/a.jpg")); err != nil || info.Size() != 0 {
		t.Errorf("not replaced: %v, %v", info, err)
	}
	must(t, d.RemoveAll("sub"))
	must(t, d.RemoveAll("sub"))
	if _, err := os.Lstat(filepath.Join(base, "watched/sub")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"", ".", "..", "../private", "a/b"} {
		if d.Remove(name) == nil || d.RemoveAll(name) == nil || d.Rename(name, d, "x") == nil || d.Rename("a.jpg", d, name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

// A handle leads to the file that was opened, not to what bears its name now.
func TestHandle(t *testing.T) {
	d, base := tree(t)
	f, err := d.File("a.jpg", None)
	must(t, err)
	defer f.Close()
	must(t, os.Rename(filepath.Join(base, "private/secret.jpg"), filepath.Join(base, "watched/a.jpg")))
	data, err := os.ReadFile(Handle(f))
	if err != nil || string(data) != "a" {
		t.Errorf("%q, %v", data, err)
	}
}

// Samba's oplocks are leases: who opens such a file gets it once it is given back.
func TestLeased(t *testing.T) {
	ways(t, func(t *testing.T) {
		d, base := tree(t)
		told := make(chan os.Signal, 1)
		signal.Notify(told, unix.SIGIO)
		defer signal.Stop(told)
		leased, err := os.OpenFile(filepath.Join(base, "watched/a.jpg"), os.O_RDWR, 0)
		must(t, err)
		defer leased.Close()
		if _, err := unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
			t.Skip("no leases of files here:", err)
		}
		go func() {
			<-told
			_, _ = unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		}()
		if got, err := read(d, "a.jpg", None); got != "a" {
			t.Errorf("%q, %v", got, err)
		}
	})
}
