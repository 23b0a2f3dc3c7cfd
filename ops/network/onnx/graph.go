package onnx

// graph is the little that is read from an ONNX file itself, without a session:
// names and types of what goes in and out, and the metadata.
type graph struct {
	inputs, outputs []value
	metadata        map[string]string
}

// value is one input or output. A free dimension is 0.
type value struct {
	name string
	elem int // ONNX TensorProto.DataType; 1 is float32
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
			var key, val string
			err := fields(f.body, func(f field) error {
				switch f.number {
				case entryKey:
					key = string(f.body)
				case entryValue:
					val = string(f.body)
				}
				return nil
			})
			g.metadata[key] = val
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
			v.elem = int(f.n)
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
