// Package vipstest runs the tests of packages that work on images.
package vipstest

import (
	"fmt"
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"go.uber.org/goleak"
)

// Main is TestMain: it runs the tests with libvips, and fails where they left
// images open or goroutines running.
func Main(m *testing.M) { os.Exit(Run(m.Run)) }

// Run is [Main] for tests that something else runs; it returns the exit code.
func Run(tests func() int) (code int) {
	if err := vips.Start(vips.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code = tests()
	if n := vips.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d images were not closed\n", n)
		code = 1
	}
	vips.Stop()
	if err := goleak.Find(TextThreads()); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// TextThreads are the threads that write texts, which never end.
func TextThreads() goleak.Option {
	return goleak.IgnoreTopFunction("github.com/burnish-photo/burnish/ops/vips.onTextThread.func1")
}
