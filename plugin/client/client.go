// Package client sends photos to a Burnish daemon over HTTP, for hosts that do
// not embed the library: it needs the standard library alone, and no cgo. Photos
// and outputs are streamed.
//
//	c, err := client.New("http://localhost:8722", token)
//	out, err := c.Process(ctx, photo, client.Request{Pipeline: "web", Name: "old.jpg"})
//	defer out.Close()
//	_, err = io.Copy(file, out)
//
// The daemon's configuration names the pipelines in faces.process and faces.jobs.
// Errors of the daemon are a [*Problem].
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks one daemon. Its methods may be called concurrently.
type Client struct {
	// HTTP sends the requests; nil: http.DefaultClient. Redirects are not to be
	// followed to other hosts, which would get the token.
	HTTP *http.Client

	base  *url.URL
	token string
}

// New is a client of the daemon at an address such as http://localhost:8722, with
// a token of the scope submit.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("the address must be such as http://localhost:8722, got %q", address)
	}
	return &Client{base: u, token: token}, nil
}

// Problem is why the daemon did not do what it was asked (RFC 9457).
type Problem struct {
	Status int    `json:"status"` // of HTTP
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"` // what to do about it; "" for nothing
	Kind   string `json:"kind"` // of a photo's failure, such as not-photo
	Key    string `json:"key"`  // of the configuration's limit that was met

	RetryAfter time.Duration `json:"-"` // when another try makes sense; 0: it is not said
}

// Error is what is wrong and what to do about it.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = fmt.Sprintf("the daemon answered %d %s", p.Status, http.StatusText(p.Status))
	}
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

// Receipt tells what was done with a photo.
type Receipt struct {
	Decision string            `json:"decision"` // restored, left-alone, processed or skipped
	Reason   string            `json:"reason"`   // why it was left alone or skipped
	Pipeline string            `json:"pipeline"`
	Model    string            `json:"model"`
	Device   string            `json:"device"`
	Seconds  float64           `json:"seconds"`
	Digest   string            `json:"digest"` // SHA-256 of the photo that was sent
	Outputs  []MadeOutput      `json:"outputs"`
	Notes    map[string]string `json:"notes"`
}

// MadeOutput is an output that was made.
type MadeOutput struct {
	ID     string `json:"id"` // by which it is asked for
	Name   string `json:"name"`
	Type   string `json:"type"` // media type
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"` // SHA-256, hexadecimal
}

// Request says what is to be made of a photo.
type Request struct {
	Pipeline string // may be "" where the daemon offers one only
	Output   string // id or number of the output; "": what Accept prefers, else the first
	Accept   string // media types, such as "image/webp, image/jpeg;q=0.5"
	Name     string // of the photo's file; "" for none
	Type     string // media type of the photo; "": the daemon finds out
}

func (r Request) query() url.Values {
	q := url.Values{}
	if r.Pipeline != "" {
		q.Set("pipeline", r.Pipeline)
	}
	if r.Output != "" {
		q.Set("output", r.Output)
	}
	return q
}

func (r Request) header() http.Header {
	h := http.Header{"Content-Type": {"application/octet-stream"}}
	if r.Type != "" {
		h.Set("Content-Type", r.Type)
	}
	if r.Accept != "" {
		h.Set("Accept", r.Accept)
	}
	if r.Name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": r.Name}))
	}
	return h
}

// Output is what was made of a photo, to be read and closed.
type Output struct {
	io.ReadCloser
	Type     string // media type
	Size     int64  // bytes; -1: not known
	Decision string // restored, left-alone or processed; "" of a job's
	Model    string // that restored the photo
	Device   string
}

func outputOf(r *http.Response) *Output {
	return &Output{
		ReadCloser: r.Body, Type: r.Header.Get("Content-Type"), Size: r.ContentLength,
		Decision: r.Header.Get("Burnish-Decision"), Model: r.Header.Get("Burnish-Model"), Device: r.Header.Get("Burnish-Device"),
	}
}

// Process sends a photo and waits for an output of it.
func (c *Client) Process(ctx context.Context, photo io.Reader, q Request) (*Output, error) {
	r, err := c.do(ctx, http.MethodPost, q.query(), photo, q.header(), "v1", "process")
	if err != nil {
		return nil, err
	}
	return outputOf(r), nil
}

// Receipt sends a photo, has all outputs made, and tells of them alone.
func (c *Client) Receipt(ctx context.Context, photo io.Reader, q Request) (t Receipt, err error) {
	q.Accept = "application/json"
	return t, c.json(ctx, http.MethodPost, q.query(), photo, q.header(), &t, "v1", "process")
}

// maxAnswer bounds an answer in JSON, in bytes.
const maxAnswer = 4 << 20

// json asks and reads the JSON that is answered; into may be nil.
func (c *Client) json(ctx context.Context, method string, query url.Values, body io.Reader, header http.Header, into any, path ...string) error {
	r, err := c.do(ctx, method, query, body, header, path...)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(into)
}

// do asks. An answer that is no success is a [*Problem].
func (c *Client) do(ctx context.Context, method string, query url.Values, body io.Reader, header http.Header, path ...string) (*http.Response, error) {
	u := c.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	q, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		q.Header[name] = values
	}
	q.Header.Set("Authorization", "Bearer "+c.token)
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	r, err := h.Do(q)
	if err != nil {
		return nil, err
	}
	if r.StatusCode >= 200 && r.StatusCode < 300 {
		return r, nil
	}
	defer r.Body.Close()
	return nil, problemOf(r)
}

func problemOf(r *http.Response) error {
	p := &Problem{}
	if strings.HasSuffix(r.Header.Get("Content-Type"), "json") {
		_ = json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(p) // a proxy answers otherwise
	}
	p.Status = r.StatusCode
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}

// Retriable reports whether the same request may succeed later, and after how
// long to try it again.
func Retriable(err error) (after time.Duration, ok bool) {
	p := (*Problem)(nil)
	if !errors.As(err, &p) {
		return 0, false
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInsufficientStorage:
		return max(p.RetryAfter, time.Second), true
	}
	return 0, false
}
