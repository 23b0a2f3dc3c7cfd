package cmd

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type verifyCommand struct {
	stateOption
	Source   string   `arg:"" optional:"" help:"With --fidelity: the JPEG that the images were restored from. Else a photo, output or folder to verify; none: the whole library."`
	Images   []string `arg:"" optional:"" name:"image" help:"With --fidelity: restored images of the same size, in any format. Else more photos, outputs or folders."`
	Fidelity bool     `name:"fidelity" help:"Check every DCT coefficient against its quantization interval."`
	Quick    bool     `help:"Compare sizes and times, without reading files."`
	Decode   bool     `help:"Decode every output as well."`
	Heal     string   `placeholder:"WHAT" enum:",missing,altered" default:"" help:"Make outputs again that are missing, or altered ones too, which go to the trash: missing or altered."`
	Yes      bool     `short:"y" help:"Do not ask."`
	JSON     bool     `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish verify --help.
func (verifyCommand) Help() string {
	return `Compares the ledger with the files: whether the originals and outputs of finished photos are there, and to the byte as they were when they were processed. --heal=missing has a running daemon, or the next one, make outputs again that are gone; what somebody altered is only replaced with --heal=altered, and goes to the trash of the state folder, where it stays for 30 days. On a terminal the command asks first. It works with and without a running daemon.

With --fidelity, checks whether images are consistent with the JPEG that they were restored from: whether saving them with its quantization tables gives the same coefficients. Lossless outputs of "fidelity: strict" are. Lossy or resized outputs may not be. Neither may a plain decode of a JPEG with subsampled chroma, because decoders interpolate it.

Exit status: 0 if all is as it should be or is to be made again; 1 if something is not; 2 if that cannot be determined; 130 if interrupted.

Examples:
  burnish verify
  burnish verify --heal=missing restored/holiday/
  burnish verify --fidelity photo.jpg out/photo.png`
}

// Run verifies images or, without --fidelity, the library.
func (c *verifyCommand) Run(h *host) error {
	switch {
	case c.Fidelity && len(c.Images) == 0:
		return errors.New("--fidelity takes a JPEG and the images that were restored from it")
	case c.Fidelity && (c.Heal != "" || c.Quick || c.Decode):
		return errors.New("--fidelity compares images, not the library: leave --heal, --quick and --decode out")
	case c.Fidelity:
		return c.fidelity(h)
	}
	return c.library(h)
}

// fidelity prints a line for every image.
func (c *verifyCommand) fidelity(h *host) error {
	agree := true
	for _, image := range c.Images {
		a, err := tools.Fidelity(c.Source, image)
		if err != nil {
			return err
		}
		if a.Rows == 0 {
			return errors.New(c.Source + ": its data is damaged: no coefficient is known")
		}
		agree = agree && a.Agrees()
		if c.JSON {
			err = json.NewEncoder(h.out).Encode(c.line(image, a))
		} else {
			_, err = fmt.Fprintln(h.out, c.text(image, a))
		}
		if err != nil {
			return err
		}
	}
	if !agree {
		return errFailures
	}
	return nil
}

func (c *verifyCommand) line(image string, a tools.Agreement) map[string]any {
	var components []map[string]any
	for _, n := range a.Components {
		components = append(components, map[string]any{"coefficients": n.Coefficients, "outside": n.Outside, "beyond": n.Beyond, "greatest": n.Greatest})
	}
	return map[string]any{
		"source": c.Source, "image": image, "agrees": a.Agrees(), "tolerance": a.Tolerance,
		"coefficients": a.Total.Coefficients, "outside": a.Total.Outside, "beyond": a.Total.Beyond, "greatest": a.Total.Greatest,
		"components": components, "rows": a.Rows, "height": a.Height,
	}
}

func (c *verifyCommand) text(image string, a tools.Agreement) string {
	says := "agrees with"
	if !a.Agrees() {
		says = "does not agree with"
	}
	text := fmt.Sprintf("%s  %s %s: %d of %d coefficients outside their intervals by more than %g, at most %.2f",
		diag.Printable(image), says, diag.Printable(c.Source), a.Total.Beyond, a.Total.Coefficients, a.Tolerance, a.Total.Greatest)
	if a.Total.Beyond > 0 {
		text += fmt.Sprintf(" (%.3f%%)", 100*float64(a.Total.Beyond)/float64(a.Total.Coefficients))
	}
	if a.Rows < a.Height {
		text += fmt.Sprintf("; the JPEG is damaged from row %d on", a.Rows)
	}
	return text
}
