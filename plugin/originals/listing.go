package originals

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/source"
	"golang.org/x/text/unicode/norm"
)

const (
	// smallFolder is the number of files up to which a folder is read anew for
	// each photo.
	smallFolder = 1000
	// listingShare is how many times as long as it took to read a large folder
	// the names count for, so that reading takes a twentieth of the time however
	// many photos are moved; at most [settled], since what came later is hardly
	// whole.
	listingShare = 20
	// maxListings is of how many large folders the names are kept.
	maxListings = 4
)

// Listings remember for a moment what large folders hold, so that moving many
// originals out of one does not read it once a photo. They may be used from
// several goroutines; nil remembers nothing.
type Listings struct {
	mu      sync.Mutex
	folders map[folderID]*listing
}

type folderID struct {
	device, inode uint64
}

// listing is what a folder holds.
type listing struct {
	mu      sync.Mutex
	names   []listedName // of files, ascending by key
	gone    map[string]bool
	expires time.Time
	reads   int
}

// listedName is a file's name, and that in the form which names are compared in.
type listedName struct{ key, name string }

// similar are the names in a folder that begin like a photo's, as those of all
// its sidecars do, and of all photos that one of them may belong to.
func (l *Listings) similar(folder *beneath.Folder, photo string) (names []string, err error) {
	held, err := l.of(folder)
	if err != nil {
		return nil, err
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	fresh := time.Now().After(held.expires)
	if fresh {
		if err := held.read(folder); err != nil {
			return nil, err
		}
	}
	begin := commonPrefix(photo)
	from, _ := slices.BinarySearchFunc(held.names, begin, func(n listedName, key string) int { return strings.Compare(n.key, key) })
	for _, n := range held.names[from:] {
		if !strings.HasPrefix(n.key, begin) {
			break
		}
		if held.gone[n.name] {
			continue
		}
		if !fresh {
			if info, err := folder.Lstat(n.name); errors.Is(err, fs.ErrNotExist) || err == nil && !isFile(info.Mode()) {
				continue
			}
		}
		names = append(names, n.name)
	}
	return names, nil
}

// of is what is remembered of a folder.
func (l *Listings) of(folder *beneath.Folder) (*listing, error) {
	if l == nil {
		return &listing{}, nil
	}
	info, err := folder.Stat()
	if err != nil {
		return nil, err
	}
	id := folderID{source.Device(info), source.Inode(info)}
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.folders[id]
	if held == nil {
		for other := range l.folders {
			if len(l.folders) < maxListings {
				break
			}
			delete(l.folders, other)
		}
		if l.folders == nil {
			l.folders = map[folderID]*listing{}
		}
		held = &listing{}
		l.folders[id] = held
	}
	return held, nil
}

// left says that files have left a folder.
func (l *Listings) left(folder *beneath.Folder, names ...string) {
	held, err := l.of(folder)
	if err != nil {
		return
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	for _, name := range names {
		if held.gone != nil {
			held.gone[name] = true
		}
	}
}

// read lists the folder.
func (h *listing) read(folder *beneath.Folder) error {
	began := time.Now()
	d, err := os.Open(folder.Handle())
	if err != nil {
		return err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return err
	}
	h.names = make([]listedName, 0, len(entries))
	for _, e := range entries {
		if isFile(e.Type()) {
			h.names = append(h.names, listedName{norm.NFC.String(e.Name()), e.Name()})
		}
	}
	slices.SortFunc(h.names, func(a, b listedName) int { return strings.Compare(a.key, b.key) })
	h.gone, h.expires, h.reads = map[string]bool{}, time.Time{}, h.reads+1
	if len(entries) > smallFolder {
		now := time.Now()
		h.expires = now.Add(min(listingShare*now.Sub(began), settled))
	}
	return nil
}

// isFile reports whether a mode is that of a file, or of what its file system
// does not tell.
func isFile(mode fs.FileMode) bool { return mode.IsRegular() || mode&fs.ModeIrregular != 0 }

// commonPrefix is what the keys of the names of all sidecars of a photo begin
// with.
func commonPrefix(photo string) string {
	stem, _ := cutNumber(strings.TrimSuffix(norm.NFC.String(photo), filepath.Ext(photo)))
	n := 0
	for i := range stem {
		if n == takeoutLength {
			return stem[:i]
		}
		n++
	}
	return stem
}
