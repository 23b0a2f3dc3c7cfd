package icc

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf16"
)

// Primaries are the chromaticities, x and y, of red, green, blue and white.
type Primaries struct{ Red, Green, Blue, White [2]float64 }

// D65 is the white of most displays.
var D65 = [2]float64{0.3127, 0.3290}

// Primaries of spaces in use.
var (
	SRGBPrimaries  = Primaries{[2]float64{0.64, 0.33}, [2]float64{0.30, 0.60}, [2]float64{0.15, 0.06}, D65}
	P3Primaries    = Primaries{[2]float64{0.680, 0.320}, [2]float64{0.265, 0.690}, [2]float64{0.150, 0.060}, D65}
	BT2020         = Primaries{[2]float64{0.708, 0.292}, [2]float64{0.170, 0.797}, [2]float64{0.131, 0.046}, D65}
	AdobePrimaries = Primaries{[2]float64{0.64, 0.33}, [2]float64{0.21, 0.71}, [2]float64{0.15, 0.06}, D65}
)

// Curve is how values from 0 to 1 become light: (a·x + b)^g from d on, c·x
// below.
type Curve struct{ G, A, B, C, D float64 }

// SRGBCurve is that of IEC 61966-2-1.
var SRGBCurve = Curve{G: 2.4, A: 1 / 1.055, B: 0.055 / 1.055, C: 1 / 12.92, D: 0.04045}

// Gamma is a pure power.
func Gamma(g float64) Curve { return Curve{G: g, A: 1} }

// d50 is the white of the connection space (ICC.1, 7.2.16).
var d50 = [3]float64{0.9642, 1, 0.8249}

// New makes an RGB profile of version 4. It is an error where the primaries
// enclose no colours.
func New(p Primaries, c Curve, description string) ([]byte, error) {
	adapt, err := adaptation(p.White)
	if err != nil {
		return nil, err
	}
	adapted, err := p.adapted()
	if err != nil {
		return nil, err
	}
	tags := []tag{{"chad", adapt.sf32()}, {"wtpt", xyz(d50)}}
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags = append(tags, tag{name, xyz([3]float64{adapted[0][i], adapted[1][i], adapted[2][i]})})
	}
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		tags = append(tags, tag{name, c.para()})
	}
	return assemble(RGB, description, tags), nil
}

// NewGray makes a profile of version 4 for gray.
func NewGray(c Curve, description string) []byte {
	return assemble(Gray, description, []tag{{"wtpt", xyz(d50)}, {"kTRC", c.para()}})
}

type tag struct {
	name string
	data []byte
}

// assemble lays out a display profile with those tags; equal ones that follow
// each other are stored once.
func assemble(space, description string, tags []tag) []byte {
	tags = append([]tag{{"desc", mluc(description)}, {"cprt", mluc("public domain")}}, tags...)
	out := make([]byte, headerSize, 1024)
	out[8], out[9] = 4, 0x40
	copy(out[12:], "mntr"+space+"XYZ ")
	copy(out[24:], []byte{7, 0xea, 0, 1, 0, 1}) // 1 January 2026: equal profiles are equal bytes
	copy(out[36:], "acsp")
	copy(out[68:], xyz(d50)[8:])
	out = binary.BigEndian.AppendUint32(out, uint32(len(tags)))
	at, body := len(out)+len(tags)*entrySize, []byte{}
	for i, t := range tags {
		from := at + len(body)
		if i > 0 && string(t.data) == string(tags[i-1].data) {
			from -= len(t.data)
		} else {
			body = append(body, t.data...)
		}
		out = append(out, t.name...)
		out = binary.BigEndian.AppendUint32(out, uint32(from))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
	}
	out = append(out, body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// padded brings a tag to a multiple of four bytes.
func padded(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func mluc(text string) []byte {
	units := utf16.Encode([]rune(text))
	b := append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, 0, 0, 0, 0, 28)
	binary.BigEndian.PutUint32(b[20:], uint32(2*len(units)))
	for _, u := range units {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return padded(b)
}

func fixed(b []byte, x float64) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(x*65536))))
}

func xyz(v [3]float64) []byte {
	b := []byte("XYZ \x00\x00\x00\x00")
	for _, x := range v {
		b = fixed(b, x)
	}
	return b
}

// para is the curve as a parametric one: of type 0 for a power, else of type 3.
func (c Curve) para() []byte {
	b := []byte("para\x00\x00\x00\x00\x00\x00\x00\x00")
	if c == Gamma(c.G) {
		return fixed(b, c.G)
	}
	b[9] = 3
	for _, x := range []float64{c.G, c.A, c.B, c.C, c.D} {
		b = fixed(b, x)
	}
	return b
}

type matrix [3][3]float64

func (m matrix) times(n matrix) (out matrix) {
	for i := range out {
		for j := range out {
			for k := range out {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

func (m matrix) on(v [3]float64) (out [3]float64) {
	for i := range out {
		out[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return out
}

func (m matrix) inverse() (out matrix, ok bool) {
	minor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*minor(0, 0) + m[0][1]*minor(0, 1) + m[0][2]*minor(0, 2)
	if math.Abs(det) < 1e-6 || math.IsNaN(det) || math.IsInf(det, 0) {
		return out, false
	}
	for i := range out {
		for j := range out {
			out[j][i] = minor(i, j) / det
		}
	}
	return out, true
}

func (m matrix) sf32() []byte {
	b := []byte("sf32\x00\x00\x00\x00")
	for _, row := range m {
		for _, x := range row {
			b = fixed(b, x)
		}
	}
	return b
}

// mostAdapted bounds what a white may be lightened by in one cone's response. That
// of candle light takes 5.
const mostAdapted = 100

// mostLight bounds the coordinates of a primary in the connection space, whose
// white has about 1.
const mostLight = 4

// leastGamut is the area of chromaticities that primaries enclose at the least;
// sRGB's is 0.11.
const leastGamut = 0.01

// area is that of the triangle of the primaries.
func (p Primaries) area() float64 {
	ux, uy := p.Green[0]-p.Red[0], p.Green[1]-p.Red[1]
	vx, vy := p.Blue[0]-p.Red[0], p.Blue[1]-p.Red[1]
	return math.Abs(ux*vy-uy*vx) / 2
}

var errPrimaries = errors.New("its primaries enclose no colours")

// light is the XYZ of a chromaticity at luminance 1.
func light(c [2]float64) ([3]float64, bool) {
	x, y := c[0], c[1]
	return [3]float64{x / y, 1, (1 - x - y) / y}, x >= 0 && x <= 1 && y > 0.001 && y <= 1
}

// toXYZ leads from linear RGB to XYZ with the primaries' own white.
func (p Primaries) toXYZ() (m matrix, err error) {
	white, ok := light(p.White)
	for j, c := range [][2]float64{p.Red, p.Green, p.Blue} {
		// Rec. 2020's blue and others lie on y below 0.05; ProPhoto's at 0.0001.
		y := max(c[1], 1e-4)
		ok = ok && c[0] >= 0 && c[0] <= 1 && c[1] >= 0 && c[1] <= 1
		m[0][j], m[1][j], m[2][j] = c[0]/y, 1, (1-c[0]-y)/y
	}
	back, invertible := m.inverse()
	if !ok || !invertible || p.area() < leastGamut {
		return m, errPrimaries
	}
	scale := back.on(white)
	for j, s := range scale {
		if !(s > 0) {
			return m, errPrimaries
		}
		for i := range m {
			m[i][j] *= s
		}
	}
	return m, nil
}

// adapted leads from linear RGB to the connection space.
func (p Primaries) adapted() (m matrix, err error) {
	columns, err := p.toXYZ()
	if err != nil {
		return m, err
	}
	adapt, err := adaptation(p.White)
	if err != nil {
		return m, err
	}
	m = adapt.times(columns)
	for _, row := range m {
		for _, x := range row {
			if !(math.Abs(x) <= mostLight) {
				return m, errPrimaries
			}
		}
	}
	return m, nil
}

// adaptation is the Bradford transform from a white to that of the connection
// space (ICC.1, annex E).
func adaptation(white [2]float64) (matrix, error) {
	bradford := matrix{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
	from, ok := light(white)
	back, _ := bradford.inverse()
	if !ok {
		return back, errPrimaries
	}
	a, b := bradford.on(from), bradford.on(d50)
	var scale matrix
	for i := range scale {
		if !(a[i]*mostAdapted > b[i]) {
			return back, errPrimaries
		}
		scale[i][i] = b[i] / a[i]
	}
	return back.times(scale).times(bradford), nil
}
