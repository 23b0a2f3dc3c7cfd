package golden

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
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
	for _, image := range e.images() {
		if _, err := os.Stat(f.path(image)); errors.Is(err, os.ErrNotExist) {
			fault("there is no %s to compare it with; look at what the pipeline makes, and write it with --update", image)
			return faults, nil
		}
	}
	if e.PSNR != nil {
		is, err := tools.PSNR(f.path(e.PSNR.Image), o.Path)
		if err != nil {
			return faults, err
		}
		if is < e.PSNR.Min {
			fault("the PSNR to %s is %.2f dB, want %g or more", e.PSNR.Image, is, e.PSNR.Min)
		}
	}
	if e.DeltaE != nil {
		is, err := tools.DeltaE(f.path(e.DeltaE.Image), o.Path)
		if err != nil {
			return faults, err
		}
		if is > e.DeltaE.Max {
			fault("the mean ΔE to %s is %.2f, want %g or less", e.DeltaE.Image, is, e.DeltaE.Max)
		}
	}
	return faults, nil
}
