package cmd

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

type applyCommand struct {
	Paths        []string `arg:"" name:"path" help:"Photos and folders of photos."`
	Output       string   `short:"o" required:"" placeholder:"DIR" help:"Output folder."`
	Config       string   `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}; without any, the built-in pipeline photos."`
	Pipeline     string   `short:"p" help:"Pipeline to use; required if the file has several."`
	Again        bool     `help:"Process photos again that are already done."`
	Overwrite    bool     `help:"Replace files in DIR that Burnish did not make."`
	AllowFormats []string `placeholder:"FORMAT" help:"Also read jxl, jp2, svg, pdf, psd, bmp, …: their decoders are not safe for files of unknown origin."`
	Order        string   `enum:"path,newest,oldest" default:"path" help:"Which photos come first: ${enum} (${default}); by time of change."`
	paceOptions
	Quiet bool `short:"q" help:"Print failures only."`
	JSON  bool `name:"json" help:"Print a JSON object for each file."`
}

// Help is shown by burnish apply --help.
func (applyCommand) Help() string {
	return `Files are recognised by content. Names that watched folders ignore are ignored. A photo is skipped if its outputs are in DIR, name this photo and pipeline as their source, and are unchanged; --again processes it anyway. The daemon's ledger is not used.

An interrupted command goes on when it is repeated: what it had done is neither done nor read again, as long as photo and outputs are as they were. Until a command has gone through all files, that is kept in $XDG_STATE_HOME/burnish/runs.

Exit status: 0 if all photos are done; 1 if some failed; 2 if the command could not start; 130 if interrupted.

Examples:
  burnish apply holiday/ -o restored/
  burnish apply -c burnish.yaml -p photos a.jpg b.jpg -o out/ --json`
}

// Run processes the paths.
func (a *applyCommand) Run(h *host) error {
	outliveReaders()
	c, where, err := h.loadFound(a.Config)
	if err != nil {
		return err
	}
	if a.Pipeline, err = choose(a.Pipeline, c, where); err != nil {
		return err
	}
	like := plugin.Job{Pipeline: a.Pipeline, Output: a.Output, Overwrite: a.Overwrite, Again: a.Again, Allow: a.AllowFormats}
	w := newBulkWork(h, a.Order, a.Quiet)
	all, err := eachJob(a.Paths, c.Watch, like, func(j job) bool { return w.take(j.file) })
	if err == nil {
		err = w.scanned()
	}
	if err != nil {
		return err
	}
	if len(w.files)+len(all.unread) == 0 {
		fmt.Fprintln(h.err, "no input files"+ignoredText(all.ignored))
		return nil
	}
	w.job = func(f file) plugin.Job {
		j := like
		j.Path, j.Named, j.Root = f.path, f.named, f.within()
		return j
	}
	duty, err := a.begin(c)
	if err != nil {
		return err
	}
	w.rules = a.rules()
	engine, err := h.openEngine(c, duty, plugin.WithVersion(release()), plugin.WithPipelines(a.Pipeline), plugin.WithSources(w.sources()...), plugin.WithRecognition())
	if err != nil {
		return err
	}
	key := []string{"apply", plugin.Fingerprint(engine), fullPath(a.Output), fmt.Sprint(a.Again, a.Overwrite, a.AllowFormats)}
	return errors.Join(w.process(engine, reporting{json: a.JSON, quiet: a.Quiet, overwrite: a.Overwrite, out: h.out}, append(key, a.Paths...), all.unread), engine.Close())
}

// ignoredText says that files were passed over by their names.
func ignoredText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d ignored by name)", n)
}

// choose is the pipeline of that name, or the only one; where names the
// configuration in messages.
func choose(name string, c *config.Config, where string) (string, error) {
	names := slices.Sorted(maps.Keys(c.Pipelines))
	switch {
	case name == "" && len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", fmt.Errorf("%s has no pipelines: add one under \"pipelines:\"", where)
	case name == "":
		return "", fmt.Errorf("%s has several pipelines; choose one with -p: %s", where, strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return "", fmt.Errorf("there is no pipeline %q; %s has %s", name, where, strings.Join(names, ", "))
	}
	return name, nil
}

// eachJob finds jobs like the given one for the photos below the paths, none of
// which may lie in its output folder. It ends where take is false.
func eachJob(paths []string, watch []config.Watch, like plugin.Job, take func(job) bool) (found, error) {
	out, err := outputFolder(paths, like.Output)
	if err != nil {
		return found{}, err
	}
	return walk(paths, watch, out, func(f file) bool {
		j := like
		j.Path, j.Named = f.path, f.named
		if j.Root == "" {
			j.Root = f.within()
		}
		return take(job{f, j})
	})
}

// outputFolder is the folder's absolute path. It refuses one that the paths lie in.
func outputFolder(paths []string, output string) (string, error) {
	out, err := filepath.Abs(output)
	if err != nil {
		return "", err
	}
	for _, named := range paths {
		folder, err := filepath.EvalSymlinks(named)
		if info, errStat := os.Stat(named); errStat != nil || !info.IsDir() {
			continue
		}
		if err != nil {
			return "", err
		}
		if inside(folder, out) {
			return "", fmt.Errorf("the output folder %s is, or holds, the folder %s: originals could be overwritten; choose another with -o", output, named)
		}
	}
	return out, nil
}

// job is what is to be done with a file.
type job struct {
	file
	plugin.Job
}

// line is one file's report in JSON.
type line struct {
	Path    string            `json:"path"`
	State   string            `json:"state"` // done, skipped or failed
	Reason  string            `json:"reason,omitempty"`
	Hint    string            `json:"hint,omitempty"` // what to do about a failure
	Kind    plugin.Kind       `json:"kind,omitempty"` // of a failure
	Outputs []string          `json:"outputs,omitempty"`
	Notes   map[string]string `json:"notes,omitempty"`
	Seconds float64           `json:"seconds"`
}

func newLine(path string, result plugin.Result, err error) line {
	l := line{Path: path, State: string(result.State), Reason: result.Reason, Notes: result.Notes, Seconds: result.Elapsed.Seconds()}
	for _, o := range result.Outputs {
		l.Outputs = append(l.Outputs, o.Path)
	}
	if err != nil {
		l.State = "failed"
		l.Reason, l.Hint = reasonOf(err)
		var known *plugin.Error
		if errors.As(err, &known) {
			l.Kind = known.Kind
		}
	}
	return l
}

// text is the report for people.
func (l line) text() string {
	switch l.State {
	case "failed":
		return "failed   " + l.Reason
	case string(plugin.Skipped):
		return "skipped  " + l.Path + ": " + l.Reason
	}
	how := fmt.Sprintf("%.1f s", l.Seconds)
	switch {
	case l.Notes["left_alone"] != "":
		how = "left alone, " + l.Notes["left_alone"] + ", " + how
	case l.Notes["device"] != "":
		how += " on " + l.Notes["device"]
	}
	if out := l.Notes["left_out"]; out != "" {
		how = "without " + out + ", " + how
	}
	var outputs []string
	for _, o := range l.Outputs {
		outputs = append(outputs, short(o))
	}
	return fmt.Sprintf("done     %s → %s (%s)%s", l.Path, strings.Join(outputs, ", "), how, l.warnings())
}

// warnings say what the outputs could not keep, and which are not written.
func (l line) warnings() string {
	var all []string
	for _, kind := range [][2]string{{"not_kept:", "not kept: "}, {"further_pictures:", "gain map or further picture "}, {"film:", "film: "}, {"regions:", "face regions: "}, {"appended_data:", "appended data: "}, {"colours", ""}} {
		for key, note := range l.Notes {
			if text := kind[1] + note; strings.HasPrefix(key, kind[0]) && !strings.HasSuffix(note, " kept") && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	slices.Sort(all)
	if note := l.Notes["date"]; note != "" {
		all = append(all, "date: "+note)
	}
	if out := l.Notes["not_written"]; out != "" {
		all = append(all, "not written: "+out)
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, "; ")
}

func (l line) json() string { return jsonLine(l) }

// jsonLine is a value of plain fields as one line.
func jsonLine(v any) string {
	text, err := api.Marshal(v)
	if err != nil {
		return fmt.Sprintf(`{"state":"failed","reason":%q}`, err)
	}
	return string(text)
}

// printLine prints a value as one line of JSON. Strings that are not UTF-8, as names of
// files may be, are data URIs in it, so that no byte is lost.
func printLine(out io.Writer, v any) error {
	text, err := api.Marshal(v)
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", text)
	}
	return err
}
