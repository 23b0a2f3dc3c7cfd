package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"gopkg.in/yaml.v3"
)

type restoreCommand struct {
	In        string `arg:"" help:"The damaged photo."`
	Output    string `short:"o" placeholder:"OUT" help:"The restored photo; its extension chooses the format. Default: IN with .restored before the extension."`
	Model     string `default:"lite" placeholder:"NAME|FILE.onnx" help:"Model: a name (${default}) or an exported file."`
	Device    string `default:"auto" help:"auto, cpu, cuda:N, …"`
	Overwrite bool   `help:"Replace OUT where it exists."`
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
	out := r.Output
	if out == "" {
		ext := filepath.Ext(r.In)
		out = strings.TrimSuffix(r.In, ext) + ".restored" + ext
	}
	c, err := r.configuration(h, out)
	if err != nil {
		return err
	}
	engine, err := plugin.Open(h, *c, h.registry, plugin.WithLog(h.logger()))
	if err != nil {
		return err
	}
	result, err := engine.Process(h, plugin.Job{Path: r.In, Pipeline: "restore", Output: filepath.Dir(out), Overwrite: r.Overwrite})
	if err := errors.Join(err, engine.Close()); err != nil {
		return err
	}
	if result.State == plugin.Skipped {
		return fmt.Errorf("%s: %s", r.In, result.Reason)
	}
	fmt.Fprintln(h.out, newLine(r.In, result, nil).text())
	return nil
}

// configuration is a pipeline of the one step and the one output.
func (r *restoreCommand) configuration(h *host, out string) (*config.Config, error) {
	model := r.Model
	if strings.ContainsRune(model, filepath.Separator) || filepath.Ext(model) != "" {
		absolute, err := filepath.Abs(model)
		if err != nil {
			return nil, err
		}
		model = absolute
	}
	text, err := yaml.Marshal(map[string]any{
		"version": 1,
		"restore": map[string]any{"device": r.Device},
		"pipelines": map[string]any{"restore": map[string]any{
			"steps":   []any{map[string]any{"promptcir": map[string]any{"model": model}}},
			"outputs": []any{map[string]any{"path": strings.ReplaceAll(filepath.Base(out), "{", "{{")}},
		}},
	})
	if err != nil {
		return nil, err
	}
	c, faults := config.Parse("burnish restore "+r.In, filepath.Dir(out), text, h.registry)
	errs, _ := faults.Split()
	return c, errs.Err()
}
