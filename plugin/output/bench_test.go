package output

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// BenchmarkStage writes 12 megapixels as JPEG: encoded alone, and with all that
// an output is checked for.
func BenchmarkStage(b *testing.B) {
	pixels := make([]byte, 4000*3000*3)
	for i := range pixels {
		pixels[i] = byte(i/3%4000*3000/997 + i%3*30)
	}
	p, err := vips.FromMemory(pixels, 4000, 3000, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	folder := b.TempDir()
	path := filepath.Join(folder, "source.jpg")
	if err := p.Save("jpegsave", path, vips.Args{"Q": 90}); err != nil {
		b.Fatal(err)
	}
	img := ops.Image{Pixels: p, Source: &ops.Source{Path: path, Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1}}
	c := &Config{Format: "jpeg", Provenance: true, Collision: naming.Refuse}
	r := Request{Config: c, TempPrefix: staging.Stateless, Encoder: c.Encoder("jpeg"), Path: filepath.Join(folder, "out.jpg"), Provenance: metadata.Provenance{Source: "abc"}}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if err := p.Save("jpegsave", r.Path, vips.Args{"Q": 90, "optimize_coding": true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encode+decode", func(b *testing.B) {
		for b.Loop() {
			if err := p.Save("jpegsave", r.Path, vips.Args{"Q": 90, "optimize_coding": true}); err != nil {
				b.Fatal(err)
			}
			if err := check.File(r.Path, 4000, 3000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stage", func(b *testing.B) {
		for b.Loop() {
			s, err := Stage(context.Background(), img, r)
			if err != nil {
				b.Fatal(err)
			}
			s.Discard()
		}
	})
}
