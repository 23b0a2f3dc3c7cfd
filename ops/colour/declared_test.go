package colour

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// box is a box of an ISO media file.
func box(kind string, parts ...string) string {
	content := kind
	for _, p := range parts {
		content += p
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(content)+4))) + content
}

// heif is a file whose primary picture, 2, is made of 1; its code points
// belong to the picture given.
func heif(owner byte) []byte {
	nclx := box("colr", "nclx\x00\x0c\x00\x0d\x00\x06\x80")
	return []byte(box("ftyp", "avif\x00\x00\x00\x00") + box("meta", "\x00\x00\x00\x00",
		box("pitm", "\x00\x00\x00\x00\x00\x02"),
		box("iref", "\x00\x00\x00\x00", box("dimg", "\x00\x02\x00\x01\x00\x01")),
		box("iprp", box("ipco", box("free"), nclx),
			box("ipma", "\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x01"+at(owner, 1)+"\x00\x02\x01"+at(owner, 2)))))
}

// at is the number of the property that holds code points where the picture is
// their owner.
func at(owner, picture byte) string {
	if owner == picture {
		return "\x82"
	}
	return "\x01"
}

func TestCodePointsOfParts(t *testing.T) {
	for owner, want := range map[byte]bool{1: true, 2: true, 3: false} { // a grid's own, its parts', another's
		data := heif(owner)
		c, err := isoColours(bytes.NewReader(data), int64(len(data)))
		if err != nil || (c != nil) != want {
			t.Errorf("of %d: %v, %v", owner, c, err)
		}
		if c != nil && *c != (cicp{12, 13, 6, true}) {
			t.Errorf("of %d: %+v", owner, *c)
		}
	}
}

// A hostile file names one part, and one property of it, as often as it has room
// for; that costs no more than to read it.
func TestPartsThatAreNamedOften(t *testing.T) {
	nclx := box("colr", "nclx\x00\x0c\x00\x0d\x00\x06\x80")
	free := "\x00\x01\xff" + strings.Repeat("\x01", 255)
	data := []byte(box("ftyp", "avif\x00\x00\x00\x00") + box("meta", "\x00\x00\x00\x00",
		box("pitm", "\x00\x00\x00\x00\x00\x02"),
		box("iref", "\x00\x00\x00\x00", box("dimg", "\x00\x02\x80\x00"+strings.Repeat("\x00\x01", 1<<15))),
		box("iprp", box("ipco", box("free")+strings.Repeat(nclx, 2000)),
			box("ipma", "\x00\x00\x00\x00\x00\x00\x10\x00"+strings.Repeat(free, 1<<12)))))
	begin := time.Now()
	c, err := isoColours(bytes.NewReader(data), int64(len(data)))
	if err != nil || c != nil {
		t.Errorf("%v, %v", c, err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("%d bytes took %v", len(data), took)
	}
}

// What a PNG's code points say is honoured for RGB of full range, and high dynamic
// range is told of any.
func TestCodePointsOfPNG(t *testing.T) {
	for content, want := range map[string]*cicp{
		"\x0c\x0d\x00\x01": {12, 13, 0, true},
		"\x0c\x0d\x00\x00": nil,
		"\x0c\x0d\x01\x01": nil,
		"\x09\x10\x00\x00": {9, 16, 0, false},
		"\x09\x12\x09\x01": {9, 18, 9, true},
	} {
		var p pngColours
		p.chunk("cICP", []byte(content))
		if (p.cicp == nil) != (want == nil) || want != nil && *p.cicp != *want {
			t.Errorf("%q: %v, want %v", content, p.cicp, want)
		}
	}
}

func TestPrimariesThatAreNotKnown(t *testing.T) {
	for primaries, known := range map[int]bool{1: true, 2: true, 8: true, 9: true, 10: false} {
		made, _, why := cicp{primaries: primaries, transfer: 8}.profile(icc.RGB)
		if (made != nil) != known || (why == "") != known {
			t.Errorf("%d: %d bytes, %q", primaries, len(made), why)
		}
	}
}

func FuzzISOColours(f *testing.F) {
	f.Add(heif(1))
	f.Add(heif(2))
	f.Add([]byte(box("meta")))
	f.Add([]byte("\x00\x00\x00\x01meta\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := isoColours(bytes.NewReader(data), int64(len(data))); err == nil && c != nil {
			made(t, declaration{format: "avif", cicp: c})
		}
	})
}

func FuzzPNGDeclaration(f *testing.F) {
	chunk := func(name, data string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(data)))) + name + data + "crc "
	}
	const start = "\x89PNG\r\n\x1a\n"
	f.Add([]byte(start + chunk("cICP", "\x0c\x0d\x00\x01") + chunk("IDAT", "")))
	f.Add([]byte(start + chunk("gAMA", "\x00\x00\xb1\x8f") + chunk("cHRM", "\x00\x00\x7a\x26\x00\x00\x80\x84\x00\x00\xfa\x00\x00\x00\x80\xe8\x00\x00\x75\x30\x00\x00\xea\x60\x00\x00\x3a\x98\x00\x00\x17\x70")))
	f.Add([]byte(start + chunk("iCCP", "a\x00\x00") + chunk("sRGB", "\x00")))
	f.Add([]byte(start + "\xff\xff\xff\xffcHRM"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := pngDeclaration(bytes.NewReader(data))
		made(t, declaration{format: "png", png: p, cicp: p.cicp})
	})
}

// made requires every profile that is made of a declaration to be sound.
func made(t *testing.T, d declaration) {
	t.Helper()
	for _, space := range []string{icc.RGB, icc.Gray, icc.CMYK, ""} {
		data, _, why := d.profile(space)
		if data == nil {
			continue
		}
		p, err := icc.Parse(data)
		if err != nil || why != "" || p.Fits(space) != nil {
			t.Errorf("%q: %v, %q, of %+v", space, err, why, d)
		}
	}
}

func FuzzJPEGProfiles(f *testing.F) {
	profile := icc.NewGray(icc.Gamma(2.2), "gray")
	segment := func(content string) string {
		return "\xff\xe2" + string(binary.BigEndian.AppendUint16(nil, uint16(len(content)+2))) + content
	}
	f.Add([]byte("\xff\xd8" + segment(iccMarker+"\x01\x01"+string(profile)) + "\xff\xda"))
	f.Add([]byte("\xff\xd8" + segment(iccMarker+"\x02\x02"+string(profile[:90])) + segment(iccMarker+"\x01\x02"+string(profile[90:]))))
	f.Add([]byte("\xff\xd8\xff\xe2\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		profiles, lost := jpegProfiles(bufio.NewReader(bytes.NewReader(data)))
		if (len(profiles) > 0) != (lost != "") {
			t.Errorf("%d profiles, %q", len(profiles), lost)
		}
		for _, p := range profiles {
			if len(p) > len(data) {
				t.Errorf("a profile of %d bytes of %d", len(p), len(data))
			}
			_, _ = icc.Parse(icc.Mend(p))
		}
	})
}

// Whatever a profile holds, it is used or left out, and leaves no image open.
// What libvips does in its threads is no food for a fuzzer, which counts
// branches: these are random and the same in every run.
func TestDamagedProfiles(t *testing.T) {
	rgb, err := icc.New(icc.P3Primaries, icc.SRGBCurve, "P3")
	if err != nil {
		t.Fatal(err)
	}
	p, err := vips.FromMemory(make([]byte, 3), 1, 1, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	random := rand.New(rand.NewPCG(1, 2))
	used := 0
	for range 300 {
		data := bytes.Clone(rgb)
		for range 1 + random.IntN(6) {
			data[random.IntN(len(data))] = byte(random.IntN(256))
		}
		if usable(p, icc.Mend(data[:len(data)-random.IntN(2)*random.IntN(len(data))])) == nil {
			used++
		}
	}
	if used == 0 || used == 300 {
		t.Errorf("%d of 300 are used", used)
	}
}

// A profile is read with an intent that it has a table for: libvips takes another
// profile otherwise.
func TestIntent(t *testing.T) {
	matrix, err := icc.New(icc.P3Primaries, icc.SRGBCurve, "P3")
	if err != nil {
		t.Fatal(err)
	}
	tabled := func(names ...string) []byte { // in place of the colorants
		data := bytes.Clone(matrix)
		for i, column := range []string{"rXYZ", "gXYZ", "bXYZ"} {
			name := "none"
			if i < len(names) {
				name = names[i]
			}
			data = bytes.Replace(data, []byte(column), []byte(name), 1)
		}
		return data
	}
	for _, test := range []struct {
		profile      []byte
		wanted, want string
	}{
		{matrix, "relative", "relative"},
		{matrix, "saturation", "saturation"},
		{tabled("A2B0"), "relative", "perceptual"},
		{tabled("A2B0"), "absolute", "perceptual"},
		{tabled("A2B1"), "perceptual", "relative"},
		{tabled("A2B1"), "absolute", "absolute"},
		{tabled("A2B0", "A2B1"), "saturation", "perceptual"},
		{tabled("A2B0", "A2B1", "A2B2"), "saturation", "saturation"},
		{icc.NewGray(icc.Gamma(2.2), "gray"), "relative", "relative"},
		{nil, "relative", "relative"},
	} {
		if got := Intent(test.profile, test.wanted); got != test.want {
			t.Errorf("%s: %s, want %s", test.wanted, got, test.want)
		}
	}
}
