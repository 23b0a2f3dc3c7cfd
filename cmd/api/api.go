// Package api is the one transport of Burnish's processes: JSON over HTTP. The
// daemon answers commands on a Unix socket in its state folder, and the worker
// process answers the daemon on a connection of its own; both serve the same
// verbs for the records. A command that finds no daemon serves them to itself.
//
// A [Verb] is declared once with its path, its question and its answer. To add
// one, write what it does as a method of what holds the data, and a file here
// that declares the verb and hands it the method. The package knows HTTP and
// the messages; it does not know what a worker, a ledger or a daemon is.
package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Limits of one call. Verbs themselves may take as long as they need.
const (
	maxHeader     = 16 << 10         // bytes
	maxQuestion   = 64 << 20         // bytes of a request's body
	maxAnswer     = 256 << 20        // bytes of a response's body
	headerTimeout = 10 * time.Second // to send a request's header
	bodyTimeout   = 30 * time.Second // to send a request's body
	answerTimeout = 30 * time.Second // to read a response

	maxCalls = 1 << 16 // at a time on a connection that calls share; one too many would end it
)

// Service answers calls. Its verbs may be called concurrently.
type Service = http.Handler

// Mux is a Service of several verbs.
type Mux = http.ServeMux

// Latest answers each call by the service that is in force then.
func Latest(now func() Service) Service {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now().ServeHTTP(w, r) })
}

// None is a question or an answer without content.
type None struct{}

// Verb is a call that takes a Q and answers with an A: an HTTP method and a
// path, such as "POST /v1/retry". Q is encoded in the body, so that a verb
// with GET takes None.
type Verb[Q, A any] string

// Handle makes m answer the verb with do. The context ends when the caller goes
// away. An error is sent as a [Problem].
func (v Verb[Q, A]) Handle(m *Mux, do func(context.Context, Q) (A, error)) {
	m.HandleFunc(string(v), func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if err := readQuestion(w, r, &q); err != nil {
			writeProblem(w, err)
			return
		}
		a, err := do(r.Context(), q)
		if err != nil {
			writeProblem(w, problemOf(err))
			return
		}
		body, err := Marshal(a)
		if err != nil {
			writeProblem(w, &Problem{Status: http.StatusInternalServerError, Detail: fmt.Sprintf("encode the answer: %v", err)})
			return
		}
		write(w, http.StatusOK, "application/json", body)
	})
}

// Call asks the verb of what the client reaches. An error that was answered is
// a [Problem], or the [plugin.Error] that it stands for; any other means that
// there may have been no answer.
func (v Verb[Q, A]) Call(ctx context.Context, c *Client, q Q) (a A, err error) {
	method, path, _ := strings.Cut(string(v), " ")
	var body []byte
	if method != http.MethodGet {
		if body, err = Marshal(q); err != nil {
			return a, err
		}
	}
	body, err = c.Ask(ctx, method, path, body)
	if err != nil {
		return a, err
	}
	if err := Unmarshal(body, &a); err != nil {
		return a, fmt.Errorf("decode the answer to %s: %w", path, err)
	}
	return a, nil
}

// readQuestion decodes a request's body.
func readQuestion(w http.ResponseWriter, r *http.Request, q any) *Problem {
	body, problem := readBody(w, r)
	if problem != nil || r.Method == http.MethodGet {
		return problem
	}
	if err := Unmarshal(body, q); err != nil {
		return &Problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("decode the request: %v", err)}
	}
	return nil
}

// readBody reads a request's body within its limits.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	timeouts := http.NewResponseController(w)
	_ = timeouts.SetReadDeadline(time.Now().Add(bodyTimeout)) // a service that is called directly has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	_ = timeouts.SetReadDeadline(time.Time{})
	if err != nil {
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("read the request: %v", err)}
	}
	return body, nil
}

func write(w http.ResponseWriter, status int, kind string, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone
}
