package originals

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

// folderOf makes a folder of empty files.
func folderOf(t *testing.T, names ...string) (path string, folder *beneath.Folder) {
	t.Helper()
	path = t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := beneath.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return path, folder
}

// numbered are n photos with a sidecar each.
func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("IMG_%05d.jpg", i), fmt.Sprintf("IMG_%05d.xmp", i))
	}
	return names
}

// Moving many originals out of a large folder read the whole folder for each:
// what that takes grows with the square of their number.
func TestALargeFolderIsNotReadForEachPhoto(t *testing.T) {
	const photos = 200
	path, _, listings, held := large(t, numbered(photos+smallFolder/2)...)
	to := t.TempDir()
	for i := range photos {
		name := fmt.Sprintf("IMG_%05d.jpg", i)
		m := Mover{Owner: "test", Sidecars: MoveAll, Listings: listings}
		if _, err := m.Relocate(opened(t, filepath.Join(path, name)), to, name); err != nil {
			t.Fatal(err)
		}
	}
	if moved, err := os.ReadDir(to); err != nil || len(moved) != 2*photos {
		t.Errorf("moved %d files, want %d; %v", len(moved), 2*photos, err)
	}
	if held.reads != 1 {
		t.Errorf("the folder was read %d times for %d photos", held.reads, photos)
	}
}

// What a large folder holds counts for a multiple of what it took to read.
func TestAListingExpires(t *testing.T) {
	_, folder := folderOf(t, numbered(smallFolder/2+1)...)
	l := &Listings{}
	began := time.Now()
	if _, err := l.similar(folder, "none"); err != nil {
		t.Fatal(err)
	}
	held, err := l.of(folder)
	if err != nil {
		t.Fatal(err)
	}
	if most := time.Now().Add(min(settled, listingShare*time.Since(began))); held.expires.Before(began) || held.expires.After(most) {
		t.Errorf("it expires %s after it was begun", held.expires.Sub(began))
	}
}

// large is a listing that counts until the test says otherwise.
func large(t *testing.T, names ...string) (path string, folder *beneath.Folder, l *Listings, held *listing) {
	t.Helper()
	path, folder = folderOf(t, names...)
	l = &Listings{}
	if _, err := l.similar(folder, "none"); err != nil {
		t.Fatal(err)
	}
	held, err := l.of(folder)
	if err != nil {
		t.Fatal(err)
	}
	held.expires = time.Now().Add(time.Hour)
	return path, folder, l, held
}

// What has left a folder since it was read is not among the names, whoever took
// it; what came is, once the listing expires.
func TestAListingThatIsHeld(t *testing.T) {
	path, folder, l, held := large(t, "a.jpg", "a.heic", "a.xmp", "a.mov", "b.jpg")
	want := func(names ...string) {
		t.Helper()
		got, err := l.similar(folder, "a.jpg")
		slices.Sort(got)
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%q, %v, want %q", got, err, names)
		}
	}
	want("a.heic", "a.jpg", "a.mov", "a.xmp")
	l.left(folder, "a.heic")
	os.Remove(filepath.Join(path, "a.mov"))
	want("a.jpg", "a.xmp")
	os.Remove(filepath.Join(path, "a.xmp"))
	if err := os.Symlink("b.jpg", filepath.Join(path, "a.xmp")); err != nil {
		t.Fatal(err)
	}
	want("a.jpg")
	if err := os.WriteFile(filepath.Join(path, "a.aae"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want("a.jpg")
	held.expires = time.Time{}
	want("a.aae", "a.heic", "a.jpg")
}

// A small folder is read for each photo, so that nothing is missed.
func TestASmallFolderIsReadAnew(t *testing.T) {
	path, folder := folderOf(t, "a.jpg")
	l := &Listings{}
	for i, name := range []string{"a.xmp", "a.aae"} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := l.similar(folder, "a.jpg"); err != nil || len(got) != i+2 {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// The names that a sidecar of the photo may have are found by a common beginning
// whatever letters they hold, and however these are encoded.
func TestCommonPrefix(t *testing.T) {
	_, folder := folderOf(t, "写真.jpg", "写真.xmp", "写.xmp", "e\u0301.jpg", "\u00e9.xmp", "IMG(1).jpg", "IMG.jpg(1).json")
	for photo, want := range map[string]int{"写真.jpg": 2, "e\u0301.jpg": 2, "IMG(1).jpg": 2} {
		var none *Listings
		if got, err := none.similar(folder, photo); err != nil || len(got) != want {
			t.Errorf("%s: %q, %v", photo, got, err)
		}
	}
}

// No more listings are held than the few of the folders in use.
func TestListingsAreFew(t *testing.T) {
	l := &Listings{}
	for range 3 * maxListings {
		_, folder := folderOf(t, "a.jpg")
		if _, err := l.similar(folder, "a.jpg"); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.folders) > maxListings {
		t.Errorf("%d are held", len(l.folders))
	}
}
