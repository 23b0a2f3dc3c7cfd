package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/cmd/unit"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type doctorCommand struct {
	Config  string `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}, if any."`
	Service string `placeholder:"UNIT" help:"Examine as this systemd service, given by name or unit file; default: burnish, if it is installed and runs this configuration."`
	JSON    bool   `name:"json" help:"Print a JSON array of {check, state, detail, hint}."`
}

// Help is shown by burnish doctor --help.
func (doctorCommand) Help() string {
	return `Examines the installation: libvips, ONNX Runtime, devices, processor, models, memory and clock. With a configuration it also examines the configuration, its folders, their file systems and rights, free space, inotify limits, the sandbox and the daemon. Prints a line for each check, with ok, warning or fault, and what to do about it. Changes nothing.

Exit status: 0 if there is no fault, 1 if there is one, 2 if the examination failed.

Examples:
  burnish doctor -c burnish.yaml
  burnish doctor --json | jq '.[] | select(.state != "ok")'`
}

// Run examines and prints.
func (d *doctorCommand) Run(h *host) error {
	file, err := find(d.Config)
	if err != nil && !errors.Is(err, errNoConfig) {
		return err
	}
	if err := h.ownTemporary(); err != nil {
		return err
	}
	all, err := examine(h, file, d.Service)
	if err != nil {
		return err
	}
	if err := printFindings(h.out, all, d.JSON); err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(f tools.Finding) bool { return f.State == tools.Fault }) {
		return errFailures
	}
	return nil
}

// examine runs every check, those of a configuration where file is not "".
func examine(h *host, file, serviceName string) ([]tools.Finding, error) {
	c, err := config.Default(h.registry)
	if err != nil {
		return nil, err
	}
	all := []tools.Finding{tools.Found("burnish", "%s", release())}
	all = append(append(all, tools.CheckLibvips()...), tools.CheckCodecs()...)
	var configured []tools.Finding
	if file != "" {
		loaded, faults, err := config.Load(file, h.registry)
		if err != nil {
			return nil, err
		}
		u, err := findService(serviceName, file)
		if err != nil {
			return nil, err
		}
		configured = examineFile(file, loaded, faults)
		if loaded != nil {
			c = loaded
			configured = append(configured, examineConfig(h, c, u)...)
		}
	}
	runtime := c.Restore.Runtime
	all = append(all, tools.CheckRuntime(c.Restore, plugin.StartRestoration(runtime.Library, runtime.Providers))...)
	all = append(all, tools.CheckModels(c.Restore.Models, modelFiles(c))...)
	all = append(all, tools.CheckMemory(int64(c.Limits.Memory)), tools.CheckClock(), examineSandbox(c))
	return append(all, configured...), nil
}

// modelFiles are the models that steps name by their paths.
func modelFiles(c *config.Config) (files []string) {
	read, _ := c.Paths()
	for _, path := range read {
		if filepath.Ext(path) == ".onnx" {
			files = append(files, path)
		}
	}
	return files
}

// examineFile tells what is wrong in the file itself. What this machine lacks is
// told of folder by folder.
func examineFile(file string, c *config.Config, faults diag.Diagnostics) (all []tools.Finding) {
	for _, f := range faults.Portable() {
		finding := tools.Found("configuration", "%s", f.Reason())
		hint := f.Hint
		if hint == "" {
			hint = "correct the configuration there"
		}
		if f.Warning {
			all = append(all, finding.Warn("%s", hint))
		} else {
			all = append(all, finding.Fail("%s", hint))
		}
	}
	if len(all) == 0 && c != nil {
		return []tools.Finding{tools.Found("configuration", "%s: %s, %s", file, counted(len(c.Pipelines), "pipelines"), counted(len(c.Watch), "watched folders"))}
	}
	return all
}

// examineConfig examines what a configuration needs of this machine, as the
// service u would find it; nil: as this process does.
func examineConfig(h *host, c *config.Config, u *unit.Unit) (all []tools.Finding) {
	v, told := newViewer(u, c)
	all = append(all, told...)
	daemon, status := examineDaemon(h, c.StateDir)
	for _, use := range folderUses(c) {
		all = append(all, v.examine(use, c.Limits.MinFreeSpace))
	}
	all = append(all, examineNotify(c, v.service)...)
	all = append(all, examineOperators(h, c)...)
	all = append(all, examineListen(c, status != nil, v.service)...)
	return append(append(all, examineWatching(h, c, status)...), daemon)
}

func printFindings(out io.Writer, all []tools.Finding, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return e.Encode(all)
	}
	for _, f := range all {
		fmt.Fprintf(out, "%-8s %s: %s\n", f.State, f.Check, withHint(f.Detail, f.Hint))
	}
	return nil
}
