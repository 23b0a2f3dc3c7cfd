// Command gallery is a photo gallery that embeds Burnish: it takes uploads, shows
// thumbnails and restored photos, and restores photos for other programs.
//
//	go run ./packaging/examples/gallery -data gallery -listen localhost:8080
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"html/template"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/output"
)

const maxUpload = 100 << 20 // bytes

func main() {
	data := flag.String("data", "gallery", "folder of the photos")
	listen := flag.String("listen", "localhost:8080", "address")
	flag.Parse()
	stop, err := plugin.Start(plugin.Runtime{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := errors.Join(run(ctx, *data, *listen), stop()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, data, listen string) error {
	g, err := open(ctx, data)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: listen, Handler: g.routes()}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err = server.ListenAndServe(); errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, g.engine.Close())
}

// gallery keeps originals in in, and what is made of them in out.
type gallery struct {
	in, out string
	engine  *plugin.Engine
}

// open makes an engine with one pipeline: a restored photo, and a thumbnail of it.
func open(ctx context.Context, data string) (*gallery, error) {
	g := &gallery{in: filepath.Join(data, "originals"), out: filepath.Join(data, "photos")}
	for _, folder := range []string{g.in, g.out} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
	}
	registry, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		return nil, err
	}
	restore, err := plugin.NewStep("promptcir", map[string]any{"model": "lite"})
	if err != nil {
		return nil, err
	}
	photo, err1 := output.New("{stem}.jpg")
	small, err2 := output.New("{stem}.small.webp")
	if err := errors.Join(err1, err2, small.SetThumbnail(map[string]any{"width": 320, "height": 320})); err != nil {
		return nil, err
	}
	c := plugin.DefaultConfig()
	c.StateDir = filepath.Join(data, "state")
	c.Pipelines = map[string]plugin.Pipeline{"gallery": {Steps: []graph.Step{restore}, Outputs: []output.Config{photo, small}}}
	g.engine, err = plugin.Open(ctx, c, registry, plugin.WithLedger())
	return g, err
}

func (g *gallery) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", g.list)
	m.HandleFunc("POST /{$}", g.upload)
	m.HandleFunc("POST /restore", g.restore)
	m.Handle("GET /photos/", http.StripPrefix("/photos/", http.FileServerFS(os.DirFS(g.out))))
	return http.NewCrossOriginProtection().Handler(m)
}

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title>
<form method="post" enctype="multipart/form-data"><input type="file" name="photo" required> <button>Add</button></form>
{{range .}}<a href="/photos/{{.}}.jpg"><img src="/photos/{{.}}.small.webp" alt="{{.}}"></a>
{{end}}</html>`))

func (g *gallery) list(w http.ResponseWriter, _ *http.Request) {
	thumbnails, _ := fs.Glob(os.DirFS(g.out), "*.small.webp") // the pattern is in order
	for i, name := range thumbnails {
		thumbnails[i] = name[:len(name)-len(".small.webp")]
	}
	slices.Sort(thumbnails)
	_ = page.Execute(w, thumbnails) // the visitor may be gone
}

// upload keeps an original and makes its photo and thumbnail.
func (g *gallery) upload(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	from, _, err := r.FormFile("photo")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer from.Close()
	original := filepath.Join(g.in, rand.Text()+".photo")
	to, err := os.Create(original)
	if err == nil {
		_, err = io.Copy(to, from)
		err = errors.Join(err, to.Close())
	}
	if err == nil {
		var result plugin.Result
		result, err = g.engine.Process(r.Context(), plugin.Job{Path: original, Pipeline: "gallery", Output: g.out, Named: true})
		if err == nil && result.State == plugin.Skipped {
			err = &plugin.Error{Path: original, Kind: plugin.NotImage, Err: errors.New(result.Reason)}
		}
	}
	if refused(w, err) {
		_ = os.Remove(original)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// restore answers a photo with the restored one and keeps neither.
func (g *gallery) restore(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "image/jpeg")
	s := plugin.Stream{Source: http.MaxBytesReader(w, r.Body, maxUpload), Pipeline: "gallery"}
	_, err := g.engine.Transform(r.Context(), s, w)
	refused(w, err)
}

// refused answers with an error, if there is one: the sender's fault or ours.
func refused(w http.ResponseWriter, err error) bool {
	failed := (*plugin.Error)(nil)
	switch {
	case err == nil:
		return false
	case errors.As(err, &failed) && !failed.Kind.Transient() && !failed.Shared():
		http.Error(w, failed.Err.Error(), http.StatusUnprocessableEntity)
	default:
		log.Print(err)
		http.Error(w, "the photo could not be restored", http.StatusInternalServerError)
	}
	return true
}
