package mounts_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/mounts"
)

// remembered is a store in memory.
type remembered map[string]string

func (r remembered) Mount(folder string) (string, error) { return r[folder], nil }
func (r remembered) SetMount(folder, mount string) error { r[folder] = mount; return nil }

func TestOfNamesTheDiskThatAPathWouldLieOn(t *testing.T) {
	folder := t.TempDir()
	name := mounts.Of(folder)
	if name == "" || mounts.Of(filepath.Join(folder, "not/there")) != name {
		t.Errorf("%q, and %q below it", name, mounts.Of(filepath.Join(folder, "not/there")))
	}
	if proc := mounts.Of("/proc/self"); !strings.HasPrefix(proc, "/proc ") || proc == name {
		t.Errorf("/proc is %q", proc)
	}
	dangling := filepath.Join(folder, "link")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	if got := mounts.Of(dangling); got != "" {
		t.Errorf("beyond a link that leads nowhere: %q", got)
	}
}

func TestCheck(t *testing.T) {
	folder := t.TempDir()
	store := remembered{}
	if err := mounts.Check(store, folder); err != nil || store[folder] != mounts.Of(folder) {
		t.Errorf("a new folder: %v, remembered on %q", err, store[folder])
	}
	store[folder] = folder + " 1:2:3" // a disk that was mounted there
	err := mounts.Check(store, folder)
	var gone *mounts.UnmountedError
	if !errors.As(err, &gone) || gone.Folder != folder || gone.Point != folder {
		t.Errorf("unmounted: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "here"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := mounts.Check(store, folder); err != nil || store[folder] != mounts.Of(folder) {
		t.Errorf("a folder that holds something is to be where it is: %v, %q", err, store[folder])
	}
}

// Files are gone for certain only while the disks that they lay on are there.
func TestGone(t *testing.T) {
	folder := t.TempDir()
	there, missing := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	if err := os.WriteFile(there, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lay := mounts.Cache{}.Names([]string{there, missing}, []string{"/mnt/x 1:2:3"})
	if len(lay) != 2 {
		t.Errorf("they lie on %q", lay)
	}
	here := []string{mounts.Of(folder)}
	for name, c := range map[string]struct {
		paths, names []string
		want         bool
	}{
		"gone": {[]string{missing}, here, true}, "one is there": {[]string{missing, there}, here, false},
		"no disk is known": {[]string{missing}, nil, false}, "a disk is not there": {[]string{missing}, lay, false},
		"on another disk": {[]string{missing}, []string{mounts.Of("/proc")}, false},
	} {
		if got := (mounts.Cache{}).Gone(c.paths, c.names); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
