// Package kserve offers pipelines as models of the KServe inference protocol,
// version 2 over HTTP, with its binary extension: a photo is an element of a
// tensor of the type BYTES, and so is what a pipeline makes of it.
//
// https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
package kserve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Pipeline is one that is offered as a model.
type Pipeline struct {
	Name    string
	Outputs []string // their ids; "" of one that has none
}

const (
	inputName    = "image" // of the tensor that is taken, and of the first output if that has no id
	modelVersion = "1"     // the only one
)

// tensor is the name of an output.
func (p Pipeline) tensor(i int) string {
	switch {
	case p.Outputs[i] != "":
		return p.Outputs[i]
	case i == 0:
		return inputName
	}
	return strconv.Itoa(i + 1)
}

// find is the place of the output with that name, or -1. "image" is the first
// whatever it is called.
func (p Pipeline) find(name string) int {
	for i := range p.Outputs {
		if p.tensor(i) == name {
			return i
		}
	}
	if name == inputName {
		return 0
	}
	return -1
}

// Face answers requests.
type Face struct {
	intake    *intake.Intake
	version   string
	ready     func() bool
	pipelines atomic.Pointer[[]Pipeline]
	held      atomic.Int64 // bytes in memory, of requests and answers in JSON
}

// New is a face that offers nothing yet. ready tells whether photos are processed.
func New(in *intake.Intake, version string, ready func() bool) *Face {
	f := &Face{intake: in, version: version, ready: ready}
	f.pipelines.Store(&[]Pipeline{})
	return f
}

// Configure offers other pipelines.
func (f *Face) Configure(pipelines []Pipeline) { f.pipelines.Store(&pipelines) }

// Site is where requests come in.
type Site interface {
	Handle(pattern string, scope serve.Scope, h http.Handler)
}

// Mount begins to answer on the site.
func (f *Face) Mount(site Site) {
	handle := func(pattern string, scope serve.Scope, answer func(http.ResponseWriter, *http.Request) error) {
		site.Handle(pattern, scope, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := errOff
			if len(*f.pipelines.Load()) > 0 {
				err = answer(w, r)
			}
			if err != nil {
				refuse(w, r, err)
			}
		}))
	}
	handle("GET /v2/health/live", serve.Public, func(w http.ResponseWriter, _ *http.Request) error {
		return answer(w, http.StatusOK, map[string]bool{"live": true})
	})
	handle("GET /v2/health/ready", serve.Public, func(w http.ResponseWriter, _ *http.Request) error {
		if !f.ready() {
			return answer(w, http.StatusServiceUnavailable, map[string]bool{"ready": false})
		}
		return answer(w, http.StatusOK, map[string]bool{"ready": true})
	})
	handle("GET /v2", serve.Submit, func(w http.ResponseWriter, _ *http.Request) error {
		return answer(w, http.StatusOK, map[string]any{"name": "burnish", "version": f.version, "extensions": []string{"binary_tensor_data"}})
	})
	for _, model := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		handle("GET "+model, serve.Submit, f.metadata)
		handle("GET "+model+"/ready", serve.Submit, f.modelReady)
		handle("POST "+model+"/infer", serve.Submit, f.infer)
	}
}

var errOff error = &intake.Problem{Status: http.StatusNotFound, Detail: "this is off: name pipelines in faces.kserve.pipelines"}

func refused(status int, format string, args ...any) error {
	return &intake.Problem{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// refuse answers with an error as the protocol has it.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	intake.Drain(w, r)
	p := (*intake.Problem)(nil)
	if !errors.As(err, &p) {
		p = &intake.Problem{Status: http.StatusInternalServerError, Detail: err.Error()}
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.RetryAfter.Seconds())))
	}
	_ = answer(w, p.Status, map[string]string{"error": diag.Printable(p.Error())})
}

func answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller may be gone
	return nil
}

// model is the pipeline that a request names.
func (f *Face) model(r *http.Request) (Pipeline, error) {
	name, version := r.PathValue("model"), r.PathValue("version")
	for _, p := range *f.pipelines.Load() {
		if p.Name != name {
			continue
		}
		if version != "" && version != modelVersion {
			return p, refused(http.StatusNotFound, "the model %s has the version %s alone, got %q", name, modelVersion, version)
		}
		return p, nil
	}
	return Pipeline{}, refused(http.StatusNotFound, "there is no model %q: name the pipeline in faces.kserve.pipelines", name)
}

// tensorInfo describes a tensor.
type tensorInfo struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

func (f *Face) metadata(w http.ResponseWriter, r *http.Request) error {
	p, err := f.model(r)
	if err != nil {
		return err
	}
	var outputs []tensorInfo
	for i := range p.Outputs {
		outputs = append(outputs, tensorInfo{p.tensor(i), bytesType, []int{-1}})
	}
	return answer(w, http.StatusOK, map[string]any{
		"name": p.Name, "versions": []string{modelVersion}, "platform": "burnish", "inputs": []tensorInfo{{inputName, bytesType, []int{-1}}}, "outputs": outputs,
	})
}

func (f *Face) modelReady(w http.ResponseWriter, r *http.Request) error {
	p, err := f.model(r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !f.ready() {
		status = http.StatusServiceUnavailable
	}
	return answer(w, status, map[string]any{"name": p.Name, "ready": status == http.StatusOK})
}
