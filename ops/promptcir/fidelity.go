package promptcir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/fidelity"
	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Values of [Config.Fidelity].
const (
	strictly = "strict"
	auto     = "auto"
	off      = "off"
)

// modes are what those ask for.
var modes = map[string]fidelity.Mode{strictly: fidelity.Strict, auto: fidelity.Auto}

// finish moves restored photos to agree with the JPEG that they were read from; nil
// where that is off.
func (c *Config) finish(env ops.Env) network.Finish {
	mode, on := modes[c.Fidelity]
	if !on {
		return nil
	}
	return agreement{name: c.Fidelity, mode: mode, scratch: env.Scratch}
}

// agreement is a [network.Finish].
type agreement struct {
	name    string
	mode    fidelity.Mode
	scratch string // folder of temporary files
}

// Bytes is what the projection takes.
func (agreement) Bytes(width, height, pixel int) int64 {
	return fidelity.EstimateCost(width, height, pixel)
}

// Apply returns the restored photo, moved to agree with the JPEG that in was read
// from; where there is no such file, the photo as it is, and the notes say why.
func (a agreement) Apply(ctx context.Context, in ops.Image, restored *vips.Image) (*vips.Image, error) {
	if why := apart(in); why != "" {
		ops.Note(ctx, "fidelity", "not applicable: "+why)
		return restored, nil
	}
	file, err := coefficients.Open(in.Source.Content(), a.scratch)
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		restored.Close()
		return nil, fmt.Errorf("fidelity: %w", err)
	}
	if err != nil {
		ops.Note(ctx, "fidelity", "not applicable: "+err.Error())
		return restored, nil
	}
	projected, err := fidelity.Project(restored, file, a.mode, func(r fidelity.Report) {
		ops.Note(ctx, "fidelity", a.name+": "+r.String())
	})
	if errors.Is(err, fidelity.ErrOther) {
		ops.Note(ctx, "fidelity", "not applicable: the restored photo "+err.Error())
		return restored, nil
	}
	restored.Close()
	if err == nil {
		ops.Note(ctx, "fidelity", a.name)
	}
	return projected, err
}

// apart is why the pixels of in are not those of a JPEG as decoded; "" where they are.
func apart(in ops.Image) string {
	switch {
	case in.Source == nil || in.Source.Format != "jpeg":
		return "the photo is no JPEG"
	case !in.Original:
		return "a step before changed the pixels of the JPEG"
	}
	return ""
}
