package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
)

type initCommand struct {
	Folder string `arg:"" optional:"" default:"." help:"Folder of photos; default: the current one."`
}

// Help is shown by burnish init --help.
func (initCommand) Help() string {
	return `Writes burnish.yaml into the folder and creates the folder if needed. The configuration watches the folder and writes restored photos to restored/ below it. An existing burnish.yaml is never replaced.

Examples:
  burnish init
  burnish init ~/Pictures/ingest && burnish run -c ~/Pictures/ingest/burnish.yaml`
}

// Run writes the file.
func (c *initCommand) Run(h *host) error {
	text, err := config.Initial(c.Folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(c.Folder, "burnish.yaml")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is not replaced: edit it, or move it away first", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	flag := ""
	if c.Folder != "." {
		flag = " -c " + quoted(path)
	}
	fmt.Fprintf(h.out, "wrote %s\n\nnext:\n  burnish run%s --once   # restore the photos in the folder\n  burnish run%s          # watch the folder until stopped\n", diag.Printable(path), flag, flag)
	return nil
}

// quoted is a path as a shell reads it from a command line.
func quoted(path string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,@%", r)
	}
	switch {
	case diag.Printable(path) != path:
		return "$'" + diag.Printable(strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(path)) + "'"
	case strings.ContainsFunc(path, func(r rune) bool { return !plain(r) }):
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
