package plugin_test

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

// What libvips calls untrusted is passed over, with a reason, until the job
// allows its format.
func TestUntrustedFormats(t *testing.T) {
	b := newFixture(t, small)
	svg := b.write("in/a.svg", []byte("<svg xmlns='http://www.w3.org/2000/svg' width='90' height='70'><rect width='40' height='40'/></svg>"))
	for name, path := range map[string]string{
		"svg is not accepted":   svg,
		"pdf is not accepted":   b.write("in/a.jpg", []byte("%PDF-1.7 whatever the name says")),
		"a camera's raw file":   b.write("in/a.cr2", []byte("II*\x00\x10\x00\x00\x00CR\x02\x00")),
		"jxl is not accepted":   b.write("in/a.jxl", []byte("\xff\x0a\x00\x00")),
		"bmp is not accepted: ": b.write("in/a.bmp", []byte("BM........")),
	} {
		result, err := b.process(path)
		if err != nil || result.State != plugin.Skipped || !strings.Contains(result.Reason, name) {
			t.Errorf("%s: %+v, %v", path, result, err)
		}
		plan, err := b.engine.Plan(t.Context(), b.job(path))
		if err != nil || !strings.Contains(plan.Reason, name) {
			t.Errorf("%s: plan %+v, %v", path, plan, err)
		}
	}
	job := b.job(svg)
	job.Allow = []string{"pdf"}
	if result, err := b.engine.Process(t.Context(), job); err != nil || result.State != plugin.Skipped {
		t.Errorf("with another format allowed: %+v, %v", result, err)
	}
	job.Allow = []string{"svg"}
	result, err := b.engine.Process(t.Context(), job)
	if err != nil || result.State != plugin.Done || len(result.Outputs) != 1 {
		t.Errorf("allowed: %+v, %v", result, err)
	}
}

func TestLimitsOfPagesAndBytes(t *testing.T) {
	b := newFixture(t, "limits: {bytes: 2000, pages: 2}\n"+small)
	path := b.photo("large.png", 300, 200, 1)
	info, err := os.Stat(path)
	if err != nil || info.Size() < 2000 {
		t.Skip("the photo is too small", err)
	}
	for want, path := range map[string]string{
		"bytes are over the limit of 2000":  path,
		"3 pages are over the limit of 2; ": b.write("in/pages.tif", pages(3)),
	} {
		_, err := b.process(path)
		var failure *plugin.Error
		if !errors.As(err, &failure) || failure.Kind != plugin.TooLarge || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := b.process(b.write("in/two.tif", pages(2))); err != nil {
		t.Errorf("two pages: %v", err)
	}
}

// pages is a TIFF of n pages with one grey pixel each.
func pages(n int) []byte {
	data := []byte("II*\x00\x08\x00\x00\x00")
	for page := range n {
		const entries = 8
		begin := uint32(len(data))
		pixel := begin + 2 + 12*entries + 4
		put := func(v any) { data, _ = binary.Append(data, binary.LittleEndian, v) }
		put(uint16(entries))
		for _, e := range [][2]uint32{{256, 1}, {257, 1}, {258, 8}, {259, 1}, {262, 1}, {273, pixel}, {278, 1}, {279, 1}} {
			put(uint16(e[0]))
			put(uint16(4))
			put(uint32(1))
			put(e[1])
		}
		next := pixel + 2
		if page == n-1 {
			next = 0
		}
		put(next)
		data = append(data, byte(page), 0)
	}
	return data
}
