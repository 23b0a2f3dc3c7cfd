package onnx

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// wire says which fields of a message of onnx.proto hold further messages, and
// which decide nothing: names for people, notes and types that follow from the
// rest.
type wire struct {
	idle   []protowire.Number
	nested map[protowire.Number]*wire
}

// The messages of onnx.proto. Graphs hold nodes, nodes attributes, and these
// graphs.
var (
	tensorMessage = &wire{idle: []protowire.Number{12, 16}}
	valueMessage  = &wire{idle: []protowire.Number{3, 4}}
	graphMessage  = &wire{idle: []protowire.Number{2, 10, 13, 16}}
	nodeMessage   = &wire{idle: []protowire.Number{3, 6, 9}, nested: map[protowire.Number]*wire{5: attribute}}
	attribute     = &wire{idle: []protowire.Number{13}, nested: map[protowire.Number]*wire{5: tensorMessage, 6: graphMessage, 10: tensorMessage, 11: graphMessage}}
	modelMessage  = &wire{idle: []protowire.Number{1, 2, 3, 4, 5, 6, modelMetadata}, nested: map[protowire.Number]*wire{modelGraph: graphMessage}}
	// functionMessage is not among those of modelMessage, whose digests stay what they were.
	functionMessage = &wire{nested: map[protowire.Number]*wire{functionNode: nodeMessage}}
)

// wholeMessage is modelMessage with everything in it that may hold weights.
var wholeMessage = &wire{nested: map[protowire.Number]*wire{modelGraph: graphMessage, modelFunction: functionMessage}}

// within are the messages of that field of m.
func (m *wire) within(field protowire.Number) *wire {
	if m == graphMessage {
		switch field {
		case 1:
			return nodeMessage
		case graphInitializer:
			return tensorMessage
		case graphInput, graphOutput:
			return valueMessage
		}
	}
	return m.nested[field]
}

// computes is a digest of what a serialised ONNX ModelProto computes: its nodes,
// their wiring and the weights, and no more. Two exports that differ in their
// producer, metadata, names of nodes or notes have the same.
func computes(data []byte) (string, error) {
	sum, err := modelMessage.digest(data, maxDepth)
	return hex.EncodeToString(sum), err
}

// maxDepth is how deep messages may be nested, as protobuf's own readers have it.
const maxDepth = 100

var errDepth = fmt.Errorf("its messages are nested more than %d deep, which ONNX Runtime does not read: export it again", maxDepth)

// digest covers the fields in the order of their numbers, whatever order they
// were written in; repeated ones keep theirs. depth is how deep messages in data
// may be nested.
func (m *wire) digest(data []byte, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errDepth
	}
	type part struct {
		field protowire.Number
		sum   []byte
	}
	var parts []part
	err := fields(data, func(f field) error {
		if slices.Contains(m.idle, f.number) {
			return nil
		}
		if inner := m.within(f.number); inner != nil && f.body != nil {
			sum, err := inner.digest(f.body, depth-1)
			parts = append(parts, part{f.number, sum})
			return err
		}
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, f.n), f.body...))
		parts = append(parts, part{f.number, sum[:]})
		return nil
	})
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.field, b.field) })
	all := sha256.New()
	for _, p := range parts {
		all.Write(binary.BigEndian.AppendUint64(nil, uint64(p.field)))
		all.Write(p.sum)
	}
	return all.Sum(nil), err
}
