package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

func TestMain(m *testing.M) {
	library, err := onnxtest.Library()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		os.Exit(0)
	}
	os.Setenv(onnx.LibraryEnv, library)
	stop, err := plugin.Start(plugin.Runtime{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestGallery(t *testing.T) {
	data := t.TempDir()
	g, err := open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { err = errors.Join(err, g.engine.Close()) }()
	server := httptest.NewServer(g.routes())
	defer server.Close()
	damaged, err := os.ReadFile("../../demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}

	status, body := upload(t, server.URL, damaged)
	photo := regexp.MustCompile(`/photos/[A-Z0-9]+\.jpg`).FindString(body)
	thumbnail := regexp.MustCompile(`/photos/[A-Z0-9]+\.small\.webp`).FindString(body)
	if status != http.StatusOK || photo == "" || thumbnail == "" {
		t.Fatalf("after an upload the gallery answers %d:\n%s", status, body)
	}
	restored := get(t, server.URL+photo)
	if c, format, err := image.DecodeConfig(bytes.NewReader(restored)); err != nil || format != "jpeg" || c.Width != 448 {
		t.Errorf("the photo is %+v, %s, %v", c, format, err)
	}
	file := filepath.Join(data, "thumbnail")
	if err := os.WriteFile(file, get(t, server.URL+thumbnail), 0o600); err != nil {
		t.Fatal(err)
	}
	small, err := vips.Open(file, vips.Sequential)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if small.Width() != 320 {
		t.Errorf("the thumbnail is %d pixels wide", small.Width())
	}

	status, body = upload(t, server.URL, []byte("no photo"))
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "not a photo") {
		t.Errorf("a file that is no photo: %d %s", status, body)
	}
	if left, _ := os.ReadDir(g.in); len(left) != 1 {
		t.Errorf("%d originals are kept, want the photo alone", len(left))
	}

	answer, err := http.Post(server.URL+"/restore", "image/jpeg", bytes.NewReader(damaged))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if c, format, err := image.DecodeConfig(answer.Body); err != nil || format != "jpeg" || c.Width != 448 {
		t.Errorf("restored: %d %+v, %s, %v", answer.StatusCode, c, format, err)
	}
}

func upload(t *testing.T, url string, photo []byte) (status int, body string) {
	t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("photo", "../../etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	_, err = part.Write(photo)
	if err = errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	a, err := http.Post(url+"/", m.FormDataContentType(), &form)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	a, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", url, a.StatusCode, err)
	}
	return data
}
