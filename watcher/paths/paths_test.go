package paths_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/watcher/paths"
)

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, folder string
		want         bool
	}{
		{"/a/b", "/a", true}, {"/a", "/a", true}, {"/a/", "/a", true}, {"/a", "/a/", true}, {"/ab", "/a", false},
		{"/a", "/a/b", false}, {"/a", "/", true}, {"/", "/", true}, {"/a/../b", "/a", false},
	} {
		if got := paths.Within(c.path, c.folder); got != c.want {
			t.Errorf("%s within %s: %t", c.path, c.folder, got)
		}
	}
}

func TestLinksAreFollowedAsFarAsThereAreAny(t *testing.T) {
	root := paths.Resolve(t.TempDir())
	real, link := filepath.Join(root, "real"), filepath.Join(root, "link")
	if err := os.Mkdir(real, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if got, want := paths.Resolve(filepath.Join(link, "not/there")), filepath.Join(real, "not/there"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !paths.ResolvedWithin(filepath.Join(link, "a.jpg"), real) || paths.Within(filepath.Join(link, "a.jpg"), real) {
		t.Error("the link was not followed, or by name")
	}
}
