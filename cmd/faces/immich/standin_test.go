package immich

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const secretKey = "k3y-of-Immich-that-nobody-may-see"

// operation is what Immich asks of a request.
type operation struct {
	Permission string
	Headers    map[string]string
	JSON       any
	Multipart  any
}

// standIn is a server that holds every request against what Immich's API asks
// of it, and answers as that says.
type standIn struct {
	*testing.T
	*httptest.Server
	operations map[string]operation

	mu     sync.Mutex
	files  map[string][]byte // of assets, by id
	assets map[string]map[string]any
	tags   map[string]string // ids by name
	stacks [][]string
	calls  map[string]int
	fail   func(call string, n int) (status int, header http.Header) // of the n-th call
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{T: t, files: map[string][]byte{}, assets: map[string]map[string]any{}, tags: map[string]string{}, calls: map[string]int{}}
	text, err := os.ReadFile("testdata/operations.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Operations map[string]operation }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	s.operations = file.Operations
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	return s
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// add is a user's upload.
func (s *standIn) add(name string, data []byte) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store(name, data)
}

func (s *standIn) store(name string, data []byte) (id string) {
	sum := sha1.Sum(data)
	id = uuid()
	s.files[id] = data
	s.assets[id] = map[string]any{
		"id": id, "type": "IMAGE", "checksum": base64.StdEncoding.EncodeToString(sum[:]), "originalFileName": name, "visibility": "timeline",
		"fileCreatedAt": "2003-04-05T06:07:08.000Z", "fileModifiedAt": "2003-04-05T06:07:09.000Z", "isFavorite": true, "isTrashed": false, "tags": []any{},
	}
	return id
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api")
	id := anyID.FindString(path)
	call := r.Method + " " + strings.Replace(path, id, "{id}", 1)
	if id == "" {
		call = r.Method + " " + path
	}
	op, known := s.operations[call]
	if !ok || !known || r.URL.RawQuery != "" {
		s.Errorf("Immich has no %s %s", r.Method, r.URL)
		http.Error(w, "{}", http.StatusNotFound)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call]++
	if r.Header.Get("X-Api-Key") != secretKey {
		s.answer(w, http.StatusUnauthorized, map[string]any{"message": "Invalid API key " + r.Header.Get("X-Api-Key")})
		return
	}
	if s.fail != nil {
		if status, header := s.fail(call, s.calls[call]); status != 0 {
			for name := range header {
				w.Header().Set(name, header.Get(name))
			}
			s.answer(w, status, map[string]any{"message": []string{"try again, " + secretKey}, "error": "x"})
			return
		}
	}
	for name, pattern := range op.Headers {
		if v := r.Header.Get(name); !regexp.MustCompile(pattern).MatchString(v) {
			s.Errorf("%s: the header %s is %q", call, name, v)
		}
	}
	body := s.body(call, op, r)
	if s.assets[id] == nil && strings.Contains(call, "/assets/{id}") {
		s.answer(w, http.StatusBadRequest, map[string]any{"message": "Not found or no asset.read access"})
		return
	}
	switch call {
	case "GET /assets/{id}":
		s.answer(w, http.StatusOK, s.assets[id])
	case "GET /assets/{id}/original":
		_, _ = w.Write(s.files[id])
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
			s.Errorf("the checksum is not that of the file")
		}
		if there := s.bySum(hex.EncodeToString(sum[:])); there != "" {
			s.answer(w, http.StatusOK, map[string]any{"id": there, "status": "duplicate"})
			return
		}
		s.answer(w, http.StatusCreated, map[string]any{"id": s.store(body["filename"].(string), data), "status": "created"})
	case "PUT /tags":
		var all []any
		for _, name := range body["tags"].([]any) {
			if s.tags[name.(string)] == "" {
				s.tags[name.(string)] = uuid()
			}
			all = append(all, map[string]any{"id": s.tags[name.(string)], "value": name, "name": name})
		}
		s.answer(w, http.StatusOK, all)
	case "PUT /tags/{id}/assets":
		for name, tag := range s.tags {
			if tag == id {
				for _, a := range body["ids"].([]any) {
					s.assets[a.(string)]["tags"] = []any{map[string]any{"id": id, "value": name}}
				}
			}
		}
		s.answer(w, http.StatusOK, []any{})
	case "POST /stacks":
		var ids []string
		for _, a := range body["assetIds"].([]any) {
			ids = append(ids, a.(string))
		}
		s.stacks = append(s.stacks, ids)
		s.answer(w, http.StatusCreated, map[string]any{"id": uuid(), "primaryAssetId": ids[0], "assets": []any{}})
	}
}

func (s *standIn) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *standIn) bySum(hexadecimal string) string {
	for id, data := range s.files {
		if sum := sha1.Sum(data); hex.EncodeToString(sum[:]) == hexadecimal {
			return id
		}
	}
	return ""
}

// body reads a request and holds it against the schema.
func (s *standIn) body(call string, op operation, r *http.Request) map[string]any {
	body := map[string]any{}
	schema := op.JSON
	switch {
	case op.Multipart != nil:
		schema = op.Multipart
		form, err := r.MultipartReader()
		if err != nil {
			s.Errorf("%s: %v", call, err)
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
				s.Errorf("%s: %s with the file name %q", call, part.FormName(), part.FileName())
			}
		}
	case op.JSON != nil:
		if kind := r.Header.Get("Content-Type"); kind != "application/json" {
			s.Errorf("%s: the type of the body is %q", call, kind)
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			s.Errorf("%s: %v", call, err)
		}
	default:
		if n, _ := io.Copy(io.Discard, r.Body); n > 0 {
			s.Errorf("%s: a body of %d bytes", call, n)
		}
		return body
	}
	text, _ := json.Marshal(schema)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", document); err != nil {
		s.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		s.Fatal(err)
	}
	if err := compiled.Validate(body); err != nil {
		s.Errorf("%s: Immich would refuse the body: %v", call, err)
	}
	return body
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("it did not come to this: %s", what)
}
