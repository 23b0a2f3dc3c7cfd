package v1_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/serve/token"
	"github.com/burnish-photo/burnish/plugin"
)

// large makes an output that no buffer of a connection holds.
func large(_ context.Context, j plugin.Job) (plugin.Result, error) {
	const size = 64 << 20
	path := filepath.Join(j.Output, "out.jpg")
	f, err := os.Create(path)
	if err != nil {
		return plugin.Result{}, err
	}
	defer f.Close()
	return plugin.Result{State: plugin.Done, Outputs: []plugin.Output{{Path: path, Format: "jpeg", Size: size}}}, f.Truncate(size)
}

// Who does not read an answer keeps no place from others.
func TestSlowReadersHoldNoPlace(t *testing.T) {
	state := t.TempDir()
	in, err := intake.Open(intake.Options{StateDir: state, Submit: large})
	if err != nil {
		t.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 1})
	_, secret, err := token.At(state).Create("anna", []string{"submit"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	site := serve.New(serve.Options{StateDir: state})
	v1.New(in, "test", site).Configure([]v1.Pipeline{{Name: "web", Outputs: []v1.Output{{Format: "jpeg"}}}})
	server := httptest.NewServer(site)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })

	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/process HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: image/jpeg\r\nContent-Length: 1\r\n\r\nx", secret)
	if line, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	r, err := http.NewRequest(http.MethodPost, server.URL+"/v1/process", strings.NewReader("y"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "image/jpeg")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusOK {
		t.Errorf("beside a reader that does not read: %s", a.Status)
	}
}
