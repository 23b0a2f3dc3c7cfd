package cmd

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// output is standard output. It keeps the first error of a write, since few of
// those who print look at it: a full disk must not pass for success. A reader
// that went away is none. It is safe for concurrent use.
type output struct {
	file *os.File

	mu  sync.Mutex
	err error
}

// Write writes to standard output.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// Fd is for [terminal].
func (o *output) Fd() uintptr { return o.file.Fd() }

// lost is the first error of a write, unless err holds it already.
func (o *output) lost(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || errors.Is(err, o.err) {
		return nil
	}
	return fmt.Errorf("standard output: %w", o.err)
}
