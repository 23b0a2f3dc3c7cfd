// Package device names where networks run, as a configuration does: it knows the
// words, not whether there is such a device.
package device

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Device is where a model is to run.
type Device struct {
	Kind    string            // auto, cpu, cuda, tensorrt, another of [Kinds] or a provider's full name
	Index   int               // which of several devices of the kind
	Options map[string]string // of its provider, in ONNX Runtime's words
}

// FullName is how the full names of ONNX Runtime's providers end.
const FullName = "ExecutionProvider"

// Kinds are the kinds of devices besides auto and cpu, in order.
var Kinds = []string{"coreml", "cuda", "migraphx", "nvtensorrtrtx", "openvino", "qnn", "tensorrt", "vitisai", "webgpu", "xnnpack"}

// Auto is a GPU if there is one that works, else the CPU; CPU is that alone.
var (
	Auto = Device{Kind: "auto"}
	CPU  = Device{Kind: "cpu"}
)

// IsAuto reports whether d is [Auto]; the zero value is too.
func (d Device) IsAuto() bool { return d.Kind == "" || d.Kind == Auto.Kind }

// Parse reads one device: auto (or nothing), cpu, cuda, cuda:N, tensorrt:N
// or another provider, with options of it behind a question mark:
// openvino?device_type=GPU&num_of_threads=4.
func Parse(s string) (Device, error) {
	name, query, _ := strings.Cut(strings.TrimSpace(s), "?")
	kind, number, indexed := strings.Cut(name, ":")
	if !strings.HasSuffix(kind, FullName) {
		kind = strings.ToLower(kind)
	}
	if kind == "" && !indexed {
		kind = "auto"
	}
	d := Device{Kind: kind}
	known := slices.Contains(Kinds, kind)
	if !known && kind != "auto" && kind != "cpu" && (!strings.HasSuffix(kind, FullName) || kind == FullName) {
		return d, fmt.Errorf("unknown device %q; valid: auto, cpu, %s (each with :N for one of several), or the full name of a provider, ending in %s",
			s, strings.Join(Kinds, ", "), FullName)
	}
	plain := kind == "auto" || kind == "cpu"
	if indexed {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || plain {
			return d, fmt.Errorf("device %q: a number from 0 on may follow the kind of a GPU and a colon, nothing else", s)
		}
		d.Index = n
	}
	values, err := url.ParseQuery(query)
	if err != nil || plain && query != "" {
		return d, fmt.Errorf("device %q: options are key=value, joined by &, for providers other than the CPU's", s)
	}
	for key, value := range values {
		if err := d.set(key, value[len(value)-1]); err != nil {
			return d, err
		}
	}
	return d, nil
}

// set gives d's provider an option.
func (d *Device) set(key, value string) error {
	if d.Kind == "auto" || d.Kind == "cpu" {
		return fmt.Errorf("device %q takes no options; other providers than the CPU's do", d.Kind)
	}
	if d.Options == nil {
		d.Options = map[string]string{}
	}
	d.Options[key] = value
	return nil
}

// String is the device as [Parse] reads it, without options.
func (d Device) String() string {
	switch {
	case d.IsAuto():
		return "auto"
	case d.Kind == "cpu":
		return "cpu"
	}
	return fmt.Sprintf("%s:%d", d.Kind, d.Index)
}

// WithOptions is the device as [Parse] reads it.
func (d Device) WithOptions() string {
	if len(d.Options) == 0 {
		return d.String()
	}
	query := url.Values{}
	for key, value := range d.Options {
		query.Set(key, value)
	}
	return d.String() + "?" + query.Encode()
}
