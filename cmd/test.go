package cmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/golden"
)

type testCommand struct {
	Files  []string `arg:"" name:"file" help:"Test files."`
	Update bool     `help:"Replace the expected pictures by the outputs. Review them before you keep them."`
}

// Help is shown by burnish test --help.
func (testCommand) Help() string {
	return `A test runs a picture through a pipeline and checks the outputs:

  config: burnish.yaml
  tests:
    - input: pictures/portrait.jpg
      pipeline: photos
      expect:
        output: portrait.web.webp
        size: 1365x2048
        icc: sRGB
        exif: {Make: Canon, GPSLatitude: ""}
        psnr: {image: golden/portrait.webp, min: 40}
        deltae: {image: golden/portrait.webp, max: 1}
    - input: pictures/cut.jpg
      fails: damaged

Paths start at the test file's folder. output is a path below the output folder or a pattern (*.webp); without it, every output is checked. An EXIF tag of "" must be absent. psnr is in dB, deltae is the mean CIEDE2000. Further keys of a test: name; root, the folder that {dir} starts at; notes, parts of the result's notes ({left_out: sharpen}, {not_written: web}); fails, the expected kind of failure; skipped, a part of the reason.

Start with --update, which writes the expected pictures, and review them. Exit status: 0 if all tests pass; 1 if one fails; 2 if a file cannot be used.

Example: burnish test burnish.test.yaml`
}

// Run runs the tests of every file.
func (t *testCommand) Run(h *host) error {
	failed, all := 0, 0
	for _, name := range t.Files {
		f, err := golden.Load(name)
		if err != nil {
			return faulty(name, err)
		}
		n, err := t.run(h, name, f)
		if err != nil {
			return err
		}
		failed, all = failed+n, all+len(f.Tests)
	}
	fmt.Fprintf(h.out, "%d tests, %d failed\n", all, failed)
	if failed > 0 {
		return errFailures
	}
	return nil
}

// faulty is the error of a file of tests that cannot be used.
func faulty(name string, err error) error {
	var faults diag.Diagnostics
	if errors.As(err, &faults) {
		return fmt.Errorf("the tests have faults:\n%w", faults.In(name))
	}
	return err
}

func (t *testCommand) run(h *host, name string, f *golden.File) (failed int, err error) {
	c, err := h.load(f.ConfigFile())
	if err != nil {
		return 0, err
	}
	pipelines, err := f.Pipelines(slices.Sorted(maps.Keys(c.Pipelines)))
	if err != nil {
		return 0, faulty(name, err)
	}
	engine, err := h.openEngine(c, plugin.WithPipelines(pipelines...))
	if err != nil {
		return 0, err
	}
	for i := range f.Tests {
		v, err := f.Run(h, engine, i, t.Update)
		if err != nil {
			return failed, errors.Join(err, engine.Close())
		}
		for _, image := range v.Wrote {
			fmt.Fprintf(h.out, "wrote %s\n", diag.Printable(image))
		}
		if len(v.Faults) == 0 {
			fmt.Fprintf(h.out, "ok    %s\n", diag.Printable(v.Name))
			continue
		}
		failed++
		fmt.Fprintf(h.out, "FAIL  %s (%s:%d)\n", diag.Printable(v.Name), diag.Printable(name), v.Line)
		for _, fault := range v.Faults {
			fmt.Fprintf(h.out, "      %s\n", diag.Printable(fault))
		}
	}
	return failed, engine.Close()
}
