// Package onnxtest finds the ONNX Runtime library for tests. The library is not
// part of the repository: `make setup` puts it into bin/lib.
package onnxtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// ErrNoLibrary says that there is no library to test with.
var ErrNoLibrary = errors.New("no ONNX Runtime library: run make setup, or name one in $" + onnx.LibraryEnv)

// Library is the path of the library to test with: $BURNISH_ONNXRUNTIME, or the
// one in bin/lib of the repository around the working directory.
func Library() (string, error) {
	if lib := os.Getenv(onnx.LibraryEnv); lib != "" {
		return lib, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return "", ErrNoLibrary
	}
	lib := filepath.Join(dir, "bin", "lib", "libonnxruntime.so.1")
	if _, err := os.Stat(lib); err != nil {
		return "", ErrNoLibrary
	}
	return lib, nil
}

// Run starts ONNX Runtime, runs the tests and stops it: the body of a TestMain,
// which passes its *testing.M.
// Where there is no library the tests run without, and those that call [Need]
// are skipped.
func Run(m interface{ Run() int }) int {
	lib, err := Library()
	if err != nil {
		return m.Run()
	}
	stop, err := onnx.Start(lib)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := stop(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Need skips a test where ONNX Runtime has not been started.
func Need(tb testing.TB) {
	tb.Helper()
	if onnx.Library() == "" {
		tb.Skip(ErrNoLibrary)
	}
}
