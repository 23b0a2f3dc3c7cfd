// Package golden tests pipelines: it runs them on pictures and judges what
// comes out by its size, its metadata and its likeness to a picture that
// somebody has looked at. It is for a user's own CI.
package golden

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
	"gopkg.in/yaml.v3"
)

// File is a file of tests. Paths in it are below its folder.
type File struct {
	Version int    `yaml:"version"`
	Config  string `yaml:"config" kind:"path"` // the configuration whose pipelines are tested
	Tests   []Test `yaml:"tests"`

	folder string
	root   *yaml.Node
}

// Test is one picture through one pipeline.
type Test struct {
	Name     string `yaml:"name"`     // default: the picture and the pipeline
	Pipeline string `yaml:"pipeline"` // default: the only one
	Input    string `yaml:"input" kind:"path"`
	Root     string `yaml:"root" kind:"path"` // folder that {dir} and the fact folder are below; default: the picture's
	Fails    string `yaml:"fails"`            // kind of the failure that is expected; "" for none
	Skipped  string `yaml:"skipped"`          // a part of the reason for which nothing is to be done; "" where something is

	Notes  map[string]string `yaml:"notes"` // what the result's notes hold, in part
	Expect Expectations      `yaml:"expect"`
}

// Expect is what one output, or each that its pattern matches, is to be like.
type Expect struct {
	Output string            `yaml:"output"` // path below the output folder, or a pattern; "": every output
	Size   Size              `yaml:"size"`
	Format string            `yaml:"format"`
	ICC    string            `yaml:"icc"`  // none, any, or a part of the profile's description
	EXIF   map[string]string `yaml:"exif"` // by tag; "" for a tag that is to be absent
	PSNR   *PSNR             `yaml:"psnr"`
	DeltaE *DeltaE           `yaml:"deltae"`
}

// PSNR is the least likeness to a picture, in dB.
type PSNR struct {
	Image string  `yaml:"image" kind:"path"`
	Min   float64 `yaml:"min"`
}

// DeltaE is the largest mean difference in colour (CIEDE2000) from a picture,
// both seen through their profiles.
type DeltaE struct {
	Image string  `yaml:"image" kind:"path"`
	Max   float64 `yaml:"max"`
}

// Expectations are one or several.
type Expectations []Expect

// DecodeStrict reads one expectation or a list of them.
func (e *Expectations) DecodeStrict(node *yaml.Node) (faults diag.Diagnostics) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	*e = make([]Expect, len(nodes))
	for i, n := range nodes {
		faults = append(faults, diag.Decode(n, &(*e)[i])...)
	}
	return faults
}

// Size is a width and a height in pixels; zero where nothing is expected.
type Size struct{ Width, Height int }

// DecodeStrict reads "2048x1365".
func (s *Size) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	var rest string
	n, _ := fmt.Sscanf(node.Value, "%dx%d%s", &s.Width, &s.Height, &rest)
	if n != 2 || s.Width < 1 || s.Height < 1 {
		return diag.Diagnostics{diag.At(node, "must be a size such as 2048x1365, got %s", diag.Describe(node))}
	}
	return nil
}

func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Width, s.Height) }

// Load reads a file of tests. Its error is a [diag.Diagnostics] where the file is
// read and wrong.
func Load(file string) (*File, error) {
	data, err := diag.ReadFile(file)
	if err != nil {
		return nil, err
	}
	root, err := diag.Parse(file, data)
	if err != nil {
		return nil, err
	}
	f := &File{Version: 1, Config: "burnish.yaml", root: root}
	if f.folder, err = filepath.Abs(filepath.Dir(file)); err != nil {
		return nil, err
	}
	faults := diag.Decode(root, f)
	faults = append(faults, diag.Validate(root, f)...)
	return f, faults.In(file).Err()
}

// Validate reports tests that lack something, or whose files are not there.
func (f *File) Validate() error {
	var errs []error
	if f.Version != 1 {
		errs = append(errs, diag.Invalid("version", "version %d is not known to this Burnish; it reads version 1", f.Version))
	}
	if _, err := os.Stat(f.ConfigFile()); err != nil {
		errs = append(errs, diag.Invalid("config", "there is no configuration %s; name the one whose pipelines are tested with \"config: FILE\", below this file's folder", f.ConfigFile()))
	}
	if len(f.Tests) == 0 {
		errs = append(errs, errors.New("the file holds no tests"))
	}
	for i, t := range f.Tests {
		at := fmt.Sprintf("tests.%d", i)
		if info, err := os.Stat(f.path(t.Input)); t.Input == "" || err != nil || !info.Mode().IsRegular() {
			errs = append(errs, diag.Invalid(at+".input", "must be an image file that exists, got %q", t.Input))
		}
		errs = append(errs, t.end(at))
		for j, e := range t.Expect {
			errs = append(errs, e.validate(f.expectation(i, j)))
		}
	}
	return errors.Join(errs...)
}

// end judges how a test is to end.
func (t Test) end(at string) error {
	var errs []error
	if kinds := plugin.Kinds(); t.Fails != "" && !slices.Contains(kinds, t.Fails) {
		errs = append(errs, diag.Invalid(at+".fails", "there is no failure of the kind %q%s", t.Fails, diag.Suggest(t.Fails, kinds)))
	}
	switch {
	case t.Fails != "" && t.Skipped != "":
		errs = append(errs, diag.Invalid(at+".skipped", "a photo fails or is skipped, not both"))
	case t.Fails+t.Skipped == "" && len(t.Expect) == 0 && len(t.Notes) == 0:
		errs = append(errs, diag.Invalid(at, "the test expects nothing; add expect, notes, fails or skipped"))
	case t.Fails+t.Skipped != "" && len(t.Expect) > 0:
		errs = append(errs, diag.Invalid(at+".expect", "a photo that fails or is skipped has no outputs to expect anything of"))
	}
	return errors.Join(errs...)
}

// expectation is where expectation j of test i stands.
func (f *File) expectation(i, j int) string {
	at := fmt.Sprintf("tests.%d.expect", i)
	if diag.Find(f.root, "tests", fmt.Sprint(i), "expect").Kind == yaml.SequenceNode {
		at += fmt.Sprintf(".%d", j)
	}
	return at
}

func (e Expect) validate(at string) error {
	var errs []error
	if _, err := path.Match(e.Output, ""); err != nil {
		errs = append(errs, diag.Invalid(at+".output", "%q is no pattern", e.Output))
	}
	if formats := tools.Formats(); e.Format != "" && !slices.Contains(formats, e.Format) {
		errs = append(errs, diag.Invalid(at+".format", "there is no format %q%s", e.Format, diag.Suggest(e.Format, formats)))
	}
	for _, tag := range slices.Sorted(maps.Keys(e.EXIF)) {
		if near := misspelt(tag); near != "" {
			errs = append(errs, diag.Invalid(at+".exif."+tag, "EXIF has no tag %q; did you mean %q?", tag, near))
		}
	}
	if e.PSNR != nil && (e.PSNR.Image == "" || e.PSNR.Min <= 0) {
		errs = append(errs, diag.Invalid(at+".psnr", "needs an image and a min of decibels above 0"))
	}
	if e.DeltaE != nil && (e.DeltaE.Image == "" || e.DeltaE.Max <= 0) {
		errs = append(errs, diag.Invalid(at+".deltae", "needs an image and a max above 0"))
	}
	return errors.Join(errs...)
}

// path is a path of the file as it can be opened.
func (f *File) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.folder, name)
}

// ConfigFile is the configuration's path.
func (f *File) ConfigFile() string { return f.path(f.Config) }

// name is the test's, or one made of what it does.
func (t Test) name() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Input + " through " + t.Pipeline
}
