package tools_test

import (
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
	"github.com/burnish-photo/burnish/plugin/tools"
)

func TestMain(m *testing.M) {
	os.Exit(vipstest.Run(func() int { return onnxtest.Run(m) }))
}

func TestTryProviders(t *testing.T) {
	onnxtest.Need(t)
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

// Two files compare by what is seen of them, and a file that Burnish did not make
// says so.
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
