// Package v1 is Burnish's own HTTP API for photos that are sent in: POST
// /v1/process answers with an output. What it serves is described by an OpenAPI
// document that is made from the same declarations, at /v1/openapi.json.
//
// It knows package intake, which has photos processed, and neither the daemon nor
// its configuration file.
package v1

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Pipeline is one that may be asked for.
type Pipeline struct {
	Name    string
	Outputs []Output
}

// Output is a file that a pipeline makes.
type Output struct {
	ID     string // "": by its place alone
	Format string // "auto" is the photo's own
}

// Find is the place of the output with that name, from 0, or -1.
func (p Pipeline) Find(id string) int {
	if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= len(p.Outputs) {
		return n - 1
	}
	return slices.IndexFunc(p.Outputs, func(o Output) bool { return o.ID == id })
}

// NameOf is by what an output may be asked for.
func (p Pipeline) NameOf(i int) string {
	if i >= 0 && i < len(p.Outputs) && p.Outputs[i].ID != "" {
		return p.Outputs[i].ID
	}
	return strconv.Itoa(i + 1)
}

// API answers requests.
type API struct {
	huma.API
	intake    *intake.Intake
	mux       *http.ServeMux
	pipelines atomic.Pointer[[]Pipeline] // of POST /v1/process
	site      Site
}

// Site is where requests come in.
type Site interface {
	Handle(pattern string, scope serve.Scope, h http.Handler)
}

// New is an API whose operations are served by the site.
func New(in *intake.Intake, version string, site Site) *API {
	a := &API{intake: in, mux: http.NewServeMux(), site: site}
	a.pipelines.Store(&[]Pipeline{})
	c := huma.DefaultConfig("Burnish", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Info.Description = "Restores photos that JPEG compression has damaged. Requests need a token with the scope submit."
	c.Info.License = &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: "/", Description: "the daemon, or the path that a proxy shows it below"}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "burnish token create NAME --scope submit"}}
	c.Security = []map[string][]string{{"token": {}}}
	a.API = humago.New(a.mux, c)
	a.registerProcess()
	a.serveDocument()
	return a
}

// Configure names the pipelines that may be asked for from now on.
func (a *API) Configure(process []Pipeline) { a.pipelines.Store(&process) }

// Register adds an operation that is served to who has the scope submit. What it
// takes beside the body is declared by I, as huma has it. The handler reads the
// body and writes the answer itself; an error that it returns is answered as a
// problem, so nothing may have been written then.
func Register[I any](a *API, op huma.Operation, handle func(w http.ResponseWriter, r *http.Request, in *I) error) {
	op.Security = []map[string][]string{{"token": {}}}
	body := op.RequestBody
	op.RequestBody = nil // or huma would read it into memory
	huma.Register(a, op, func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(c huma.Context) {
			r, w := humago.Unwrap(c)
			if err := handle(w, r, in); err != nil {
				Refuse(w, r, err)
			}
		}}, nil
	})
	item := a.OpenAPI().Paths[op.Path]
	for _, declared := range []*huma.Operation{item.Get, item.Post, item.Delete} {
		if declared != nil && declared.OperationID == op.OperationID {
			declared.RequestBody = body
		}
	}
	a.site.Handle(op.Method+" "+op.Path, serve.Submit, a.mux)
}
