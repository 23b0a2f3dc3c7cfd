package vips

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The function's own error, or panic, comes back from every consumer, however
// far down the graph, and nothing but the first counts.
func TestStripsError(t *testing.T) {
	bad := errors.New("the network is down")
	tests := []struct {
		name string
		fail func() error
		is   func(error) bool
	}{
		{"error", func() error { return bad }, func(err error) bool { return errors.Is(err, bad) }},
		{"panic", func() error { panic("index out of range") }, func(err error) bool {
			var p *PanicError
			return errors.As(err, &p) && p.Value == "index out of range" && bytes.Contains(p.Stack, []byte("fault_test.go"))
		}},
		//nolint:staticcheck // the panic is what is tested
		{"nil map", func() error { var m map[int]int; m[1] = 1; return nil }, func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "nil map")
		}},
	}
	consumers := map[string]func(*testing.T, *Image) error{
		"save": func(t *testing.T, i *Image) error {
			return i.Save("jpegsave", filepath.Join(t.TempDir(), "a.jpg"), nil)
		},
		"materialise in memory": func(t *testing.T, i *Image) error { return closed(i.Materialise(t.Context(), math.MaxInt64, "")) },
		"materialise on disc":   func(t *testing.T, i *Image) error { return closed(i.Materialise(t.Context(), 0, t.TempDir())) },
		"pixels":                func(_ *testing.T, i *Image) error { _, err := i.Pixels(); return err },
		"measure":               func(_ *testing.T, i *Image) error { _, err := Call("avg", Args{"in": i}); return err },
		"draw": func(_ *testing.T, i *Image) error {
			return closed(i.Do("draw_flood", Args{"ink": 0.0, "x": 0, "y": 0}))
		},
	}
	for _, tt := range tests {
		for name, consume := range consumers {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				checkLeaks(t)
				runs := 0
				out := stripsOn(t, photo(t, 100, 400), Strips{Height: 50, Func: func(in, out Rows) error {
					runs++
					if out.Top >= 100 {
						return tt.fail()
					}
					return copyRows(in, out)
				}})
				inverted := must[*Image](t)(out.Do("invert", nil))
				defer inverted.Close()
				turned := must[*Image](t)(inverted.WithInt(FieldOrientation, 1))
				defer turned.Close()
				joined := must[Outputs](t)(Call("join", Args{"in1": photo(t, 100, 10), "in2": turned, "direction": "vertical"}))
				defer joined.Close()
				final := joined["out"].(*Image)

				err := consume(t, final)
				if !tt.is(err) {
					t.Fatalf("got %v", err)
				}
				before := runs
				if again := consume(t, final); !tt.is(again) || runs != before {
					t.Errorf("again, after %d runs and %d more: %v", before, runs-before, again)
				}
				if slices.ContainsFunc(final.Fields(), func(f string) bool { return strings.Contains(f, "strips") }) {
					t.Errorf("fields %q", final.Fields())
				}
			})
		}
	}
}

func closed(i *Image, err error) error {
	if err == nil {
		i.Close()
	}
	return err
}

// The error survives a detour through govips, too.
func TestStripsErrorThroughGovips(t *testing.T) {
	checkLeaks(t)
	bad := errors.New("no more memory")
	out := stripsOn(t, photo(t, 50, 50), Strips{Height: 10, Func: func(in, out Rows) error { return bad }})
	ref := out.Govips()
	defer ref.Close()
	if err := ref.Invert(); err != nil {
		t.Fatal(err)
	}
	back := FromGovips(ref)
	defer back.Close()
	if _, err := back.Pixels(); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	if _, _, err := ref.ExportJpeg(nil); err == nil {
		t.Error("govips notices nothing")
	}
}

// An operator lives exactly as long as the images made with it.
func TestStripsLifetime(t *testing.T) {
	checkLeaks(t)
	before := liveStrips.Load()
	out := must[*Image](t)(photo(t, 50, 50).Strips(Strips{Height: 10, Func: copyRows}))
	inverted := must[*Image](t)(out.Do("invert", nil))
	kept := must[*Image](t)(inverted.Materialise(t.Context(), math.MaxInt64, ""))
	defer kept.Close()
	out.Close()
	if got := liveStrips.Load() - before; got != 1 {
		t.Errorf("%d operators alive while an image needs it, want 1", got)
	}
	inverted.Close()
	if got := liveStrips.Load() - before; got != 0 {
		t.Errorf("%d operators alive when only pixels are left, want 0", got)
	}
}
