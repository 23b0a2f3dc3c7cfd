package network_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// A second family: a model of another program, whose contract the family declares,
// with photos left alone by what the file says and by what the network changes.
func TestForeignModel(t *testing.T) {
	m := fixture(t, "bare")
	m.Contract = &network.Contract{Name: "theirs", Version: "2", Multiple: 4, Tile: 64, RangeHigh: 255}
	var seen pixelsSeen
	op := open(t, network.Options{
		Name: "denoise", Models: []network.Model{m}, Strength: 1, Tiling: network.Tiling{Size: 192}, // one tile
		Skip: network.Skip{
			File:  func(src *ops.Source) (string, bool) { return "a GIF", src != nil && src.Format == "gif" },
			Tiles: func(ops.Image) (network.Judge, string) { return &seen, "" },
		},
	}, cpu)
	part := crop(t, 0, 0, 150, 90)
	defer part.Close()
	want := values(t, part)
	if got, notes := restored(t, op, part.Ref()); gap(values(t, got), want) > 0 || notes["model"] != "theirs 2" || op.Describe() != "denoise theirs 2 on cpu" {
		t.Errorf("pixels moved, or notes %v of %s", notes, op.Describe())
	}
	for format, why := range map[string]string{"gif": "a GIF", "png": "all clean"} {
		var notes ops.Notes
		out, err := op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{{Pixels: part, Source: &ops.Source{Format: format}}})
		if err != nil {
			t.Fatal(err)
		}
		if !out.Unchanged || notes.All()["left_alone"] != why || notes.All()["model"] != "" {
			t.Errorf("%s: left alone: %t, notes %v", format, out.Unchanged, notes.All())
		}
		out.Close()
	}
	if seen != 150*90 {
		t.Errorf("the judge saw %d pixels", seen)
	}
}

// pixelsSeen is a [network.Judge] of one tile at a time.
type pixelsSeen int

func (p *pixelsSeen) Tile(_, _ tile.Planar, part tile.Rect) { *p += pixelsSeen(part.W * part.H) }
func (*pixelsSeen) Verdict() (string, bool)                 { return "all clean", true }

// A network that misbehaves publishes nothing, and says where.
func TestMisbehavingNetworks(t *testing.T) {
	for model, words := range map[string]string{"black": "moved the mean", "nan": "not finite"} {
		op := build(t, fixture(t, model), 128, cpu)
		part := crop(t, 0, 0, 100, 80)
		dark := must[*vips.Image](t)(part.Do("linear", vips.Args{"a": []float64{1, 1, 0}, "b": []float64{0, 0, 0}, "uchar": true}))
		part.Close()
		out := must[ops.Image](t)(op.Apply(t.Context(), []ops.Image{{Pixels: dark}}))
		if _, err := out.Pixels.Pixels(); err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "tile") {
			t.Errorf("%s: got %v", model, err)
		}
		out.Close()
		dark.Close()
	}
}

// A network that is broken for one shape of tiles is given smaller ones.
func TestSmallerTilesAreTheFallback(t *testing.T) {
	// Two tiles of 128, and no smaller ones would do; one strip, which is asked for once.
	part := crop(t, 0, 0, 192, 128)
	want := values(t, part)
	op := build(t, fixture(t, "black_at_128"), 128, cpu)
	var notes ops.Notes
	out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{{Pixels: part}}))
	defer out.Close()
	defer part.Close()
	if most := gap(values(t, out.Pixels), want); most > 0 {
		t.Errorf("pixels moved by %d", most)
	}
	if note := notes.All()["fallback_used"]; note != "2 of the tiles by tiles of 80 pixels" {
		t.Errorf("the result says %q", note)
	}
}
