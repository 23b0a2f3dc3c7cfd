package plugin_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"golang.org/x/sys/unix"
)

// openings counts how often a file is opened, by whatever path.
type openings struct {
	*testing.T
	fd int
}

// countOpenings watches from now on. Reads are watched too, since the kernel
// counts openings in a row as one where nothing happens between.
func countOpenings(t *testing.T, path string) *openings {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Skip("no inotify: ", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN|unix.IN_ACCESS); err != nil {
		t.Fatal(err)
	}
	return &openings{t, fd}
}

// count is their number since it was asked last.
func (o *openings) count() (n int) {
	o.Helper()
	buffer := make([]byte, 1<<16)
	for {
		size, err := unix.Read(o.fd, buffer)
		if err == unix.EAGAIN {
			return n
		}
		if err != nil {
			o.Fatal(err)
		}
		for events := buffer[:size]; len(events) >= unix.SizeofInotifyEvent; {
			if mask := binary.NativeEndian.Uint32(events[4:]); mask&unix.IN_Q_OVERFLOW != 0 {
				o.Fatal("more happens to the file than can be watched")
			} else if mask&unix.IN_OPEN != 0 {
				n++
			}
			events = events[unix.SizeofInotifyEvent+binary.NativeEndian.Uint32(events[12:]):]
		}
	}
}

// during drains the events while f runs, so that few are merged.
func (o *openings) during(f func()) (n int) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		select {
		case <-done:
			return n + o.count()
		case <-time.After(100 * time.Microsecond):
			n += o.count()
		}
	}
}

// A photo on a network's file system pays a round trip for each opening: a new
// JPEG is opened to hash and inspect it and once more at the most to decode it,
// whatever a ledger, the recognition of outputs, the network's own look at it
// and metadata want to know of it.
func TestNewJPEGIsOpenedTwiceAtMost(t *testing.T) {
	const restoring = `
version: 1
state_dir: state
pipelines:
  small:
    steps: [promptcir]
    outputs:
      - path: "{dir}/{stem}.jpg"
`
	for name, text := range map[string]string{"resized": small, "restored": restoring} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, text, plugin.WithLedger())
			photo := b.copyDemo("skyline-q30.jpg")
			o := countOpenings(t, photo)
			if n := o.during(func() { b.done(photo) }); n < 1 || n > 2 {
				t.Errorf("the photo was opened %d times, want 1 or 2", n)
			}
			n := o.during(func() { // the counter itself
				for range 3 {
					if data, err := os.ReadFile(photo); err != nil || !bytes.HasPrefix(data, []byte("\xff\xd8")) {
						t.Error(err)
					}
				}
			})
			if n != 3 {
				t.Errorf("of three openings %d were counted", n)
			}
		})
	}
}

// copyDemo is a copy of a photo of the demo in the watched folder.
func (b *fixture) copyDemo(name string) string {
	b.Helper()
	data, err := os.ReadFile(filepath.Join("../packaging/demo/photos", name))
	if err != nil {
		b.Fatal(err)
	}
	return b.write("in/"+name, data)
}
