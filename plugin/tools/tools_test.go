package tools_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	library, err := onnxtest.Library()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		os.Exit(0)
	}
	os.Setenv(onnx.LibraryEnv, library)
	stop, err := plugin.Start(plugin.Runtime{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if n := vips.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d images were not closed\n", n)
		code = 1
	}
	if err := errors.Join(stop(), goleak.Find()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestTryProviders(t *testing.T) {
	if err := plugin.StartRestoration("", nil); err != nil {
		t.Fatal(err)
	}
	all, err := tools.TryProviders()
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, p := range all {
		t.Logf("%s, %s: %s, %v", p.Device, p.Name, p.SelfTest, p.Err)
		if p.Err == nil && p.SelfTest.Provider != p.Name {
			t.Errorf("%s works, but %q ran", p.Name, p.SelfTest.Provider)
		}
	}
	if last := all[len(all)-1]; last.Device != "cpu" || last.Err != nil || last.SelfTest.SecondsPerMP <= 0 {
		t.Errorf("the CPU: %+v", last)
	}
}

// One photo of each kind of output says what it is; two of equal pixels do not
// differ.
func TestCompareAndExplain(t *testing.T) {
	const original, worse = "../../packaging/demo/originals/osprey.webp", "../../packaging/demo/photos/osprey-q10.jpg"
	same, err := tools.DeltaE(original, original)
	if err != nil || same != 0 {
		t.Errorf("ΔE of a file and itself is %g, %v", same, err)
	}
	if other, err := tools.DeltaE(original, worse); err != nil || other <= 0 {
		t.Errorf("ΔE is %g, %v", other, err)
	}
	if _, err := tools.PSNR(original, "testdata/missing.png"); err == nil {
		t.Error("a missing file was compared")
	}
	e, err := tools.Explain(worse)
	if err != nil || e.Format != "jpeg" || e.Pages != 1 || e.Provenance != nil {
		t.Errorf("%+v, %v", e, err)
	}
}
