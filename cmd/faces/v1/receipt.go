package v1

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/plugin"
)

// Receipt tells what was done with a photo.
type Receipt struct {
	Decision string            `json:"decision" enum:"restored,left-alone,processed,skipped" doc:"restored: a network changed the photo; left-alone: it shows no damage; processed: no network is in the pipeline; skipped: no output is wanted of it"`
	Reason   string            `json:"reason,omitempty" doc:"why it was left alone or skipped"`
	Pipeline string            `json:"pipeline"`
	Model    string            `json:"model,omitempty"`
	Device   string            `json:"device,omitempty" doc:"that the network ran on"`
	Seconds  float64           `json:"seconds" doc:"of processing, waiting not included"`
	Digest   string            `json:"digest,omitempty" doc:"SHA-256 of the photo that was sent"`
	Outputs  []MadeOutput      `json:"outputs" nullable:"false"`
	Notes    map[string]string `json:"notes,omitempty" doc:"what operators reported"`
}

// MadeOutput is an output that was made.
type MadeOutput struct {
	ID     string `json:"id" doc:"by which it is asked for"`
	Name   string `json:"name" doc:"of a file"`
	Type   string `json:"type" doc:"media type"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest" doc:"SHA-256, hexadecimal"`
}

// ReceiptOf is the receipt of a result. name names an output by its place.
func ReceiptOf(pipeline, digest string, r plugin.Result, name func(int) string) Receipt {
	t := Receipt{Decision: "processed", Pipeline: pipeline, Model: r.Notes["model"], Device: r.Notes["device"], Seconds: r.Elapsed.Seconds(), Digest: digest, Outputs: []MadeOutput{}, Notes: r.Notes}
	switch {
	case r.State == plugin.Skipped:
		t.Decision, t.Reason = "skipped", r.Reason
	case r.Notes["left_alone"] != "":
		t.Decision, t.Reason = "left-alone", r.Notes["left_alone"]
	case t.Model != "":
		t.Decision = "restored"
	}
	for _, o := range r.Outputs {
		t.Outputs = append(t.Outputs, MadeOutput{ID: name(o.Index), Name: o.Path[strings.LastIndexByte(o.Path, '/')+1:], Type: MediaType(o.Format), Bytes: o.Size, Digest: o.Hash})
	}
	return t
}

// SetHeaders tells of a receipt in headers.
func (t Receipt) SetHeaders(h http.Header) {
	h.Set("Burnish-Decision", t.Decision)
	for name, text := range map[string]string{"Burnish-Model": t.Model, "Burnish-Device": t.Device} {
		if text = headerText(text); text != "" {
			h.Set(name, text)
		}
	}
	h.Set("Burnish-Seconds", strconv.FormatFloat(t.Seconds, 'f', 3, 64))
}

// headerText is text as a header may hold it: what comes from the worker process,
// or from a photo, adds no line to it.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), 200)])
}

// digestField is a digest as the fields of RFC 9530 have it.
func digestField(hash string) string {
	sum, err := hex.DecodeString(hash)
	if err != nil {
		return ""
	}
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum) + ":"
}
