package cmd

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type explainCommand struct {
	Files []string `arg:"" name:"file" help:"Image files."`
	JSON  bool     `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish explain --help.
func (explainCommand) Help() string {
	return `Reads the provenance from a file's XMP. Files that Burnish did not make, and byte copies, have none; the exit status is then 1.

Example: burnish explain out/holiday.webp`
}

// Run prints what each file says of itself.
func (c *explainCommand) Run(h *host) error {
	foreign := false
	for _, file := range c.Files {
		e, err := tools.Explain(file)
		if err != nil {
			return err
		}
		foreign = foreign || e.Provenance == nil
		if c.JSON {
			err = json.NewEncoder(h.out).Encode(explainedLine(e))
		} else {
			err = printExplained(h, e)
		}
		if err != nil {
			return err
		}
	}
	if foreign {
		return errFailures
	}
	return nil
}

func explainedLine(e tools.Explanation) map[string]any {
	line := map[string]any{"path": e.Path, "format": e.Format, "width": e.Width, "height": e.Height, "pages": e.Pages}
	if p := e.Provenance; p != nil {
		line["intact"] = e.Intact
		line["provenance"] = map[string]string{
			"source": p.Source, "pipeline": p.Pipeline, "fingerprint": p.Fingerprint,
			"model": p.Model, "model_digest": p.ModelDigest, "device": p.Device, "fidelity": p.Fidelity, "version": p.Version, "evidence": p.Evidence,
		}
	}
	return line
}

func printExplained(h *host, e tools.Explanation) error {
	w := tabwriter.NewWriter(h.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n  image\t%d×%d %s\n", diag.Printable(e.Path), e.Width, e.Height, e.Format)
	if e.Pages > 1 {
		fmt.Fprintf(w, "  pages\t%d\n", e.Pages)
	}
	if e.Provenance == nil {
		fmt.Fprintln(w, "  made by\tnot Burnish, or a byte copy of an original")
		return w.Flush()
	}
	p, since := e.Provenance, ""
	if p.IntegrityDigest != "" {
		if since = "changed"; e.Intact {
			since = "unchanged"
		}
	}
	for _, line := range [][2]string{
		{"made by", "Burnish " + p.Version}, {"pipeline", p.Pipeline}, {"fingerprint", p.Fingerprint}, {"source", "SHA-256 " + p.Source},
		{"model", p.Model}, {"model file", p.ModelDigest}, {"device", p.Device}, {"fidelity", p.Fidelity}, {"evidence", p.Evidence}, {"since then", since},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", line[0], diag.Printable(line[1]))
		}
	}
	return w.Flush()
}
