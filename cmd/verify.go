package cmd

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type verifyCommand struct {
	Source   string   `arg:"" help:"The JPEG that the images were restored from."`
	Images   []string `arg:"" name:"image" help:"Restored images of its size, of any format."`
	Fidelity bool     `name:"fidelity" required:"" help:"Hold every DCT coefficient against its quantization interval."`
	JSON     bool     `name:"json" help:"Print one JSON object a line."`
}

// Help is shown by burnish verify --help.
func (verifyCommand) Help() string {
	return `Says whether images agree with the JPEG that they were restored from: whether saving them again with its tables would give the same coefficients. What "fidelity: strict" writes without loss does; lossy outputs and resized ones need not. A plain decode of a JPEG with subsampled colours need not either, since decoders interpolate them. The exit code is 0 where all agree, 1 where one does not, 2 where that cannot be told.

Example: burnish verify --fidelity photo.jpg out/photo.png`
}

// Run prints a line for every image.
func (c *verifyCommand) Run(h *host) error {
	agree := true
	for _, image := range c.Images {
		a, err := plugin.Fidelity(c.Source, image)
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

func (c *verifyCommand) line(image string, a plugin.Agreement) map[string]any {
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

func (c *verifyCommand) text(image string, a plugin.Agreement) string {
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
