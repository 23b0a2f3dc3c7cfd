package worker

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/burnish-photo/burnish/cmd/worker/place"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// A folder whose inode changes by itself gets one further process, which may
// use all of the mount, and no more; any other gets one whenever it changes.
func TestInodesThatChangeByThemselvesEndOneProcess(t *testing.T) {
	n := &confinement{config: &config.Config{StateDir: t.TempDir()}, loose: map[string]bool{}}
	folder := t.TempDir()
	was := place.At(folder)
	job := plugin.Job{Root: folder, Output: n.config.StateDir}
	for _, tt := range []struct {
		name string
		was  place.ID
		want []string
	}{
		{"as it was", was, []string{"", ""}},
		{"another folder", place.ID{Dev: was.Dev, Ino: was.Ino + 1}, []string{folder, folder, folder}},
		{"an inode that changes by itself", place.ID{Dev: was.Dev, Ino: was.Ino + 1, Drifts: true}, []string{folder, "", ""}},
		{"another mount", place.ID{Dev: was.Dev + 1, Ino: was.Ino, Drifts: true}, []string{folder, folder}},
		{"it was not there", place.ID{}, []string{folder, folder}},
	} {
		n.places = map[string]place.ID{folder: tt.was}
		for i, want := range tt.want {
			if got := n.outdated(job); got != want {
				t.Errorf("%s: %q at look %d, want %q", tt.name, got, i, want)
			}
		}
	}
	n.places = map[string]place.ID{folder: {Dev: was.Dev, Ino: 1, Drifts: true}}
	n.none = "off"
	if got := n.outdated(job); got != "" {
		t.Errorf("without a sandbox: %q", got)
	}
	if wide := n.widened([]string{"/other", folder}); !slices.Equal(wide, []string{"/other", folder, place.Top(folder)}) {
		t.Errorf("opened are %q", wide)
	}
}

func TestTopOfAMount(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("there is no /proc")
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/proc/self/fd", link); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{"/proc/self/fd": "/proc", link: "/proc", "/": "/", "/none": "/none"} {
		if got := place.Top(folder); got != want {
			t.Errorf("top of %s is %s, want %s", folder, got, want)
		}
	}
}

func TestTheSandboxIsLiftedBeforeItHasWorkedAlone(t *testing.T) {
	n := &confinement{loose: map[string]bool{}}
	if !n.lift("it fails") || n.String() != "none: it fails" || n.lift("again") {
		t.Errorf("lifted: %s", n)
	}
	n.restore()
	if n.off() {
		t.Error("not restored")
	}
	n.prove()
	if n.lift("it fails") || n.off() {
		t.Error("lifted after it had worked")
	}
}
