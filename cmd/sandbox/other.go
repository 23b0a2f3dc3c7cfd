//go:build !linux

package sandbox

import (
	"errors"
	"runtime"
)

// Version is the version of Landlock's interface that the kernel offers.
func Version() (int, error) { return 0, errors.New(runtime.GOOS + " has no Landlock") }

// Confine works on Linux alone.
func (r Rules) Confine() error {
	_, err := Version()
	return err
}
