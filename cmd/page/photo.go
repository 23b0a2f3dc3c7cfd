package page

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// photoView is one photo, before and after.
type photoView struct{ *Page }

func (v photoView) routes() []Route {
	return append([]Route{v.view("GET /photos/{photo}", "photo", v.data)}, pictures(v).routes()...)
}

// photo is what its template shows.
type photo struct {
	api.PhotoDetail
	Name, Key, Tone string
	Before, After   side   // After has no number where there is no output to show
	Outputs         []side // all of them
	Against         string // what Before is: "original" or "former"
	Former          bool   // there is a former output beside the original
	Damage          *float64
	Megapixels      float64
	Elapsed         time.Duration
	Stages          []stageTime
	Decided         []note // what operators said
	Provenance      []note
}

// side is one picture of the photo.
type side struct {
	Number       int
	Name, Path   string
	Size         int64
	Fault        string
	Hash         string
	Shown        bool   // it is the one that the original is compared with
	Preview      string // path
	Downloadable bool
}

// stageTime is the time of a stage.
type stageTime struct {
	Stage string
	Time  time.Duration
	Share int // of the longest, in hundredths
}

// note is a line of text with its name, KIND or KIND:OUTPUT; kinds that are known
// have a text.
type note struct{ Name, Text string }

// Kind is what the note tells, Of the output that it is about, if any.
func (n note) Kind() string { kind, _, _ := strings.Cut(n.Name, ":"); return kind }
func (n note) Of() string   { _, of, _ := strings.Cut(n.Name, ":"); return of }

func (v photoView) data(r *http.Request) (any, error) {
	d, err := api.Photo.Call(r.Context(), v.client, api.PhotoRequest{Photo: r.PathValue("photo")})
	if err != nil {
		return nil, err
	}
	with, _ := strconv.Atoi(r.FormValue("with"))
	p := photo{PhotoDetail: d, Name: filepath.Base(d.Record.Path), Key: keyOf(d.Result), Tone: toneOf(d.Result), Damage: d.Record.Stats.Damage}
	p.sides(with, r.FormValue("against"))
	if f := d.Record.Photo; f != nil {
		p.Megapixels = float64(f.Width) * float64(f.Height) / 1e6
	}
	if !d.Record.Started.IsZero() {
		p.Elapsed = d.Record.Finished.Sub(d.Record.Started)
	}
	p.times()
	p.notes()
	return p, nil
}

// sides names the pictures. The output that is asked for, or else the largest, is
// compared with the one that it has replaced in a trial, or else the original.
func (p *photo) sides(with int, against string) {
	hashes := []string{p.Record.Content}
	for _, o := range p.Record.Outputs {
		hashes = append(hashes, o.Hash)
	}
	if p.Record.Review != nil && len(p.Record.Outputs) == 0 {
		for _, result := range p.Record.Review.Results {
			hashes = append(hashes, result.Hash)
		}
	}
	var all []side
	formers := map[int]side{}
	for n, state := range p.Pictures {
		s := side{Number: n, Name: filepath.Base(state.Path), Path: state.Path, Size: state.Size, Fault: state.Fault}
		switch {
		case state.Of > 0:
			s.Hash = p.formerHash(state.Path)
		case n < len(hashes):
			s.Hash = hashes[n]
		}
		s.Preview = previewPath(p.ID, n, 1024, s.Hash)
		s.Downloadable = n > 0 && s.Fault == ""
		if state.Of > 0 {
			formers[state.Of] = s
			continue
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return
	}
	p.Before, p.Outputs = all[0], all[1:]
	var shown *side
	for i := range p.Outputs {
		o := &p.Outputs[i]
		switch {
		case o.Number == with:
			shown = o
		case o.Fault == "" && (shown == nil || shown.Number != with && o.Size > shown.Size):
			shown = o
		}
	}
	if shown != nil {
		shown.Shown = true
		p.After = *shown
	}
	former, ok := formers[p.After.Number]
	if p.Against, p.Former = "original", ok; ok && against != "original" {
		p.Against, p.Before = "former", former
	}
}

// formerHash is the digest of what the output at path has replaced in a trial.
func (p *photo) formerHash(path string) string {
	if p.Record.Trial == nil {
		return ""
	}
	for _, c := range p.Record.Trial.Outputs {
		if c.Path == path {
			return c.Hash
		}
	}
	return ""
}

func (p *photo) times() {
	spent := p.Record.Stats.Stages
	longest := time.Duration(1)
	for _, d := range spent {
		longest = max(longest, d)
	}
	for _, stage := range plugin.Stages() {
		if d, ok := spent[stage]; ok {
			p.Stages = append(p.Stages, stageTime{string(stage), d, int(100 * d / longest)})
		}
	}
}

// ofProvenance are the notes that tell how the outputs came to be, rather than
// why.
var ofProvenance = []string{"model", "model_digest", "device"}

func (p *photo) notes() {
	for _, name := range slices.Sorted(maps.Keys(p.Record.Notes)) {
		n := note{name, p.Record.Notes[name]}
		if slices.Contains(ofProvenance, name) {
			p.Provenance = append(p.Provenance, n)
		} else {
			p.Decided = append(p.Decided, n)
		}
	}
	settings, _, _ := strings.Cut(p.Record.Task, " ")
	p.Provenance = append(p.Provenance, note{"settings", settings}, note{"build", p.Record.Build}, note{"content", p.Record.Content})
	p.Provenance = slices.DeleteFunc(p.Provenance, func(n note) bool { return n.Text == "" })
}

// pictures answers with pixels and files.
type pictures struct{ *Page }

func (v pictures) routes() []Route {
	return []Route{
		v.picture("GET /photos/{photo}/size/{picture}", v.size),
		v.picture("GET /photos/{photo}/preview/{picture}", v.preview),
		v.picture("GET /photos/{photo}/tile/{picture}/{level}/{x}/{y}", v.tile),
		v.picture("GET /photos/{photo}/output/{picture}", v.output),
	}
}

// picture answers with what do writes, or with an error as text.
func (v pictures) picture(pattern string, do func(http.ResponseWriter, *http.Request, api.PictureRequest) error) Route {
	return Route{pattern, scopeOfPictures, func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("picture"))
		if err != nil {
			n = -1
		}
		if err = do(w, r, api.PictureRequest{Photo: r.PathValue("photo"), Picture: n}); err == nil || r.Context().Err() != nil {
			return
		}
		p := api.NewProblem(err)
		if p.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, p.Detail, p.Status)
	}}
}

func (v pictures) size(w http.ResponseWriter, r *http.Request, q api.PictureRequest) error {
	info, err := api.Picture.Call(r.Context(), v.client, q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]int{"width": info.Width, "height": info.Height})
}

func (v pictures) preview(w http.ResponseWriter, r *http.Request, q api.PictureRequest) error {
	side, err := strconv.Atoi(cmp.Or(r.FormValue("side"), "1024"))
	if err != nil {
		return api.NewProblem(plugin.ErrNoTile)
	}
	b, err := api.Preview.Call(r.Context(), v.client, api.PreviewRequest{PictureRequest: q, Side: side})
	return send(w, r, b, err)
}

func (v pictures) tile(w http.ResponseWriter, r *http.Request, q api.PictureRequest) error {
	t := plugin.Tile{Photo: q.Photo, Picture: q.Picture, Lossless: r.FormValue("lossless") != ""}
	for name, to := range map[string]*int{"level": &t.Level, "x": &t.X, "y": &t.Y} {
		n, err := strconv.Atoi(r.PathValue(name))
		if err != nil {
			n = -1
		}
		*to = n
	}
	b, err := api.Tile.Call(r.Context(), v.client, t)
	return send(w, r, b, err)
}

// send sends a picture. Where its address names its content, browsers keep it.
func send(w http.ResponseWriter, r *http.Request, b api.Encoded, err error) error {
	if err != nil {
		return err
	}
	kind := http.DetectContentType(b.Bytes)
	if !strings.HasPrefix(kind, "image/") {
		return fmt.Errorf("the preview must be a picture, got %s", kind)
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	if r.FormValue("v") != "" {
		h.Set("Cache-Control", "private, max-age=86400, immutable")
	}
	_, _ = w.Write(b.Bytes) // the caller may be gone
	return nil
}
