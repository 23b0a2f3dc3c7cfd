package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// modelsLookCommand is models inspect in a process that may read the model, and do
// nothing else. models inspect alone starts it.
type modelsLookCommand struct {
	File    string `arg:""`
	Threads int
	Runtime string
}

// looked is what it prints.
type looked struct {
	tools.Inspection
	Unread string `json:"unread,omitempty"` // why the file could not be read
}

// Run inspects.
func (m *modelsLookCommand) Run(h *host) error {
	if err := plugin.StartRestoration(m.Runtime, nil); err != nil {
		return err
	}
	i, err := tools.InspectModel(h, m.File, m.Threads)
	l := looked{Inspection: i}
	if err != nil {
		l.Unread = err.Error()
	}
	fmt.Fprintln(h.out, jsonLine(l))
	return nil
}

// look inspects a model in a process that is confined unless the configuration
// says that nothing is.
func (m *modelsInspectCommand) look(h *host, c *config.Config) (tools.Inspection, error) {
	library := c.Restore.Runtime.Path()
	read := []string{filepath.Dir(m.File)} // with weights and manifest
	if real, err := filepath.EvalSymlinks(m.File); err == nil {
		read = append(read, filepath.Dir(real))
	}
	for _, place := range onnx.Places(library) {
		read = append(read, filepath.Dir(place))
	}
	own := programs.Own{
		Arguments: []string{"models", "look", m.File, "--threads", strconv.Itoa(m.Threads), "--runtime", library},
		Read:      read, Keep: []string{onnx.LibraryEnv, "BURNISH_KERNELS", "LD_LIBRARY_PATH"}, Free: c.Worker.Sandbox == "off",
	}
	text, err := own.Run(h, h.logger())
	if err != nil && h.Err() == nil {
		return tools.Inspection{}, fmt.Errorf("%s: the process that opened the model did not describe it: %w", m.File, err)
	}
	if err != nil {
		return tools.Inspection{}, err
	}
	var l looked
	if err := json.Unmarshal(text, &l); err != nil {
		return l.Inspection, fmt.Errorf("%s: what the process that opened the model wrote is no description of it: %w", m.File, err)
	}
	if l.Unread != "" {
		return l.Inspection, errors.New(diag.Printable(l.Unread))
	}
	return l.Inspection, nil
}
