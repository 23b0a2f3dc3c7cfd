package viewer

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/lru"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// folderName is the folder of pyramids in the state folder.
const folderName = "previews"

// suffix is that of a picture's pixels, eighthSuffix that of those at an eighth,
// and partial that of what is being made.
const (
	suffix       = ".v"
	eighthSuffix = ".eighth.v"
	partial      = ".partial.v"
)

// folder keeps pyramids, those that were used last within a budget. Whatever
// lies there may be deleted at any time.
type folder struct {
	options Options
	path    string
	mu      sync.Mutex // held while one is made: the disk is looked at before
}

func newFolder(o Options) *folder {
	f := &folder{options: o, path: filepath.Join(o.StateDir, folderName)}
	left, _ := os.ReadDir(f.path) // else there is nothing
	for _, e := range left {
		if strings.HasSuffix(e.Name(), partial) {
			_ = os.Remove(filepath.Join(f.path, e.Name()))
		}
	}
	return f
}

// pyramid is that of f, made if need be.
func (d *folder) pyramid(ctx context.Context, f *file) (pyramid, error) {
	name := filepath.Join(d.path, f.hash+suffix)
	p, header, err := vips.Inspect(f.handle(), f.format)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if t, err := openUnpacked(name, header.Width, header.Height); err == nil {
		_ = staging.Touch(name) // else it goes earlier
		return t, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	release, err := d.options.Admit(ctx, need(header, f.format, f.format == "jpeg"))
	if err != nil {
		return nil, err
	}
	defer release()
	if err := d.room(int64(header.Width) * int64(header.Height) * 4); err != nil {
		return nil, err
	}
	shown, err := forScreen(p)
	if err != nil {
		return nil, err
	}
	defer shown.Close()
	if err := d.write(ctx, shown, name); err != nil {
		return nil, err
	}
	return openUnpacked(name, header.Width, header.Height)
}

// need is how much memory a decoder takes for a file, in bytes: some know only
// whole pictures.
func need(h vips.Header, format string, whole bool) int64 {
	pixels := int64(h.Width) * int64(h.Height)
	switch {
	case whole: // coefficients of a progressive JPEG
		return pixels * 2 * int64(max(1, h.Bands))
	case format == "jpeg", format == "png", format == "tiff":
		return int64(h.Width) * int64(h.PixelBytes) * 1024
	}
	return pixels * int64(h.PixelBytes)
}

// room makes room for another file of at most so many bytes.
func (d *folder) room(bytes int64) error {
	if bytes > d.options.Budget {
		return fmt.Errorf("a picture of that size takes %d MB in %s, more than the %d MB that there may be", bytes>>20, d.path, d.options.Budget>>20)
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	files, err := lru.Files(d.path, func(name string, _ fs.FileInfo) bool {
		return strings.HasSuffix(name, suffix) && strings.Count(name, ".") == 1
	})
	if err != nil {
		return err
	}
	removed, _, err := lru.Evict(files, func(left int64) bool {
		return left+bytes <= d.options.Budget && free(d.path) >= bytes+d.options.MinFree
	})
	for _, f := range removed {
		_ = os.Remove(strings.TrimSuffix(f.Path, suffix) + eighthSuffix)
	}
	if err != nil {
		return err
	}
	if free(d.path) < bytes+d.options.MinFree {
		return fmt.Errorf("the disk of %s is too full for a preview of %d MB: free some space", d.path, bytes>>20)
	}
	return nil
}

func free(path string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // not of 64 bits everywhere
}

// write makes the files of a pyramid. The one of the whole picture has its name
// once both are whole.
func (d *folder) write(ctx context.Context, p *vips.Image, name string) error {
	whole, eighth := strings.TrimSuffix(name, suffix), strings.TrimSuffix(name, suffix)+eighthSuffix
	making, makingEighth := whole+partial, whole+".eighth"+partial
	defer os.Remove(making)
	defer os.Remove(makingEighth)
	if err := p.SaveContext(ctx, "vipssave", making, nil); err != nil {
		return fmt.Errorf("make a preview: %w", err)
	}
	pixels, err := load(making)
	if err != nil {
		return err
	}
	defer pixels.Close()
	small, err := pixels.Do("shrink", vips.Args{"hshrink": 8.0, "vshrink": 8.0, "ceil": true})
	if err != nil {
		return err
	}
	defer small.Close()
	if err := small.SaveContext(ctx, "vipssave", makingEighth, nil); err != nil {
		return fmt.Errorf("make a preview: %w", err)
	}
	if err := os.Rename(makingEighth, eighth); err != nil {
		return err
	}
	return os.Rename(making, name)
}

func load(name string) (*vips.Image, error) {
	out, err := vips.Call("vipsload", vips.Args{"filename": name})
	if err != nil {
		return nil, err
	}
	return out["out"].(*vips.Image), nil
}

// unpacked is a picture in two files of pixels, as it is and at an eighth, which
// are mapped and not read.
type unpacked struct {
	whole, eighth *vips.Image
	names         [2]string
}

// openUnpacked opens the files of a picture of that size.
func openUnpacked(name string, width, height int) (_ *unpacked, err error) {
	u := &unpacked{names: [2]string{name, strings.TrimSuffix(name, suffix) + eighthSuffix}}
	if u.whole, err = load(u.names[0]); err != nil {
		return nil, err
	}
	if u.eighth, err = load(u.names[1]); err != nil {
		u.whole.Close()
		return nil, err
	}
	fits := func(p *vips.Image, name string, w, h int) bool {
		info, err := os.Stat(name)
		return err == nil && p.Width() == w && p.Height() == h && p.Format() == "uchar" && p.Bands() <= 3 && info.Size() >= p.Size()
	}
	if !fits(u.whole, u.names[0], width, height) || !fits(u.eighth, u.names[1], smaller(width, 3), smaller(height, 3)) {
		u.close()
		return nil, ErrChanged
	}
	return u, nil
}

func (u *unpacked) size() (int, int) { return u.whole.Width(), u.whole.Height() }

func (u *unpacked) bytes() int64 { return 64 << 10 }

func (u *unpacked) close() {
	u.whole.Close()
	u.eighth.Close()
}

func (u *unpacked) part(_ *file, level int, r rectangle) (*vips.Image, error) {
	if level < cutLevels {
		return shrunk(u.whole, level, r)
	}
	return shrunk(u.eighth, level-cutLevels, r)
}
