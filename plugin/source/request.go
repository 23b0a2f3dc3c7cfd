package source

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// Request says which file to look at, and how much of it is taken.
type Request struct {
	Name  string        // of the photo, as whoever asks for it named it; errors bear it
	Path  string        // absolute
	Root  string        // absolute folder that it is looked for below
	Links beneath.Links // that are followed from there on
	// Barred are folders that a link that is followed must not lead into, but
	// where they hold Root.
	Barred []string
	// Allow names formats, such as svg, that are read although what reads them is
	// not safe for files of unknown origin. They are open from then on in the whole
	// process.
	Allow  []string
	Limits Limits
}

// Limit is the most of something, 0 for any, and the key that sets it.
type Limit struct {
	Most float64
	Key  string
}

// Limits are what a photo may have.
type Limits struct {
	Megapixels Limit // of the pages that are taken, together
	Pages      Limit
	Bytes      Limit
	Metadata   Limit // bytes, decompressed
	AllPages   bool  // all pages are taken, else the first
}

// Below is the photo's path below its root.
func (r Request) Below() (string, error) {
	rel, err := filepath.Rel(r.Root, r.Path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s does not lie below %s", r.Path, r.Root)
	}
	return rel, nil
}

// Fail is a failure of the photo.
func (r Request) Fail(k failure.Kind, err error, hint string) *failure.Error {
	return &failure.Error{Path: r.Name, Kind: k, Err: err, Hint: hint}
}

// Swapped is the failure of a source, or of a folder on the way to it, in whose
// place a link stands that is not followed. It says nothing against the photo
// that was there, and nothing of what the process may read.
func (r Request) Swapped(err error) *failure.Error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return r.Fail(failure.Swapped, fmt.Errorf("changed to a symbolic link while it waited (%w)", err), "put the photo or its folder back; it is taken once it is there again")
}

// Unreadable is the failure of a source that cannot be opened or read.
func (r Request) Unreadable(err error) *failure.Error {
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) {
		return r.Swapped(err)
	}
	if errors.Is(err, beneath.ErrNotRegular) {
		return r.Fail(failure.Unreadable, errors.New("not a regular file"), "give a photo or a folder of photos")
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	hint := "check the disk or mount that holds it"
	switch {
	case errors.Is(err, os.ErrPermission):
		hint = failure.AdviseRead(r.Path)
	case errors.Is(err, os.ErrNotExist):
		hint = "check the path; it may have been moved or deleted meanwhile"
	}
	return r.Fail(failure.Unreadable, fmt.Errorf("cannot be read: %w", err), hint)
}

// mayFollow refuses what links must not lead to.
func (r Request) mayFollow(real string) error {
	root := r.Root
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	for _, folder := range r.Barred {
		resolved, err := filepath.EvalSymlinks(folder)
		if err == nil && paths.Within(real, resolved) && !paths.Within(root, resolved) {
			return r.Swapped(fmt.Errorf("a link leads into %s", folder))
		}
	}
	return nil
}

// Damaged is the failure of a source that libvips cannot decode.
func (p *Photo) Damaged(err error) *failure.Error {
	cause := err
	for v := (*vips.Error)(nil); errors.As(err, &v); {
		if err = v.Err; err == nil {
			err = errors.New(cmp.Or(v.Hint, "libvips gave no reason"))
		}
	}
	if errors.Is(err, vips.ErrNumbers) {
		return p.Fail(failure.Unfit, err, "save it with whole numbers of 8 or 16 bits, or with floating-point ones of 32")
	}
	if known := p.unsupported(cause, err.Error()); known != nil {
		return known
	}
	return p.Fail(failure.Damaged, fmt.Errorf("cannot be decoded: %w", err), "it is damaged or incomplete; copy it here again from where it came")
}

// NotAPhoto is the reason for which files are skipped that are no photos and do
// not claim to be.
const NotAPhoto = "not a photo"

// notImage fails where the name promises a photo; other files are passed over.
func (p *Photo) notImage() (reason string, err error) {
	if p.File.Info.Size() == 0 {
		return "", p.Fail(failure.NotImage, errors.New("the file is empty"), "copy it here again")
	}
	ext := strings.TrimPrefix(filepath.Ext(p.Path), ".")
	if _, promised := output.FormatOf(ext); ext == "" || !promised {
		return NotAPhoto, nil
	}
	return "", p.Fail(failure.NotImage, fmt.Errorf("not an image, though its name ends in %q (it begins with %q)", "."+ext, p.File.Head(16)), "rename or remove it, or copy the photo here again")
}
