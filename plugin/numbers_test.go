package plugin_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// tiffOf is an uncompressed TIFF: what its numbers are and mean, and the
// numbers.
type tiffOf struct {
	bands, bits, sample, photometric uint16
	extra                            []uint16
	profile                          []byte
	at                               func(x, band int) any
}

const tiffWide, tiffHigh = 64, 48

func (f tiffOf) file() []byte {
	var data bytes.Buffer
	for range tiffHigh {
		for x := range tiffWide {
			for b := range int(f.bands) {
				binary.Write(&data, binary.LittleEndian, f.at(x, b))
			}
		}
	}
	type entry struct {
		tag, kind uint16
		values    []uint16
		blob      []byte
	}
	each := func(v uint16) []uint16 { return slices.Repeat([]uint16{v}, int(f.bands)) }
	entries := []entry{
		{256, 3, []uint16{tiffWide}, nil}, {257, 3, []uint16{tiffHigh}, nil}, {258, 3, each(f.bits), nil}, {259, 3, []uint16{1}, nil},
		{262, 3, []uint16{f.photometric}, nil}, {273, 4, nil, nil}, {277, 3, []uint16{f.bands}, nil}, {278, 3, []uint16{tiffHigh}, nil},
		{279, 4, nil, nil}, {284, 3, []uint16{1}, nil}, {339, 3, each(f.sample), nil},
	}
	if len(f.extra) > 0 {
		entries = slices.Insert(entries, 10, entry{338, 3, f.extra, nil})
	}
	if len(f.profile) > 0 {
		entries = append(entries, entry{34675, 7, nil, f.profile})
	}
	head := binary.LittleEndian.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(entries)))
	behind := len(head) + 12*len(entries) + 4
	var far []byte
	sizeAt := map[uint16]int{}
	for _, e := range entries {
		content := e.blob
		for _, v := range e.values {
			content = binary.LittleEndian.AppendUint16(content, v)
		}
		count := max(len(e.values), len(e.blob), 1)
		head = binary.LittleEndian.AppendUint16(head, e.tag)
		head = binary.LittleEndian.AppendUint16(head, e.kind)
		head = binary.LittleEndian.AppendUint32(head, uint32(count))
		sizeAt[e.tag] = len(head)
		if len(content) > 4 {
			head = binary.LittleEndian.AppendUint32(head, uint32(behind+len(far)))
			far = append(far, content...)
			far = append(far, make([]byte, len(far)%2)...)
		} else {
			head = append(head, append(content, make([]byte, 4-len(content))...)...)
		}
	}
	head = append(append(head, 0, 0, 0, 0), far...)
	binary.LittleEndian.PutUint32(head[sizeAt[273]:], uint32(len(head)))
	binary.LittleEndian.PutUint32(head[sizeAt[279]:], uint32(data.Len()))
	return append(head, data.Bytes()...)
}

// linear is the light of an sRGB value of 0 to 1.
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Numbers of every format come out in the display's range in every format, or
// the photo is refused with a reason. The right picture is a ramp of sRGB from
// 0 to 1 in all bands, whose mean is 127.5.
func TestNumbersOfEveryFormat(t *testing.T) { // libvips PR#5123, #344
	b := newFixture(t, everyFormat)
	v := func(x int) float64 { return float64(x) / (tiffWide - 1) }
	const gray, rgb, separated, lab = 1, 2, 5, 8
	const unsigned, signed, floating, complexInt, complexFloat = 1, 2, 3, 5, 6
	opaque := func(bands int, f func(x int) any, full any) func(x, b int) any {
		return func(x, b int) any {
			if b >= bands {
				return full
			}
			return f(x)
		}
	}
	light := func(x int) any { return float32(linear(v(x))) }
	for i, test := range []struct {
		name    string
		file    tiffOf
		refused string
	}{
		{"8 bits", tiffOf{3, 8, unsigned, rgb, nil, nil, func(x, _ int) any { return uint8(v(x)*255 + 0.5) }}, ""},
		{"16 bits", tiffOf{3, 16, unsigned, rgb, nil, nil, func(x, _ int) any { return uint16(v(x) * 65535) }}, ""},
		{"32 bits", tiffOf{3, 32, unsigned, rgb, nil, nil, func(x, _ int) any { return uint32(v(x) * math.MaxUint32) }}, ""},
		{"32 bits of gray", tiffOf{1, 32, unsigned, gray, nil, nil, func(x, _ int) any { return uint32(v(x) * math.MaxUint32) }}, ""},
		{"32 bits, few used", tiffOf{3, 32, unsigned, rgb, nil, nil, func(x, _ int) any { return uint32(v(x) * 255) }}, "would be black"},
		{"signed 8", tiffOf{3, 8, signed, rgb, nil, nil, func(x, _ int) any { return int8(v(x) * 127) }}, "signed numbers"},
		{"signed 16", tiffOf{3, 16, signed, rgb, nil, nil, func(x, _ int) any { return int16(v(x) * 32767) }}, "signed numbers"},
		{"signed 16 gray", tiffOf{1, 16, signed, gray, nil, nil, func(x, _ int) any { return int16(v(x) * 32767) }}, "signed numbers"},
		{"signed 32", tiffOf{3, 32, signed, rgb, nil, nil, func(x, _ int) any { return int32(v(x) * math.MaxInt32) }}, "signed numbers"},
		{"float", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any { return light(x) }}, ""},
		{"float gray", tiffOf{1, 32, floating, gray, nil, nil, func(x, _ int) any { return light(x) }}, ""},
		{"float with alpha", tiffOf{4, 32, floating, rgb, []uint16{2}, nil, opaque(3, light, float32(1))}, ""},
		{"float gray with alpha", tiffOf{2, 32, floating, gray, []uint16{2}, nil, opaque(1, light, float32(1))}, ""},
		{"float with two extra bands", tiffOf{5, 32, floating, rgb, []uint16{0, 0}, nil, opaque(3, light, float32(1))}, ""},
		{"float of 0 to 255", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any { return float32(v(x) * 255) }}, ""},
		{"float of 0 to 65535", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any { return float32(v(x) * 65535) }}, ""},
		{"float gray of 0 to 255", tiffOf{1, 32, floating, gray, nil, nil, func(x, _ int) any { return float32(v(x) * 255) }}, ""},
		{"float beyond all ranges", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any { return float32(v(x) * 1e6) }}, "no range of colours"},
		{"float with a sound profile", tiffOf{3, 32, floating, rgb, nil, made(t, icc.SRGBPrimaries), func(x, _ int) any { return float32(v(x)) }}, ""},
		{"NaN", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any { return float32(math.NaN()) }}, "NaN"},
		{"some NaN", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any {
			if x == 7 {
				return float32(math.NaN())
			}
			return light(x)
		}}, "NaN"},
		{"infinite", tiffOf{3, 32, floating, rgb, nil, nil, func(x, _ int) any {
			if x == 7 {
				return float32(math.Inf(1))
			}
			return light(x)
		}}, "infinite"},
		{"float CMYK", tiffOf{4, 32, floating, separated, nil, nil, func(x, _ int) any { return light(x) }}, "cannot be shown"},
		{"complex", tiffOf{1, 64, complexFloat, gray, nil, nil, func(x, _ int) any { return complex64(complex(v(x), 0)) }}, "cannot be"},
		{"complex whole", tiffOf{1, 32, complexInt, gray, nil, nil, func(x, _ int) any { return uint32(x) }}, "cannot be"},
		{"double", tiffOf{3, 64, floating, rgb, nil, nil, func(x, _ int) any { return v(x) }}, "floating-point numbers of 64 bits; save it"},
		{"half", tiffOf{3, 16, floating, rgb, nil, nil, func(x, _ int) any { return uint16(0x3800) }}, "floating-point numbers of 16 bits; save it"},
		{"half Lab", tiffOf{3, 16, floating, lab, nil, nil, func(x, _ int) any { return uint16(0x3800) }}, "floating-point numbers of 16 bits; save it"},
		{"64 bits", tiffOf{3, 64, unsigned, rgb, nil, nil, func(x, _ int) any { return uint64(x) }}, "whole numbers of 64 bits; save it"},
		{"gray with alpha", tiffOf{2, 8, unsigned, gray, []uint16{2}, nil, opaque(1, func(x int) any { return uint8(v(x)*255 + 0.5) }, uint8(255))}, ""},
		{"alpha multiplied in", tiffOf{4, 8, unsigned, rgb, []uint16{1}, nil, opaque(3, func(x int) any { return uint8(v(x)*255 + 0.5) }, uint8(255))}, ""},
		{"five bands", tiffOf{5, 8, unsigned, rgb, []uint16{0, 0}, nil, func(x, b int) any { return uint8(v(x)*255 + 0.5) }}, ""},
		{"five bands of 16", tiffOf{5, 16, unsigned, rgb, []uint16{0, 0}, nil, func(x, b int) any { return uint16(v(x) * 65535) }}, ""},
		{"three bands of gray", tiffOf{3, 8, unsigned, gray, []uint16{0, 0}, nil, func(x, b int) any { return uint8(v(x)*255 + 0.5) }}, "whose meaning"},
		{"lab", tiffOf{3, 32, floating, lab, nil, nil, func(x, b int) any {
			if b > 0 {
				return float32(0)
			}
			return float32(lightness(linear(v(x))))
		}}, ""},
		{"lab of 8 bits", tiffOf{3, 8, unsigned, lab, nil, nil, func(x, b int) any {
			if b > 0 {
				return uint8(0)
			}
			return uint8(lightness(linear(v(x)))*2.55 + 0.5)
		}}, ""},
		{"lab of whole numbers", tiffOf{3, 32, unsigned, lab, nil, nil, func(x, b int) any { return uint32(x) }}, "cannot be shown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := b.process(b.write(fmt.Sprintf("in/n%d.tif", i), test.file.file()))
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("got %v, want it refused: %s", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			meansOf(t, r.Outputs, 127.5, 2)
		})
	}
}

// lightness is L of CIE Lab.
func lightness(y float64) float64 {
	if y <= 216.0/24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

// The files that were reported (libvips PR#5123, imgproxy#1694).
func TestReportedNumbers(t *testing.T) {
	const folder = "../../shared/cases"
	if _, err := os.Stat(folder); err != nil {
		t.Skip(err)
	}
	b := newFixture(t, strings.Replace(everyFormat, "autorotate: {}", "watermark: {text: mark, size: 0.01, opacity: 0}", 1))
	want := mean8(t, folder+"/reference.png")
	for _, name := range []string{"float_rgb.tif", "lab.tif", "reference.png"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		r := b.done(b.write("in/"+name, data))
		t.Log(r.Notes)
		meansOf(t, r.Outputs, want, 1.5)
	}
}

func meansOf(t *testing.T, outputs []plugin.Output, want, tolerance float64) {
	t.Helper()
	for _, o := range outputs {
		if got := mean8(t, o.Path); math.Abs(got-want) > tolerance {
			t.Errorf("%s: the mean is %.1f, want %.1f", o.Format, got, want)
		}
	}
}

// mean8 is the mean of an 8-bit or 16-bit file's colours on a scale of 255.
func mean8(t *testing.T, path string) float64 {
	t.Helper()
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	n := p.Bands()
	if p.HasAlpha() {
		n--
	}
	c, err := p.Do("extract_band", vips.Args{"band": 0, "n": n})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	switch p.Format() {
	case "uchar":
		return average(t, c)
	case "ushort":
		return average(t, c) / 257
	}
	t.Fatalf("%s: %s numbers", path, p.Format())
	return 0
}
