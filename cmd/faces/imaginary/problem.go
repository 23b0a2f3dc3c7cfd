package imaginary

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/plugin"
)

// problem is an answer that is no image, as imaginary has it.
type problem struct {
	Message string `json:"message,omitempty"`
	Status  int    `json:"status"`
}

func (p *problem) Error() string { return p.Message }

var (
	errNotFound = &problem{"Not found", http.StatusNotFound}
	errKey      = &problem{"Invalid or missing API key", http.StatusUnauthorized}
	errMethod   = &problem{"HTTP method not allowed. Try with a POST or GET method (-enable-url-source flag must be defined)", http.StatusMethodNotAllowed}
	errGet      = &problem{"GET method not allowed. Make sure remote URL source is enabled by using the flag: -enable-url-source", http.StatusMethodNotAllowed}
	errMedia    = &problem{"Unsupported media type", http.StatusNotAcceptable}
	errFormat   = &problem{"Unsupported output image format", http.StatusBadRequest}
	errEmpty    = &problem{"Empty or unreadable image", http.StatusBadRequest}
	errTooBig   = &problem{"Image resolution is too big", http.StatusUnprocessableEntity}
)

func badRequest(what string, err error) *problem {
	return &problem{strings.ReplaceAll(what+err.Error(), "\n", ""), http.StatusBadRequest}
}

// problemOf is an error as imaginary would tell of it.
func problemOf(err error) (p *problem, from *intake.Problem) {
	if errors.As(err, &p) {
		return p, nil
	}
	if !errors.As(err, &from) {
		return badRequest("Error while processing the image: ", err), nil
	}
	switch {
	case from.Kind == plugin.NotImage || from.Kind == plugin.Unsupported:
		return errMedia, from
	case from.Kind == plugin.TooLarge && from.Key != "limits.bytes":
		return errTooBig, from
	case from.Kind != "" && (from.Status == http.StatusUnprocessableEntity || from.Status == http.StatusInternalServerError):
		return badRequest("Error while processing the image: ", from), from
	case from.Status == http.StatusBadRequest && from.Kind == "":
		return errEmpty, from
	}
	return &problem{from.Error(), from.Status}, from
}

// refuse answers with an error, once the client has had time to send the rest of
// its body.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, from := problemOf(err)
	if from != nil && from.Status == intake.StatusGone {
		return
	}
	if from != nil && from.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(from.RetryAfter.Seconds()))))
	}
	if r.Body != nil && p != errKey {
		intake.Drain(w, r)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}
