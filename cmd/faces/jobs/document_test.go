package jobs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// document is where the OpenAPI document is kept, from which clients are
// generated: as it is, and in the version that generators know.
const document, downgraded = "../v1/openapi.json", "../../../packaging/trials/faces/client/openapi-3.0.json"

// The document that is kept is the one that is served, and every operation of it
// is answered.
func TestTheDocument(t *testing.T) {
	d := start(t)
	status, header, text := d.ask("anna", "GET", "/v1/openapi.json", "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "application/openapi+json") {
		t.Fatalf("%d, %v", status, header)
	}
	var served struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(text), &served); err != nil || served.OpenAPI != "3.1.0" {
		t.Fatalf("%v, version %s", err, served.OpenAPI)
	}
	operations := 0
	for path, methods := range served.Paths {
		for method, about := range methods {
			operations++
			path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "x")
			status, header, text := d.ask("anna", strings.ToUpper(method), path, "")
			if status == 405 || status >= 500 || status == 404 && !strings.Contains(text, "no job") && !strings.Contains(text, "this is off") {
				t.Errorf("%s %s: %d, %s", method, path, status, text)
			}
			if status >= 400 && header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: a problem of the type %s", method, path, header.Get("Content-Type"))
			}
			for _, part := range []string{`"operationId"`, `"summary"`, `"401"`, `"403"`, `"application/problem+json"`} {
				if !strings.Contains(string(about), part) {
					t.Errorf("%s %s has no %s", method, path, part)
				}
			}
		}
	}
	if operations != 8 {
		t.Errorf("%d operations are described", operations)
	}
	older, err := d.api.OpenAPI().Downgrade()
	if err != nil {
		t.Fatal(err)
	}
	for file, now := range map[string][]byte{document: []byte(text), downgraded: older} {
		now = indented(t, now)
		if os.Getenv("BURNISH_UPDATE") != "" {
			if err := os.WriteFile(file, now, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(file); err != nil || string(kept) != string(now) {
			t.Errorf("%s is not as the code has it: BURNISH_UPDATE=1 go test ./cmd/faces/jobs -run Document, then go generate ./packaging/trials/faces/client (%v)", file, err)
		}
	}
}

// indented is a document without the version of the build.
func indented(t *testing.T, data []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}
