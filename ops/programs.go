package ops

import (
	"context"
	"errors"
	"io"
)

// Programs starts the programs of operators that the configuration declares.
// Its methods may be called from several goroutines.
type Programs interface {
	// Start starts the program of the operator of that name. digest is that of the
	// program's own files, as the operator was built with: where they hold something
	// else by now, nothing is started.
	Start(ctx context.Context, operator, digest string) (Program, error)
}

// Program is a program that runs: what is written to it is its standard input,
// what is read from it its standard output.
type Program interface {
	io.ReadWriter
	// End ends the program and all that it started, if they have not ended, and
	// waits for that. It tells how the program ended, in words, and what it last
	// said on standard error. It may be called more than once.
	End() (cause string)
}

// ErrProgramChanged is why a program is not started whose files are not what they
// were when the operator was built.
var ErrProgramChanged = errors.New("the program's file has changed since the configuration was read")

// fatalError is a failure that ended what worked on the photo.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// Fatal marks a failure of a photo that ended the program which worked on it, or
// after which the program had to be ended. Another try may end differently; the
// photo is not tried for ever.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return fatalError{err}
}

// IsFatal reports whether err was marked by [Fatal].
func IsFatal(err error) bool { return errors.As(err, new(fatalError)) }

type dryKey struct{}

// WithDry says that nothing but what would become of a photo is wanted: an
// operator whose Apply is the work itself leaves it, and returns an image like the
// one that it would make.
func WithDry(ctx context.Context) context.Context { return context.WithValue(ctx, dryKey{}, true) }

// Dry reports whether [WithDry] was called.
func Dry(ctx context.Context) bool { return ctx.Value(dryKey{}) != nil }
