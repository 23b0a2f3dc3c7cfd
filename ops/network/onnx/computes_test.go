package onnx

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// An upgrade whose model differs in metadata alone redid whole libraries.
func TestWhatAModelComputes(t *testing.T) {
	type parts struct {
		weights, nodeName, nodeNote, operator, graphName, note, producer, key string
		slope                                                                 byte
		reversed                                                              bool
	}
	model := func(p parts) string {
		alpha := message(bytesField(1, []byte("alpha")), []byte{2<<3 | 5, 0, 0, p.slope, 0x3f}, varintField(20, 1), bytesField(13, []byte(p.note)))
		node := message(bytesField(1, []byte("x")), bytesField(2, []byte("y")), bytesField(3, []byte(p.nodeName)), bytesField(4, []byte(p.operator)), bytesField(5, alpha), bytesField(6, []byte(p.nodeNote)))
		tensor := message(varintField(1, 4), varintField(2, 1), bytesField(8, []byte("w")), bytesField(9, []byte(p.weights)), bytesField(12, []byte(p.note)))
		graph := message(bytesField(1, node), bytesField(2, []byte(p.graphName)), bytesField(5, tensor), bytesField(10, []byte(p.note)))
		fields := [][]byte{
			varintField(1, 8), bytesField(2, []byte(p.producer)), bytesField(6, []byte(p.note)), bytesField(7, graph), bytesField(8, varintField(2, 17)),
			bytesField(14, message(bytesField(1, []byte(p.key)), bytesField(2, []byte("v")))),
		}
		if p.reversed {
			fields[0], fields[4] = fields[4], fields[0]
		}
		sum, err := computes(message(fields...))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	base := parts{weights: "abcd", operator: "LeakyRelu", slope: 1}
	want := model(base)
	for name, change := range map[string]func(*parts){
		"producer": func(p *parts) { p.producer = "pytorch 2.11" }, "metadata": func(p *parts) { p.key = "burnish.version" },
		"names": func(p *parts) { p.nodeName, p.graphName = "n1", "main" }, "notes": func(p *parts) { p.note, p.nodeNote = "a", "b" },
		"order": func(p *parts) { p.reversed = true },
	} {
		p := base
		change(&p)
		if model(p) != want {
			t.Errorf("another %s is taken for another network", name)
		}
	}
	for name, change := range map[string]func(*parts){
		"weights": func(p *parts) { p.weights = "abce" }, "operator": func(p *parts) { p.operator = "Relu" }, "attribute": func(p *parts) { p.slope = 2 },
	} {
		p := base
		change(&p)
		if model(p) == want {
			t.Errorf("other %s are taken for the same network", name)
		}
	}
	if _, err := computes([]byte{0x3a, 0xff}); err == nil {
		t.Error("a cut file passed")
	}
}

func message(parts ...[]byte) []byte { return slices.Concat(parts...) }

func bytesField(number protowire.Number, body []byte) []byte { return appendBytes(nil, number, body) }

func varintField(number protowire.Number, n uint64) []byte { return appendNumber(nil, number, n) }

// Graphs within graphs exhausted the stack, which ends the process.
func TestAModelThatIsNestedTooDeep(t *testing.T) {
	nested := func(levels int) []byte {
		var graph []byte
		for range levels {
			graph = bytesField(1, bytesField(5, bytesField(6, graph))) // of an attribute of a node
		}
		return bytesField(modelGraph, graph)
	}
	if _, err := computes(nested(30)); err != nil {
		t.Error(err)
	}
	if _, err := computes(nested(5000)); !errors.Is(err, errDepth) {
		t.Errorf("%v, want %v", err, errDepth)
	}
}
