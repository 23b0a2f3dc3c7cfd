package icc

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestMadeProfilesAreSound(t *testing.T) {
	for name, p := range map[string]Primaries{"sRGB": SRGBPrimaries, "P3": P3Primaries, "2020": BT2020, "Adobe": AdobePrimaries} {
		for _, c := range []Curve{SRGBCurve, Gamma(1), Gamma(2.2)} {
			data, err := New(p, c, name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			profile, err := Parse(data)
			if err != nil || profile.Fits(RGB) != nil || !profile.Matrix() || len(data)%4 != 0 {
				t.Errorf("%s: %v, %v", name, err, profile)
			}
			if !bytes.Equal(Mend(data), data) {
				t.Errorf("%s: it is mended", name)
			}
		}
	}
	gray, err := Parse(NewGray(Gamma(1.8), "gray"))
	if err != nil || gray.Fits(Gray) != nil {
		t.Errorf("gray: %v", err)
	}
}

// The colorants of sRGB are those that its specification gives for D50.
func TestColorants(t *testing.T) {
	data, err := New(SRGBPrimaries, SRGBCurve, "sRGB")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][3]float64{
		"rXYZ": {0.4361, 0.2225, 0.0139}, "gXYZ": {0.3851, 0.7169, 0.0971}, "bXYZ": {0.1431, 0.0606, 0.7141},
	} {
		tag := p.tags[name]
		for i, w := range want {
			got := float64(int32(uint32(tag[8+4*i])<<24|uint32(tag[9+4*i])<<16|uint32(tag[10+4*i])<<8|uint32(tag[11+4*i]))) / 65536
			if math.Abs(got-w) > 0.0005 {
				t.Errorf("%s: %d is %.4f, want %.4f", name, i, got, w)
			}
		}
	}
}

func TestPrimariesThatEncloseNothing(t *testing.T) {
	same := [2]float64{0.3, 0.3}
	for _, p := range []Primaries{
		{}, {same, same, same, D65}, {SRGBPrimaries.Red, SRGBPrimaries.Green, SRGBPrimaries.Blue, [2]float64{0.3, 0}},
		{SRGBPrimaries.Red, SRGBPrimaries.Green, SRGBPrimaries.Blue, [2]float64{0.9, 0.05}},
		{[2]float64{42949, 42949}, SRGBPrimaries.Green, SRGBPrimaries.Blue, D65},
		{[2]float64{0.3128, 0.3291}, [2]float64{0.3126, 0.3292}, [2]float64{0.3127, 0.3287}, D65},       // a point but for rounding
		{[2]float64{0.64, 0.36}, [2]float64{0.4, 0.6}, [2]float64{0.15, 0.06}, [2]float64{0.5, 0.4865}}, // a white that blue cones hardly see
	} {
		if _, err := New(p, SRGBCurve, ""); err == nil {
			t.Errorf("%v: a profile is made", p)
		}
	}
}

func TestMend(t *testing.T) {
	data, err := New(P3Primaries, SRGBCurve, "P3")
	if err != nil {
		t.Fatal(err)
	}
	if got := Mend(append(bytes.Clone(data), 0, 0)); !bytes.Equal(got, data) { // photoprism#5616
		t.Errorf("two bytes more: %d bytes, want %d", len(got), len(data))
	}
	for _, size := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x80", "\x7f\xff\xff\xff"} {
		wrong := bytes.Clone(data)
		copy(wrong, size)
		if got := Mend(wrong); !bytes.Equal(got, data) {
			t.Errorf("a length of %q is not mended", size)
		}
	}
	for _, hopeless := range [][]byte{nil, data[:100], data[:len(data)-8], []byte(strings.Repeat("x", 500))} {
		if got := Mend(hopeless); !bytes.Equal(got, hopeless) {
			t.Errorf("%d bytes were changed", len(hopeless))
		}
	}
}

func TestTransfer(t *testing.T) {
	for name, want := range map[string]int{
		"Rec. ITU-R BT.2100 PQ": 16, "Rec. ITU-R BT.2100 HLG": 18, "RGB_D65_202_Rel_PeQ": 16, "RGB_D65_202_Per_HLG": 18,
		"Display P3": 0, "": 0, "BT.2020": 0, "RGB_D65_SRG_Rel_SRG": 0,
	} {
		data, err := New(BT2020, SRGBCurve, name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.Transfer(); got != want || ok != (want > 0) || p.Description() != name {
			t.Errorf("%q: %d, %t, %q", name, got, ok, p.Description())
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := New(P3Primaries, SRGBCurve, "P3")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(NewGray(Gamma(2.2), "gray"))
	f.Add(append(bytes.Clone(data), 0, 0))
	f.Add(data[:140])
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		mended := Mend(data)
		if !bytes.Equal(before, data) {
			t.Fatal("Mend changed what it was given")
		}
		if !bytes.Equal(Mend(mended), mended) {
			t.Fatal("what was mended is mended again")
		}
		p, err := Parse(mended)
		if err != nil {
			return
		}
		p.Matrix()
		p.Transfer()
		p.Description()
		for _, space := range []string{Gray, RGB, CMYK} {
			_ = p.Fits(space)
		}
	})
}

func FuzzNew(f *testing.F) {
	f.Add(0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329, 2.2)
	f.Fuzz(func(t *testing.T, rx, ry, gx, gy, bx, by, wx, wy, g float64) {
		data, err := New(Primaries{[2]float64{rx, ry}, [2]float64{gx, gy}, [2]float64{bx, by}, [2]float64{wx, wy}}, Gamma(g), "fuzz")
		if err != nil {
			return
		}
		if _, err := Parse(data); err != nil {
			t.Fatal(err)
		}
	})
}
