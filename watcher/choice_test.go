package watcher

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/burnish-photo/burnish/ops/diag"
)

func TestFilter(t *testing.T) {
	for _, test := range []struct {
		include, exclude string // patterns, parted by blanks
		taken, passed    string
	}{
		{"", "", "a.jpg b/c.png été/x", ".a.jpg b/.stfolder/c.jpg @eaDir/a.jpg a.jpg.part"},
		{"*.jpg *.png", "", "a.jpg A.JPG b/c/d.Png", "a.webp b/jpg a.jpg.txt"},
		{"2024/**/*.jpg", "", "2024/a.jpg 2024/b/c/a.jpg", "a.jpg 2023/a.jpg b/2024/a.jpg"},
		{"/*.jpg", "", "a.jpg", "b/a.jpg"},
		{"", "thumbs out/", "a.jpg b/a.jpg thumbs.jpg", "thumbs/a.jpg b/thumbs/c/a.jpg b/Out/a.jpg"},
		{"", "b/c", "a.jpg b/a.jpg c/a.jpg a/b/c/a.jpg", "b/c/a.jpg"},
		{"*.{jpg,jpeg}", "*-edit.* [0-9]*", "a.jpeg", "a-edit.jpg b/9.jpg a.png"},
		{"", "!.* !*.TMP", ".a.jpg b/.c/d.jpg a.tmp .b.tmp", "a.part .a.part @eaDir/b.jpg"},
		// graphify#2544, ripgrep#845: a Mac's decomposed é (NFD), and the other way about.
		{"", "Priv\u00e9/", "a.jpg", "Prive\u0301/a.jpg PRIV\u00c9/a.jpg b/Prive\u0301/c/a.jpg"},
		{"", "Prive\u0301/", "a.jpg Prive/a.jpg", "Priv\u00e9/a.jpg Prive\u0301/a.jpg"},
		{"\u00e9t\u00e9-*", "", "e\u0301te\u0301-1.jpg", "ete-1.jpg"},
		{"", "!*.*_original", "a.jpg_original", "a.jpg.bak"},
		{"", "!@eaDir", "@eaDir/a.jpg", ".a.jpg"},
	} {
		c := Config{Include: strings.Fields(test.include), Exclude: strings.Fields(test.exclude)}
		if err := c.checkPatterns(); err != nil {
			t.Error(err)
		}
		f := newFilter(c)
		takes := func(path string) bool { // as the watcher comes to it, folder by folder
			parts := strings.Split(path, "/")
			for i, name := range parts {
				if !f.takes(strings.Join(parts[:i], "/"), name, i < len(parts)-1) {
					return false
				}
			}
			return true
		}
		for _, path := range strings.Fields(test.taken) {
			if !takes(path) {
				t.Errorf("include %q exclude %q: %s is not taken", test.include, test.exclude, path)
			}
		}
		for _, path := range strings.Fields(test.passed) {
			if takes(path) {
				t.Errorf("include %q exclude %q: %s is taken", test.include, test.exclude, path)
			}
		}
		if f.takes("", canaryPrefix+"1"+canarySuffix, false) {
			t.Error("a canary is taken")
		}
	}
}

func TestChoiceRefused(t *testing.T) {
	dir := t.TempDir()
	for want, c := range map[string]Config{
		`include.0: must be a pattern such as "2024/**/*.jpg", got "["`: {Include: []string{"["}},
		`exclude.0: must be a pattern such as "2024/**/*.jpg", got "/"`: {Exclude: []string{"/"}},
		`exclude.0: "!*.jpg" takes back none of the built-in rules`:     {Exclude: []string{"!*.jpg"}},
		`include.0: "!.*" excludes files: put it under exclude`:         {Include: []string{"!.*"}},
		"depth: must be at least 0, got -1":                             {Depth: -1},
		`symlinks: must be skip, inside or follow, got "all"`:           {Links: "all"},
	} {
		c.Folder = dir
		if err := diag.Check(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

func TestChoiceOfAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Options{Folders: []Config{{Folder: dir, Include: []string{"*.jpg"}, Exclude: []string{"private"}, Depth: 2}}})
	r.mode(Watching)
	write(t, dir, "a.jpg")
	write(t, dir, "a.txt")
	write(t, mkdir(t, dir, "trip"), "b.jpg")
	write(t, mkdir(t, dir, "trip/deep"), "c.jpg")
	write(t, mkdir(t, dir, "private"), "d.jpg")
	r.expect("a.jpg", "trip/b.jpg")
	rename(t, filepath.Join(dir, "a.txt"), filepath.Join(dir, "e.jpg"))
	rename(t, filepath.Join(dir, "private"), filepath.Join(dir, "public"))
	r.expect("e.jpg", "public/d.jpg")
}

// Links: by the policy, never round in circles, and never to where nothing may
// be taken in.
func TestLinks(t *testing.T) {
	t.Parallel()
	for links, want := range map[Links][]string{
		"":          {"own/a.jpg"},
		SkipLinks:   {"own/a.jpg"},
		InsideLinks: {"inside.jpg", "own/a.jpg"},
		FollowLinks: {"album/c.jpg", "inside.jpg", "outside.jpg", "own/a.jpg"},
	} {
		t.Run("links "+string(links), func(t *testing.T) {
			t.Parallel()
			dir, elsewhere := t.TempDir(), t.TempDir()
			write(t, mkdir(t, dir, "own"), "a.jpg")
			write(t, elsewhere, "b.jpg")
			write(t, mkdir(t, elsewhere, "album"), "c.jpg")
			write(t, mkdir(t, elsewhere, "album/out"), "d.jpg")
			write(t, mkdir(t, elsewhere, "other"), "e.jpg")
			for name, target := range map[string]string{
				"inside.jpg":   filepath.Join(dir, "own/a.jpg"),
				"own/circle":   dir,
				"outside.jpg":  filepath.Join(elsewhere, "b.jpg"),
				"album":        filepath.Join(elsewhere, "album"),
				"out":          filepath.Join(elsewhere, "album/out"),
				"other":        filepath.Join(elsewhere, "other"),
				"dangling.jpg": filepath.Join(elsewhere, "none.jpg"),
				"itself":       filepath.Join(dir, "itself"),
			} {
				if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			w := []Config{{Folder: dir, Links: links, Include: []string{"*.jpg"}}, {Folder: filepath.Join(elsewhere, "other"), Include: []string{"none"}}}
			got, err := runOnce(t, Options{Folders: w, Exclude: []string{filepath.Join(elsewhere, "album/out")}})
			if !slices.Equal(got, want) || err != nil {
				t.Errorf("sent %q, %v; want %q", got, err, want)
			}
		})
	}
}

// Whatever is reached through a link is watched there too.
func TestLinkedFolderIsWatched(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "album")); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Folders: []Config{{Folder: dir, Links: FollowLinks}}})
	r.mode(Watching)
	write(t, elsewhere, "a.jpg")
	r.expect("album/a.jpg")
	if err := os.Remove(filepath.Join(dir, "album")); err != nil {
		t.Fatal(err)
	}
	write(t, elsewhere, "b.jpg")
	r.quiet()
}

func FuzzFilter(f *testing.F) {
	f.Add("**/*.{jpg,png}", "2024/trip", "a.JPG")
	f.Add("[a-z]*", "", "\xff")
	f.Add("{a,b{c,d}e}/{[{,]x,\\,}", "abce", "{x")
	f.Add(strings.Repeat("{*,*}", 8), strings.Repeat("a", 200), "b")
	f.Fuzz(func(t *testing.T, p, rel, name string) {
		c := Config{Include: []string{p}, Exclude: []string{"!.*"}}
		if c.checkPatterns() == nil {
			newFilter(c).takes(rel, name, false)
		}
	})
}

// Patterns with braces mean what they mean to doublestar, but take no more
// time than they are worth.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"*.{jpg,png}", "{a,b{c,d}e}/x", "{,a}b", "a{b", "[{]a,b}", `\{a,b\}`, "{[,}]a,b}", "{**/a,b}/c"} {
		for _, name := range []string{"a.jpg", "a.png", "a.gif", "a/x", "bce/x", "bde/x", "b", "ab", "{a,b}", "{a", "}a", ",a", "z/a/c", "b/c"} {
			valid := doublestar.ValidatePattern(p)
			got := valid && slices.ContainsFunc(alternatives(p), func(one string) bool { return doublestar.MatchUnvalidated(one, name) })
			if want := valid && doublestar.MatchUnvalidated(p, name); got != want {
				t.Errorf("%s with %s: %t, doublestar says %t", p, name, got, want)
			}
		}
	}
	slow := Config{Include: []string{strings.Repeat("{*,*}", 8)}}
	if err := slow.checkPatterns(); err != nil {
		t.Fatal(err)
	}
	newFilter(slow).takes("", strings.Repeat("a", 250)+"/b", false) // ends
	many := Config{Exclude: []string{strings.Repeat("{a,b}", 9)}}
	if err := many.checkPatterns(); err == nil || !strings.Contains(err.Error(), "256") {
		t.Errorf("got %v", err)
	}
}
