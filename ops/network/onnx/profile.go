package onnx

/*
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"
)

// profile is what ONNX Runtime recorded of one run: on which provider its nodes ran.
type profile struct {
	micros map[string]float64 // time by provider
	macs   map[string]float64 // multiply-accumulates by provider
}

// main is the provider other than the CPU's that took most of the time, or the CPU's.
func (p profile) main() string {
	best := cpuProvider
	for name, t := range p.micros {
		if name != cpuProvider && (best == cpuProvider || t > p.micros[best]) {
			best = name
		}
	}
	return best
}

func (p profile) total() (sum float64) {
	for _, n := range p.macs {
		sum += n
	}
	return sum
}

// endProfiling ends what session options with a profile prefix have begun, and
// reads and removes the file.
func endProfiling(s *ort.DynamicAdvancedSession) (profile, error) {
	session, err := pointer(s)
	if err != nil {
		return profile{}, err
	}
	var name *C.char
	if err := cError(C.burnish_ort_end_profiling(&started().ort, (*C.struct_OrtSession)(session), &name)); err != nil {
		return profile{}, err
	}
	path := cString(name)
	data, err := os.ReadFile(path)
	if err != nil {
		return profile{}, err
	}
	return readProfile(data)
}

// pointer is the session itself, which onnxruntime_go keeps to itself; its
// version is pinned, and a test opens a profile.
func pointer(s *ort.DynamicAdvancedSession) (unsafe.Pointer, error) {
	v := reflect.ValueOf(s).Elem().FieldByName("s")
	if v.IsValid() {
		v = v.Elem().FieldByName("ortSession")
	}
	if !v.IsValid() || v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, errors.New("onnxruntime_go keeps its sessions otherwise than expected")
	}
	return v.UnsafePointer(), nil
}

// event is a line of a profile.
type event struct {
	Category string  `json:"cat"`
	Duration float64 `json:"dur"` // microseconds
	Args     struct {
		Op       string             `json:"op_name"`
		Provider string             `json:"provider"`
		In       []map[string][]int `json:"input_type_shape"`
		Out      []map[string][]int `json:"output_type_shape"`
	} `json:"args"`
}

func readProfile(data []byte) (profile, error) {
	p := profile{micros: map[string]float64{}, macs: map[string]float64{}}
	var events []json.RawMessage
	if err := json.Unmarshal(data, &events); err != nil {
		return p, fmt.Errorf("profile of a run: %w", err)
	}
	for _, raw := range events {
		var e event
		// Events of other kinds have other arguments.
		if json.Unmarshal(raw, &e) != nil || e.Category != "Node" || e.Args.Provider == "" {
			continue
		}
		p.micros[e.Args.Provider] += e.Duration
		p.macs[e.Args.Provider] += e.macs()
	}
	return p, nil
}

// macs counts the multiply-accumulates of the node, as far as matter: those of
// convolutions and products of matrices.
func (e event) macs() float64 {
	in := func(i int) []int {
		if i < len(e.Args.In) {
			for _, shape := range e.Args.In[i] {
				return shape
			}
		}
		return nil
	}
	if len(e.Args.Out) == 0 {
		return 0
	}
	out := 1.0
	for _, shape := range e.Args.Out[0] {
		out = product(shape)
	}
	switch e.Args.Op {
	case "Conv", "FusedConv", "NhwcFusedConv", "NhwcConv":
		if w := in(1); len(w) > 1 {
			return out * product(w[1:])
		}
	case "MatMul", "FusedMatMul", "Gemm", "FusedGemm", "MatMulNBits":
		if a := in(0); len(a) > 0 {
			return out * float64(a[len(a)-1])
		}
	}
	return 0
}

func product(shape []int) float64 {
	n := 1.0
	for _, d := range shape {
		n *= float64(d)
	}
	return n
}
