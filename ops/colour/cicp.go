package colour

import (
	"fmt"

	"github.com/burnish-photo/burnish/ops/icc"
)

// cicp are code points of ITU-T H.273: how PNG, HEIF and AVIF name colours in
// few bytes.
type cicp struct {
	primaries, transfer, matrix int
	full                        bool
}

// Transfer functions of high dynamic range (ITU-R BT.2100).
const (
	transferPQ  = 16
	transferHLG = 18
)

func isHDR(transfer int) bool { return transfer == transferPQ || transfer == transferHLG }

func (c cicp) hdr() bool { return isHDR(c.transfer) }

func hdrError(transfer int) error {
	name := "PQ"
	if transfer == transferHLG {
		name = "HLG"
	}
	return refuse("it is a picture of high dynamic range (BT.2100 %s), which would come out flat and dull; export it as SDR", name)
}

// primariesOf are the primaries that H.273 numbers, with their names. Those of
// BT.709, and code points that say nothing, are not among them.
var primariesOf = map[int]struct {
	name string
	icc.Primaries
}{
	4:  {"BT.470 M", icc.Primaries{Red: [2]float64{0.67, 0.33}, Green: [2]float64{0.21, 0.71}, Blue: [2]float64{0.14, 0.08}, White: [2]float64{0.310, 0.316}}},
	5:  {"BT.601 (625 lines)", icc.Primaries{Red: [2]float64{0.64, 0.33}, Green: [2]float64{0.29, 0.60}, Blue: [2]float64{0.15, 0.06}, White: icc.D65}},
	6:  {"BT.601 (525 lines)", smpte170},
	7:  {"SMPTE 240M", smpte170},
	8:  {"generic film", icc.Primaries{Red: [2]float64{0.681, 0.319}, Green: [2]float64{0.243, 0.692}, Blue: [2]float64{0.145, 0.049}, White: [2]float64{0.310, 0.316}}},
	9:  {"BT.2020", icc.BT2020},
	11: {"DCI-P3", icc.Primaries{Red: icc.P3Primaries.Red, Green: icc.P3Primaries.Green, Blue: icc.P3Primaries.Blue, White: [2]float64{0.314, 0.351}}},
	12: {"Display P3", icc.P3Primaries},
	22: {"EBU 3213", icc.Primaries{Red: [2]float64{0.630, 0.340}, Green: [2]float64{0.295, 0.605}, Blue: [2]float64{0.155, 0.077}, White: icc.D65}},
}

var smpte170 = icc.Primaries{Red: [2]float64{0.630, 0.340}, Green: [2]float64{0.310, 0.595}, Blue: [2]float64{0.155, 0.070}, White: icc.D65}

// curve is how values become light. The curves of BT.601, 709 and 2020 are
// those of cameras: screens, and what shows photos, take the values as sRGB's.
func (c cicp) curve() icc.Curve {
	switch c.transfer {
	case 4:
		return icc.Gamma(2.2)
	case 5:
		return icc.Gamma(2.8)
	case 8:
		return icc.Gamma(1)
	case 17:
		return icc.Gamma(2.6)
	}
	return icc.SRGBCurve
}

// profile is one for pixels of that space, with the name of what it describes;
// nil where they are as without one. why says what cannot be used.
func (c cicp) profile(space string) (profile []byte, name, why string) {
	switch {
	case space != icc.RGB && space != icc.Gray:
		return nil, "", ""
	case c.transfer == 9 || c.transfer == 10:
		return nil, "", fmt.Sprintf("colours left as sRGB: the file's transfer function (%d of H.273) is not known", c.transfer)
	case c.primaries == 10: // XYZ itself: no primaries of light
		return nil, "", fmt.Sprintf("colours left as sRGB: the file's primaries (%d of H.273) are not known", c.primaries)
	}
	p, other := primariesOf[c.primaries]
	curve := c.curve()
	if !other {
		p.name, p.Primaries = "BT.709", icc.SRGBPrimaries
	}
	if curve == icc.SRGBCurve && (!other || space == icc.Gray) {
		return nil, "", ""
	}
	name = p.name
	if curve != icc.SRGBCurve {
		name = fmt.Sprintf("%s, gamma %g", p.name, curve.G)
	}
	if space == icc.Gray {
		return icc.NewGray(curve, name), name, ""
	}
	made, err := icc.New(p.Primaries, curve, name)
	if err != nil {
		return nil, "", "colours left as sRGB: " + err.Error()
	}
	return made, name, ""
}
