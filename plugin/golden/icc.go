package golden

import "github.com/burnish-photo/burnish/ops/icc"

// describe is an ICC profile's description, "" where it has none that can be
// read.
func describe(profile []byte) string {
	p, err := icc.Parse(icc.Mend(profile))
	if err != nil {
		return ""
	}
	return p.Description()
}
