package golden

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// judge compares one output with what is expected.
func (f *File) judge(e Expect, o plugin.Output) (faults []string, err error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	p, err := vips.Open(o.Path, vips.Random)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if is := (Size{p.Width(), p.Height()}); e.Size != (Size{}) && is != e.Size {
		fault("the size is %s, want %s", is, e.Size)
	}
	if e.Format != "" && o.Format != e.Format {
		fault("the format is %s, want %s", o.Format, e.Format)
	}
	profile, profiled := p.Blob(vips.FieldICC)
	switch is := describe(profile); {
	case e.ICC == "" || e.ICC == "any" && profiled || e.ICC == "none" && !profiled:
	case !profiled:
		fault("there is no ICC profile, want %s", e.ICC)
	case e.ICC == "none" || !strings.Contains(is, e.ICC):
		fault("the ICC profile is %q, want %s", is, e.ICC)
	}
	for _, tag := range slices.Sorted(maps.Keys(e.EXIF)) {
		if is, _ := p.EXIF(tag); is != e.EXIF[tag] {
			fault("EXIF %s is %q, want %q", tag, is, e.EXIF[tag])
		}
	}
	if e.PSNR != nil {
		is, err := plugin.PSNR(f.path(e.PSNR.Image), o.Path)
		if err != nil {
			return faults, err
		}
		if is < e.PSNR.Min {
			fault("the PSNR to %s is %.2f dB, want %g or more", e.PSNR.Image, is, e.PSNR.Min)
		}
	}
	if e.DeltaE != nil {
		is, err := deltaE(f.path(e.DeltaE.Image), o.Path)
		if err != nil {
			return faults, err
		}
		if is > e.DeltaE.Max {
			fault("the mean ΔE to %s is %.2f, want %g or less", e.DeltaE.Image, is, e.DeltaE.Max)
		}
	}
	return faults, nil
}

// deltaE is the mean CIEDE2000 difference of two pictures of one size.
func deltaE(reference, image string) (float64, error) {
	a, err := lab(reference)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	b, err := lab(image)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if a.Width() != b.Width() || a.Height() != b.Height() {
		return 0, fmt.Errorf("it is %d×%d pixels, %s %d×%d; ΔE wants equal sizes", b.Width(), b.Height(), reference, a.Width(), a.Height())
	}
	difference, err := a.Do("dE00", vips.Args{"right": b})
	if err != nil {
		return 0, err
	}
	defer difference.Close()
	out, err := vips.Call("avg", vips.Args{"in": difference})
	if err != nil {
		return 0, err
	}
	return out["out"].(float64), nil
}

// lab is a picture's colours as seen through its profile, upright.
func lab(path string) (*vips.Image, error) {
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		return nil, err
	}
	type step struct {
		operation string
		args      vips.Args
	}
	steps := []step{{"autorot", nil}}
	if p.HasAlpha() {
		steps = append(steps, step{"flatten", vips.Args{"background": 255.0}})
	}
	if _, profiled := p.Blob(vips.FieldICC); profiled {
		steps = append(steps, step{"icc_import", vips.Args{"embedded": true, "pcs": "lab"}})
	}
	for _, s := range append(steps, step{"colourspace", vips.Args{"space": "lab"}}) {
		next, err := p.Do(s.operation, s.args)
		p.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		p = next
	}
	return p, nil
}
