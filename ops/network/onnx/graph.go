package onnx

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// graph is the little that is read from an ONNX file itself, without a session:
// names and types of what goes in and out, and the metadata.
type graph struct {
	inputs, outputs []value
	metadata        map[string]string
}

// String is the name with the type and shape, for people.
func (v value) String() string {
	dims := make([]string, len(v.dims))
	for i, d := range v.dims {
		if dims[i] = "?"; d > 0 {
			dims[i] = strconv.FormatInt(d, 10)
		}
	}
	return fmt.Sprintf("%.60q (%s, %s)", v.name, v.elem, cmp.Or(strings.Join(dims, "×"), "a number"))
}

// list names values for people.
func list(all []value) string {
	var names []string
	for _, v := range all {
		names = append(names, v.String())
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// value is one input or output. A free dimension is 0.
type value struct {
	name string
	elem Elem
	dims []int64
}

// readGraph reads a serialised ONNX ModelProto.
func readGraph(data []byte) (graph, error) {
	g := graph{metadata: map[string]string{}}
	weights, found := map[string]bool{}, false
	err := fields(data, func(f field) error {
		switch f.number {
		case modelGraph:
			found = true
			return g.readBody(f.body, weights)
		case modelMetadata:
			key, text, err := readEntry(f.body)
			g.metadata[key] = text
			return err
		}
		return nil
	})
	if err != nil {
		return g, err
	}
	if !found || len(g.outputs) == 0 {
		return g, errWire
	}
	inputs := g.inputs[:0]
	for _, v := range g.inputs { // old files list the weights among the inputs
		if !weights[v.name] {
			inputs = append(inputs, v)
		}
	}
	g.inputs = inputs
	return g, nil
}

func (g *graph) readBody(data []byte, weights map[string]bool) error {
	return fields(data, func(f field) error {
		switch f.number {
		case graphInitializer:
			return fields(f.body, func(f field) error {
				if f.number == tensorName {
					weights[string(f.body)] = true
				}
				return nil
			})
		case graphInput, graphOutput:
			v, err := readValue(f.body)
			if f.number == graphInput {
				g.inputs = append(g.inputs, v)
			} else {
				g.outputs = append(g.outputs, v)
			}
			return err
		}
		return nil
	})
}

func readValue(data []byte) (value, error) {
	var v value
	err := fields(data, func(f field) error {
		switch f.number {
		case valueName:
			v.name = string(f.body)
		case valueType:
			return fields(f.body, func(f field) error {
				if f.number != typeTensor {
					return nil
				}
				return v.readTensor(f.body)
			})
		}
		return nil
	})
	return v, err
}

func (v *value) readTensor(data []byte) error {
	return fields(data, func(f field) error {
		switch f.number {
		case tensorElem:
			v.elem = Elem(f.n)
		case tensorShape:
			return fields(f.body, func(f field) error {
				if f.number != shapeDim {
					return nil
				}
				var size int64
				err := fields(f.body, func(f field) error {
					if f.number == dimValue {
						size = int64(f.n)
					}
					return nil
				})
				v.dims = append(v.dims, size)
				return err
			})
		}
		return nil
	})
}
