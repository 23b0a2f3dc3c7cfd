package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

var errWire = errors.New("not an ONNX file, or a truncated one")

// Field numbers of onnx.proto, which are frozen.
const (
	modelVersion, modelGraph, modelOpset, modelMetadata = 1, 7, 8, 14
	modelProducer, modelFunction, functionNode          = 2, 25, 7
	graphNode, graphName, graphInitializer              = 1, 2, 5
	graphInput, graphOutput                             = 11, 12
	nodeInput, nodeOutput, nodeOp, nodeAttr, nodeDomain = 1, 2, 4, 5, 7
	attrGraph, attrGraphs                               = 6, 11
	tensorDims, tensorName                              = 1, 8
	valueName, valueType, typeTensor                    = 1, 2, 1
	tensorElem, tensorShape, shapeDim, dimValue         = 1, 2, 1, 1
	opsetDomain, opsetVersion                           = 1, 2
	entryKey, entryValue                                = 1, 2
)

// field is one field of a protobuf message.
type field struct {
	number protowire.Number
	n      uint64 // of varints and fixed-size numbers
	body   []byte // of everything else; nil for numbers
	raw    []byte // the whole field as it stands in the message
	at     int    // where it begins in the message
}

// fields calls each for every field of a protobuf message, in order. Groups, which
// ONNX does not have, are an error.
func fields(message []byte, each func(f field) error) error {
	for at := 0; len(message) > 0; {
		number, kind, head := protowire.ConsumeTag(message)
		if head < 0 {
			return errWire
		}
		f := field{number: number, at: at}
		var size int
		switch rest := message[head:]; kind {
		case protowire.VarintType:
			f.n, size = protowire.ConsumeVarint(rest)
		case protowire.Fixed64Type:
			f.n, size = protowire.ConsumeFixed64(rest)
		case protowire.Fixed32Type:
			var n uint32
			n, size = protowire.ConsumeFixed32(rest)
			f.n = uint64(n)
		case protowire.BytesType:
			f.body, size = protowire.ConsumeBytes(rest)
		default:
			return fmt.Errorf("%w: wire type %d", errWire, kind)
		}
		if size < 0 {
			return errWire
		}
		f.raw, message = message[:head+size], message[head+size:]
		at += head + size
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// appendBytes appends a field of bytes: a string or a message.
func appendBytes(message []byte, number protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), body)
}

// appendNumber appends a varint field.
func appendNumber(message []byte, number protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, number, protowire.VarintType), n)
}

// eachNumber calls each for the whole numbers in a repeated field, packed or not; other
// fields are passed over.
func eachNumber(f field, number protowire.Number, each func(n int64)) error {
	if f.number != number {
		return nil
	}
	if f.body == nil {
		each(int64(f.n))
		return nil
	}
	for rest := f.body; len(rest) > 0; {
		n, size := protowire.ConsumeVarint(rest)
		if size < 0 {
			return errWire
		}
		each(int64(n))
		rest = rest[size:]
	}
	return nil
}
