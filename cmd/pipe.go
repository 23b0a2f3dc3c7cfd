package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/spool"
)

// What photos from and to pipes are called in messages.
const (
	stdinName  = "standard input"
	stdoutName = "standard output"
)

// throughPipe restores one photo from standard input, or to standard output.
func (r *restoreCommand) throughPipe(h *host, c *config.Config) (err error) {
	fromInput, toOutput := r.In[0] == pipe, r.Output == pipe || r.Output == ""
	switch {
	case len(r.In) > 1 || r.Recursive:
		return errors.New("- is one photo: it cannot be combined with others")
	case toOutput && logging.IsTerminal(h.out):
		return errors.New("refusing to write an image to a terminal: name a file with -o OUT, or redirect standard output")
	case fromInput && logging.IsTerminal(os.Stdin):
		return errors.New("standard input is a terminal: pipe a photo into it, or name a file")
	case fromInput && !toOutput && r.intoFolder():
		return fmt.Errorf("%s is a folder, and a photo from standard input has no name: name a file with -o OUT", r.Output)
	}
	f := file{path: r.In[0], root: filepath.Dir(r.In[0]), named: true}
	if fromInput {
		f.shown = stdinName
	}
	o := reporting{json: r.JSON, quiet: r.Quiet, strict: true, overwrite: r.Overwrite, out: h.out, total: 1}
	if toOutput {
		o.out, o.quiet = h.err, !r.JSON
		o.instead = func(plugin.Result) []string { return []string{stdoutName} }
		return r.transform(h, c, f, newReport(h, o))
	}
	folder, err := h.scratch.makeFolder("burnish-pipe-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f.path, f.root = filepath.Join(folder, stdinName), folder
	if err := spool.Keep(h, f.path, os.Stdin, int64(c.Limits.Bytes)); err != nil {
		if fault := inputFault(err); fault != nil {
			return fault
		}
		return err
	}
	engine, err := h.openEngine(c, plugin.WithVersion(release()), plugin.WithSources(fullPath(f.path)))
	if err != nil {
		return err
	}
	w := &bulkWork{h: h, silent: true, files: []listed{{file: f}}, job: r.job}
	return errors.Join(w.process(engine, o, nil, nil), engine.Close())
}

// transform restores a file, or standard input where it is shown as that, to
// standard output.
func (r *restoreCommand) transform(h *host, c *config.Config, f file, report *report) error {
	s := plugin.Stream{Path: f.path, Pipeline: "restore", Allow: r.AllowFormats}
	if f.shown != "" {
		s.Path, s.Source, s.Name = "", os.Stdin, f.shown
	}
	engine, err := h.openEngine(c, plugin.WithVersion(release()))
	if err != nil {
		return err
	}
	out := &photoOut{to: h.out}
	result, err := engine.Transform(h, s, out)
	closed := engine.Close()
	if out.failed != nil {
		return errors.Join(fmt.Errorf("write standard output: %w", out.failed), closed)
	}
	if fault := inputFault(err); fault != nil {
		return errors.Join(fault, closed)
	}
	report.add(listed{file: f}, result, err)
	return errors.Join(closed, report.finish())
}

// inputFault says of standard input what was wrong with a source. It is nil for
// other errors.
func inputFault(err error) error {
	large, read := (*spool.TooLargeError)(nil), (*spool.ReadError)(nil)
	switch {
	case errors.Is(err, spool.ErrEmpty):
		return errors.New("standard input is empty: pipe a photo into it")
	case errors.As(err, &large):
		return fmt.Errorf("standard input holds more than limits.bytes, %d: raise it in a configuration that -c names", large.Limit)
	case errors.As(err, &read):
		return fmt.Errorf("read standard input: %w", read.Err)
	}
	return nil
}

// photoOut keeps in mind how writing failed.
type photoOut struct {
	to     io.Writer
	failed error
}

func (o *photoOut) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	o.failed = err
	return n, err
}
