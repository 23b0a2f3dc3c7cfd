package immich

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Bounds of requests to Immich.
const (
	connectTimeout = 10 * time.Second
	answerTimeout  = time.Minute      // for an answer to begin
	requestTimeout = 30 * time.Minute // with bodies
	maxAnswer      = 4 << 20          // bytes of an answer in JSON
	maxRetryAfter  = 6 * time.Hour
)

// apiKey shows itself in no format.
type apiKey struct{ text string }

func (apiKey) String() string { return "…" }

// GoString hides the key.
func (k apiKey) GoString() string { return k.String() }

// MarshalText hides the key.
func (k apiKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// client speaks Immich's API, at an address that the configuration fixes.
type client struct {
	base *url.URL // with /api
	key  apiKey
	http *http.Client
}

func newClient(base *url.URL, key apiKey) *client {
	return &client{base: base.JoinPath("api"), key: key, http: &http.Client{
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext, TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: answerTimeout,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // none gets the key
	}}
}

// like reports whether both ask the same server with the same key.
func (c *client) like(o *client) bool {
	return c == nil && o == nil || c != nil && o != nil && c.key == o.key && c.base.String() == o.base.String()
}

// refused is an answer that is no success.
type refused struct {
	what       string // was asked for
	status     int
	message    string // of Immich; may be ""
	retryAfter time.Duration
}

func (r *refused) Error() string {
	text := fmt.Sprintf("%s: Immich answered %d %s", r.what, r.status, http.StatusText(r.status))
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// passes reports whether Immich may answer otherwise later.
func (r *refused) passes() bool {
	switch r.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return r.status >= 500
}

// denied reports whether the key lacks a right.
func (r *refused) denied() bool {
	return r.status == http.StatusUnauthorized || r.status == http.StatusForbidden
}

// asset is what is used of an asset that Immich describes.
type asset struct {
	ID               string    `json:"id"`
	Type             string    `json:"type"`
	Checksum         string    `json:"checksum"` // SHA-1 in base64
	OriginalFileName string    `json:"originalFileName"`
	FileCreatedAt    time.Time `json:"fileCreatedAt"`
	FileModifiedAt   time.Time `json:"fileModifiedAt"`
	Visibility       string    `json:"visibility"`
	IsFavorite       bool      `json:"isFavorite"`
	IsTrashed        bool      `json:"isTrashed"`
	Tags             []struct {
		Value string `json:"value"`
	} `json:"tags"`
}

func (c *client) asset(ctx context.Context, id string) (a asset, err error) {
	return a, c.json(ctx, http.MethodGet, nil, &a, "assets", id)
}

// original is the body of an asset's file, which the caller closes.
func (c *client) original(ctx context.Context, id string) (io.ReadCloser, error) {
	r, err := c.do(ctx, http.MethodGet, nil, "", nil, "assets", id, "original")
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// find is the id of the asset with that checksum, "" where there is none.
func (c *client) find(ctx context.Context, name, checksum string) (id string, err error) {
	type item struct {
		ID       string `json:"id"`
		Checksum string `json:"checksum"`
	}
	var found struct {
		Results []struct {
			Action  string `json:"action"`
			AssetID string `json:"assetId"`
		} `json:"results"`
	}
	err = c.json(ctx, http.MethodPost, map[string][]item{"assets": {{name, checksum}}}, &found, "assets", "bulk-upload-check")
	if err == nil && len(found.Results) == 1 && found.Results[0].Action == "reject" {
		id = found.Results[0].AssetID
	}
	return id, err
}

// upload sends a file as an asset like another, and returns its id.
func (c *client) upload(ctx context.Context, file, name, checksum string, like asset) (id string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	fields := [][2]string{
		{"filename", name}, {"fileCreatedAt", stamp(like.FileCreatedAt)}, {"fileModifiedAt", stamp(like.FileModifiedAt)},
		{"isFavorite", strconv.FormatBool(like.IsFavorite)}, {"metadata", "[]"},
		{"deviceAssetId", "burnish-" + like.ID}, {"deviceId", "burnish"}, // up to version 2
	}
	if like.Visibility == "archive" {
		fields = append(fields, [2]string{"visibility", like.Visibility})
	}
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		err := writeForm(form, fields, f, name)
		_ = w.CloseWithError(err)
	}()
	defer body.Close()
	r, err := c.do(ctx, http.MethodPost, body, form.FormDataContentType(), http.Header{"X-Immich-Checksum": {checksum}}, "assets")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	var made struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&made); err != nil {
		return "", fmt.Errorf("upload: Immich's answer is no such JSON: %w", err)
	}
	if !isID(made.ID) {
		return "", errors.New("upload: Immich's answer names no asset")
	}
	return made.ID, nil
}

// writeForm writes the fields, and the file last.
func writeForm(form *multipart.Writer, fields [][2]string, file io.Reader, name string) error {
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("assetData", name)
	if err == nil {
		_, err = io.Copy(part, file)
	}
	return errors.Join(err, form.Close())
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// tag tags an asset; a tag that there is not is made.
func (c *client) tag(ctx context.Context, tag, id string) error {
	var made []struct {
		ID string `json:"id"`
	}
	if err := c.json(ctx, http.MethodPut, map[string][]string{"tags": {tag}}, &made, "tags"); err != nil {
		return err
	}
	if len(made) != 1 || !isID(made[0].ID) {
		return errors.New("tags: Immich's answer names no tag")
	}
	return c.json(ctx, http.MethodPut, map[string][]string{"ids": {id}}, nil, "tags", made[0].ID, "assets")
}

// stack puts assets on one pile, the first one on top.
func (c *client) stack(ctx context.Context, ids ...string) error {
	return c.json(ctx, http.MethodPost, map[string][]string{"assetIds": ids}, nil, "stacks")
}

// json sends and takes JSON; nil is none.
func (c *client) json(ctx context.Context, method string, send, take any, path ...string) error {
	var body io.Reader
	kind := ""
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body, kind = bytes.NewReader(text), "application/json"
	}
	r, err := c.do(ctx, method, body, kind, nil, path...)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	whole := io.LimitReader(r.Body, maxAnswer)
	if take == nil {
		_, _ = io.Copy(io.Discard, whole)
		return nil
	}
	if err := json.NewDecoder(whole).Decode(take); err != nil {
		return fmt.Errorf("%s: Immich's answer is no such JSON: %w", strings.Join(path, "/"), err)
	}
	return nil
}

// do sends a request. An answer that is no success is a [*refused].
func (c *client) do(ctx context.Context, method string, body io.Reader, kind string, more http.Header, path ...string) (*http.Response, error) {
	what := strings.Join(path, "/")
	q, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path...).String(), body)
	if err != nil {
		return nil, fmt.Errorf("%s: the address is malformed", what)
	}
	for name, values := range more {
		q.Header[name] = values
	}
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	q.Header.Set("User-Agent", "Burnish")
	q.Header.Set("X-Api-Key", c.key.text)
	r, err := c.http.Do(q)
	if err != nil {
		if failed := (*url.Error)(nil); errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if r.StatusCode >= 200 && r.StatusCode < 300 {
		return r, nil
	}
	defer r.Body.Close()
	return nil, c.refusal(what, r)
}

func (c *client) refusal(what string, r *http.Response) *refused {
	var told struct {
		Message json.RawMessage `json:"message"` // a text, or several
	}
	_ = json.NewDecoder(io.LimitReader(r.Body, 16<<10)).Decode(&told) // a proxy answers otherwise
	message := strings.ReplaceAll(string(told.Message[:min(len(told.Message), 300)]), c.key.text, c.key.String())
	return &refused{what: what, status: r.StatusCode, message: message, retryAfter: retryAfter(r.Header.Get("Retry-After"))}
}

func retryAfter(header string) (wait time.Duration) {
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter.Seconds()))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}
