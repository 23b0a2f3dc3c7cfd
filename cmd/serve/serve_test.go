package serve_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/serve"
)

// open serves by a configuration until the test ends.
func open(t *testing.T, c serve.Config) *serve.Site {
	t.Helper()
	site := serve.New(serve.Options{})
	tell := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "base %s path %s", serve.Base(r), r.URL.Path)
	})
	site.Handle("GET /look", serve.Read, tell)
	site.Handle("GET /style.css", serve.Public, tell)
	site.Handle("POST /do", serve.Act, tell)
	change, err := site.Prepare(c)
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
	t.Cleanup(func() {
		if err := site.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return site
}

// ask sends a request and returns status and body.
func ask(t *testing.T, client *http.Client, method, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Add(header[i], header[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestReadingIsFreeOnThisMachineAlone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "http.sock")
	site := open(t, serve.Config{Listen: []string{"127.0.0.1:0", socket}, BasePath: "/burnish"})
	overUnix := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	var tcp string
	for _, a := range site.Addresses() {
		if strings.HasPrefix(a, "http://") {
			tcp = strings.TrimSuffix(a, "/burnish/")
		}
	}
	for _, c := range []struct {
		client *http.Client
		base   string
	}{{http.DefaultClient, tcp}, {overUnix, "http://localhost"}} {
		for _, q := range []struct {
			method, path string
			header       []string
			status       int
			body         string
		}{
			{"GET", "/look", nil, 200, "base /burnish path /look"},
			{"GET", "/burnish/look", nil, 200, "base /burnish path /look"},
			{"GET", "/look", []string{"X-Forwarded-For", "192.0.2.1"}, 401, "token"},
			{"GET", "/look", []string{"Forwarded", "for=127.0.0.1"}, 401, "token"},
			{"GET", "/style.css", []string{"X-Forwarded-For", "192.0.2.1"}, 200, "path /style.css"},
			{"POST", "/do", nil, 401, "token"},
			{"GET", "//look", nil, 400, "clean"},
			{"GET", "/a/..%2f..%2flook", nil, 400, "clean"},
			{"GET", "/none", nil, 404, ""},
		} {
			status, body := ask(t, c.client, q.method, c.base+q.path, q.header...)
			if status != q.status || !strings.Contains(body, q.body) {
				t.Errorf("%s %s%s %v: %d %s, want %d %s", q.method, c.base, q.path, q.header, status, body, q.status, q.body)
			}
		}
	}
}

func TestAnAddressThatIsTakenIsNamedWithARemedy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = serve.New(serve.Options{}).Prepare(serve.Config{Listen: []string{taken.Addr().String()}})
	if err == nil || !strings.Contains(err.Error(), "name another port") {
		t.Error(err)
	}
}
