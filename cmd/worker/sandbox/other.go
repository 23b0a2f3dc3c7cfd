//go:build !linux

package sandbox

import (
	"errors"
	"os"
	"runtime"
)

// Version is the version of Landlock's interface that the kernel offers.
func Version() (int, error) { return 0, errors.New(runtime.GOOS + " has no Landlock") }

// FilterCalls works on Linux alone.
func FilterCalls(landlock, socket, receives int) (*os.File, error) {
	return nil, errors.New(runtime.GOOS + " has no seccomp")
}

// CanFilter reports why system calls cannot be filtered here.
func CanFilter() error { return errors.New(runtime.GOOS + " has no seccomp") }

// Broker answers for system calls on Linux alone.
type Broker struct {
	Listener *os.File
	Denied   func(call string)
}

// Serve has nothing to do.
func (*Broker) Serve() {}

// Confine works on Linux alone.
func (r Rules) Confine() error {
	_, err := Version()
	return err
}

// Program is what a program may do, on Linux alone.
type Program struct {
	Run, Read []string
	Forks     bool
}

// Enter works on Linux alone.
func (Program) Enter(bool) error { return CanFilter() }

// LeaveRoot works on Linux alone.
func LeaveRoot() (bool, error) { return false, nil }
