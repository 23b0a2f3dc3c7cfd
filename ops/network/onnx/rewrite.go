package onnx

import (
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
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			out = append(out, f.raw...)
			return nil
		}
		body, err := rewriteGraph(f.body, list)
		out = appendBytes(out, modelGraph, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	opset := appendBytes(nil, opsetDomain, []byte(kernels.Domain))
	return appendBytes(out, modelOpset, appendNumber(opset, opsetVersion, kernels.Version)), nil
}

func rewriteGraph(graph []byte, list []block) ([]byte, error) {
	var nodes []node
	var rest []byte
	wanted := map[string]bool{}
	err := fields(graph, func(f field) error {
		switch f.number {
		case graphNode:
			one, err := readNode(f.body)
			nodes = append(nodes, one)
			return err
		case graphOutput:
			v, err := readValue(f.body)
			if err != nil {
				return err
			}
			wanted[v.name] = true
		}
		rest = append(rest, f.raw...)
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
		out = appendBytes(out, graphNode, n.raw)
	}
	return append(out, rest...), nil
}

func readNode(body []byte) (node, error) {
	n := node{raw: body}
	err := fields(body, func(f field) error {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.body))
		case nodeOutput:
			n.outputs = append(n.outputs, string(f.body))
		case nodeAttr:
			return fields(f.body, func(f field) error {
				if f.number == attrGraph || f.number == attrGraphs {
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
			n.raw = appendBytes(n.raw, nodeInput, []byte(name))
		}
		n.raw = appendBytes(n.raw, nodeOutput, []byte(b.Out))
		n.raw = appendBytes(n.raw, nodeOp, []byte(b.Op))
		n.raw = appendBytes(n.raw, nodeDomain, []byte(kernels.Domain))
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
