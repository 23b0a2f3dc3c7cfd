package cmd

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type compareCommand struct {
	Reference string   `arg:"" help:"Reference image."`
	Images    []string `arg:"" name:"image" help:"Images to compare with the reference."`
	JSON      bool     `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish compare --help.
func (compareCommand) Help() string {
	return `Prints PSNR in dB over 8-bit sRGB pixels. Higher is closer.

Example: burnish compare clean.png damaged.jpg restored.png`
}

// Run prints a line for every image.
func (c *compareCommand) Run(h *host) error {
	for _, image := range c.Images {
		psnr, err := tools.PSNR(c.Reference, image)
		if err != nil {
			return err
		}
		if !c.JSON {
			fmt.Fprintf(h.out, "%s  %.2f dB\n", diag.Printable(image), psnr)
			continue
		}
		line := map[string]any{"image": image, "psnr": psnr}
		if math.IsInf(psnr, 1) {
			line["psnr"], line["equal"] = nil, true
		}
		if err := json.NewEncoder(h.out).Encode(line); err != nil {
			return err
		}
	}
	return nil
}
