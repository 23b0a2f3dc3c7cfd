package tile

import (
	"testing"
)

func BenchmarkLoad(b *testing.B) {
	b.Run("uint8", benchLoad[uint8])
	b.Run("uint16", benchLoad[uint16])
}

func BenchmarkStore(b *testing.B) {
	b.Run("uint8", benchStore[uint8])
	b.Run("uint16", benchStore[uint16])
}

func benchLoad[T Sample](b *testing.B) {
	src, dst := noise[T](512, 512, 3), NewPlanar(Rect{0, 0, 512, 512})
	b.SetBytes(512 * 512)
	for b.Loop() {
		if err := Load(dst, src, 512, 512, Repeat); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStore[T Sample](b *testing.B) {
	dst, src := noise[T](512, 512, 3), NewPlanar(Rect{0, 0, 512, 512})
	if err := Load(src, dst, 512, 512, Repeat); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(512 * 512)
	for b.Loop() {
		if err := Store(dst, src, src.Rect); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStitch is what planning, filling, joining and writing cost a photo of
// 12 megapixels beside the network.
func BenchmarkStitch(b *testing.B) {
	src := noise[uint8](4000, 3000, 3)
	p := layouts[1].Plan(4000, 3000)
	b.SetBytes(4000 * 3000)
	b.ReportAllocs()
	for b.Loop() {
		s := NewStitcher(p)
		w := NewPlanar(Rect{0, 0, 256, 256})
		for k := range p.Strips() {
			err := s.Strip(k, func(tiles []Tile, done func(Planar)) error {
				for _, t := range tiles {
					w.Rect = t.Rect
					if err := Load(w, src, 4000, 3000, Repeat); err != nil {
						return err
					}
					done(w)
				}
				return nil
			}, func(w Planar, part Rect) { _ = Store(src, w, part) })
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
