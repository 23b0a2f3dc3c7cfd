package jpeg

// CoefficientBytes is what a decoder keeps of a JPEG of several scans, such as a
// progressive one, until its last scan: two bytes for every sample. It is 0 of
// others.
func (i Info) CoefficientBytes() int64 {
	if !i.Progressive && !i.Parted {
		return 0
	}
	samples := float64(i.Components)
	if three, ok := map[string]float64{"4:2:0": 1.5, "4:1:1": 1.5, "4:2:2": 2, "4:4:0": 2}[i.Subsampling]; ok {
		samples += three - 3 // a fourth is whole
	}
	return int64(2 * samples * float64(i.Width) * float64(i.Height))
}
