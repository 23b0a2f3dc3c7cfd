package jobs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/webhook"
)

// createInput is what POST /v1/jobs takes beside the photo.
type createInput struct {
	Pipeline string `query:"pipeline" maxLength:"200" doc:"name of a pipeline; may be left out where there is one only"`
	Key      string `header:"Idempotency-Key" maxLength:"255" doc:"of the client's choice: the same request with the same key makes no second job"`
	Webhook  string `header:"Burnish-Webhook" maxLength:"2000" doc:"URL that is told of the job's end, signed as Standard Webhooks has it"`
}

// Named is a job on a photo in a watched folder.
type Named struct {
	Path     string `json:"path" doc:"absolute, of a photo in a watched folder"`
	Pipeline string `json:"pipeline,omitempty" doc:"instead of the query's"`
	Webhook  string `json:"webhook,omitempty" doc:"instead of the header's"`
}

// maxNamed bounds a body that names a photo.
const maxNamed = 64 << 10

// create answers POST /v1/jobs.
func (s requests) create(w http.ResponseWriter, r *http.Request, in *createInput) error {
	owner := serve.Owner(r)
	if err := s.enter(owner); err != nil {
		return err
	}
	defer s.leave(owner, onePlace)
	j := &job{changed: make(chan struct{})}
	j.ID, j.Owner, j.Created = rand.Text(), owner, time.Now().UTC().Truncate(time.Millisecond)
	var photo *intake.Photo
	var err error
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		err = s.name(w, r, in, j)
	} else {
		photo, err = s.receive(w, r)
	}
	if err != nil {
		return err
	}
	if photo != nil {
		defer photo.Close()
		j.Photo, j.Digest = filepath.Base(photo.Path()), photo.Digest()
		if err := s.fit(owner, photo.Size()); err != nil {
			return err
		}
		defer s.leave(owner, usage{bytes: photo.Size()})
	}
	if err := s.complete(in, j); err != nil {
		return err
	}
	if first, err := s.claim(j, in.Key); first != nil || err != nil {
		if err != nil {
			return err
		}
		w.Header().Set("Idempotency-Replayed", "true")
		w.Header().Set("Location", serve.Base(r)+"/v1/jobs/"+first.ID)
		return v1.WriteJSON(w, http.StatusOK, first)
	}
	if err := s.add(j, photo); err != nil {
		s.disclaim(j)
		return err
	}
	s.poke()
	w.Header().Set("Location", serve.Base(r)+"/v1/jobs/"+j.ID)
	s.mu.Lock()
	view := s.view(j)
	s.mu.Unlock()
	return v1.WriteJSON(w, http.StatusCreated, view)
}

// receive keeps the photo that the request sends.
func (s requests) receive(w http.ResponseWriter, r *http.Request) (*intake.Photo, error) {
	body, name, err := v1.Upload(w, r)
	if err != nil {
		return nil, err
	}
	return s.options.Intake.Take(r.Context(), body, name)
}

// name takes the photo that the request names.
func (s requests) name(w http.ResponseWriter, r *http.Request, in *createInput, j *job) error {
	var n Named
	decoder := json.NewDecoder(io.LimitReader(intake.Body(w, r), maxNamed))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&n); err != nil {
		return v1.Refused(http.StatusBadRequest, "the body must be {\"path\": …}: %v", err)
	}
	if n.Pipeline != "" {
		in.Pipeline = n.Pipeline
	}
	if n.Webhook != "" {
		in.Webhook = n.Webhook
	}
	folder := s.bounds().Folder
	if folder == nil {
		return v1.Refused(http.StatusForbidden, "a job may name no file: set faces.jobs.folders to let it")
	}
	if !filepath.IsAbs(n.Path) || filepath.Clean(n.Path) != n.Path || strings.ContainsRune(n.Path, 0) {
		return v1.Refused(http.StatusUnprocessableEntity, "path must be an absolute one, without // and .., got %.200q", n.Path)
	}
	if _, ok := folder(n.Path); !ok {
		return v1.Refused(http.StatusUnprocessableEntity, "path must lie in a watched folder, got %.200q", n.Path)
	}
	j.Path = n.Path
	return nil
}

// complete judges what a job is to be.
func (s requests) complete(in *createInput, j *job) error {
	c := s.bounds()
	p, err := v1.Choose(c.Pipelines, in.Pipeline, "faces.jobs.pipelines")
	if err != nil {
		return err
	}
	j.Pipeline = p.Name
	if in.Webhook != "" {
		u, err := receiverURL(c, in.Webhook)
		if err != nil {
			return err
		}
		j.Target, j.Webhook = u.String(), &Delivery{Receiver: webhook.Masked(u), State: "waiting"}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", j.Pipeline, j.Path, j.Digest, j.Target))
	j.Request = hex.EncodeToString(sum[:])
	if in.Key != "" {
		sum = sha256.Sum256([]byte(in.Key))
		j.Key = hex.EncodeToString(sum[:])
	}
	return nil
}

// receiverURL judges a webhook's URL without looking its host up.
func receiverURL(c Config, text string) (*url.URL, error) {
	if c.Secret == nil || c.Guard == nil {
		return nil, v1.Refused(http.StatusForbidden, "there are no webhooks: set faces.jobs.secret_file, which they are signed with")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, v1.Refused(http.StatusUnprocessableEntity, "the webhook must be a URL that begins with https:// or http://, without a user")
	}
	if err := c.Guard.CheckHost(u.Hostname()); err != nil {
		return nil, v1.Refused(http.StatusUnprocessableEntity, "the webhook must not go to %s: %v; an administrator may add it to faces.jobs.allow_hosts", u.Hostname(), err)
	}
	return u, nil
}

// claim takes the job's idempotency key. Where it was used, first is the job of
// the same request.
func (s requests) claim(j *job, key string) (first *Job, err error) {
	if key == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := j.Owner + " " + j.Key
	id, used := s.keys[name]
	before := s.jobs[id]
	switch {
	case !used:
		s.keys[name] = ""
		return nil, nil
	case before == nil:
		return nil, &intake.Problem{Status: http.StatusConflict, RetryAfter: time.Second, Detail: "a request with this Idempotency-Key is under way"}
	case before.Request != j.Request:
		return nil, v1.Refused(http.StatusUnprocessableEntity, "the Idempotency-Key was used for another request, of the job %s", before.ID)
	}
	v := s.view(before)
	return &v, nil
}

// disclaim gives the key of a job that was not made back.
func (s requests) disclaim(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.Key != "" {
		delete(s.keys, j.Owner+" "+j.Key)
	}
}

// add makes the job's folder, photo first: a job whose file is on the disk is
// whole.
func (s requests) add(j *job, photo *intake.Photo) (err error) {
	dir := s.dir(j.ID)
	if err := os.MkdirAll(filepath.Join(dir, photoFolder), 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if photo != nil {
		j.Bytes = photo.Size()
		if err := photo.Release(filepath.Join(dir, photoFolder, j.Photo)); err != nil {
			return err
		}
	}
	j.enter(Waiting)
	if err := s.save(j); err != nil {
		return err
	}
	if err := syncFolders(filepath.Join(dir, photoFolder), dir, s.folder); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[j.ID] = j
	if j.Key != "" {
		s.keys[j.Owner+" "+j.Key] = j.ID
	}
	return nil
}

// syncFolders sees that names in folders are on the disk.
func syncFolders(folders ...string) error {
	for _, folder := range folders {
		d, err := os.Open(folder)
		if err != nil {
			return err
		}
		err = d.Sync()
		if closed := d.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// progress is how far a running job is.
func (s *Jobs) progress(ctx context.Context, j *job) float64 {
	s.mu.Lock()
	path, state := j.path, j.State
	s.mu.Unlock()
	if state != Running || path == "" || s.options.Progress == nil {
		return 0
	}
	return min(max(s.options.Progress(ctx, path), 0), 1)
}
