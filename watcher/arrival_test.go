package watcher

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/fsnotify/fsnotify"
)

// arrivals are the ways in which programs bring a file, in steps. Between two
// steps the writer stalls for a minute: much longer than files settle, and
// shorter than the timeout with them.
var arrivals = map[string]func(do writer, data []byte){
	"a copy that stalls": func(do writer, data []byte) {
		do.append("a.jpg", data[:len(data)/2])
		do.stall()
		do.append("a.jpg", data[len(data)/2:])
	},
	"a copy into reserved room": func(do writer, data []byte) {
		do.reserve("a.jpg", len(data))
		do.stall()
		do.overwrite("a.jpg", 0, data[:len(data)/2])
		do.stall()
		do.overwrite("a.jpg", len(data)/2, data[len(data)/2:])
	},
	"a copy over zeros": func(do writer, data []byte) {
		do.append("a.jpg", make([]byte, len(data)))
		do.stall()
		do.overwrite("a.jpg", 0, data[:len(data)-100])
		do.stall()
		do.overwrite("a.jpg", len(data)-100, data[len(data)-100:])
	},
	"mv": func(do writer, data []byte) {
		do.append("../a.jpg", data)
		do.stall()
		do.rename("../a.jpg", "a.jpg")
	},
	"rsync": func(do writer, data []byte) {
		do.append(".a.jpg.Xy3z9Q", data[:len(data)/3])
		do.stall()
		do.append(".a.jpg.Xy3z9Q", data[len(data)/3:])
		do.date(".a.jpg.Xy3z9Q")
		do.stall()
		do.rename(".a.jpg.Xy3z9Q", "a.jpg")
	},
	"scp": func(do writer, data []byte) {
		do.append("a.jpg", nil)
		do.stall()
		do.append("a.jpg", data[:len(data)/2])
		do.stall()
		do.append("a.jpg", data[len(data)/2:])
		do.date("a.jpg")
	},
	"a camera's FTP upload": func(do writer, data []byte) {
		for at := 0; at < len(data); at += 1 + len(data)/7 {
			do.append("a.jpg", data[at:min(len(data), at+1+len(data)/7)])
			do.stall()
		}
	},
	"an upload under a temporary name": func(do writer, data []byte) {
		do.append("a.jpg.part", data[:len(data)/2])
		do.stall()
		do.append("a.jpg.part", data[len(data)/2:])
		do.rename("a.jpg.part", "a.jpg")
	},
}

// However a photo arrives and is found, it is sent once, when it is whole.
func TestArrival(t *testing.T) {
	data, err := os.ReadFile("../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for found, by := range map[string]struct{ events, late bool }{
		"by events": {events: true}, "by polling": {}, "at the start": {events: true, late: true},
	} {
		for name, arrive := range arrivals {
			t.Run(name+" "+found, func(t *testing.T) {
				dir := mkdir(t, t.TempDir(), "watched")
				synctest.Test(t, func(t *testing.T) {
					b := newBroken()
					open := func() (notifier, error) { return b, nil }
					if !by.events {
						open = func() (notifier, error) { return nil, syscall.EMFILE }
					}
					do := writer{t: t, dir: dir, started: make(chan struct{})}
					if by.events {
						do.events = b.events
					}
					go func() {
						arrive(do, data)
						do.stall()
					}()
					if !by.late {
						close(do.started)
					}
					synctest.Wait()
					r := startWith(t, Options{
						Folders: []Config{{Folder: dir, Settle: 2 * time.Second, IncompleteTimeout: 10 * time.Minute}},
						Rescan:  time.Hour, Complete: func(f File) (bool, error) { return complete(f.Path) },
					}, open)
					defer r.stop()
					if by.late {
						close(do.started)
					}
					if got := r.within(2 * time.Hour); got != "a.jpg" {
						t.Errorf("sent %s", got)
					}
					if got, err := os.ReadFile(filepath.Join(dir, "a.jpg")); err != nil || !bytes.Equal(got, data) {
						t.Errorf("sent while %d of %d bytes were there, %v", len(got), len(data), err)
					}
					time.Sleep(time.Hour)
					r.quiet()
				})
			})
		}
	}
}

// What never becomes whole is sent all the same, so that it is reported.
func TestNeverComplete(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("\xff\xd8\xff\xe0 and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := startWith(t, Options{
			Folders:  []Config{{Folder: dir, Settle: 2 * time.Second, IncompleteTimeout: 10 * time.Minute}},
			Complete: func(f File) (bool, error) { return complete(f.Path) },
		}, func() (notifier, error) { return newBroken(), nil })
		defer r.stop()
		if got := r.within(time.Hour); got != "a.jpg" {
			t.Errorf("sent %s", got)
		}
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("sent after %s", took)
		}
	})
	time.Sleep(60 * time.Millisecond)
	got, err := runOnce(t, Options{
		Folders:  []Config{{Folder: dir, Settle: 20 * time.Millisecond, IncompleteTimeout: 50 * time.Millisecond}},
		Complete: func(File) (bool, error) { return false, nil },
	})
	if len(got) != 1 || err != nil {
		t.Errorf("sent %q, %v", got, err)
	}
}

// writer brings a file below dir, telling of it where there are events.
type writer struct {
	t       *testing.T
	dir     string
	started chan struct{}         // closed once what follows the first stall may happen
	events  chan<- fsnotify.Event // nil: none
}

func (w writer) stall() {
	<-w.started
	time.Sleep(time.Minute)
}

func (w writer) path(name string) string { return filepath.Join(w.dir, name) }

func (w writer) check(err error) {
	if err != nil {
		w.t.Error(err)
	}
}

func (w writer) tell(name string, op fsnotify.Op) {
	select {
	case <-w.started:
	default:
		return // nobody listens yet
	}
	if w.events != nil && filepath.IsLocal(name) {
		w.events <- fsnotify.Event{Name: w.path(name), Op: op}
	}
}

func (w writer) open(name string, do func(f *os.File) error) {
	f, err := os.OpenFile(w.path(name), os.O_RDWR|os.O_CREATE, 0o644)
	w.check(err)
	w.tell(name, fsnotify.Create)
	w.check(do(f))
	w.check(f.Close())
	w.tell(name, fsnotify.Write)
}

func (w writer) append(name string, data []byte) {
	w.open(name, func(f *os.File) error {
		info, err := f.Stat()
		w.check(err)
		_, err = f.WriteAt(data, info.Size())
		return err
	})
}

func (w writer) overwrite(name string, at int, data []byte) {
	w.open(name, func(f *os.File) error {
		_, err := f.WriteAt(data, int64(at))
		return err
	})
}

func (w writer) reserve(name string, size int) {
	w.open(name, func(f *os.File) error { return f.Truncate(int64(size)) })
}

func (w writer) rename(from, to string) {
	w.check(os.Rename(w.path(from), w.path(to)))
	w.tell(from, fsnotify.Rename)
	w.tell(to, fsnotify.Create)
}

func (w writer) date(name string) {
	at := time.Date(2019, 5, 4, 3, 2, 1, 0, time.UTC)
	w.check(os.Chtimes(w.path(name), at, at))
	w.tell(name, fsnotify.Chmod)
}

func complete(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return vips.Complete(file)
}
