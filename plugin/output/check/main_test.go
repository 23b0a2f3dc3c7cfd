package check

import (
	"fmt"
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

func TestMain(m *testing.M) {
	if err := vips.Start(vips.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if n := vips.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d images were not closed\n", n)
		code = 1
	}
	vips.Stop()
	os.Exit(code)
}
