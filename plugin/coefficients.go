package plugin

import "github.com/burnish-photo/burnish/plugin/source"

// coefficients is what the decoder of a JPEG of several scans keeps, such as a
// progressive one: two bytes for every sample of the photo. It is 0 of other
// files, and of what cannot be read, which others will say.
func coefficients(f *source.File) int64 {
	info, err := f.JPEG()
	if err != nil || !info.Progressive && !info.Parted {
		return 0
	}
	samples := float64(info.Components)
	if three, ok := map[string]float64{"4:2:0": 1.5, "4:1:1": 1.5, "4:2:2": 2, "4:4:0": 2}[info.Subsampling]; ok {
		samples += three - 3 // a fourth is whole
	}
	return int64(2 * samples * float64(info.Width) * float64(info.Height))
}
