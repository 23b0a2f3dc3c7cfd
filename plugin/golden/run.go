package golden

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// Verdict is what became of one test.
type Verdict struct {
	Name   string
	Line   int      // of the test in its file
	Faults []string // what was not as expected; none: the test passed
	Wrote  []string // pictures that Update has written
}

// Pipelines fills in the only pipeline where a test names none, and lists those
// that the tests use.
func (f *File) Pipelines(known []string) ([]string, error) {
	used := map[string]bool{}
	var faults diag.Diagnostics
	for i := range f.Tests {
		t := &f.Tests[i]
		if t.Pipeline == "" && len(known) == 1 {
			t.Pipeline = known[0]
		}
		if !slices.Contains(known, t.Pipeline) {
			at := diag.Find(f.root, "tests", fmt.Sprint(i), "pipeline")
			faults = append(faults, diag.At(at, "there is no pipeline %q%s", t.Pipeline, diag.Suggest(t.Pipeline, known)))
		}
		used[t.Pipeline] = true
	}
	return slices.Sorted(maps.Keys(used)), faults.Err()
}

// Run runs test i on the engine. With update, pictures that an output is
// compared with are replaced by the output. Its error is one of running, not of
// the test.
func (f *File) Run(ctx context.Context, e *plugin.Engine, i int, update bool) (v Verdict, err error) {
	t := f.Tests[i]
	v.Name, v.Line = t.name(), diag.Find(f.root, "tests", fmt.Sprint(i)).Line
	out, err := os.MkdirTemp("", "burnish-test-")
	if err != nil {
		return v, err
	}
	defer os.RemoveAll(out)
	job := plugin.Job{Path: f.path(t.Input), Pipeline: t.Pipeline, Output: out}
	if t.Root != "" {
		job.Root = f.path(t.Root)
	}
	result, err := e.Process(ctx, job)
	if ctx.Err() != nil {
		return v, context.Cause(ctx)
	}
	if ended := t.ended(result, err); ended != "" || err != nil {
		if ended != "" {
			v.Faults = append(v.Faults, ended)
		}
		return v, nil
	}
	for name, want := range t.Notes {
		if !strings.Contains(result.Notes[name], want) {
			v.Faults = append(v.Faults, fmt.Sprintf("the note %s is %q, which does not hold %q", name, result.Notes[name], want))
		}
	}
	slices.Sort(v.Faults)
	for _, expect := range t.Expect {
		if err := f.expect(expect, result, out, update, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// ended says what is wrong with how the job ended, "" where it is as expected.
func (t Test) ended(result plugin.Result, err error) string {
	var known *plugin.Error
	switch failed := errors.As(err, &known); {
	case failed && t.Fails == string(known.Kind):
		return ""
	case failed && t.Fails != "":
		return fmt.Sprintf("failed as %s, which was expected as %s: %v", known.Kind, t.Fails, err)
	case err != nil:
		return "failed: " + err.Error()
	case t.Fails != "":
		return fmt.Sprintf("did not fail, which was expected (%s)", t.Fails)
	case result.State == plugin.Skipped && (t.Skipped == "" || !strings.Contains(result.Reason, t.Skipped)):
		return "was skipped: " + result.Reason
	case result.State != plugin.Skipped && t.Skipped != "":
		return fmt.Sprintf("was not skipped, which was expected (%s)", t.Skipped)
	}
	return ""
}

// expect judges the outputs that the expectation is about.
func (f *File) expect(e Expect, result plugin.Result, out string, update bool, v *Verdict) error {
	var names, met []string
	var outputs []plugin.Output
	for _, o := range result.Outputs {
		rel, err := filepath.Rel(out, o.Path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		names = append(names, name)
		if matches, err := path.Match(e.Output, name); err == nil && (e.Output == "" || matches) {
			met, outputs = append(met, name), append(outputs, o)
		}
	}
	if update && len(met) > 1 && len(e.images()) > 0 {
		v.Faults = append(v.Faults, fmt.Sprintf("%s cannot be updated: the outputs %s match; name one of them with \"output\"", strings.Join(e.images(), ", "), strings.Join(met, ", ")))
		return nil
	}
	for i, o := range outputs {
		name := met[i]
		if update {
			if err := f.update(e, o.Path, v); err != nil {
				return err
			}
		}
		faults, err := f.judge(e, o)
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, fault := range faults {
			v.Faults = append(v.Faults, name+": "+fault)
		}
	}
	if len(met) == 0 {
		fault := fmt.Sprintf("there is no output %s; there are %s", e.Output, strings.Join(names, ", "))
		if out := result.Notes["not_written"]; out != "" {
			fault += "; not written: " + out
		}
		v.Faults = append(v.Faults, fault)
	}
	return nil
}

// images are the pictures that outputs are compared with.
func (e Expect) images() []string {
	images := map[string]bool{}
	if e.PSNR != nil {
		images[e.PSNR.Image] = true
	}
	if e.DeltaE != nil {
		images[e.DeltaE.Image] = true
	}
	return slices.Sorted(maps.Keys(images))
}

// update makes the output the picture that it is compared with.
func (f *File) update(e Expect, output string, v *Verdict) error {
	for _, image := range e.images() {
		to := f.path(image)
		if filepath.Ext(to) != filepath.Ext(output) {
			v.Faults = append(v.Faults, fmt.Sprintf("%s cannot be updated from %s: give it the same extension", image, filepath.Base(output)))
			continue
		}
		data, err := os.ReadFile(output)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
		v.Wrote = append(v.Wrote, to)
	}
	return nil
}
