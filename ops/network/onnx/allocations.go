package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// mostConstant is how many elements a tensor may have whose shape a graph holds as a
// constant. ONNX Runtime makes such tensors as it opens a model, before anything can
// stop it, and its process has to hold them.
const mostConstant = 1 << 28

// shaped are the operators that make a tensor of the shape that an input holds, and
// which input that is.
var shaped = map[string]int{"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Reshape": 1}

// allocations refuses graphs that ask for tensors of gigabytes by constants.
func allocations(model []byte) error {
	return fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return graphAllocations(f.body, maxDepth)
	})
}

func graphAllocations(graph []byte, depth int) error {
	if depth == 0 {
		return errDepth
	}
	constants := map[string][]int64{}
	var nodes [][]byte
	err := fields(graph, func(f field) error {
		switch f.number {
		case graphInitializer:
			name, numbers, err := smallIntegers(f.body)
			constants[name] = numbers
			return err
		case graphNode:
			nodes = append(nodes, f.body)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, body := range nodes {
		n, err := readNodeParts(body)
		if err != nil {
			return err
		}
		for _, inner := range n.graphs {
			if err := graphAllocations(inner, depth-1); err != nil {
				return err
			}
		}
		if n.op == "Constant" && len(n.outputs) == 1 {
			constants[n.outputs[0]] = n.numbers
		}
		at, ok := shaped[n.op]
		if !ok || at >= len(n.inputs) {
			continue
		}
		elements := 1.0
		for _, d := range constants[n.inputs[at]] {
			elements *= math.Max(float64(d), 1)
		}
		if elements > mostConstant {
			return fmt.Errorf("its node %s makes a tensor of %.0f million numbers as it is opened, and at most %d million are allowed: it is no network for photos", n.op, elements/1e6, mostConstant>>20)
		}
	}
	return nil
}

// nodeParts are those that tell what a node allocates.
type nodeParts struct {
	op              string
	inputs, outputs []string
	graphs          [][]byte
	numbers         []int64 // of a Constant's tensor
}

func readNodeParts(body []byte) (n nodeParts, err error) {
	err = fields(body, func(f field) error {
		switch f.number {
		case nodeOp:
			n.op = string(f.body)
		case nodeInput:
			n.inputs = append(n.inputs, string(f.body))
		case nodeOutput:
			n.outputs = append(n.outputs, string(f.body))
		case nodeAttr:
			return fields(f.body, func(a field) error {
				switch a.number {
				case attrGraph, attrGraphs:
					n.graphs = append(n.graphs, a.body)
				case attrTensor:
					_, n.numbers, err = smallIntegers(a.body)
				}
				return err
			})
		}
		return nil
	})
	return n, err
}

// smallIntegers are the numbers of a tensor of few 64-bit integers, such as a shape;
// none of any other.
func smallIntegers(tensor []byte) (name string, numbers []int64, err error) {
	const most = 16
	var raw []byte
	var kind Elem
	err = fields(tensor, func(f field) error {
		switch f.number {
		case tensorName:
			name = string(f.body)
		case tensorType:
			kind = Elem(f.n)
		case tensorRaw:
			raw = f.body
		}
		return eachNumber(f, tensorInts, func(n int64) {
			if len(numbers) < most {
				numbers = append(numbers, n)
			}
		})
	})
	if kind != Int64 {
		return name, nil, err
	}
	for i := 0; i+8 <= len(raw) && len(numbers) < most; i += 8 {
		numbers = append(numbers, int64(binary.LittleEndian.Uint64(raw[i:])))
	}
	return name, numbers, err
}

const (
	tensorType protowire.Number = 2
	tensorInts protowire.Number = 7
	attrTensor protowire.Number = 5
)
