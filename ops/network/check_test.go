package network

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/tile"
)

func TestCheck(t *testing.T) {
	fill := func(p tile.Planar, f func(c, x, y int) float32) tile.Planar {
		for i := range p.Pix {
			w, h := p.Rect.W, p.Rect.H
			p.Pix[i] = f(i/(w*h), i%w, i/w%h)
		}
		return p
	}
	rect := tile.Rect{X: 64, Y: 32, W: 96, H: 80}
	picture := func(c, x, y int) float32 {
		return float32(0.5 + 0.3*math.Sin(float64(x*(c+1))/9)*math.Cos(float64(y)/7))
	}
	in := fill(tile.NewPlanar(rect), picture)
	for _, test := range []struct {
		name     string
		f        func(c, x, y int) float32
		rejected bool
	}{
		{"the same", picture, false},
		{"as much as restoration does", func(c, x, y int) float32 {
			return picture(c, x, y) + 0.04*float32(1-2*((x/8+y/8)%2))
		}, false},
		{"black", func(int, int, int) float32 { return 0 }, true},
		{"one blank channel", func(c, x, y int) float32 {
			if c == 1 {
				return 1
			}
			return picture(c, x, y)
		}, true},
		{"a colour cast", func(c, x, y int) float32 { return picture(c, x, y) + 0.06*float32(c/2) }, true},
		{"one black block", func(c, x, y int) float32 {
			if x >= 32 && x < 64 && y < 32 {
				return 0
			}
			return picture(c, x, y)
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := check(in, fill(tile.NewPlanar(rect), test.f), blockShift)
			if (err != nil) != test.rejected {
				t.Errorf("got %v, want it rejected: %t", err, test.rejected)
			}
		})
	}
}
