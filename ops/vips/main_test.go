package vips

import (
	"flag"
	"fmt"
	"os"
	"testing"

	govips "github.com/davidbyttow/govips/v2/vips"
)

var concurrency = flag.Int("vips-concurrency", 0, "libvips threads per image")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := Start(Options{Concurrency: *concurrency}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	Stop()
	os.Exit(code)
}

// checkLeaks fails the test if it leaves images, Go operators or pixel memory
// behind.
func checkLeaks(t *testing.T) {
	t.Helper()
	images, operators, refs := Live(), liveStrips.Load(), govips.OpenImageRefs()
	bytes, _ := Memory()
	t.Cleanup(func() {
		t.Helper()
		if n := Live(); n != images {
			t.Errorf("%d images left open", n-images)
		}
		if n := govips.OpenImageRefs(); n != refs {
			t.Errorf("%d govips images left open", n-refs)
		}
		if n := liveStrips.Load(); n != operators {
			t.Errorf("%d Go operators left alive", n-operators)
		}
		if now, _ := Memory(); now > bytes {
			t.Errorf("%d bytes of pixels left", now-bytes)
		}
	})
}

// must unwraps a result that has to be there.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
