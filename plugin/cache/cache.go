// Package cache keeps pixels that took long to compute in files of a folder, within
// a budget of bytes: an [ops.Cache]. Whatever is wrong with a file, the folder or
// the disk costs the work that it would have saved, and nothing else.
//
// A file is a PNG, or none where a step left its photo as it was, with a note and a
// checksum behind it. It appears whole, under its key, and is never changed. The
// file that was not used for the longest time goes first: the time of its last use
// is its modification time. Several processes may use one folder.
package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/lru"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// FolderName is the cache's folder in a state folder.
const FolderName = "cache"

// Options are what a cache is opened with.
type Options struct {
	Folder   string
	Size     int64 // bytes that its files may take
	InMemory int64 // bytes of pixels that may stay in memory
	Scratch  string
	Log      *slog.Logger
}

// Cache is a folder of files.
type Cache struct {
	o Options

	mu     sync.Mutex
	used   int64     // bytes, as far as this process knows; less than 0: not counted yet
	closed time.Time // until when nothing is put, since the disk was full
}

// Open makes a cache of the folder, which need not exist.
func Open(o Options) *Cache { return &Cache{o: o, used: -1} }

// pause is how long nothing is put after a file could not be written.
const pause = time.Minute

// Get implements [ops.Cache]. A damaged file is removed.
func (c *Cache) Get(ctx context.Context, key string) (ops.Cached, bool) {
	path := c.path(key)
	f, err := os.Open(path)
	if err != nil {
		return ops.Cached{}, false
	}
	defer f.Close()
	e, err := read(f)
	if err == nil {
		var kept ops.Cached
		if kept, err = c.decode(ctx, f, e); err == nil {
			_ = staging.Touch(path) // else it goes earlier
			return kept, true
		}
	}
	if ctx.Err() == nil {
		c.o.Log.Warn("a file of the cache is damaged, and the step runs again", "file", path, "error", err)
		_ = os.Remove(path)
	}
	return ops.Cached{}, false
}

// Put implements [ops.Cache].
func (c *Cache) Put(ctx context.Context, key string, kept ops.Cached) {
	if !c.open() || kept.Pixels != nil && !fits(kept.Pixels) {
		return
	}
	size, err := c.write(ctx, c.path(key), kept)
	if err != nil {
		if ctx.Err() == nil {
			c.fail(err)
		}
		return
	}
	c.took(size)
}

// open reports whether files may be put now.
func (c *Cache) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().After(c.closed)
}

// fail keeps from further trying where the disk is full or not to be written.
func (c *Cache) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = time.Now().Add(pause)
	why := err.Error()
	if errors.Is(err, syscall.ENOSPC) {
		why = "the disk is full"
	}
	c.o.Log.Warn("the cache cannot be written to; photos are processed without it", "folder", c.o.Folder, "for", pause, "error", why)
}

// took counts a new file, and makes room where there is too much.
func (c *Cache) took(size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used < 0 {
		s, err := look(c.o.Folder)
		if err != nil {
			c.o.Log.Warn("a part of the cache cannot be looked at, and does not count towards its size; burnish cache stat tells of it", "folder", c.o.Folder, "error", err)
		}
		c.used = s.Bytes
	} else {
		c.used += size
	}
	if c.used <= c.o.Size {
		return
	}
	_, left, err := Prune(c.o.Folder, c.o.Size/10*9)
	if err != nil {
		c.o.Log.Warn("the cache could not be pruned", "folder", c.o.Folder, "error", err)
	}
	c.used = left.Bytes
}

func (c *Cache) path(key string) string { return filepath.Join(c.o.Folder, key[:2], key) }

// write makes a file under a temporary name, then gives it its own.
func (c *Cache) write(ctx context.Context, path string, kept ops.Cached) (size int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), temporary+"*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if kept.Pixels != nil {
		if err := encode(ctx, kept.Pixels, f.Name()); err != nil {
			return 0, err
		}
	}
	if size, err = seal(f, entry{Notes: kept.Notes, Left: kept.Pixels == nil}); err != nil {
		return 0, err
	}
	return lru.Occupied(size), os.Rename(f.Name(), path)
}

// fits reports whether a PNG holds the pixels as they are.
func fits(p *vips.Image) bool {
	format := p.Format()
	return (format == "uchar" || format == "ushort") && p.Bands() <= 4 && p.Coding() == "none"
}

// encode writes pixels without metadata. Level 1 with the Paeth filter was the
// best of what libvips offers for both times: see config/docs/library.md.
func encode(ctx context.Context, p *vips.Image, path string) error {
	space := map[bool]map[string]string{true: {"uchar": "b-w", "ushort": "grey16"}, false: {"uchar": "srgb", "ushort": "rgb16"}}[p.Bands() < 3][p.Format()]
	plain, err := p.Do("copy", vips.Args{"interpretation": space})
	if err != nil {
		return err
	}
	defer plain.Close()
	bare, err := plain.Without(plain.Fields()...)
	if err != nil {
		return err
	}
	defer bare.Close()
	bits := map[string]int{"uchar": 8, "ushort": 16}[p.Format()]
	return bare.SaveContext(ctx, "pngsave", path, vips.Args{"compression": 1, "filter": "paeth", "bitdepth": bits})
}

// decode reads the pixels of an open file whose checksum is right.
func (c *Cache) decode(ctx context.Context, f *os.File, e entry) (ops.Cached, error) {
	kept := ops.Cached{Notes: e.Notes}
	if e.Left {
		return kept, nil
	}
	stream, err := vips.Open(handle.Of(f), vips.Sequential)
	if err != nil {
		return kept, fmt.Errorf("open its pixels: %w", err)
	}
	defer stream.Close()
	kept.Pixels, err = stream.Materialise(ctx, c.o.InMemory, c.o.Scratch)
	return kept, err
}
