package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output"
)

// digest is the SHA-256 of a file's bytes, hexadecimal.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// open checks the header against the limits and opens the photo as a stream.
func (w *work) open(format string) (ops.Image, error) {
	header, err := vips.ReadHeader(w.source)
	if err != nil {
		return ops.Image{}, w.damaged(err)
	}
	limit := w.engine.config.Limits.Megapixels
	if mp := float64(header.Width) * float64(header.Height) / 1e6; mp > limit {
		return ops.Image{}, w.fail(TooLarge, fmt.Errorf("%d×%d pixels are %.1f megapixels, over the limit of %g", header.Width, header.Height, mp, limit),
			fmt.Sprintf("raise limits.megapixels to %.0f or more to process it", mp+1))
	}
	pixels, err := vips.Open(w.source, vips.Sequential)
	if err != nil {
		return ops.Image{}, w.damaged(err)
	}
	source := &ops.Source{
		Path: w.source, Format: format, Width: header.Width, Height: header.Height, Orientation: header.Orientation,
		Size: w.info.Size(), ModTime: w.info.ModTime(), Taken: taken(pixels), Hash: w.hash,
	}
	return ops.Image{Pixels: pixels, Source: source}, nil
}

// damaged is the failure of a source that libvips cannot decode.
func (w *work) damaged(err error) *Error {
	var v *vips.Error
	if errors.As(err, &v) && v.Err == nil && v.Hint != "" {
		err = errors.New(v.Hint)
	}
	return w.fail(Damaged, fmt.Errorf("cannot be decoded: %w", err), "it is damaged, incomplete or of an unusual kind; copy it here again from where it came")
}

// taken is the moment that EXIF says the photo was made; zero where it does not.
func taken(p *vips.Image) time.Time {
	for _, field := range []string{"exif-ifd2-DateTimeOriginal", "exif-ifd2-DateTimeDigitized", "exif-ifd0-DateTime"} {
		const layout = "2006:01:02 15:04:05"
		text, ok := p.String(field)
		if !ok || len(text) < len(layout) {
			continue
		}
		if t, err := time.ParseInLocation(layout, text[:len(layout)], time.Local); err == nil {
			return t
		}
	}
	return time.Time{}
}

// facts are what output templates may name.
func (w *work) facts(date time.Time) (output.Facts, error) {
	dir, err := filepath.Rel(w.root, filepath.Dir(w.source))
	if err != nil || !filepath.IsLocal(dir) {
		return output.Facts{}, fmt.Errorf("%s does not lie below %s", w.source, w.root)
	}
	if date.IsZero() {
		date = w.info.ModTime()
	}
	return output.Facts{Dir: dir, Name: filepath.Base(w.source), Hash: w.hash, Pipeline: w.pipeline.name, Date: date}, nil
}

// claim names the outputs and sees that none of them is a source or belongs to
// another photo.
func (w *work) claim(src *ops.Source) ([]string, error) {
	facts, err := w.facts(src.Taken)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(w.pipeline.outputs))
	for i, o := range w.pipeline.outputs {
		rel, err := o.Path.Path(facts)
		if err != nil {
			return nil, w.fail(Conflict, err, "")
		}
		names[i] = filepath.Join(w.output, rel)
		for _, other := range names[:i] {
			if other == names[i] {
				return nil, w.fail(Conflict, fmt.Errorf("two outputs have the same path %s", other), "give each output of the pipeline a path of its own")
			}
		}
		if err := w.mayWrite(names[i]); err != nil {
			return nil, err
		}
	}
	return names, w.own(names)
}

// mayWrite refuses to write over a source.
func (w *work) mayWrite(name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return nil // not there, or the writing itself will say what is wrong
	}
	if info.IsDir() {
		return w.fail(Conflict, fmt.Errorf("the output %s is a folder", name), "rename the folder or change the output's path")
	}
	if target, err := os.Stat(name); err == nil && os.SameFile(target, w.info) {
		return w.fail(Conflict, fmt.Errorf("the output %s would replace the original", name), "choose another output folder or path")
	}
	return nil
}

// own takes the names for this source, unless another photo that still exists
// has them.
func (w *work) own(names []string) error {
	e := w.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	w.ours = make(map[string]bool, len(names))
	for _, name := range names {
		owner, err := e.owner(name)
		if err != nil {
			return err
		}
		if owner != "" && owner != w.source {
			if _, err := os.Lstat(owner); err == nil {
				return w.fail(Conflict, fmt.Errorf("the output %s already belongs to %s", name, owner), "add {ext} or {hash} to the output's path so that the two differ")
			}
		}
		w.ours[name] = owner != ""
	}
	for _, name := range names {
		e.claims[name] = w.source
	}
	return nil
}

// owner is the source that an output is known to be made from, "" where it is
// not known. e.mu is held.
func (e *Engine) owner(name string) (string, error) {
	if source := e.claims[name]; source != "" || e.ledger == nil {
		return source, nil
	}
	source, _, err := e.ledger.Owner(name)
	return source, err
}

// mayReplace refuses to write over a file that Burnish did not make, unless it
// is the very same.
func (w *work) mayReplace(s *output.Staged) error {
	if w.job.Overwrite || w.ours[s.Path] {
		return nil
	}
	there, err := digest(s.Path)
	if errors.Is(err, os.ErrNotExist) || err == nil && there == s.Hash {
		return nil
	}
	return w.fail(Conflict, fmt.Errorf("the output %s exists and is not known as Burnish's own", s.Path), "move it away, choose another output folder or path, or allow it with --overwrite")
}

// failed turns whatever stopped the job into an [*Error].
func (w *work) failed(stopped error, err error) *Error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case stopped != nil:
		return w.fail(Stopped, stopped, "")
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return w.fail(Unwritable, err, fmt.Sprintf("let the user with id %d write there", os.Getuid()))
	}
	if bad := w.decodes(); bad != nil {
		return w.damaged(bad)
	}
	for _, folder := range []string{w.output, w.engine.scratch} {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || full(folder) {
			w.engine.log.Debug("an output was not written", "photo", w.source, "error", err)
			return w.fail(Unwritable, fmt.Errorf("no space is left for the outputs below %s", folder), "free some; nothing was published")
		}
	}
	return w.fail(Broken, err, "")
}

// full reports whether the disk below path has next to no space left.
func full(path string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(path, &s) == nil && s.Bavail*uint64(s.Bsize) < 1<<20
}

// decodes reads the source alone in full, to tell a damaged photo from a step
// that failed.
func (w *work) decodes() error {
	p, err := vips.Open(w.source, vips.Sequential)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = vips.Call("avg", vips.Args{"in": p})
	return err
}
