package plugin_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"golang.org/x/sys/unix"
)

// elodie#341, nextcloud/ios#3628: sidecars go with their original.
func TestSidecarsGoAlong(t *testing.T) {
	for name, elsewhere := range map[string]string{"same file system": "", "another": "/dev/shm"} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, small, plugin.WithLedger())
			folder := filepath.Join(b.folder, "originals")
			if elsewhere != "" {
				var err error
				if folder, err = os.MkdirTemp(elsewhere, "burnish-test-"); err != nil {
					t.Skip(err)
				}
				defer os.RemoveAll(folder)
			}
			a := b.photo("sea/a.jpg", 20, 10, 1)
			for _, name := range []string{"a.xmp", "a.jpg.xmp", "a.AAE", "a.MOV", "a.dng", "a.jpg.supplemental-metadata.json", "b.xmp", "a.txt"} {
				b.write("in/sea/"+name, []byte(name))
			}
			os.Symlink("a.xmp", b.path("in/sea/a.mp4"))
			tagged := unix.Setxattr(b.path("in/sea/a.xmp"), "user.tag", []byte("sea"), 0) == nil
			if elsewhere != "" {
				time.Sleep(2 * time.Second) // what was written lately stays
			}
			r := b.run(b.moving(a, folder))
			if len(r.Sidecars) != 6 || r.Sidecars[0] != b.path("in/sea/a.AAE") {
				t.Errorf("went along: %v", r.Sidecars)
			}
			if want := "a.AAE, a.MOV, a.dng, a.jpg.supplemental-metadata.json, a.jpg.xmp, a.xmp"; r.Notes["sidecars"] != want {
				t.Errorf("noted %q", r.Notes["sidecars"])
			}
			if got, want := names(t, filepath.Join(folder, "sea")), "a.AAE a.MOV a.dng a.jpg a.jpg.supplemental-metadata.json a.jpg.xmp a.xmp"; got != want {
				t.Errorf("moved are %s", got)
			}
			if got, want := names(t, b.path("in/sea")), "a.mp4 a.txt b.xmp"; got != want {
				t.Errorf("left are %s", got)
			}
			if data, _ := os.ReadFile(filepath.Join(folder, "sea/a.xmp")); string(data) != "a.xmp" {
				t.Errorf("a.xmp holds %q", data)
			}
			if n, err := unix.Getxattr(filepath.Join(folder, "sea/a.xmp"), "user.tag", make([]byte, 10)); tagged && r.Notes["attributes"] == "" && (err != nil || n != 3) {
				t.Errorf("its tag is lost: %v", err) // doublecmd#1670
			}
		})
	}
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// Nothing is ever replaced, and what is moved stays together.
func TestSidecarsReplaceNothing(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	folder := filepath.Join(b.folder, "originals")
	b.write("originals/a.xmp", []byte("another's"))
	a := b.photo("a.jpg", 20, 10, 1)
	b.write("in/a.xmp", []byte("a's"))
	b.run(b.moving(a, folder))
	if got := names(t, folder); got != "a-2.jpg a-2.xmp a.xmp" {
		t.Errorf("there are %s", got)
	}
	if data, _ := os.ReadFile(filepath.Join(folder, "a.xmp")); string(data) != "another's" {
		t.Errorf("another's sidecar holds %q", data)
	}
}

func TestSidecarsStayWhereAsked(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.write("in/a.xmp", nil)
	j := b.moving(a, filepath.Join(b.folder, "originals"))
	j.After.KeepSidecars = true
	b.run(j)
	if got := names(t, b.path("in")); got != "a.xmp" {
		t.Errorf("left are %s", got)
	}
}

// Sidecars that two photos share go with the last of them, into the trash too.
func TestSharedSidecarsGoLast(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	first, last := b.photo("sea/a.jpg", 20, 10, 1), b.photo("sea/a.png", 20, 10, 2)
	b.write("in/sea/a.xmp", nil)
	b.write("in/sea/a.mov", nil)
	j := b.job(first)
	j.After.Trash = time.Hour
	b.run(j)
	if got := names(t, b.path("in/sea")); got != "a.mov a.png a.xmp" {
		t.Errorf("left are %s", got)
	}
	os.Remove(b.path("out/sea/a.png"))
	j = b.job(last)
	j.Output, j.After.Trash = b.path("out2"), time.Hour
	b.run(j)
	if got := names(t, b.path("in/sea")); got != "a.mov" { // no trash for a film that nothing was made of
		t.Errorf("left are %s", got)
	}
	if got := names(t, b.path("state/trash/1h0m0s/sea")); got != "a.jpg a.png a.xmp" {
		t.Errorf("in the trash are %s", got)
	}
}

// A photo that a crash left behind its sidecars follows them.
func TestAPhotoFollowsItsSidecars(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	folder := filepath.Join(b.folder, "originals")
	a := b.photo("a.jpg", 20, 10, 1)
	b.done(a)
	b.write("originals/a.xmp", []byte("moved before the crash"))
	b.write("in/a.aae", nil)
	b.run(b.moving(a, folder))
	if got := names(t, folder); got != "a.aae a.jpg a.xmp" {
		t.Errorf("there are %s", got)
	}
}
