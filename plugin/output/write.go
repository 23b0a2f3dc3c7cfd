package output

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Temporary names begin and end so; watchers pass them over.
const (
	temporaryPrefix = ".burnish-"
	temporarySuffix = ".tmp"
)

// Staged is a finished output that does not bear its name yet.
type Staged struct {
	Path string // where Publish puts it
	Size int64  // bytes
	Hash string // SHA-256 of the file, hexadecimal

	temporary string
}

// Stage encodes img as the file path, under a temporary name beside it, reads
// it back in full and syncs it. The caller publishes or discards the result.
func Stage(ctx context.Context, img ops.Image, e Encoder, path string) (_ *Staged, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	temporary, err := reserve(path)
	if err != nil {
		return nil, fmt.Errorf("write beside the output: %w", err)
	}
	s := &Staged{Path: path, temporary: temporary}
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	pixels, err := prepare(img.Pixels, e.Format)
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	saver, args := e.saver()
	if err := pixels.SaveContext(ctx, saver, temporary, args); err != nil {
		return nil, err
	}
	if err := verify(temporary, pixels.Width(), pixels.Height()); err != nil {
		return nil, fmt.Errorf("the %s that was written does not read back: %w", e.Format, err)
	}
	return s, s.seal()
}

// reserve creates an empty file of a new name in path's folder, with the mode
// that the umask gives.
func reserve(path string) (string, error) {
	for {
		name := filepath.Join(filepath.Dir(path), temporaryPrefix+rand.Text()[:12]+temporarySuffix)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return name, f.Close()
	}
}

// stale is metadata that is no longer true of the pixels: the camera's
// embedded thumbnail shows neither the restored nor the turned photo.
var stale = []string{"jpeg-thumbnail-data"}

// prepare fits an image to what the format can hold. The caller closes it.
func prepare(p *vips.Image, format string) (*vips.Image, error) {
	clean, err := p.Without(stale...)
	if err != nil {
		return nil, err
	}
	if p.Interpretation() != "cmyk" || format == "jpeg" || format == "tiff" {
		return clean, nil
	}
	defer clean.Close()
	return clean.Do("icc_transform", vips.Args{"output_profile": "srgb", "input_profile": "cmyk", "embedded": true})
}

// verify decodes the whole file and compares its size in pixels.
func verify(path string, width, height int) error {
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	if written.Width() != width || written.Height() != height {
		return fmt.Errorf("it is %d×%d pixels, not %d×%d", written.Width(), written.Height(), width, height)
	}
	_, err = vips.Call("avg", vips.Args{"in": written})
	return err
}

// seal measures the file and sees that it is on the disk.
func (s *Staged) seal() error {
	f, err := os.OpenFile(s.temporary, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	digest := sha256.New()
	if s.Size, err = io.Copy(digest, f); err != nil {
		return err
	}
	s.Hash = hex.EncodeToString(digest.Sum(nil))
	return f.Sync()
}

// StageCopy stages a copy of the file from as path.
func StageCopy(from, path string) (_ *Staged, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	temporary, err := reserve(path)
	if err != nil {
		return nil, fmt.Errorf("write beside the output: %w", err)
	}
	s := &Staged{Path: path, temporary: temporary}
	if err := copyFile(from, temporary); err != nil {
		s.Discard()
		return nil, err
	}
	if err := s.seal(); err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Publish gives the output its name, in place of what bore it before.
func (s *Staged) Publish() error {
	if err := os.Rename(s.temporary, s.Path); err != nil {
		s.Discard()
		return err
	}
	s.temporary = ""
	return syncFolder(filepath.Dir(s.Path))
}

func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Discard removes an output that was not published.
func (s *Staged) Discard() {
	if s.temporary != "" {
		os.Remove(s.temporary)
		s.temporary = ""
	}
}

// Sweep removes the temporary files that a killed process left below root. It
// must not run while anything is being staged there.
func Sweep(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name := d.Name()
		if d.Type().IsRegular() && strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix) {
			return os.Remove(path)
		}
		return nil
	})
}
