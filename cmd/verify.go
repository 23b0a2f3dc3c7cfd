package cmd

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type verifyCommand struct {
	Source   string   `arg:"" help:"The JPEG that the images were restored from."`
	Images   []string `arg:"" name:"image" help:"Restored images of the same size, in any format."`
	Fidelity bool     `name:"fidelity" required:"" help:"Check every DCT coefficient against its quantization interval."`
	JSON     bool     `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish verify --help.
func (verifyCommand) Help() string {
	return `Checks whether images are consistent with the JPEG that they were restored from: whether saving them with its quantization tables gives the same coefficients. Lossless outputs of "fidelity: strict" are. Lossy or resized outputs may not be. Neither may a plain decode of a JPEG with subsampled chroma, because decoders interpolate it. Exit status: 0 if all are consistent; 1 if one is not; 2 if that cannot be determined.

Example: burnish verify --fidelity photo.jpg out/photo.png`
}

// Run prints a line for every image.
func (c *verifyCommand) Run(h *host) error {
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
