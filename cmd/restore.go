package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"gopkg.in/yaml.v3"
)

type restoreCommand struct {
	In        string   `arg:"" help:"The damaged photo."`
	Output    string   `short:"o" placeholder:"OUT" help:"The restored photo, its extension choosing the format, or a folder for it. Default: IN with .restored before the extension."`
	Model     string   `default:"lite" placeholder:"NAME|FILE.onnx" help:"Model: a name (${default}) or an exported file."`
	Device    string   `placeholder:"DEVICE" help:"auto, cpu, cuda:N, …"`
	Config    string   `short:"c" placeholder:"FILE" help:"Configuration file, for its \"restore\" and \"limits\"."`
	Overwrite bool     `help:"Replace OUT where it exists."`
	Allow     []string `placeholder:"FORMAT" help:"Take in jxl, jp2, svg, pdf, psd, bmp … too: what reads them is not safe for files of unknown origin."`
}

// Help is shown by burnish restore --help.
func (restoreCommand) Help() string {
	return `Metadata and colour profile are kept, the photo is turned upright.

Examples:
  burnish restore old.jpg
  burnish restore old.jpg -o new.png --model promptcir.onnx`
}

// Run restores one photo.
func (r *restoreCommand) Run(h *host) error {
	outliveReaders()
	out := r.out()
	c, err := r.configuration(h, out)
	if err != nil {
		return err
	}
	engine, err := plugin.Open(h, *c, h.registry, plugin.WithVersion(release()), plugin.WithLog(h.logger()))
	if err != nil {
		return err
	}
	job := plugin.Job{Path: r.In, Pipeline: "restore", Output: filepath.Dir(out), Overwrite: r.Overwrite, Allow: r.Allow}
	report := newReport(h, false, 1)
	result, err := engine.Process(h, job)
	if err == nil && result.State == plugin.Skipped {
		err = fmt.Errorf("%s: %s", r.In, result.Reason)
	}
	report.add(r.In, result, err)
	return errors.Join(engine.Close(), report.finish())
}

// out is the file to write.
func (r *restoreCommand) out() string {
	ext := filepath.Ext(r.In)
	name := strings.TrimSuffix(filepath.Base(r.In), ext) + ".restored"
	if plugin.Writes(ext) {
		name += ext
	} else {
		name += ".png"
	}
	if r.Output == "" {
		return filepath.Join(filepath.Dir(r.In), name)
	}
	if info, err := os.Stat(r.Output); err == nil && info.IsDir() || strings.HasSuffix(r.Output, "/") {
		return filepath.Join(r.Output, name)
	}
	return r.Output
}

// configuration is a pipeline of the one step and the one output.
func (r *restoreCommand) configuration(h *host, out string) (*config.Config, error) {
	if !plugin.Writes(filepath.Ext(out)) {
		return nil, fmt.Errorf("%s: no encoder writes %q; end it in .jpg, .png, .webp, .tif, .avif or .jxl", out, filepath.Ext(out))
	}
	model, err := r.model()
	if err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(map[string]any{
		"version": 1,
		"pipelines": map[string]any{"restore": map[string]any{
			"steps":   []any{map[string]any{"promptcir": map[string]any{"model": model}}},
			"outputs": []any{map[string]any{"path": strings.ReplaceAll(filepath.Base(out), "{", "{{")}},
		}},
	})
	if err != nil {
		return nil, err
	}
	c, faults := config.Parse("burnish restore", filepath.Dir(out), text, h.registry)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, errors.New(errs[0].Message) // its place means nothing to the user
	}
	if r.Config != "" {
		base, err := h.load(r.Config)
		if err != nil {
			return nil, err
		}
		c.Restore, c.Limits = base.Restore, base.Limits
	}
	if r.Device != "" {
		c.Restore.Device = config.Device(r.Device)
	}
	return c, c.Validate()
}

// model is the model's name, or the absolute path of its file.
func (r *restoreCommand) model() (string, error) {
	if !strings.ContainsRune(r.Model, filepath.Separator) && filepath.Ext(r.Model) == "" {
		return r.Model, nil
	}
	return filepath.Abs(r.Model)
}
