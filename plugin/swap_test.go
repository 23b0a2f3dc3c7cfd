package plugin_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"golang.org/x/sys/unix"
)

// swaps lets each name in a folder take turns with the link ".NAME" beside it,
// as fast as can be, until the test stops it.
func swaps(t *testing.T, folder string, names ...string) (stop func()) {
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; !over.Load(); n++ {
			time.Sleep(time.Duration(n%8) * time.Millisecond) // now in one moment, now in another
			for _, name := range names {
				_ = unix.Renameat2(unix.AT_FDCWD, filepath.Join(folder, name), unix.AT_FDCWD, filepath.Join(folder, "."+name), unix.RENAME_EXCHANGE)
			}
		}
	}()
	stop = func() {
		if !over.Swap(true) {
			<-done
		}
	}
	t.Cleanup(stop)
	return stop
}

// red paints a photo that no other of these tests looks like; isRed tells it.
func red(b *fixture, name string) (path string) {
	p := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range p.Pix {
		p.Pix[i] = []byte{250, 5, 5, 255}[i%4]
	}
	var file bytes.Buffer
	if err := png.Encode(&file, p); err != nil {
		b.Fatal(err)
	}
	return b.write(name, file.Bytes())
}

func isRed(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	p, _, err := image.Decode(f)
	if err != nil {
		return false
	}
	at := func(part int) color.RGBA {
		return color.RGBAModel.Convert(p.At(p.Bounds().Dx()*part/8, p.Bounds().Dy()/2)).(color.RGBA)
	}
	left, right := at(1), at(7) // the others' colours run from side to side
	return left.R > 240 && right.R > 240 && left.G < 15 && right.G < 15
}

// While photos and their folders are swapped for links to another user's, by
// somebody who may write to the watched folder, nothing of the other's comes
// into an output and none of its files moves. The sandbox plays no part here.
func TestSwappedPhotosLeakNothing(t *testing.T) {
	for _, links := range []plugin.Links{plugin.SkipLinks, plugin.InsideLinks} {
		t.Run(string(links), func(t *testing.T) {
			b := newFixture(t, small, plugin.WithLedger())
			secret := red(b, "private/a.png")
			content, err := os.ReadFile(secret)
			if err != nil {
				t.Fatal(err)
			}
			link := func(target, name string) {
				if err := os.Symlink(target, b.path(name)); err != nil {
					t.Fatal(err)
				}
			}
			var done, failed int
			until := time.Now().Add(4 * time.Second)
			for n := byte(0); time.Now().Before(until) || n < 20; n++ {
				os.RemoveAll(b.path("in"))
				os.RemoveAll(b.path("originals"))
				b.photo("d/a.png", 40, 30, n)
				b.photo("v.png", 40, 30, n+100)
				link(secret, "in/.v.png")
				link(b.path("private"), "in/.d")
				stop := swaps(t, b.path("in"), "v.png", "d")
				for _, name := range []string{"in/v.png", "in/d/a.png"} {
					j := b.moving(b.path(name), b.path("originals"))
					j.Links = links
					if _, err := b.engine.Process(t.Context(), j); err == nil {
						done++
					} else {
						failed++
					}
				}
				stop()
				for _, folder := range []string{"out", "originals"} {
					_ = filepath.WalkDir(b.path(folder), func(path string, d fs.DirEntry, err error) error {
						if err == nil && (isRed(path) || d.Type()&fs.ModeSymlink != 0) {
							t.Fatalf("%s shows the private photo, or is a link", path)
						}
						return nil
					})
				}
				if now, err := os.ReadFile(secret); err != nil || !bytes.Equal(now, content) {
					t.Fatalf("the private photo was moved or changed: %v", err)
				}
			}
			t.Logf("%d done, %d failed", done, failed)
		})
	}
}

// A photo that waits is swapped, or its folder is: that is told as such, is that
// photo's own failure and no strike, and nobody is advised to open more of the
// file system.
func TestASwapIsNamed(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	secret := red(b, "private/a.png")
	b.photo("d/a.png", 40, 30, 1)
	for _, c := range []struct{ target, at, photo string }{
		{secret, "in/v.png", "in/v.png"},
		{b.path("private"), "in/e", "in/e/a.png"},
	} {
		if err := os.Symlink(c.target, b.path(c.at)); err != nil {
			t.Fatal(err)
		}
		b.fails(b.path(c.photo), plugin.Swapped, "changed to a symbolic link while it waited")
		if f := b.failure(b.path(c.photo)); f.Shared() || f.Quarantined {
			t.Errorf("%+v", f)
		}
	}
	if left := b.failures(); len(left) > 0 {
		t.Errorf("recorded: %+v", left)
	}
	j := b.job(b.path("in/e/a.png"))
	j.Links = plugin.InsideLinks
	if _, err := b.engine.Process(t.Context(), j); err == nil {
		t.Error("a link that leads outside was followed")
	}
}

// Where links are followed wherever they lead, they still do not lead into what is
// Burnish's own.
func TestNoLinkLeadsIntoTheState(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	kept, free := red(b, "state/trash/a.png"), red(b, "elsewhere/a.png")
	for name, target := range map[string]string{"kept.png": kept, "free.png": free} {
		if err := os.Symlink(target, b.path("in/"+name)); err != nil {
			t.Fatal(err)
		}
		j := b.job(b.path("in/" + name))
		j.Links = plugin.FollowLinks
		if _, err := b.engine.Process(t.Context(), j); (err == nil) != (target == free) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A subfolder of the outputs that somebody else has made a link of does not send
// outputs elsewhere; one that is the administrator's still does.
func TestOutputsStayBelowTheirFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user's link")
	}
	b := newFixture(t, small)
	for name, uid := range map[string]int{"theirs": 12345, "ours": 0} {
		if err := os.MkdirAll(b.path("elsewhere/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
		os.MkdirAll(b.path("out"), 0o755)
		if err := os.Symlink(b.path("elsewhere/"+name), b.path("out/"+name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(b.path("out/"+name), uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	b.fails(b.photo("theirs/a.png", 40, 30, 1), plugin.Unwritable, "symbolic link", "remove the link")
	b.done(b.photo("ours/a.png", 40, 30, 2))
	if left := b.files("elsewhere/theirs"); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
	if made := b.files("elsewhere/ours"); len(made) == 0 {
		t.Error("the administrator's link was not followed")
	}
}

// While a folder of outputs is swapped for a link, outputs go where they belong
// or nowhere.
func TestSwappedOutputFoldersLeadNowhere(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user's link")
	}
	b := newFixture(t, small)
	for _, folder := range []string{"out/d", "elsewhere"} {
		if err := os.MkdirAll(b.path(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(b.path("elsewhere"), b.path("out/.d")); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(b.path("out/.d"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	stop := swaps(t, b.path("out"), "d")
	until := time.Now().Add(2 * time.Second)
	for n := byte(0); time.Now().Before(until) || n < 20; n++ {
		j := b.job(b.photo("d/a.png", 40, 30, n))
		j.Overwrite = true
		_, _ = b.engine.Process(t.Context(), j)
	}
	stop()
	if left := b.files("elsewhere"); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}

// A photo that was turned in place with its date kept is done again; what only
// touches rights, attributes or hard links is not. navidrome#3817, immich#29417
func TestADateThatIsKeptHidesNothing(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	path, other := b.photo("a.png", 40, 30, 1), b.photo("other.png", 40, 30, 2)
	for _, file := range []string{path, other} { // of one size; what follows a PNG means nothing
		if err := os.Truncate(file, 16<<10); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b.done(path)
	b.skipped(path, "already done")
	for _, harmless := range []func() error{
		func() error { return os.Chmod(path, 0o640) },
		func() error { return os.Link(path, b.path("hard.png")) },
		func() error { return ignore(unix.Setxattr(path, "user.rating", []byte("5"), 0), unix.ENOTSUP) },
		func() error { return os.Chtimes(path, before.ModTime(), before.ModTime()) },
	} {
		if err := harmless(); err != nil {
			t.Fatal(err)
		}
		b.skipped(path, "already done")
	}
	turned, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(turned, 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), os.Chtimes(path, before.ModTime(), before.ModTime())); err != nil {
		t.Fatal(err)
	}
	b.done(path)
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
