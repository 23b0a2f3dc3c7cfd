package onnx

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/network/kernels"
)

// block is a part of the graph that one of our operators can compute: the
// exporter lists them in the metadata, see model/fuse.py.
type block struct {
	Op      string   `json:"op"`
	In      string   `json:"in"`
	Out     string   `json:"out"`
	Weights []string `json:"weights"`
}

// Field numbers of onnx.proto, which are frozen.
const (
	modelOpset                                          = 8
	graphNode                                           = 1
	nodeInput, nodeOutput, nodeOp, nodeAttr, nodeDomain = 1, 2, 4, 5, 7
	attrGraph, attrGraphs                               = 6, 11
	opsetDomain, opsetVersion                           = 1, 2
	wireVarint, wireBytes                               = 0, 2
)

// readBlocks reads the metadata; none is no error.
func readBlocks(meta map[string]string) ([]block, error) {
	text := meta["burnish.blocks"]
	if text == "" {
		return nil, nil
	}
	var list []block
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("metadata burnish.blocks: %w", err)
	}
	return list, nil
}

// node is what rewriting has to know of a NodeProto.
type node struct {
	raw             []byte
	inputs, outputs []string
}

// rewrite is the model with one node for each block, and without the nodes that
// computed the blocks before.
func rewrite(model []byte, list []block) ([]byte, error) {
	var out []byte
	err := fields(model, func(field int, n uint64, body []byte) error {
		if field == modelGraph {
			var err error
			if body, err = rewriteGraph(body, list); err != nil {
				return err
			}
		}
		out = appendField(out, field, n, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	opset := appendField(nil, opsetDomain, 0, []byte(kernels.Domain))
	opset = appendField(opset, opsetVersion, kernels.Version, nil)
	return appendField(out, modelOpset, 0, opset), nil
}

func rewriteGraph(graph []byte, list []block) ([]byte, error) {
	var nodes []node
	var rest []byte
	wanted := map[string]bool{}
	err := fields(graph, func(field int, n uint64, body []byte) error {
		switch field {
		case graphNode:
			one, err := readNode(body)
			nodes = append(nodes, one)
			return err
		case graphOutput:
			v, err := readValue(body)
			if err != nil {
				return err
			}
			wanted[v.name] = true
		}
		rest = appendField(rest, field, n, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := replace(nodes, list); err != nil {
		return nil, err
	}
	var out []byte
	for _, n := range needed(nodes, wanted) {
		out = appendField(out, graphNode, 0, n.raw)
	}
	return append(out, rest...), nil
}

func readNode(body []byte) (node, error) {
	n := node{raw: body}
	err := fields(body, func(field int, _ uint64, b []byte) error {
		switch field {
		case nodeInput:
			n.inputs = append(n.inputs, string(b))
		case nodeOutput:
			n.outputs = append(n.outputs, string(b))
		case nodeAttr:
			return fields(b, func(field int, _ uint64, _ []byte) error {
				if field == attrGraph || field == attrGraphs {
					return errors.New("a node holds a graph of its own")
				}
				return nil
			})
		}
		return nil
	})
	return n, err
}

// replace puts each block in the place of the node that computed its result.
func replace(nodes []node, list []block) error {
	made := map[string]int{}
	for i, n := range nodes {
		for _, name := range n.outputs {
			made[name] = i
		}
	}
	for _, b := range list {
		i, ok := made[b.Out]
		if !ok || len(nodes[i].outputs) != 1 {
			return fmt.Errorf("no node gives %q alone, where a block should end", b.Out)
		}
		n := node{inputs: append([]string{b.In}, b.Weights...), outputs: []string{b.Out}}
		for _, name := range n.inputs {
			n.raw = appendField(n.raw, nodeInput, 0, []byte(name))
		}
		n.raw = appendField(n.raw, nodeOutput, 0, []byte(b.Out))
		n.raw = appendField(n.raw, nodeOp, 0, []byte(b.Op))
		n.raw = appendField(n.raw, nodeDomain, 0, []byte(kernels.Domain))
		nodes[i] = n
		delete(made, b.Out) // a second block may not end there
	}
	return nil
}

// needed are the nodes that the wanted values depend on, in their order.
func needed(nodes []node, wanted map[string]bool) []node {
	keep := make([]bool, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- { // ONNX has them in the order of computation
		for _, name := range nodes[i].outputs {
			keep[i] = keep[i] || wanted[name]
		}
		if !keep[i] {
			continue
		}
		for _, name := range nodes[i].inputs {
			if name != "" { // an input that was left out
				wanted[name] = true
			}
		}
	}
	var out []node
	for i, n := range nodes {
		if keep[i] {
			out = append(out, n)
		}
	}
	return out
}

// appendField appends a protobuf field as [fields] read it: with bytes if body
// is not nil, else as a number. Fixed-size numbers do not occur in what is
// rewritten here.
func appendField(out []byte, field int, n uint64, body []byte) []byte {
	if body == nil {
		out = binary.AppendUvarint(out, uint64(field)<<3|wireVarint)
		return binary.AppendUvarint(out, n)
	}
	out = binary.AppendUvarint(out, uint64(field)<<3|wireBytes)
	out = binary.AppendUvarint(out, uint64(len(body)))
	return append(out, body...)
}
