// Package opstest is the suite that every operator passes, built in or a program
// of the user's: results that are the same each time, of the right size, with the
// photo's metadata; errors that people can read; an end when it is asked for;
// memory that does not grow with the photo.
//
// It judges an operator by its Spec alone and knows none by name.
package opstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"gopkg.in/yaml.v3"
)

// Subject is an operator under test.
type Subject struct {
	Spec   ops.Spec
	Params string // of the step, as YAML; "": those of the spec's example
	Env    ops.Env

	// Changes are metadata that it is there to change: fields such as
	// [vips.FieldICC].
	Changes []string
	// Large adds what takes seconds: memory and cancellation on large photos.
	Large bool
}

// Finding is what one check of the suite found.
type Finding struct {
	Check string
	Err   error // nil: it passed
	// Refused are the kinds of photos that the operator refused, with words for
	// people: that is no fault.
	Refused []string
}

// suite is one run on one operator.
type suite struct {
	Subject
	operator ops.Operator
	config   ops.Config
}

// Run checks the operator. An error means that it cannot be built.
func Run(ctx context.Context, s Subject) (all []Finding, err error) {
	config, err := s.parse()
	if err != nil {
		return nil, err
	}
	operator, err := config.Build(ctx, s.Env)
	if err != nil {
		return nil, err
	}
	if c, ok := operator.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	u := &suite{s, operator, config}
	all = append(all, u.kinds(ctx), u.together(ctx), u.cancelled(ctx))
	if s.Large {
		all = append(all, u.midway(ctx), u.bounded(ctx))
	}
	return all, nil
}

// parse reads the parameters of the step.
func (s Subject) parse() (ops.Config, error) {
	node, err := s.params()
	if err != nil {
		return nil, err
	}
	config := s.Spec.Config()
	faults := diag.Decode(node, config)
	if len(faults) == 0 {
		faults = diag.Validate(node, config)
	}
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, errs
	}
	return config, nil
}

func (s Subject) params() (*yaml.Node, error) {
	if s.Params != "" {
		return diag.Parse("parameters", []byte(s.Params))
	}
	example, err := diag.Parse("example", []byte(s.Spec.Example))
	if err != nil {
		return nil, err
	}
	if example.Kind == yaml.MappingNode {
		if pairs, _ := diag.Pairs(example); len(pairs) > 0 {
			for _, p := range pairs {
				if p.Key.Value == s.Spec.Name {
					return p.Value, nil
				}
			}
		}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, nil
}

// reads is the number of images that the operator reads.
func (u *suite) reads() (n int) {
	ports := ops.OneImage()
	if d, ok := u.config.(ops.InputDeclarer); ok {
		ports = d.Ports()
	}
	for _, port := range ports {
		if !port.Optional || len(port.IDs) > 0 {
			n += max(1, len(port.IDs))
		}
	}
	return n
}

// inputs are a photo for each image that the operator reads.
func (u *suite) inputs(p *vips.Image) (in []ops.Image) {
	for range u.reads() {
		in = append(in, ops.Image{Pixels: p, Original: true, Source: &ops.Source{
			Path: "/photos/test.jpg", Format: "jpeg", Width: p.Width(), Height: p.Height(), Orientation: p.Orientation(), Folder: ".",
		}})
	}
	return in
}

// apply is the result, evaluated.
func (u *suite) apply(ctx context.Context, p *vips.Image) (*vips.Image, error) {
	out, err := u.operator.Apply(ctx, u.inputs(p))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	if out.Pixels == nil {
		return nil, errors.New("its result has no pixels")
	}
	return out.Pixels.Materialise(ctx, 1<<30, u.Env.Scratch)
}

// kinds tries photos of all kinds and odd sizes.
func (u *suite) kinds(ctx context.Context) (f Finding) {
	f.Check = "kinds of photos"
	before := vips.Live()
	var errs []error
	for _, k := range kinds {
		refused, err := u.kind(ctx, k)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", k, err))
		}
		if refused != "" {
			f.Refused = append(f.Refused, fmt.Sprintf("%s: %s", k, refused))
		}
	}
	if len(f.Refused) == len(kinds) {
		errs = append(errs, fmt.Errorf("it refuses every photo: %s", f.Refused[0]))
	}
	if left := vips.Live() - before; left > 0 {
		errs = append(errs, fmt.Errorf("%d images are left open", left))
	}
	f.Err = errors.Join(errs...)
	return f
}

// kind tries one kind of photo twice.
func (u *suite) kind(ctx context.Context, k kind) (refused string, err error) {
	p, err := k.photo()
	if err != nil {
		return "", err
	}
	defer p.Close()
	was, err := p.Pixels()
	if err != nil {
		return "", err
	}
	first, err := u.apply(ctx, p)
	if err != nil {
		return err.Error(), clean(err)
	}
	defer first.Close()
	second, err := u.apply(ctx, p)
	if err != nil {
		return "", fmt.Errorf("the second time: %w", err)
	}
	defer second.Close()
	errs := []error{u.judge(p, first), same(first, second)}
	if now, err := p.Pixels(); err != nil || !bytes.Equal(was, now) {
		errs = append(errs, errors.Join(errors.New("it changes the photo that it is given"), err))
	}
	return "", errors.Join(errs...)
}

// judge looks at the size and the metadata of a result.
func (u *suite) judge(p, out *vips.Image) error {
	var errs []error
	grid := u.Spec.Grid
	if t, ok := u.config.(ops.TraitsByConfig); ok {
		grid, _ = t.Traits()
	}
	if grid == ops.KeepsGrid && (p.Width() != out.Width() || p.Height() != out.Height()) && u.reads() == 1 {
		errs = append(errs, fmt.Errorf("its result is %d×%d, the photo %d×%d, and its Spec says that pixels stay in their place", out.Width(), out.Height(), p.Width(), p.Height()))
	}
	for _, field := range []string{vips.FieldXMP, vips.FieldICC, vips.FieldEXIF, vips.FieldIPTC} {
		is, _ := p.Blob(field)
		if got, _ := out.Blob(field); !bytes.Equal(is, got) && !u.changes(field) {
			errs = append(errs, fmt.Errorf("its result has other metadata: %s", field))
		}
	}
	if p.Orientation() != out.Orientation() && !u.changes(vips.FieldOrientation) {
		errs = append(errs, fmt.Errorf("its result has the orientation %d, the photo %d", out.Orientation(), p.Orientation()))
	}
	return errors.Join(errs...)
}

func (u *suite) changes(field string) bool {
	for _, f := range u.Changes {
		if f == field {
			return true
		}
	}
	return false
}

// same compares two results byte by byte.
func same(a, b *vips.Image) error {
	if a.Width() != b.Width() || a.Height() != b.Height() || a.Bands() != b.Bands() || a.Format() != b.Format() || a.Interpretation() != b.Interpretation() {
		return fmt.Errorf("the same photo gives %d×%d of %d %s %s, and then %d×%d of %d %s %s", a.Width(), a.Height(), a.Bands(), a.Format(), a.Interpretation(), b.Width(), b.Height(), b.Bands(), b.Format(), b.Interpretation())
	}
	x, err := a.Pixels()
	if err != nil {
		return err
	}
	y, err := b.Pixels()
	if err != nil {
		return err
	}
	if !bytes.Equal(x, y) {
		return errors.New("the same photo gives other pixels the second time")
	}
	return nil
}

// mostError bounds an error's length.
const mostError = 1000

// clean reports an error that is not for people.
func clean(err error) error {
	text := err.Error()
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("its error has no text")
	case len(text) > mostError:
		return fmt.Errorf("its error has %d characters", len(text))
	case strings.ContainsAny(text, "\n\r"):
		return fmt.Errorf("its error has several lines: %q", text)
	case strings.Contains(text, "panic") || strings.Contains(text, "goroutine ") || strings.Contains(text, "runtime error"):
		return fmt.Errorf("its error is a crash: %s", text)
	}
	return nil
}
