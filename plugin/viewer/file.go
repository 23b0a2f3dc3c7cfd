package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// file is an opened file that is the one which was recorded.
type file struct {
	*os.File
	info        fs.FileInfo
	path        string // as recorded
	hash        string // of its content
	format      string
	orientation int
}

func (f *file) close() { _ = f.File.Close() }

// handle is a path that leads to this very file.
func (f *file) handle() string { return beneath.Handle(f.File) }

// open opens a picture of a photo.
func (v *Viewer) open(photo string, picture int) (*file, error) {
	r, err := v.record(photo)
	if err != nil {
		return nil, err
	}
	if err := refused(r); err != nil {
		return nil, err
	}
	f, err := v.openRecorded(r, picture)
	if err != nil {
		return nil, err
	}
	if f.format, err = vips.SniffReader(f.File, f.info.Size()); err != nil {
		return nil, errors.Join(err, f.File.Close())
	}
	if err := f.bounded(); err != nil {
		return nil, errors.Join(err, f.File.Close())
	}
	f.orientation = 1
	if n, ok := metadata.Orientation(f.handle(), f.format); ok {
		f.orientation = n
	}
	return f, nil
}

// openRecorded opens a picture of a record: 0 is the original, others are
// the outputs from 1 on, or those that wait for review, and after them former
// outputs. Its error is
// [ErrUnknown], [ErrMissing] or [ErrChanged], or the system's.
func (v *Viewer) openRecorded(r history.Record, picture int) (*file, error) {
	if picture == 0 {
		return v.original(r)
	}
	outputs := Outputs(r)
	formers := Formers(r)
	if picture < 0 || picture > len(outputs)+len(formers) {
		return nil, ErrUnknown
	}
	if n := picture - len(outputs); n > 0 {
		f := formers[n-1]
		return v.openOutput(f.Output, originals.TrashFolder(v.options.StateDir), f.Kept)
	}
	o := outputs[picture-1]
	root, path := o.Root, o.Path
	if r.Review != nil && len(r.Outputs) == 0 {
		root = history.ReviewFolder(v.options.StateDir)
		path = r.Review.File(v.options.StateDir, r.Review.Results[picture-1])
	}
	return v.openOutput(o.Output, root, path)
}

// openOutput opens an output that lies at path, below root.
func (v *Viewer) openOutput(o history.Output, root, path string) (*file, error) {
	opened, err := staging.OpenBelow(root, path)
	if err != nil {
		return nil, missing(err)
	}
	f := &file{File: opened, path: o.Path}
	if f.info, err = opened.Stat(); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	if f.info.Size() != o.Size || o.Hash == "" {
		return nil, errors.Join(ErrChanged, opened.Close())
	}
	return v.verified(f, o.Hash)
}

// maxHeld is how many bytes of coefficients a decoder may hold of a picture that
// somebody only looks at: those of a progressive JPEG stay until its last scan.
const maxHeld = 256 << 20

// bounded is an error where looking at the picture would take too much memory.
func (f *file) bounded() error {
	info, err := jpeg.Read(io.NewSectionReader(f.File, 0, f.info.Size()))
	if err != nil {
		return nil // another format, or damaged, which its decoder tells
	}
	if held := info.CoefficientBytes(); held > maxHeld {
		return fmt.Errorf("%w: it is a progressive JPEG of %d × %d pixels, whose decoder would hold %d MB, and %d MB are allowed", ErrHeld, info.Width, info.Height, held/1e6, maxHeld/1_000_000)
	}
	return nil
}

// Output is a file that a record tells of.
type Output struct {
	history.Output
	Root string // folder that it lies below
}

// State is a picture's file and whether it is the one that was recorded.
type State struct {
	Path string
	Size int64 // as recorded
	Of   int   // number of the output that it is the former of; 0: it is none
	Err  error
}

// Look is a record, and the state of its pictures by their numbers.
func (v *Viewer) Look(ctx context.Context, photo string) (history.Record, []State, error) {
	r, err := v.record(photo)
	if err != nil {
		return r, nil, err
	}
	end, err := v.begin(ctx)
	if err != nil {
		return r, nil, err
	}
	defer end()
	all := []State{{Path: r.Path, Size: r.Stat.Size}}
	for _, o := range Outputs(r) {
		all = append(all, State{Path: o.Path, Size: o.Size})
	}
	for _, f := range Formers(r) {
		all = append(all, State{Path: f.Path, Size: f.Size, Of: f.Of})
	}
	for i := range all {
		f, err := v.openRecorded(r, i)
		if err == nil {
			err = errors.Join(f.bounded(), f.File.Close())
		}
		if refused := refused(r); refused != nil {
			err = refused
		}
		all[i].Err = err
	}
	return r, all, ctx.Err()
}

func (v *Viewer) record(photo string) (history.Record, error) {
	r, ok, err := v.options.Records.Photo(photo)
	if err == nil && !ok {
		err = ErrUnknown
	}
	return r, err
}

// File is an output's file as it was recorded.
type File struct {
	*os.File
	Path, Hash string
	Size       int64
}

// File opens an output's file for reading. The caller closes it.
func (v *Viewer) File(photo string, picture int) (*File, error) {
	r, err := v.record(photo)
	if err != nil {
		return nil, err
	}
	f, err := v.openRecorded(r, picture)
	if err != nil {
		return nil, err
	}
	return &File{f.File, f.path, f.hash, f.info.Size()}, nil
}

// Outputs are those of a record, or those that wait for review.
func Outputs(r history.Record) (all []Output) {
	_, root, _ := strings.Cut(r.Task, " ")
	for _, o := range r.Outputs {
		all = append(all, Output{o, root})
	}
	if len(all) == 0 && r.Review != nil {
		for _, result := range r.Review.Results {
			all = append(all, Output{result.Output, root})
		}
	}
	return all
}

// Former is what an output has replaced in a trial of a changed pipeline.
type Former struct {
	history.Output
	Kept string // where it is
	Of   int    // number of the output
}

// Formers are those of a record that are kept.
func Formers(r history.Record) (all []Former) {
	if r.Trial == nil {
		return nil
	}
	for n, o := range r.Outputs {
		for _, c := range r.Trial.Outputs {
			if c.Path == o.Path && c.Kept != "" {
				all = append(all, Former{history.Output{Path: c.Path, Size: c.Before, Hash: c.Hash}, c.Kept, n + 1})
			}
		}
	}
	return all
}

// original opens the source where it lies, or where it was put.
func (v *Viewer) original(r history.Record) (*file, error) {
	places := [][2]string{{r.Root, r.Path}, {filepath.Dir(r.MovedTo), r.MovedTo}}
	if r.Root == "" {
		places[0][0] = filepath.Dir(r.Path)
	}
	fault := ErrMissing
	for _, at := range places {
		if at[1] == "" {
			continue
		}
		opened, err := openBelow(at[0], at[1])
		if err != nil {
			fault = missing(err)
			continue
		}
		f := &file{File: opened, path: r.Path}
		if f.info, err = opened.Stat(); err != nil {
			return nil, errors.Join(err, opened.Close())
		}
		now := history.Stat{Size: f.info.Size(), ModTime: f.info.ModTime(), Inode: source.Inode(f.info), Changed: source.ChangeTime(f.info)}
		if r.Content != "" && !r.Stat.Changed.IsZero() && r.Stat.Same(now) {
			f.hash = r.Content
			return f, nil
		}
		if f, err = v.verified(f, r.Content); err == nil {
			return f, nil
		}
		fault = err
	}
	return nil, fault
}

func openBelow(root, path string) (*os.File, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	folder, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return folder.File(rel, beneath.Inside)
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing
	}
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) || errors.Is(err, beneath.ErrNotRegular) {
		return ErrChanged
	}
	return err
}

// verified is f where its content is that of the hash; else it is closed.
func (v *Viewer) verified(f *file, hash string) (*file, error) {
	got, err := v.checked.digest(f)
	if err == nil && (hash == "" || got != hash) {
		err = ErrChanged
	}
	if err != nil {
		return nil, errors.Join(err, f.File.Close())
	}
	f.hash = hash
	return f, nil
}

// checked are the digests of files as they were when they were read.
type checked struct {
	mu    sync.Mutex
	known map[state]string
}

// state is that of a file whose content was read. No change of the content
// leaves it the same: nobody can set the time of the last change.
type state struct {
	device, inode     uint64
	size              int64
	modified, changed time.Time
}

// mostChecked is how many digests are remembered.
const mostChecked = 4096

func (c *checked) digest(f *file) (string, error) {
	s := state{source.Device(f.info), source.Inode(f.info), f.info.Size(), f.info.ModTime(), source.ChangeTime(f.info)}
	c.mu.Lock()
	hash, ok := c.known[s]
	c.mu.Unlock()
	if ok {
		return hash, nil
	}
	hash, err := staging.Digest(f.handle())
	if err != nil {
		return "", err
	}
	// What is being written to may change once more within the clock's step.
	if s.changed.IsZero() || time.Since(s.changed) < time.Second {
		return hash, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= mostChecked {
		c.known = map[state]string{}
	}
	c.known[s] = hash
	return hash, nil
}

// small decodes the whole picture, turned upright, no larger than side.
func (f *file) small(ctx context.Context, side int, admit func(context.Context, int64) (func(), error)) (*vips.Image, error) {
	p, header, err := vips.Inspect(f.handle(), f.format)
	if err != nil {
		return nil, err
	}
	defer func() { p.Close() }()
	if shrink := min(header.Width, header.Height) / (2 * side); f.format == "jpeg" && shrink >= 2 {
		smaller, err := vips.Call("jpegload", vips.Args{"filename": f.handle(), "access": "sequential", "shrink": min(8, 1<<log2(shrink))})
		if err != nil {
			return nil, err
		}
		p.Close()
		p = smaller["out"].(*vips.Image)
	}
	release, err := admit(ctx, need(header, f.format, false))
	if err != nil {
		return nil, err
	}
	defer release()
	thumb, err := p.Do("thumbnail_image", vips.Args{"width": side, "height": side, "size": "down", "no_rotate": true})
	if err != nil {
		return nil, err
	}
	defer thumb.Close()
	whole, err := thumb.Materialise(ctx, 1<<30, "")
	if err != nil {
		return nil, err
	}
	defer whole.Close()
	shown, err := forScreen(whole)
	if err != nil {
		return nil, err
	}
	defer shown.Close()
	return turned(shown, f.orientation)
}

func log2(n int) (power int) {
	for ; n > 1; n /= 2 {
		power++
	}
	return power
}

// again is the file with a descriptor of its own.
func (f *file) again() (*file, error) {
	own, err := os.Open(f.handle())
	if err != nil {
		return nil, err
	}
	copied := *f
	copied.File = own
	return &copied, nil
}
