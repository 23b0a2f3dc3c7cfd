// Package immich restores photos of an Immich server: it takes the webhook of a
// workflow that tells of a new asset, fetches the original, has it processed and,
// where the photo was damaged, uploads the result, stacks it upon the original and
// tags it.
//
// Assets wait in files of the state folder. What was uploaded is known again by
// its checksum and its tag, so that no upload is restored once more. Requests go
// to the one address that the configuration names, whatever a webhook says.
package immich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
)

// Path is where the webhook and the state are.
const Path = "/v1/immich"

// Config is which server is served, and how.
type Config struct {
	URL      string // of Immich; "": the face is off
	Key      string // for its API
	KeyFile  string // that the key is read from where Key is ""
	Pipeline string // its first output is uploaded
	Tag      string // of uploads
	Queue    int    // assets that wait at most
}

// Options are what a face is made with.
type Options struct {
	StateDir string
	Intake   *intake.Intake
	Log      *slog.Logger
}

// Face takes webhooks and works on assets, one at a time.
type Face struct {
	intake *intake.Intake
	log    *slog.Logger
	wake   chan struct{}
	end    context.CancelFunc
	ended  sync.WaitGroup

	mu      sync.Mutex
	setup   Setup
	queue   *queue
	uploads *uploads
	state   State
}

// Setup is a configuration in force; the zero one is off.
type Setup struct {
	client        *client // nil: the face is off
	pipeline, tag string
	queue         int
}

// State is how the face gets on.
type State struct {
	Waiting  int       `json:"waiting"`         // assets
	Uploaded int       `json:"uploaded"`        // since the daemon was started
	LeftOut  int       `json:"left_alone"`      // photos that were not damaged, own uploads, films
	Failed   int       `json:"failed"`          // photos that were given up
	Paused   time.Time `json:"paused,omitzero"` // nothing is asked of Immich until then
	Problem  string    `json:"problem,omitempty"`
}

// Open reads what waits since before. Nothing happens until Configure.
func Open(o Options) (*Face, error) {
	folder := filepath.Join(o.StateDir, "immich")
	q, err := openQueue(filepath.Join(folder, "queue"))
	if err != nil {
		return nil, err
	}
	u, err := openUploads(folder)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	f := &Face{intake: o.Intake, log: o.Log, wake: make(chan struct{}, 1), end: end, queue: q, uploads: u}
	f.ended.Go(func() { f.run(ctx) })
	return f, nil
}

// Close ends the work on an asset, which goes on after the next start.
func (f *Face) Close() error {
	f.end()
	f.ended.Wait()
	return f.uploads.Close()
}

// Configure goes on with another setup.
func (f *Face) Configure(s Setup) {
	f.mu.Lock()
	if !s.client.like(f.setup.client) {
		f.state.Paused, f.state.Problem = time.Time{}, ""
		f.queue.hurry()
	}
	f.setup = s
	f.mu.Unlock()
	f.nudge()
}

// Prepare reads what a configuration needs beside itself.
func Prepare(c Config) (Setup, error) {
	if c.URL == "" {
		return Setup{}, nil
	}
	base, err := ParseURL(c.URL)
	if err != nil {
		return Setup{}, err
	}
	var key string
	switch {
	case c.Key != "":
		key, err = parseKey(c.Key, "the environment variable that key_env names")
	case c.KeyFile != "":
		key, err = readKey(c.KeyFile)
	default:
		err = errors.New("the API key: the environment variable that key_env names is empty")
	}
	if err != nil {
		return Setup{}, err
	}
	return Setup{client: newClient(base, apiKey{key}), pipeline: c.Pipeline, tag: c.Tag, queue: c.Queue}, nil
}

// ParseURL reads the address of an Immich server; /api at its end is left out.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("must be an address such as http://immich-server:2283, without user and query")
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api")
	return u, nil
}

// maxKey bounds a file with a key, in bytes.
const maxKey = 4 << 10

func readKey(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("the API key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return "", fmt.Errorf("the API key: %w", err)
	}
	return parseKey(string(text), file)
}

// parseKey reads a key as a header may hold it. Errors do not quote it.
func parseKey(text, from string) (string, error) {
	key := strings.TrimSpace(text)
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("the API key: %s must hold one, which Immich shows under Account Settings, API Keys", from)
	}
	return key, nil
}

// Site is where requests come in.
type Site interface {
	Handle(pattern string, scope serve.Scope, h http.Handler)
}

// Mount begins to answer on the site.
func (f *Face) Mount(site Site) {
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f.hook(w, r); err != nil {
			v1.Refuse(w, r, err)
		}
	})
	site.Handle("POST "+Path, serve.Submit, hook)
	site.Handle("PUT "+Path, serve.Submit, hook)
	site.Handle("GET "+Path, serve.Read, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = v1.WriteJSON(w, http.StatusOK, f.State())
	}))
}

// State is how the face gets on.
func (f *Face) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Waiting = len(f.queue.items)
	return s
}

// maxHook bounds the body of a webhook, in bytes.
const maxHook = 1 << 20

// event is what is used of a webhook's body.
type event struct {
	Data struct {
		Asset struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"asset"`
	} `json:"data"`
}

// hook takes a webhook. The asset is in the queue, on the disk, when it is
// answered.
func (f *Face) hook(w http.ResponseWriter, r *http.Request) error {
	var e event
	r.Body = http.MaxBytesReader(w, r.Body, maxHook)
	text, err := io.ReadAll(intake.Body(w, r))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return v1.Refused(http.StatusRequestEntityTooLarge, "the body must have at most %d bytes", maxHook)
	}
	if err != nil || json.Unmarshal(text, &e) != nil {
		return v1.Refused(http.StatusBadRequest, "the body must be the JSON of a workflow's webhook")
	}
	id := strings.ToLower(e.Data.Asset.ID)
	if !isID(id) {
		return v1.Refused(http.StatusBadRequest, "the body must tell of an asset: data.asset.id must be a UUID")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, waits := f.queue.items[id]
	switch {
	case f.setup.client == nil:
		return v1.Refused(http.StatusNotFound, "this is off: set faces.immich")
	case e.Data.Asset.Type != "" && e.Data.Asset.Type != "IMAGE", f.uploads.originals[id], f.uploads.made[id]:
		return v1.WriteJSON(w, http.StatusOK, map[string]string{"state": "done"})
	case waits:
		return v1.WriteJSON(w, http.StatusAccepted, map[string]string{"state": "waiting"})
	case len(f.queue.items) >= f.setup.queue:
		return &intake.Problem{Status: http.StatusTooManyRequests, Key: "faces.immich.queue", RetryAfter: time.Minute, Detail: fmt.Sprintf("%d assets wait, which is all that faces.immich.queue allows", len(f.queue.items))}
	}
	if err := f.queue.put(item{Asset: id, Came: time.Now()}); err != nil {
		return err
	}
	f.nudge()
	return v1.WriteJSON(w, http.StatusAccepted, map[string]string{"state": "waiting"})
}

// nudge lets the work look for what there is to do.
func (f *Face) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
