package v1

import (
	"net/http"
	"reflect"

	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/danielgtaylor/huma/v2"
)

// DocumentPath is where the OpenAPI document is.
const DocumentPath = "/v1/openapi.json"

// serveDocument answers with the OpenAPI document. It tells of no photo.
func (a *API) serveDocument() {
	a.site.Handle("GET "+DocumentPath, serve.Public, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, err := a.OpenAPI().MarshalJSON()
		if err != nil {
			Refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json;version=3.1")
		_, _ = w.Write(document) // the caller may be gone
	}))
}

// Schema is that of a Go type, in the document.
func Schema[T any](a *API) *huma.Schema {
	t := reflect.TypeFor[T]()
	return a.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// Binary is the schema of a file.
func Binary() *huma.Schema { return &huma.Schema{Type: "string", Format: "binary"} }

func textHeader(text string) *huma.Param {
	return &huma.Param{Description: text, Schema: &huma.Schema{Type: "string"}}
}

// PhotoBody is the body of an operation that takes a photo.
func PhotoBody() *huma.RequestBody {
	form := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"photo": Binary()}, Required: []string{"photo"}}
	return &huma.RequestBody{
		Description: "the photo, as it is or as the file of a form", Required: true,
		Content: map[string]*huma.MediaType{
			"image/*": {Schema: Binary()}, "application/octet-stream": {Schema: Binary()}, "multipart/form-data": {Schema: form},
		},
	}
}
