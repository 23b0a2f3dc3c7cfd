package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

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

var errWire = errors.New("not an ONNX file, or a truncated one")

// Field numbers of onnx.proto, which are frozen.
const (
	modelGraph, modelMetadata                       = 7, 14
	graphInitializer, graphInput, graphOutput       = 5, 11, 12
	tensorName                                      = 8
	valueName, valueType, typeTensor                = 1, 2, 1
	tensorElem, tensorShape, shapeDim, dimValueWire = 1, 2, 1, 1
	entryKey, entryValue                            = 1, 2
)

// readGraph reads a serialised ONNX ModelProto.
func readGraph(data []byte) (graph, error) {
	g := graph{metadata: map[string]string{}}
	weights, found := map[string]bool{}, false
	err := fields(data, func(field int, _ uint64, body []byte) error {
		switch field {
		case modelGraph:
			found = true
			return g.readBody(body, weights)
		case modelMetadata:
			var key, val string
			err := fields(body, func(field int, _ uint64, b []byte) error {
				switch field {
				case entryKey:
					key = string(b)
				case entryValue:
					val = string(b)
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
	return fields(data, func(field int, _ uint64, body []byte) error {
		switch field {
		case graphInitializer:
			return fields(body, func(field int, _ uint64, b []byte) error {
				if field == tensorName {
					weights[string(b)] = true
				}
				return nil
			})
		case graphInput, graphOutput:
			v, err := readValue(body)
			if field == graphInput {
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
	err := fields(data, func(field int, _ uint64, body []byte) error {
		switch field {
		case valueName:
			v.name = string(body)
		case valueType:
			return fields(body, func(field int, _ uint64, b []byte) error {
				if field != typeTensor {
					return nil
				}
				return v.readTensor(b)
			})
		}
		return nil
	})
	return v, err
}

func (v *value) readTensor(data []byte) error {
	return fields(data, func(field int, n uint64, body []byte) error {
		switch field {
		case tensorElem:
			v.elem = int(n)
		case tensorShape:
			return fields(body, func(field int, _ uint64, dim []byte) error {
				if field != shapeDim {
					return nil
				}
				var size int64
				err := fields(dim, func(field int, n uint64, _ []byte) error {
					if field == dimValueWire {
						size = int64(n)
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

// fields calls each for every field of a protobuf message: with its number for
// varints and fixed-size numbers, with its bytes for everything else.
func fields(data []byte, each func(field int, n uint64, body []byte) error) error {
	for len(data) > 0 {
		tag, size := binary.Uvarint(data)
		if size <= 0 || tag>>3 == 0 {
			return errWire
		}
		data = data[size:]
		var n uint64
		var body []byte
		switch tag & 7 {
		case 0:
			if n, size = binary.Uvarint(data); size <= 0 {
				return errWire
			}
		case 1:
			if size = 8; len(data) >= size {
				n = binary.LittleEndian.Uint64(data)
			}
		case 5:
			if size = 4; len(data) >= size {
				n = uint64(binary.LittleEndian.Uint32(data))
			}
		case 2:
			length, head := binary.Uvarint(data)
			if head <= 0 || length > uint64(len(data)-head) {
				return errWire
			}
			size = head + int(length)
			body = data[head:size]
		default:
			return fmt.Errorf("%w: wire type %d", errWire, tag&7)
		}
		if size > len(data) {
			return errWire
		}
		data = data[size:]
		if err := each(int(tag>>3), n, body); err != nil {
			return err
		}
	}
	return nil
}
