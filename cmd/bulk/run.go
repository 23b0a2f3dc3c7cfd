// Package bulk keeps how far a command over many photos has come, so that one
// that was interrupted, or killed, goes on where it was. What is done is told by a
// file of the user's that a line is added to for each photo: its path, size and time,
// and those of its outputs. It opens no photo, and knows no pipeline.
package bulk

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	extension = ".run"
	heading   = "# burnish run 1: "

	// forgotten is how long a run that was never finished is remembered.
	forgotten = 30 * 24 * time.Hour
)

// ErrBusy is a run that another process is at.
var ErrBusy = errors.New("another command does this very work")

// Run is the state of one run: the same work on the same files. Its methods may be
// called from several goroutines.
type Run struct {
	file  *os.File
	begun bool // by another process

	mu     sync.Mutex
	done   map[[16]byte]stamp // by a digest of the path; as the file was then
	failed error              // the first failure to write
}

// stamp tells a file from another version of it.
type stamp struct {
	size    int64
	modTime int64 // nanoseconds since the epoch
}

func stampOf(path string) (s stamp, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return s, false
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}, true
}

// Open opens the run that key describes in a folder of runs, or begins it. Name is
// what people find in the file. Runs that were left long ago are forgotten.
func Open(folder, name string, key ...string) (*Run, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	forget(folder, time.Now().Add(-forgotten))
	digest := sha256.New()
	for _, part := range key {
		fmt.Fprintf(digest, "%q\n", part)
	}
	path := filepath.Join(folder, hex.EncodeToString(digest.Sum(nil)[:16])+extension)
	file, err := lock(path)
	if err != nil {
		return nil, err
	}
	r := &Run{file: file, done: map[[16]byte]stamp{}}
	if err := r.read(name); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return r, nil
}

// lock opens and locks a file. One that a run just finished with is opened anew.
func lock(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = ErrBusy
			}
			return nil, errors.Join(err, file.Close())
		}
		ours, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(ours, there) {
			return file, nil
		}
		_ = file.Close()
	}
}

// read takes up what is done. A last line that was not written to its end is cut
// off; others that cannot be read count for nothing.
func (r *Run) read(name string) error {
	in := bufio.NewReader(r.file)
	var whole int64
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(line, heading) {
			break // of another kind: begin anew
		}
		whole += int64(len(line))
		if path, s, intact := parse(line); intact {
			r.done[keyOf(path)] = s
		}
	}
	if err := r.file.Truncate(whole); err != nil {
		return err
	}
	if whole == 0 {
		_, err := fmt.Fprintf(r.file, "%s%q\n", heading, name)
		return err
	}
	r.begun = true
	return nil
}

// Begun reports whether an earlier process was at this very work, and did not come
// to its end.
func (r *Run) Begun() bool { return r.begun }

func keyOf(path string) (key [16]byte) {
	sum := sha256.Sum256([]byte(path))
	return [16]byte(sum[:16])
}

// Known is how many photos were done before.
func (r *Run) Known() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.done)
}

// Done reports whether a photo, as it is now, was done before, and its outputs are
// as they were written.
func (r *Run) Done(path string, size int64, modTime time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.done[keyOf(path)]
	return ok && s == stamp{size, modTime.UnixNano()}
}

// Add writes down that a photo is done, of which size and time were taken before
// it was begun. Outputs are its files.
func (r *Run) Add(path string, size int64, modTime time.Time, outputs []string) error {
	var line bytes.Buffer
	s := stamp{size, modTime.UnixNano()}
	add := func(path string, s stamp) {
		fmt.Fprintf(&line, "%s %d %d ", strconv.Quote(path), s.size, s.modTime)
	}
	add(path, s)
	for _, o := range outputs {
		if o, err := filepath.Abs(o); err == nil {
			written, _ := stampOf(o) // gone again: it is done again
			add(o, written)
		}
	}
	line.Truncate(line.Len() - 1)
	line.WriteByte('\n')
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return nil
	}
	_, r.failed = r.file.Write(line.Bytes()) // one call: a process that is killed has written all of it or nothing
	r.done[keyOf(path)] = s
	return r.failed
}

// Finish ends a run that has gone through all files: nothing remains of it.
func (r *Run) Finish() error { return errors.Join(os.Remove(r.file.Name()), r.file.Close()) }

// Close leaves the run for another time.
func (r *Run) Close() error { return r.file.Close() }

// parse reads a line. It is not intact where one of the outputs is not as it was.
func parse(line string) (path string, s stamp, intact bool) {
	rest := strings.TrimSuffix(line, "\n")
	for first := true; rest != ""; first = false {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return "", s, false
		}
		name, err := strconv.Unquote(quoted)
		var now stamp
		n, err2 := fmt.Sscanf(rest[len(quoted):], " %d %d", &now.size, &now.modTime)
		if err != nil || err2 != nil || n != 2 {
			return "", s, false
		}
		rest = rest[len(quoted):]
		for range 2 {
			_, rest, _ = strings.Cut(strings.TrimPrefix(rest, " "), " ")
			rest = " " + rest
		}
		rest = strings.TrimPrefix(rest, " ")
		if first {
			path, s = name, now
			continue
		}
		if there, ok := stampOf(name); !ok || there != now {
			return "", s, false
		}
	}
	return path, s, path != ""
}

// forget removes runs that nobody went on with since then.
func forget(folder string, then time.Time) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) != extension || !info.ModTime().Before(then) {
			continue
		}
		if file, err := lock(filepath.Join(folder, e.Name())); err == nil {
			_ = errors.Join(os.Remove(file.Name()), file.Close())
		}
	}
}
