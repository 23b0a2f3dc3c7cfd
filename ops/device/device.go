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

// ParseList reads a comma-separated list of devices; nothing is "auto".
func ParseList(s string) ([]Device, error) {
	var all []Device
	for part := range strings.SplitSeq(s, ",") {
		d, err := Parse(part)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o Device) bool { return o.String() == d.String() }) {
			return nil, fmt.Errorf("device %s is listed twice", d)
		}
		all = append(all, d)
	}
	if len(all) > 1 && slices.ContainsFunc(all, func(d Device) bool { return d.Kind == "auto" }) {
		return nil, fmt.Errorf("devices %q: auto cannot be combined with other devices", s)
	}
	return all, nil
}

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
		return d, fmt.Errorf("device %q is unknown: auto, cpu and, each with :N for one of several, %s are; others by the full name of their provider, ending in %s",
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
		if d.Options == nil {
			d.Options = map[string]string{}
		}
		d.Options[key] = value[len(value)-1]
	}
	return d, nil
}

// String is the device as [Parse] reads it, without options.
func (d Device) String() string {
	if d.Kind == "cpu" || d.Kind == "auto" {
		return d.Kind
	}
	return fmt.Sprintf("%s:%d", d.Kind, d.Index)
}
