package page

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// photosView lists the photos that were processed.
type photosView struct{ *Page }

func (v photosView) routes() []Route {
	return []Route{v.view("GET /photos", "photos", v.data)}
}

// photos is what its template shows.
type photos struct {
	Form      url.Values // the filters as they were given
	Fault     string     // key of what is wrong with them
	Filtered  bool
	Further   bool // one of those that are folded away is set
	Results   []string
	Pipelines []string
	Folders   []string
	Photos    []card
	Next      string // path of the page after
	First     bool
}

// card is a photo in the list.
type card struct {
	api.PhotoRecord
	Name, Folder string
	Tone         string // class of its result's colour
	Key          string // of its result's text
	Thumb        string // path of a picture; "" where there is none
}

// results are the filter's choices, as of [plugin.PhotosQuery].
var results = []string{"done", "done:restored", "done:left_alone", "done:processed", "waiting", "failed", "quarantined", "skipped", "asked"}

// maxField bounds what is taken of a filter, in bytes.
const maxField = 500

func (v photosView) data(r *http.Request) (any, error) {
	p := photos{Form: filters(r), Results: results}
	p.Filtered, p.First = len(p.Form) > 0, r.FormValue("after") == ""
	for _, name := range []string{"pipeline", "folder", "camera", "least", "most"} {
		p.Further = p.Further || p.Form.Has(name)
	}
	q, ok := queryOf(p.Form)
	if !ok {
		p.Fault = "photos.fault"
	}
	q.After = r.FormValue("after")
	page, err := api.Photos.Call(r.Context(), v.client, q)
	if err != nil {
		return nil, err
	}
	for _, record := range page.Photos {
		p.Photos = append(p.Photos, cardOf(record))
	}
	if page.Next != "" {
		next := url.Values{"after": {page.Next}}
		for name, values := range p.Form {
			next[name] = values
		}
		p.Next = "/photos?" + next.Encode()
	}
	v.choices(r, &p)
	return p, nil
}

// filters are those of a request that say something.
func filters(r *http.Request) url.Values {
	form := url.Values{}
	for _, name := range []string{"text", "folder", "result", "pipeline", "camera", "least", "most"} {
		if value := strings.TrimSpace(r.FormValue(name)); value != "" {
			form.Set(name, value[:min(len(value), maxField)])
		}
	}
	return form
}

// queryOf is what the filters ask for; ok is false where one is no number.
func queryOf(form url.Values) (q plugin.PhotosQuery, ok bool) {
	q = plugin.PhotosQuery{
		Text: form.Get("text"), Folder: form.Get("folder"), Result: form.Get("result"), Pipeline: form.Get("pipeline"), Camera: form.Get("camera"),
	}
	ok = true
	for _, limit := range []struct {
		name string
		to   **float64
	}{{"least", &q.Least}, {"most", &q.Most}} {
		text := form.Get(limit.name)
		if text == "" {
			continue
		}
		percent, err := strconv.ParseFloat(text, 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			ok = false
			continue
		}
		share := percent / 100
		*limit.to = &share
	}
	return q, ok
}

// choices are the folders and pipelines that the daemon has now.
func (v photosView) choices(r *http.Request, p *photos) {
	standing, err := api.Status.Call(r.Context(), v.client, api.None{})
	if err != nil || standing.DaemonStatus == nil {
		return
	}
	for _, f := range standing.Folders {
		p.Folders = append(p.Folders, f.Folder)
	}
	for name := range standing.Steps {
		p.Pipelines = append(p.Pipelines, name)
	}
	if chosen := p.Form.Get("pipeline"); chosen != "" && !slices.Contains(p.Pipelines, chosen) {
		p.Pipelines = append(p.Pipelines, chosen)
	}
	slices.Sort(p.Pipelines)
}

func cardOf(record api.PhotoRecord) card {
	r := record.Record
	c := card{PhotoRecord: record, Name: filepath.Base(r.Path), Folder: filepath.Dir(r.Path), Tone: toneOf(record.Result), Key: keyOf(record.Result)}
	if rel, err := filepath.Rel(r.Root, r.Path); r.Root != "" && err == nil {
		c.Folder = filepath.Join(filepath.Base(r.Root), filepath.Dir(rel))
	}
	picture, hash := 0, r.Content
	least := r.Stat.Size
	for i, o := range r.Outputs {
		if o.Size < least || picture == 0 {
			picture, hash, least = i+1, o.Hash, o.Size
		}
	}
	if !slices.Contains(unopened, r.ErrorClass) && hash != "" {
		c.Thumb = previewPath(record.ID, picture, 320, hash)
	}
	return c
}

// unopened are the kinds of failures of photos that are not decoded to be shown.
var unopened = []string{string(plugin.Crashed), string(plugin.Starved), string(plugin.TooLarge)}

// previewPath is that of a whole picture. It changes with the picture, so that
// browsers may keep it.
func previewPath(id string, picture, side int, hash string) string {
	return fmt.Sprintf("/photos/%s/preview/%d?side=%d&v=%.16s", id, picture, side, hash)
}

// keyOf is a result as texts and classes name it.
func keyOf(result string) string { return strings.TrimPrefix(result, "done:") }

func toneOf(result string) string {
	switch kind, _, _ := strings.Cut(result, ":"); kind {
	case "done":
		return "good"
	case "failed", "quarantined":
		return "bad"
	case "waiting", "asked":
		return "warn"
	}
	return ""
}
