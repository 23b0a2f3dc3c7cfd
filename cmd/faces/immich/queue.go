package immich

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/statefile"
)

// item is an asset that waits, and how far it has come.
type item struct {
	Asset  string    `json:"asset"` // its id
	Came   time.Time `json:"came"`
	Tries  int       `json:"tries,omitempty"`
	Failed int       `json:"failed,omitempty"` // tries that failed for want of an output
	Next   time.Time `json:"next,omitzero"`    // not before
	SHA1   string    `json:"sha1,omitempty"`   // of what is about to be uploaded, hexadecimal
	Upload string    `json:"upload,omitempty"` // id of the asset that it became
}

var idPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isID reports whether an id has the form of Immich's: it becomes part of paths.
func isID(id string) bool { return idPattern.MatchString(id) }

// queue are the assets that wait, a file each, by id. Its owner has the folder to
// itself.
type queue struct {
	folder string
	items  map[string]item
}

const extension = ".json"

// openQueue reads what waits since before. What cannot be read is left behind.
func openQueue(folder string) (*queue, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	q := &queue{folder: folder, items: map[string]item{}}
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		id := strings.TrimSuffix(e.Name(), extension)
		if !isID(id) {
			continue
		}
		if i, err := readItem(filepath.Join(folder, e.Name())); err == nil && i.Asset == id {
			q.items[id] = i
		}
	}
	return q, err
}

func readItem(file string) (i item, err error) {
	f, err := os.Open(file)
	if err != nil {
		return i, err
	}
	defer f.Close()
	return i, json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&i)
}

// put adds or replaces an item. It is on the disk when put returns.
func (q *queue) put(i item) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if err := statefile.Write(filepath.Join(q.folder, i.Asset+extension), text, 0o600); err != nil {
		return err
	}
	q.items[i.Asset] = i
	return nil
}

func (q *queue) remove(id string) error {
	delete(q.items, id)
	if err := os.Remove(filepath.Join(q.folder, id+extension)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// hurry lets all be tried at once.
func (q *queue) hurry() {
	for id, i := range q.items {
		i.Next = time.Time{}
		q.items[id] = i
	}
}

// next is the item whose time has come longest ago, or else when there is one; a
// zero time is never.
func (q *queue) next(now time.Time) (_ item, ok bool, wake time.Time) {
	var all []item
	for _, i := range q.items {
		all = append(all, i)
	}
	if len(all) == 0 {
		return item{}, false, time.Time{}
	}
	due := func(i item) time.Time {
		if i.Next.After(i.Came) {
			return i.Next
		}
		return i.Came
	}
	first := slices.MinFunc(all, func(a, b item) int { return due(a).Compare(due(b)) })
	if first.Next.After(now) {
		return item{}, false, first.Next
	}
	return first, true, time.Time{}
}
