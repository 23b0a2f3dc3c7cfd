package v1

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/danielgtaylor/huma/v2"
)

// processInput is what POST /v1/process takes beside the photo.
type processInput struct {
	Pipeline string `query:"pipeline" maxLength:"200" doc:"name of a pipeline of the configuration; may be left out where there is one only"`
	Output   string `query:"output" maxLength:"64" doc:"id or number of the output; default: what Accept prefers"`
}

func (a *API) registerProcess() {
	op := huma.Operation{
		OperationID: "process", Method: http.MethodPost, Path: "/v1/process", Summary: "Process a photo",
		Description: "Answers with an output of the pipeline. Accept chooses among its outputs; application/json asks for the receipt instead.",
		RequestBody: PhotoBody(),
		Responses:   Problems(a, 400, 401, 403, 404, 406, 408, 413, 415, 422, 429, 500, 503, 504, 507),
	}
	op.Responses["200"] = &huma.Response{
		Description: "The output, or its receipt.",
		Content: map[string]*huma.MediaType{
			"image/*": {Schema: Binary()}, jsonType: {Schema: Schema[Receipt](a)},
		},
		Headers: map[string]*huma.Param{
			"Burnish-Decision": textHeader("restored, left-alone or processed"),
			"Burnish-Model":    textHeader("the model that restored the photo"),
			"Burnish-Device":   textHeader("the device that it ran on"),
			"Burnish-Seconds":  textHeader("time of processing"),
			"Repr-Digest":      textHeader("SHA-256 of the output (RFC 9530)"),
		},
	}
	Register(a, op, a.process)
}

// process answers POST /v1/process.
func (a *API) process(w http.ResponseWriter, r *http.Request, in *processInput) error {
	p, err := Choose(*a.pipelines.Load(), in.Pipeline, "faces.process.pipelines")
	if err != nil {
		return err
	}
	only := -1
	if in.Output != "" {
		if only = p.Find(in.Output); only < 0 {
			return Refused(http.StatusNotFound, "the pipeline %s has no output %q: it has %s", p.Name, in.Output, strings.Join(p.names(), ", "))
		}
	}
	body, name, err := Upload(w, r)
	if err != nil {
		return err
	}
	photo, err := a.intake.Take(r.Context(), body, name)
	if err != nil {
		return err
	}
	defer photo.Close()
	place, receiptOnly, err := p.choose(strings.Join(r.Header.Values("Accept"), ","), only, photo.Path())
	if err != nil {
		return err
	}
	job := plugin.Job{Pipeline: p.Name, Only: []int{place}}
	if receiptOnly && only < 0 {
		job.Only = nil
	}
	result, err := photo.Process(r.Context(), job)
	if err != nil {
		return err
	}
	photo.Yield()
	receipt := ReceiptOf(p.Name, photo.Digest(), result, p.NameOf)
	if receiptOnly {
		receipt.SetHeaders(w.Header())
		return WriteJSON(w, http.StatusOK, receipt)
	}
	if len(result.Outputs) == 0 {
		return &intake.Problem{Status: http.StatusUnprocessableEntity, Kind: "skipped", Detail: fmt.Sprintf("the pipeline %s makes no output %s of this photo: %s", p.Name, p.NameOf(place), result.Reason)}
	}
	receipt.SetHeaders(w.Header())
	return SendFile(w, r, result.Outputs[0].Path, receipt.Outputs[0])
}

// Choose is the pipeline of that name; "" is the only one that there is. key is
// where they are named in the configuration.
func Choose(pipelines []Pipeline, name, key string) (Pipeline, error) {
	if len(pipelines) == 0 {
		return Pipeline{}, Refused(http.StatusNotFound, "this is off: name pipelines in %s", key)
	}
	if name == "" && len(pipelines) == 1 {
		return pipelines[0], nil
	}
	var names []string
	for _, p := range pipelines {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	if name == "" {
		return Pipeline{}, Refused(http.StatusBadRequest, "pipeline must be one of %s", strings.Join(names, ", "))
	}
	return Pipeline{}, Refused(http.StatusNotFound, "there is no pipeline %q in %s%s", name, key, diag.Suggest(name, names))
}

func (p Pipeline) names() (all []string) {
	for i := range p.Outputs {
		all = append(all, p.NameOf(i))
	}
	return all
}

// choose is the place of the output that an Accept header prefers, of all or of
// one, and whether it prefers a receipt.
func (p Pipeline) choose(accept string, only int, photo string) (place int, receipt bool, err error) {
	own := ""
	var places []int
	var offers []string
	for i, o := range p.Outputs {
		if only >= 0 && i != only {
			continue
		}
		format := o.Format
		if format == "auto" {
			if own == "" {
				own = formatOf(head(photo))
			}
			format = own
		}
		places, offers = append(places, i), append(offers, MediaType(format))
	}
	at := preferred(accept, append(slices.Clone(offers), jsonType))
	switch {
	case at < 0:
		return 0, false, Refused(http.StatusNotAcceptable, "Accept must allow one of %s, got %.200q", strings.Join(append(offers, jsonType), ", "), accept)
	case at == len(offers):
		return places[0], true, nil
	}
	return places[at], false, nil
}

// head is how a file begins.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, 16)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return b[:n]
}

// WriteJSON answers with JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller may be gone
	return nil
}
