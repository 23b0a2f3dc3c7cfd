// Package spool keeps what a reader holds in a file, within a limit. It knows no
// image.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrEmpty is a reader that holds nothing.
var ErrEmpty = errors.New("it is empty")

// TooLargeError is a reader that holds more than a limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return fmt.Sprintf("it holds more than %d bytes", e.Limit) }

// ReadError is a failure of the reader, as opposed to one of the file.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return e.Err.Error() }

// Unwrap returns the reader's own error.
func (e *ReadError) Unwrap() error { return e.Err }

// Keep writes what r holds to a new file, up to a limit in bytes; 0 is none.
// Where the context ends first, Keep returns its cause at once, and a call of
// r.Read that blocks is left behind. The file is the caller's to remove, after an
// error as well.
func Keep(ctx context.Context, path string, r io.Reader, limit int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), f.Close())
	}
	kept := make(chan error, 1)
	go func() {
		err := keep(ctx, f, r, limit)
		kept <- errors.Join(err, f.Close())
	}()
	select {
	case err := <-kept:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// keep copies until the end of r, the limit, or the end of ctx.
func keep(ctx context.Context, f *os.File, r io.Reader, limit int64) error {
	part, total := make([]byte, 64<<10), int64(0)
	for ctx.Err() == nil {
		n, err := r.Read(part)
		total += int64(n)
		if limit > 0 && total > limit {
			return &TooLargeError{limit}
		}
		if _, err := f.Write(part[:n]); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF) && total == 0:
			return ErrEmpty
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return &ReadError{err}
		}
	}
	return context.Cause(ctx)
}
