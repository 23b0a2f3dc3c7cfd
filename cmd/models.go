package cmd

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type modelsCommand struct {
	List    modelsListCommand    `cmd:"" help:"List the models that steps may name, with their digests."`
	Inspect modelsInspectCommand `cmd:"" help:"Describe an ONNX file and how the operator network would run it."`
	Look    modelsLookCommand    `cmd:"" hidden:"" help:"The process of models inspect."`
	Verify  modelsVerifyCommand  `cmd:"" help:"Open the models of all pipelines as the daemon would, and compare pinned ones."`
}

// Help is shown by burnish models --help.
func (modelsCommand) Help() string {
	return `A step names a model. With model: {name: lite, sha256: DIGEST} it refuses any other file of that name.

Examples:
  burnish models list
  burnish models inspect fbcnn_color.onnx
  burnish models verify -c burnish.yaml`
}

type modelsListCommand struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file, for the folder restore.models; default: the first of ${places}."`
	JSON   bool   `name:"json" help:"Print a JSON object for each model."`
}

// Help is shown by burnish models list --help.
func (modelsListCommand) Help() string { return "Example: burnish models list -c burnish.yaml" }

// Run lists models.
func (m *modelsListCommand) Run(h *host) error {
	c, _, err := h.loadFound(m.Config)
	if err != nil {
		return err
	}
	all, err := tools.Models(c.Restore.Models)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(h.out, 0, 0, 2, ' ', 0)
	for _, model := range all {
		if m.JSON {
			fmt.Fprintln(h.out, jsonLine(model))
			continue
		}
		where := cmp.Or(model.Path, "in the binary")
		switch {
		case model.Error != "":
			where += ": " + model.Error
		case model.Foreign:
			where += ", for the operator network"
		case model.Hides:
			where += ", used in place of the one in the binary"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", diag.Printable(model.Name), model.Version, diag.Size(model.Bytes), model.SHA256, diag.Printable(where))
	}
	return t.Flush()
}

type modelsVerifyCommand struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}."`
}

// Help is shown by burnish models verify --help.
func (modelsVerifyCommand) Help() string {
	return `Compares pinned models with their digests, opens all models of the configuration on their devices, and runs the self-test of each device.

Exit status: 0 if all can be used.

Example: burnish models verify -c burnish.yaml`
}

// Run opens the pipelines.
func (m *modelsVerifyCommand) Run(h *host) error {
	c, _, err := h.loadFound(m.Config)
	if err != nil {
		return err
	}
	engine, err := plugin.Open(h, c.Engine(), h.registry, plugin.WithLog(h.logger()), plugin.WithPrograms(h.programs(c)))
	if err != nil {
		return err
	}
	for name, lines := range engine.Describe() {
		for _, line := range lines {
			fmt.Fprintf(h.out, "%s: %s\n", name, diag.Printable(line))
		}
	}
	return engine.Close()
}
