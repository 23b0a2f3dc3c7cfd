package watcher

import (
	"testing"

	"github.com/burnish-photo/burnish/watcher/paths"
)

func TestIgnored(t *testing.T) {
	for _, name := range []string{
		".hidden", "._DSC1.jpg", ".DS_Store", ".stfolder", ".Trash-1000", ".photo.jpg.Xy3z9Q", ".syncthing.a.jpg.tmp",
		"a.jpg~", "a.jpg.part", "a.jpg.PART", "a.jpg.partial", "a.jpg.filepart", "a.jpg.crdownload", "a.download",
		"a.tmp", "a.swp", "~$a.doc", "@eaDir", "@EADIR", "#recycle", "lost+found", "Thumbs.db", "THUMBS.DB",
		"System Volume Information", "$RECYCLE.BIN", "desktop.ini", "__MACOSX",
		"a.jpg_original", "A.JPG_ORIGINAL", "a.heic_original", // memories#699: exiftool's backups
		"a.jpg_exiftool_tmp", "a.jpg.bak", "a.jpg.orig", "a.jpg.old", "a.jpg@SynoEAStream",
	} {
		if rule, yes := ignored(name, nil); !yes || rule == "" {
			t.Errorf("%q is taken in", name)
		}
	}
	for _, name := range []string{
		"a.jpg", "IMG_0001.JPG", "part.jpg", "a.part.jpg", "tmp", "my.tmp.jpg", "~a.jpg", "a~b.jpg", "photo", "été.jpg",
		"@home", "#1.jpg", "thumbs.db.jpg", "a\xff.jpg", " ",
		"scans_original", "a_original.jpg", "original", "bak", "old.jpg",
	} {
		if rule, yes := ignored(name, nil); yes {
			t.Errorf("%q is ignored by %s", name, rule)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		path, folder string
		want         bool
	}{
		{"/a", "/a", true},
		{"/a/b/c", "/a", true},
		{"/ab", "/a", false},
		{"/a", "/a/b", false},
		{"/a", "/", true},
		{"/", "/", true},
	} {
		if got := paths.Within(tt.path, tt.folder); got != tt.want {
			t.Errorf("paths.Within(%q, %q) = %v", tt.path, tt.folder, got)
		}
	}
}
