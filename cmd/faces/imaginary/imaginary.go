// Package imaginary answers the requests of h2non/imaginary below /imaginary/, in
// its words and with its statuses: Nextcloud, for one, asks it for previews. An
// operation becomes steps of a pipeline that the photo is processed with; all of a
// request's operations are one pipeline, and the image is encoded once.
//
// Images are taken from the body of a request alone. Nothing is fetched, and no
// file of this machine is read, for who sends one.
package imaginary

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/plugin"
)

// Prefix is below which the face answers.
const Prefix = "/imaginary/"

// Config is what is answered.
type Config struct {
	Enabled      bool
	AllowFormats []string // svg, pdf, bmp … that are read although their loaders are not safe
	Restore      Restoring
}

// Options are what a face is made with.
type Options struct {
	Intake  *intake.Intake
	Version string                     // of Burnish
	Libvips string                     // its version
	Base    func(*http.Request) string // below which a proxy shows the site
	May     func(*http.Request) bool   // whether who asks may send photos in
}

// Face answers requests. It is safe for concurrent use.
type Face struct {
	o      Options
	config atomic.Pointer[Config]
	began  time.Time
}

// New is a face that is off.
func New(o Options) *Face {
	f := &Face{o: o, began: time.Now()}
	f.config.Store(&Config{})
	return f
}

// Mount answers on a site.
func Mount(site *serve.Site, o Options) *Face {
	o.Base = serve.Base
	o.May = func(r *http.Request) bool { return serve.May(r, serve.Submit) }
	f := New(o)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} { // "GET /" has others
		site.HandleKeyed(method+" "+Prefix, Key, f)
	}
	return f
}

// Configure goes on with another configuration.
func (f *Face) Configure(c Config) { f.config.Store(&c) }

// Key is what a request shows to be let in.
func Key(r *http.Request) string {
	if key := r.Header.Get("API-Key"); key != "" {
		return key
	}
	return r.URL.Query().Get("key")
}

// ServeHTTP answers a request below Prefix.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := f.config.Load()
	name := strings.TrimPrefix(r.URL.Path, Prefix)
	w.Header().Set("Server", "imaginary "+emulated+" (Burnish "+f.o.Version+")")
	public := map[string]func(http.ResponseWriter, *http.Request){"": f.index, "health": f.health, "form": f.form}
	_, image := operations[name]
	image = image && name != "watermarkImage" || name == "info" || name == "pipeline"
	var err error
	switch show := public[name]; {
	case !c.Enabled:
		err = errNotFound
	case r.Method == http.MethodGet && image:
		err = errGet
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		err = errMethod
	case !f.o.May(r):
		err = errKey
	case show != nil:
		show(w, r)
		return
	case !image:
		err = errNotFound
	default:
		err = f.image(w, r, c, name)
	}
	if err != nil {
		refuse(w, r, err)
	}
}

// image answers with an image, or with what there is to know of it.
func (f *Face) image(w http.ResponseWriter, r *http.Request, c *Config, name string) error {
	photo, err := f.take(w, r)
	if err != nil {
		return err
	}
	defer photo.Close()
	kind, err := kindOfFile(photo.Path())
	if err != nil {
		return err
	}
	if !c.reads(kind) {
		return errMedia
	}
	p, err := fromQuery(r.URL.Query())
	if err != nil {
		return badRequest("Error while processing parameters, ", err)
	}
	if p.Type == "auto" {
		p.Type = accepted(r.Header.Get("Accept"))
		w.Header().Set("Vary", "Accept")
	} else if _, ok := types[strings.ToLower(p.Type)]; p.Type != "" && !ok {
		return errFormat
	}
	job := plugin.Job{Allow: c.AllowFormats}
	if name == "info" {
		job.Inline = lookOnly
		return f.info(w, r, photo, job)
	}
	asked, err := steps(name, p)
	if err != nil {
		return badRequest("Error while processing the image: ", err)
	}
	made, err := compose(asked, kind, c.Restore)
	if err != nil {
		return badRequest("Error while processing the image: ", err)
	}
	job.Inline = made.text()
	result, err := photo.Process(r.Context(), job)
	if err != nil {
		return err
	}
	if len(result.Outputs) != 1 {
		return errors.New("no image was made: " + result.Reason)
	}
	photo.Yield()
	return answer(w, result.Outputs[0], made.format)
}

// steps are those of an endpoint.
func steps(name string, p params) ([]step, error) {
	if name != "pipeline" {
		s, err := operations[name](p)
		return []step{s}, err
	}
	requests, err := parseOperations(p.operations)
	switch {
	case err != nil:
		return nil, err
	case len(requests) == 0:
		return nil, errors.New("Missing or invalid pipeline operations JSON") //nolint:staticcheck // as imaginary says it
	case len(requests) > MaxOperations:
		return nil, errors.New("Maximum allowed pipeline operations exceeded") //nolint:staticcheck // as imaginary says it
	}
	var all []step
	for _, one := range requests {
		make, ok := operations[one.Operation]
		if !ok || one.Operation == "watermarkimage" {
			return nil, errors.New("Unsupported operation name: " + shown(one.Operation))
		}
		own, err := one.params()
		if err != nil {
			return nil, err
		}
		s, err := make(own)
		if err != nil && one.IgnoreFailure {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.transform.Optional = one.IgnoreFailure
		all = append(all, s)
	}
	return all, nil
}

// take keeps the image of a request: its body, or the part of a form.
func (f *Face) take(w http.ResponseWriter, r *http.Request) (*intake.Photo, error) {
	body := intake.Body(w, r)
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); strings.HasPrefix(media, "multipart/") {
		r.Body = io.NopCloser(body)
		form, err := r.MultipartReader()
		if err != nil {
			return nil, badRequest("", err)
		}
		if body, err = filePart(form, field(r)); err != nil {
			return nil, err
		}
	}
	return f.o.Intake.Take(r.Context(), body, "image")
}

// maxParts is how many parts of a form may come up to the image.
const maxParts = 16

func filePart(form *multipart.Reader, name string) (io.Reader, error) {
	for range maxParts {
		part, err := form.NextPart()
		if err != nil {
			break
		}
		if part.FormName() == name {
			return part, nil
		}
	}
	return nil, badRequest("", errors.New("http: no such file"))
}

// field is the name of a form's field that holds the image.
func field(r *http.Request) string {
	if name := r.URL.Query().Get("field"); name != "" {
		return name
	}
	return "file"
}

// accepted is the first of the types that a client accepts and that are offered;
// "" for none.
func accepted(accept string) string {
	for one := range strings.SplitSeq(accept, ",") {
		switch media, _, _ := mime.ParseMediaType(one); media {
		case "image/webp":
			return "webp"
		case "image/png":
			return "png"
		case "image/jpeg":
			return "jpeg"
		}
	}
	return ""
}

// answer sends an output.
func answer(w http.ResponseWriter, o plugin.Output, format string) error {
	file, err := os.Open(o.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Length", strconv.FormatInt(o.Size, 10))
	h.Set("Content-Type", mediaTypes[format])
	h.Set("Image-Width", strconv.Itoa(o.Width))
	h.Set("Image-Height", strconv.Itoa(o.Height))
	if _, err := io.Copy(intake.Answer(w), file); err != nil {
		panic(http.ErrAbortHandler) // the client has gone, or must not take a part for the whole
	}
	return nil
}

// lookOnly is a pipeline of which nothing is made.
const lookOnly = `{"outputs": [{"path": "image.png", "when": "width < 0"}]}`

// about is what there is to know of an image.
type about struct {
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Type        string `json:"type"`
	Space       string `json:"space"`
	Alpha       bool   `json:"hasAlpha"`
	Profile     bool   `json:"hasProfile"`
	Channels    int    `json:"channels"`
	Orientation int    `json:"orientation"`
}

func (f *Face) info(w http.ResponseWriter, r *http.Request, photo *intake.Photo, job plugin.Job) error {
	result, err := photo.Process(r.Context(), job)
	if err != nil {
		return err
	}
	s := result.Source
	if s == nil {
		return errors.New("Cannot retrieve image metadata: " + result.Reason)
	}
	return reply(w, about{s.Width, s.Height, s.Format, s.Space, s.Alpha, s.Profile, s.Bands, s.Orientation})
}

func reply(w http.ResponseWriter, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // the client may be gone
	return nil
}
