// Package standin is a server that stands in for Immich's: it holds every request
// against what Immich's API asks of it, and answers as that says.
package standin

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1" // Immich knows assets by it
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Key is the key for the API.
const Key = "k3y-of-Immich-that-nobody-may-see"

// operation is what Immich asks of a request.
type operation struct {
	Permission string
	Headers    map[string]string
	JSON       any
	Multipart  any
}

//go:embed operations.json
var document []byte

// Server is such a server. Mu guards its fields once it is asked.
type Server struct {
	*httptest.Server
	operations map[string]operation
	report     func(format string, args ...any)

	Mu     sync.Mutex
	Files  map[string][]byte // of assets, by id
	Assets map[string]map[string]any
	Tags   map[string]string // ids by name
	Stacks [][]string
	Calls  map[string]int
	Fail   func(call string, n int) (status int, header http.Header) // of the n-th call
}

// New starts a server, which the caller closes. What Immich would not take is
// reported.
func New(report func(format string, args ...any)) (*Server, error) {
	s := &Server{report: report, Files: map[string][]byte{}, Assets: map[string]map[string]any{}, Tags: map[string]string{}, Calls: map[string]int{}}
	var file struct{ Operations map[string]operation }
	if err := json.Unmarshal(document, &file); err != nil {
		return nil, err
	}
	s.operations = file.Operations
	s.Server = httptest.NewServer(s)
	return s, nil
}

// ID is a new one of Immich.
func ID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Add is a user's upload.
func (s *Server) Add(name string, data []byte) (id string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return s.Store(name, data)
}

// Store is Add for who holds Mu.
func (s *Server) Store(name string, data []byte) (id string) {
	sum := sha1.Sum(data)
	id = ID()
	s.Files[id] = data
	s.Assets[id] = map[string]any{
		"id": id, "type": "IMAGE", "checksum": base64.StdEncoding.EncodeToString(sum[:]), "originalFileName": name, "visibility": "timeline",
		"fileCreatedAt": "2003-04-05T06:07:08.000Z", "fileModifiedAt": "2003-04-05T06:07:09.000Z", "isFavorite": true, "isTrashed": false, "tags": []any{},
	}
	return id
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api")
	id := anyID.FindString(path)
	call := r.Method + " " + strings.Replace(path, id, "{id}", 1)
	if id == "" {
		call = r.Method + " " + path
	}
	op, known := s.operations[call]
	if !ok || !known || r.URL.RawQuery != "" {
		s.report("Immich has no %s %s", r.Method, r.URL)
		http.Error(w, "{}", http.StatusNotFound)
		return
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Calls[call]++
	if r.Header.Get("X-Api-Key") != Key {
		s.answer(w, http.StatusUnauthorized, map[string]any{"message": "Invalid API key " + r.Header.Get("X-Api-Key")})
		return
	}
	if s.Fail != nil {
		if status, header := s.Fail(call, s.Calls[call]); status != 0 {
			for name := range header {
				w.Header().Set(name, header.Get(name))
			}
			s.answer(w, status, map[string]any{"message": []string{"try again, " + Key}, "error": "x"})
			return
		}
	}
	for name, pattern := range op.Headers {
		if v := r.Header.Get(name); !regexp.MustCompile(pattern).MatchString(v) {
			s.report("%s: the header %s is %q", call, name, v)
		}
	}
	body := s.body(call, op, r)
	if s.Assets[id] == nil && strings.Contains(call, "/assets/{id}") {
		s.answer(w, http.StatusBadRequest, map[string]any{"message": "Not found or no asset.read access"})
		return
	}
	switch call {
	case "GET /assets/{id}":
		s.answer(w, http.StatusOK, s.Assets[id])
	case "GET /assets/{id}/original":
		_, _ = w.Write(s.Files[id])
	case "POST /assets/bulk-upload-check":
		item := body["assets"].([]any)[0].(map[string]any)
		result := map[string]any{"id": item["id"], "action": "accept"}
		if there := s.bySum(item["checksum"].(string)); there != "" {
			result = map[string]any{"id": item["id"], "action": "reject", "reason": "duplicate", "assetId": there}
		}
		s.answer(w, http.StatusOK, map[string]any{"results": []any{result}})
	case "POST /assets":
		data := []byte(body["assetData"].(string))
		sum := sha1.Sum(data)
		if r.Header.Get("X-Immich-Checksum") != hex.EncodeToString(sum[:]) {
			s.report("the checksum is not that of the file")
		}
		if there := s.bySum(hex.EncodeToString(sum[:])); there != "" {
			s.answer(w, http.StatusOK, map[string]any{"id": there, "status": "duplicate"})
			return
		}
		s.answer(w, http.StatusCreated, map[string]any{"id": s.Store(body["filename"].(string), data), "status": "created"})
	case "PUT /tags":
		var all []any
		for _, name := range body["tags"].([]any) {
			if s.Tags[name.(string)] == "" {
				s.Tags[name.(string)] = ID()
			}
			all = append(all, map[string]any{"id": s.Tags[name.(string)], "value": name, "name": name})
		}
		s.answer(w, http.StatusOK, all)
	case "PUT /tags/{id}/assets":
		for name, tag := range s.Tags {
			if tag == id {
				for _, a := range body["ids"].([]any) {
					s.Assets[a.(string)]["tags"] = []any{map[string]any{"id": id, "value": name}}
				}
			}
		}
		s.answer(w, http.StatusOK, []any{})
	case "POST /stacks":
		var ids []string
		for _, a := range body["assetIds"].([]any) {
			ids = append(ids, a.(string))
		}
		s.Stacks = append(s.Stacks, ids)
		s.answer(w, http.StatusCreated, map[string]any{"id": ID(), "primaryAssetId": ids[0], "assets": []any{}})
	}
}

func (s *Server) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) bySum(hexadecimal string) string {
	for id, data := range s.Files {
		if sum := sha1.Sum(data); hex.EncodeToString(sum[:]) == hexadecimal {
			return id
		}
	}
	return ""
}

// body reads a request and holds it against the schema.
func (s *Server) body(call string, op operation, r *http.Request) map[string]any {
	body := map[string]any{}
	schema := op.JSON
	switch {
	case op.Multipart != nil:
		schema = op.Multipart
		form, err := r.MultipartReader()
		if err != nil {
			s.report("%s: %v", call, err)
			return body
		}
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			data, _ := io.ReadAll(part)
			body[part.FormName()] = string(data)
			if (part.FormName() == "assetData") != (part.FileName() != "") {
				s.report("%s: %s with the file name %q", call, part.FormName(), part.FileName())
			}
		}
	case op.JSON != nil:
		if kind := r.Header.Get("Content-Type"); kind != "application/json" {
			s.report("%s: the type of the body is %q", call, kind)
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			s.report("%s: %v", call, err)
		}
	default:
		if n, _ := io.Copy(io.Discard, r.Body); n > 0 {
			s.report("%s: a body of %d bytes", call, n)
		}
		return body
	}
	text, _ := json.Marshal(schema)
	if err := fits(text, body); err != nil {
		s.report("%s: Immich would refuse the body: %v", call, err)
	}
	return body
}

// fits holds a body against a schema.
func fits(schema []byte, body map[string]any) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", document); err != nil {
		return err
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return err
	}
	return compiled.Validate(body)
}
