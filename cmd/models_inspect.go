package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/burnish-photo/burnish/ops/diag"
)

type modelsInspectCommand struct {
	File     string `arg:"" placeholder:"FILE" help:"ONNX file." type:"path"`
	Manifest bool   `help:"Write what was found to FILE.yaml, so that a step need not measure it again. An existing one is not replaced."`
	Threads  int    `placeholder:"N" help:"CPU threads; default: all cores."`
	Config   string `short:"c" placeholder:"FILE" help:"Configuration file, for the ONNX Runtime that it names; default: the first of ${places}, if any."`
	JSON     bool   `name:"json" help:"Print a JSON object."`
}

// Help is shown by burnish models inspect --help.
func (modelsInspectCommand) Help() string {
	return `Prints inputs, outputs, opset and metadata of an ONNX file, and how the operator network would run it: layout, channels, range, scale, sizes and halo. Each comes with its source: the manifest FILE.yaml, the file, or a measurement. Runs the network on small images, on the CPU, and prints its speed and memory.

The file is opened in a process that may read its folder and nothing else of yours, unless worker.sandbox is off.

Range and channels may be assumed: look at a restored photo.

Exit status: 0 if Burnish can run the network.

Examples:
  burnish models inspect fbcnn_color.onnx
  burnish models inspect realesr-general-x4v3.onnx --manifest`
}

// Run inspects and prints.
func (m *modelsInspectCommand) Run(h *host) error {
	c, _, err := h.loadFound(m.Config)
	if err != nil {
		return err
	}
	i, err := m.look(h, c)
	if err != nil {
		return err
	}
	if m.JSON {
		fmt.Fprintln(h.out, jsonLine(i))
	} else {
		i.Print(h.out)
	}
	switch {
	case i.Error != "" && m.JSON:
		return errFailures
	case i.Error != "":
		return errors.New(diag.Printable(i.Error))
	case m.Manifest:
		return m.write(h, i.Manifest)
	}
	return nil
}

// write makes the manifest's file.
func (m *modelsInspectCommand) write(h *host, text string) error {
	path := m.File + ".yaml"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: move it away, or compare it with burnish models inspect --json", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	if !m.JSON {
		fmt.Fprintf(h.out, "\nWrote %s.\n", diag.Printable(path))
	}
	return nil
}
