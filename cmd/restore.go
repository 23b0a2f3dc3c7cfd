package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type restoreCommand struct {
	In           []string    `arg:"" name:"photo" help:"Photos to restore; folders with -r; - for standard input."`
	Output       string      `short:"o" placeholder:"OUT" help:"Output file, whose extension selects the format; a folder; or - for standard output. Default: NAME.restored.EXT beside each photo."`
	Recursive    bool        `short:"r" help:"Restore folders recursively."`
	Format       string      `placeholder:"FORMAT" help:"Output format: jpeg, png, webp, tiff, avif, heic, jxl or gif. Default: that of OUT, else that of each photo."`
	Model        string      `default:"lite" placeholder:"NAME|FILE.onnx" help:"Model name (${default}) or exported file."`
	Preset       string      `placeholder:"PRESET" help:"fast, balanced (default) or reference."`
	Strength     float64     `default:"1" placeholder:"0..1" help:"How much of the change to apply, 0 to 1 (${default})."`
	Force        bool        `help:"Also restore photos that show no damage. Without it they are copied unchanged."`
	Device       device.List `placeholder:"DEVICE" help:"auto, cpu, cuda:N, …"`
	Config       string      `short:"c" placeholder:"FILE" help:"Configuration file to take \"restore\" and \"limits\" from."`
	Overwrite    bool        `help:"Replace existing files."`
	AllowFormats []string    `placeholder:"FORMAT" help:"Also read jxl, jp2, svg, pdf, psd, bmp, …: their decoders are not safe for files of unknown origin."`
	Order        string      `enum:"path,newest,oldest" default:"path" help:"Which photos come first: ${enum} (${default}); by time of change."`
	paceOptions
	Quiet bool `short:"q" help:"Print failures only."`
	JSON  bool `name:"json" help:"Print a JSON object for each photo."`
}

// Help is shown by burnish restore --help.
func (restoreCommand) Help() string {
	return `Keeps metadata and the colour profile. Applies EXIF orientation. A photo that fails does not stop the others. An interrupted command goes on when it is repeated.

Exit status: 0 if all photos are done; 1 if some failed; 2 if the command could not start; 130 if interrupted.

Examples:
  burnish restore old.jpg
  burnish restore old.jpg -o new.png --model promptcir.onnx
  burnish restore a.jpg b.jpg -o restored/ --strength 0.7
  burnish restore -r holiday/
  curl -s https://example.org/old.jpg | burnish restore - > new.jpg`
}

const (
	pipe = "-" // standard input or output
	mark = ".restored"

	restorePipeline = "restore"
)

// Run restores the photos.
func (r *restoreCommand) Run(h *host) error {
	outliveReaders()
	c, err := r.check(h)
	if err != nil {
		return err
	}
	if slices.Contains(r.In, pipe) || r.Output == pipe {
		return r.throughPipe(h, c)
	}
	w := newBulkWork(h, r.Order, r.Quiet)
	unread, err := r.look(w)
	if err == nil {
		err = w.scanned()
	}
	if err != nil {
		return err
	}
	if len(w.files)+len(unread) == 0 {
		fmt.Fprintln(h.err, "no input files")
		return nil
	}
	w.job = func(f file) plugin.Job {
		j := r.job(f)
		j.Again = !w.begun // what was made when the command was killed says so itself
		return j
	}
	duty, err := r.begin(c)
	if err != nil {
		return err
	}
	w.rules = r.rules()
	engine, err := h.openEngine(c, duty, plugin.WithVersion(release()), plugin.WithSources(w.sources()...), plugin.WithRecognition())
	if err != nil {
		return err
	}
	key := []string{"restore", plugin.Fingerprint(engine), fullPath(r.Output), fmt.Sprint(r.Overwrite, r.Recursive, r.AllowFormats)}
	return errors.Join(w.process(engine, reporting{json: r.JSON, quiet: r.Quiet, strict: true, overwrite: r.Overwrite, out: h.out}, append(key, r.In...), unread), engine.Close())
}

// check refuses what makes no sense before anything is opened, and returns what
// to open.
func (r *restoreCommand) check(h *host) (*config.Config, error) {
	if !(r.Strength >= 0 && r.Strength <= 1) {
		return nil, fmt.Errorf("--strength must be 0 to 1, got %g", r.Strength)
	}
	r.Format = strings.TrimPrefix(strings.ToLower(r.Format), ".")
	if r.Format != "" && !tools.Writes(r.Format) {
		return nil, fmt.Errorf("--format must be jpeg, png, webp, tiff, avif, heic, jxl or gif, got %q", r.Format)
	}
	if r.Format == "jpeg" {
		r.Format = "jpg"
	}
	for _, in := range r.In {
		if info, err := os.Stat(in); err == nil && info.IsDir() && !r.Recursive {
			return nil, fmt.Errorf("%s is a folder: restore what it holds with -r, or use burnish apply", in)
		}
	}
	switch {
	case r.Output == "" || r.Output == pipe || r.intoFolder():
	case len(r.In) > 1 || r.Recursive:
		return nil, fmt.Errorf("%s is a file: with several photos, name a folder with -o DIR/", r.Output)
	case r.Format != "":
		return nil, fmt.Errorf("give either --format or the file %s, whose extension chooses the format", r.Output)
	case filepath.Ext(r.Output) == "":
		return nil, fmt.Errorf("%s has no extension, which chooses the format; end it in .jpg, .png, .webp, .tif, .avif or .jxl, or in / for a folder", r.Output)
	case !tools.Writes(filepath.Ext(r.Output)):
		return nil, fmt.Errorf("%s: no encoder writes %q; end it in .jpg, .png, .webp, .tif, .avif or .jxl", r.Output, filepath.Ext(r.Output))
	}
	return r.configuration(h)
}

// intoFolder reports whether the output is a folder, there or to be made.
func (r *restoreCommand) intoFolder() bool {
	info, err := os.Stat(r.Output)
	if err == nil {
		return info.IsDir()
	}
	return strings.HasSuffix(r.Output, "/") || (len(r.In) > 1 || r.Recursive) && filepath.Ext(r.Output) == ""
}

// look finds the photos to restore.
func (r *restoreCommand) look(w *bulkWork) (unread []*plugin.Error, err error) {
	output := ""
	if r.Output != "" && r.intoFolder() {
		if output, err = filepath.Abs(r.Output); err != nil {
			return nil, err
		}
	}
	all, err := walk(r.In, nil, output, func(f file) bool {
		stem := strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path))
		if !f.named && strings.HasSuffix(stem, mark) {
			return true // restored before
		}
		f.ignored = "" // what is named is restored
		return w.take(f)
	})
	return all.unread, err
}

func (r *restoreCommand) job(f file) plugin.Job {
	j := plugin.Job{Path: f.path, Root: f.within(), Pipeline: restorePipeline, Output: f.root, Overwrite: r.Overwrite, Absent: true, Allow: r.AllowFormats}
	switch {
	case r.Output == "":
	case r.intoFolder():
		j.Output = r.Output
	default:
		j.Output = filepath.Dir(r.Output)
	}
	return j
}

// path is the template of the outputs' path.
func (r *restoreCommand) path() string {
	name := "{dir}/{stem}" + mark + "."
	switch {
	case r.Output != "" && r.Output != pipe && !r.intoFolder():
		return strings.ReplaceAll(filepath.Base(r.Output), "{", "{{")
	case r.Format != "":
		return name + r.Format
	}
	return name + "{ext}"
}

// configuration is a pipeline of the one step and the one output.
func (r *restoreCommand) configuration(h *host) (*config.Config, error) {
	model, err := modelPath(r.Model)
	if err != nil {
		return nil, err
	}
	step := map[string]any{"model": model, "strength": r.Strength}
	if r.Preset != "" {
		step["preset"] = r.Preset
	}
	if r.Force {
		step["skip"] = "never"
	}
	output := map[string]any{"path": r.path()}
	if !r.Overwrite {
		output["collision"] = "number" // of two photos of one command
	}
	if strings.HasSuffix(r.path(), "{ext}") {
		output["format"] = "auto"
	}
	c, err := h.composed("restore", map[string]any{
		"version": 1,
		"pipelines": map[string]any{restorePipeline: map[string]any{
			"steps":   []any{map[string]any{"promptcir": step}},
			"outputs": []any{output},
		}},
	})
	if err != nil {
		return nil, err
	}
	if r.Config != "" {
		base, err := h.load(r.Config)
		if err != nil {
			return nil, err
		}
		c.Restore, c.Limits = base.Restore, base.Limits
	}
	if len(r.Device) > 0 {
		c.Restore.Device = r.Device
	}
	return c, diag.Check(c)
}

// modelPath is a model's name, or the absolute path of its file.
func modelPath(model string) (string, error) {
	if !strings.ContainsRune(model, filepath.Separator) && filepath.Ext(model) == "" {
		return model, nil
	}
	return filepath.Abs(model)
}
