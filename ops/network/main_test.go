package network_test

import (
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) {
	os.Exit(vipstest.Run(func() int { return onnxtest.Run(m) }))
}

// original is a clean photo that the repository carries, CC0.
const original = "../../packaging/demo/originals/osprey.webp"

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// fixture is one of the small networks of package onnx's tests.
func fixture(tb testing.TB, name string) network.Model {
	tb.Helper()
	return must[network.Model](tb)(network.ReadModel("onnx/testdata/" + name + ".onnx"))
}

// build makes an operator of one model, closed after the test.
func build(tb testing.TB, m network.Model, size int, env ops.Env) *network.Operator {
	tb.Helper()
	return open(tb, network.Options{Name: "test", Models: []network.Model{m}, Tiling: network.Tiling{Size: size}, Strength: 1}, env)
}

func open(tb testing.TB, o network.Options, env ops.Env) *network.Operator {
	tb.Helper()
	onnxtest.Need(tb)
	op := must[*network.Operator](tb)(network.New(o, env))
	tb.Cleanup(func() {
		if err := op.Close(); err != nil {
			tb.Error(err)
		}
	})
	return op
}

var cpu = ops.Env{Devices: devices("cpu"), Threads: 2}

func devices(s string) device.List {
	all, err := device.ParseList(s)
	if err != nil {
		panic(err)
	}
	return all
}

// restored is what op makes of p, and what it notes; p is closed.
func restored(tb testing.TB, op ops.Operator, p *vips.Image) (*vips.Image, map[string]string) {
	tb.Helper()
	defer p.Close()
	var notes ops.Notes
	out := must[ops.Image](tb)(op.Apply(ops.WithNotes(tb.Context(), &notes), []ops.Image{{Pixels: p}}))
	tb.Cleanup(out.Close)
	return out.Pixels, notes.All()
}

// crop is a part of the clean photo.
func crop(tb testing.TB, x, y, w, h int) *vips.Image {
	tb.Helper()
	whole := must[*vips.Image](tb)(vips.Open(original, vips.Random))
	defer whole.Close()
	return must[*vips.Image](tb)(whole.Do("extract_area", vips.Args{"left": x, "top": y, "width": w, "height": h}))
}

func values(tb testing.TB, p *vips.Image) []byte {
	tb.Helper()
	return must[[]byte](tb)(p.Pixels())
}

// gap is the largest difference.
func gap(a, b []byte) (most int) {
	for i, v := range a {
		most = max(most, int(v)-int(b[i]), int(b[i])-int(v))
	}
	return most
}
