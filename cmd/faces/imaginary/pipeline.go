package imaginary

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/burnish-photo/burnish/ops/transform"
)

// types are the formats that images can be asked for in, and how they are encoded.
var types = map[string]func(params) map[string]any{
	"jpeg": func(p params) map[string]any {
		return map[string]any{"Q": p.quality(), "optimize_coding": true, "interlace": p.Interlace}
	},
	"png": func(p params) map[string]any {
		options := map[string]any{"compression": within(p.Compression, 6, 9), "interlace": p.Interlace}
		if p.Palette {
			options["palette"], options["Q"], options["effort"] = true, p.quality(), 7
		}
		return options
	},
	"webp": func(p params) map[string]any { return map[string]any{"Q": p.quality()} },
	"tiff": func(params) map[string]any { return map[string]any{} },
	"gif":  func(params) map[string]any { return map[string]any{} },
}

// mediaTypes are those of answers.
var mediaTypes = map[string]string{"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tiff": "image/tiff", "gif": "image/gif"}

func (p params) quality() int { return within(p.Quality, 75, 100) }

// within is n, or what stands for 0, and no more than most.
func within(n, usual, most int) int {
	if n == 0 {
		return usual
	}
	return min(n, most)
}

var errOutput = errors.New("Unsupported image output type") //nolint:staticcheck // as imaginary says it

// pipeline is what a request asks for, as Burnish runs it.
type pipeline struct {
	steps  []map[string]any
	output map[string]any
	format string
}

// text is the pipeline for a job.
func (p pipeline) text() string {
	text, err := json.Marshal(map[string]any{"steps": p.steps, "outputs": []any{p.output}})
	if err != nil {
		panic(err) // numbers and texts
	}
	return string(text)
}

// compose makes a pipeline of steps for an image of that format. Between them
// imaginary encodes: what that does to a later step is done here by itself, and
// the image is encoded once.
func compose(steps []step, source string, restoring Restoring) (pipeline, error) {
	format, last := source, newParams()
	strip, bare := false, false
	var all []step
	for _, s := range steps {
		last = s.params
		if kind := strings.ToLower(s.params.Type); kind != "" {
			format = kind
		}
		strip, bare = strip || s.params.StripMeta, bare || s.params.NoProfile
		colour := s.params.Background
		s.transform.Flatten = format == "jpeg" || len(colour) == 3 && colour[0]+colour[1]+colour[2] > 0
		all = append(all, s)
	}
	encode, ok := types[format]
	if !ok && (source == "heif" || source == "avif") && format == source {
		format = "jpeg"
		encode, ok = types[format], true
		if len(all) > 0 {
			all[len(all)-1].transform.Flatten = true
		}
	}
	if !ok {
		return pipeline{}, errOutput
	}
	output := map[string]any{"path": "image." + format, "format": format, format: encode(last), "provenance": false}
	switch {
	case strip:
		output["keep"] = []string{}
	case bare:
		output["strip"] = []string{"icc"}
	}
	return pipeline{steps: lay(all, source, restoring), output: output, format: format}, nil
}

// lay lists steps as a pipeline has them: transformations in a row are one, so
// that the first of them to scale is known before the image is decoded.
func lay(all []step, source string, restoring Restoring) (steps []map[string]any) {
	at := restoring.place(all, source)
	var row []map[string]any
	flush := func() {
		if len(row) > 0 {
			steps = append(steps, map[string]any{"transform": map[string]any{"operations": row}})
			row = nil
		}
	}
	for i, s := range all {
		if i == at {
			flush()
			steps = append(steps, restoring.step(all[:i]))
		}
		if s.restore != nil {
			flush()
			steps = append(steps, map[string]any{"promptcir": map[string]any{"model": s.restore.model, "strength": s.restore.strength}})
			if !s.transform.Flatten {
				continue
			}
			s.transform = transform.Operation{Flatten: true, Orientation: "keep"}
		}
		row = append(row, given(reflect.ValueOf(s.transform)))
	}
	flush()
	if at == len(all) {
		steps = append(steps, restoring.step(all))
	}
	return steps
}

// given are the parameters that are not zero, as a configuration names them.
func given(v reflect.Value) map[string]any {
	all := map[string]any{}
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Tag.Get("yaml")
		switch {
		case field.IsZero():
		case field.Kind() == reflect.Struct:
			all[name] = given(field)
		default:
			all[name] = field.Interface()
		}
	}
	return all
}

// Restoring is which images are restored that nobody has asked to.
type Restoring struct {
	Below      int     // JPEG quality; 0: none
	Model      string  // its name
	Megapixels float64 // of the answer, above which nothing is restored
}

// mostReduced is by how much each side may be reduced for a photo to be worth
// restoring: what compression did to it is averaged away then.
const mostReduced = 2.5

// place is the step before which an image is restored: when it is scaled, and
// before it is written upon or blurred; -1: nowhere.
func (r Restoring) place(all []step, source string) int {
	if r.Below == 0 || source != "jpeg" {
		return -1
	}
	place := len(all)
	for i, s := range all {
		if s.restore != nil {
			return -1 // it is as was asked for
		}
		if place == len(all) && (s.transform.Text.Text != "" || s.transform.Blur > 0) {
			place = i
		}
	}
	return place
}

// step restores what is damaged and not too large, after those steps.
func (r Restoring) step(before []step) map[string]any {
	width, height := 0, 0
	for _, s := range before {
		if s.transform.Width > 0 || s.transform.Height > 0 {
			width, height = s.transform.Width, s.transform.Height
		}
	}
	when := fmt.Sprintf("jpeg.quality < %d", r.Below)
	if width == 0 || height == 0 || float64(width)*float64(height) > r.Megapixels*1e6 {
		when += fmt.Sprintf(" && megapixels <= %g", r.Megapixels)
	}
	if width > 0 {
		when += fmt.Sprintf(" && width <= %g", mostReduced*float64(width))
	}
	if height > 0 {
		when += fmt.Sprintf(" && height <= %g", mostReduced*float64(height))
	}
	return map[string]any{"promptcir": map[string]any{"model": r.Model}, "when": when}
}
