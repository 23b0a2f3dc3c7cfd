package check

import (
	"math"
	"sync"

	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// intent is the rendering intent to read an image's profile with.
func intent(p *vips.Image) string {
	profile, _ := p.Blob(vips.FieldICC)
	return colour.Intent(profile, "relative")
}

// lab is an image in CIE Lab through its profile, or where it has none, or one
// that does not fit, as sRGB or by the profile of a common press. The caller
// closes it.
func lab(p *vips.Image) (*vips.Image, error) {
	args := vips.Args{"embedded": true, "pcs": "lab", "intent": intent(p)}
	if p.Interpretation() == "cmyk" {
		args["input_profile"], args["black_point_compensation"] = "cmyk", true
		return p.Do("icc_import", args)
	}
	if _, tagged := p.Blob(vips.FieldICC); tagged {
		if out, err := p.Do("icc_import", args); err == nil {
			return out, nil
		}
	}
	plain, err := p.Without(vips.FieldICC)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	colours, err := plain.Do("colourspace", vips.Args{"space": "rgb16"})
	if err != nil {
		return nil, err
	}
	defer colours.Close()
	args["input_profile"], args["intent"] = "srgb", "relative"
	return colours.Do("icc_import", args)
}

// meanDifference is the mean ΔE 2000 of two images of one size in Lab.
func meanDifference(a, b *vips.Image) (float64, error) {
	var labs [2]*vips.Image
	for i, p := range []*vips.Image{a, b} {
		l, err := lab(p)
		if err != nil {
			return 0, err
		}
		defer l.Close()
		labs[i] = l
	}
	d, err := labs[0].Do("dE00", vips.Args{"right": labs[1]})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	out, err := vips.Call("avg", vips.Args{"in": d})
	if err != nil {
		return 0, err
	}
	mean, _ := out["out"].(float64)
	return mean, nil
}

// plain reports whether an image is sRGB or gray without a profile.
func plain(p *vips.Image) bool {
	_, tagged := p.Blob(vips.FieldICC)
	return !tagged && p.Interpretation() != "cmyk"
}

// plainDifference is the mean ΔE 2000 of two low-passes of sRGB or gray.
func plainDifference(a, b *lowPass) float64 {
	t, total := curves(), 0.0
	for cell := range a.counts {
		total += t.deltaE(t.lab(a, cell), t.lab(b, cell))
	}
	return total / float64(len(a.counts))
}

// tables are the curves on the way from sRGB to Lab.
type tables struct {
	linear [4097]float64          // of sRGB's values, every sixteenth of a scale of 16 bits (IEC 61966-2-1)
	roots  [rootSteps + 1]float64 // cube roots of the middles of steps from 0 to 1
	turns  [turnSteps + 1]float64 // weights for [tables.rotation] at cosines from cos76 to 1
}

const rootSteps, turnSteps = 4096, 512

var curves = sync.OnceValue(func() *tables {
	var t tables
	for i := range t.linear {
		v := float64(i) * 16 / 65535
		if v <= 0.04045 {
			t.linear[i] = v / 12.92
		} else {
			t.linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	for i := range t.roots {
		t.roots[i] = math.Cbrt((float64(i) + 0.5) / rootSteps)
	}
	for i := range t.turns {
		const degree = math.Pi / 180
		turn := math.Acos(min(cos76+(1-cos76)*float64(i)/turnSteps, 1)) / (25 * degree)
		t.turns[i] = -math.Sin(60*degree*math.Exp(-turn*turn)) * 2
	}
	return &t
})

// lab is a cell of sRGB or gray in CIE Lab. Its white is another than a
// profile's, which does not matter between two of them.
func (t *tables) lab(s *lowPass, cell int) [3]float64 {
	var rgb [3]float64
	scale := 1 / (16 * s.counts[cell])
	for i := range rgb {
		rgb[i] = t.linear[int(s.sums[cell*s.bands+min(i, s.bands-1)]*scale+0.5)]
	}
	r, g, b := rgb[0], rgb[1], rgb[2]
	x := t.root((0.4124564*r + 0.3575761*g + 0.1804375*b) * (1 / 0.95047))
	y := t.root(0.2126729*r + 0.7151522*g + 0.0721750*b)
	z := t.root((0.0193339*r + 0.1191920*g + 0.9503041*b) * (1 / 1.08883))
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// root is the cube root, but for a line where it would be steep (CIE 15), of 0
// to 1. It is off by less than 2e-5.
func (t *tables) root(x float64) float64 {
	const e = 6.0 / 29
	if x <= e*e*e {
		return x/(3*e*e) + 4.0/29
	}
	r := t.roots[int(min(x, 1)*rootSteps)]
	return (2*r + x/(r*r)) / 3 // a step of Newton's
}

// deltaE is the CIEDE2000 difference of two colours in Lab, with all weights 1
// (Sharma, Wu and Dalal, 2005). The hue that the weights ask for is that of the
// sum of the two colours' directions; its multiples come of its sine and
// cosine, which costs half as much as angles do.
func (t *tables) deltaE(p, q [3]float64) float64 {
	if p == q {
		return 0
	}
	g := 1.5 - 0.5*seventh((chroma(p[1], p[2])+chroma(q[1], q[2]))/2)
	a1, b1, a2, b2 := p[1]*g, p[2], q[1]*g, q[2]
	c1, c2 := chroma(a1, b1), chroma(a2, b2)
	dH, x, y := 0.0, a1+a2, b1+b2 // a gray has no hue: that of the other counts
	if c1 > 0 && c2 > 0 {
		x, y = a1/c1+a2/c2, b1/c1+b2/c2
		dH = hueDifference(a1, b1, a2, b2, c1*c2)
	}
	cos, sin := 1.0, 0.0
	if n := chroma(x, y); n > 0 {
		cos, sin = x/n, y/n
	}
	cos2, sin2 := cos*cos-sin*sin, 2*cos*sin
	cos3, sin3 := cos2*cos-sin2*sin, sin2*cos+cos2*sin
	cos4, sin4 := cos2*cos2-sin2*sin2, 2*cos2*sin2
	weight := 1 - 0.17*(cos*cos30+sin*sin30) + 0.24*cos2 + 0.32*(cos3*cos6-sin3*sin6) - 0.20*(cos4*cos63+sin4*sin63)
	l, c := (p[0]+q[0])/2-50, (c1+c2)/2
	sl, sc, sh := 1+0.015*l*l/math.Sqrt(20+l*l), 1+0.045*c, 1+0.015*c*weight
	dL, dC := (q[0]-p[0])/sl, (c2-c1)/sc
	dH /= sh
	return math.Sqrt(max(0, dL*dL+dC*dC+dH*dH+t.rotation(cos, sin, c)*dC*dH))
}

// Cosines and sines of angles in degrees.
const (
	cos6, sin6     = 0.9945218953682733, 0.10452846326765347
	cos30, sin30   = 0.8660254037844387, 0.5
	cos63, sin63   = 0.4539904997395468, 0.8910065241883679
	cos76          = 0.24192189559966773
	cos275, sin275 = 0.08715574274765836, -0.9961946980917455
)

// hueDifference is 2√(c₁c₂)·sin(Δh/2), the product of the chromas given.
func hueDifference(a1, b1, a2, b2, product float64) float64 {
	cross, dot := a1*b2-b1*a2, a1*a2+b1*b2
	if half := (product + dot) / 2; half > product*1e-12 {
		return cross / math.Sqrt(half)
	}
	return math.Copysign(2*math.Sqrt(product), cross) // opposite hues
}

// rotation is the weight of the product of the differences in chroma and hue,
// which matters near a hue of 275° alone.
func (t *tables) rotation(cos, sin, c float64) float64 {
	near := cos*cos275 + sin*sin275
	if near < cos76 {
		return 0 // at this distance less than a ten thousandth
	}
	at := min((near-cos76)*(turnSteps/(1-cos76)), turnSteps-1e-6)
	i := int(at)
	return (t.turns[i] + (at-float64(i))*(t.turns[i+1]-t.turns[i])) * seventh(c)
}

func seventh(c float64) float64 {
	n := c * c * c * c * c * c * c
	return math.Sqrt(n / (n + 6103515625)) // 25⁷
}

func chroma(a, b float64) float64 { return math.Sqrt(a*a + b*b) }
