package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// What photos from and to pipes are called in messages.
const (
	stdinName  = "standard input"
	stdoutName = "standard output"
)

// throughPipe restores one photo from standard input, or to standard output, by
// way of a folder of its own, which it removes.
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
	folder, err := h.scratch.makeFolder("burnish-pipe-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f := file{path: r.In[0], root: filepath.Dir(r.In[0]), named: true}
	if fromInput {
		f = file{path: filepath.Join(folder, stdinName), root: folder, named: true, shown: stdinName}
		if err := keepInput(h, f.path, int64(c.Limits.Bytes)); err != nil {
			return err
		}
	}
	j, o := r.job(f), reporting{json: r.JSON, quiet: r.Quiet, strict: true, overwrite: r.Overwrite, out: h.out, total: 1}
	var made string
	if toOutput {
		j.Output, o.out, o.quiet = folder, h.err, !r.JSON
		o.instead = func(result plugin.Result) []string {
			made = result.Outputs[0].Path
			return []string{stdoutName}
		}
	}
	if err := r.run(h, c, []job{{f, j}}, newReport(h, o)); err != nil || !toOutput {
		return err
	}
	return copyOut(h.out, made)
}

// keepInput writes standard input to a file, up to a limit in bytes; 0 is none.
// Where the context ends first, a read is left behind that ends with the process.
func keepInput(ctx context.Context, path string, limit int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	in := io.Reader(os.Stdin)
	if limit > 0 {
		in = io.LimitReader(in, limit+1)
	}
	var n int64
	copied := make(chan error, 1)
	go func() {
		var err error
		n, err = io.Copy(f, in)
		copied <- errors.Join(err, f.Close())
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	if n == 0 {
		return errors.New("standard input is empty: pipe a photo into it")
	}
	if limit > 0 && n > limit {
		return fmt.Errorf("standard input holds more than limits.bytes, %d: raise it in a configuration that -c names", limit)
	}
	return nil
}

func copyOut(out io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(out, f); err != nil {
		return fmt.Errorf("write standard output: %w", err)
	}
	return nil
}
