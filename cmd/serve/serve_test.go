package serve_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// site is a running one.
type site struct {
	*serve.Site
	dir, tcp, socket string
	unix             *http.Client
	tokens           *token.Store
}

// open serves by a configuration at a port and a socket until the test ends.
func open(t *testing.T, c serve.Config) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.Site, s.tokens, s.socket = serve.New(serve.Options{StateDir: s.dir}), token.At(s.dir), filepath.Join(t.TempDir(), "http.sock")
	tell := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "base %s path %s who %q body %d %v", serve.Base(r), r.URL.Path, serve.Who(r), len(body), err)
	})
	s.Handle("GET /look", serve.Read, tell)
	s.Handle("GET /photos/{name}", serve.Read, tell)
	s.Handle("GET /style.css", serve.Public, tell)
	s.Handle("POST /do", serve.Act, tell)
	s.HandleProbe("GET /readyz", tell)
	c.Listen = append(c.Listen, "127.0.0.1:0", s.socket)
	change, err := s.Prepare(c)
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for _, a := range s.Addresses() {
		if u, err := url.Parse(a); err == nil && u.Scheme == "http" {
			s.tcp = "http://" + u.Host
		}
	}
	s.unix = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}}}
	return s
}

// make makes a token.
func (s *site) make(t *testing.T, name string, expires time.Time, scopes ...string) string {
	t.Helper()
	_, secret, err := s.tokens.Create(name, scopes, expires)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// answer is what came back, its body read.
type answer struct {
	*http.Response
	body string
}

// ask sends a request with headers, which are names and values in turn.
func ask(t *testing.T, client *http.Client, method, url, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Add(header[i], header[i+1])
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, string(all)}
}

// question is a request and the answer that it is to have.
type question struct {
	method, path string
	status       int
	body         string // a part of it
	header       []string
}

func (s *site) check(t *testing.T, client *http.Client, base string, all ...question) {
	t.Helper()
	for _, q := range all {
		a := ask(t, client, q.method, base+q.path, "", q.header...)
		if a.StatusCode != q.status || !strings.Contains(a.body, q.body) {
			t.Errorf("%s %s%s %.200v: %d %s, want %d %s", q.method, base, q.path, q.header, a.StatusCode, a.body, q.status, q.body)
		}
		if kind := a.Header.Get("Content-Type"); a.StatusCode >= 400 && kind != "application/problem+json" && q.path != "/readyz" {
			t.Errorf("%s %s: a problem of type %s", q.method, q.path, kind)
		}
		if p := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") || strings.Contains(p, "unsafe") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: headers %v", q.method, q.path, a.Header)
		}
	}
}

func TestReadingIsFreeOnThisMachineAlone(t *testing.T) {
	s := open(t, serve.Config{Hosts: []string{"photos.example"}})
	for client, base := range map[*http.Client]string{http.DefaultClient: s.tcp, s.unix: "http://localhost"} {
		s.check(t, client, base,
			question{"GET", "/look", 200, "path /look", nil},
			question{"GET", "/look", 401, "token", []string{"X-Forwarded-For", "192.0.2.1"}},
			question{"GET", "/look", 401, "token", []string{"x-forwarded-anything", ""}},
			question{"GET", "/look", 401, "token", []string{"Forwarded", "for=127.0.0.1"}},
			question{"GET", "/look", 401, "token", []string{"Via", "1.1 proxy"}},
			question{"GET", "/look", 401, "token", []string{"X-Real-IP", "127.0.0.1"}},
			question{"GET", "/look", 401, "token", []string{"Host", "photos.example"}},
			question{"GET", "/look", 401, "token", []string{"Authorization", "Basic YTpi"}},
			question{"GET", "/style.css", 200, "path /style.css", []string{"X-Forwarded-For", "192.0.2.1"}},
			question{"GET", "/readyz", 200, "path /readyz", nil},
			question{"GET", "/readyz", 200, "OK", []string{"X-Forwarded-For", "192.0.2.1"}},
			question{"POST", "/do", 401, "token", nil},
			question{"GET", "/do", 405, "POST", nil},
			question{"GET", "/none", 404, "no /none", nil})
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.tcp, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /look HTTP/1.0\r\nHost: localhost\r\n\r\n") // as nginx asks, if it is not told otherwise
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 401 ") {
		t.Errorf("over HTTP/1.0: %s, %v", line, err)
	}
}

func TestAProxyMakesNobodyLocal(t *testing.T) {
	for _, c := range []serve.Config{
		{Proxies: serve.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}},
		{BasePath: "/burnish"},
		{RequireToken: true},
	} {
		s := open(t, c)
		s.check(t, http.DefaultClient, s.tcp, question{"GET", "/look", 401, "token", nil})
		s.check(t, s.unix, "http://localhost", question{"GET", "/look", 401, "token", nil})
	}
}

func TestTokens(t *testing.T) {
	s := open(t, serve.Config{BasePath: "/burnish", Hosts: []string{"photos.example"}})
	read, act := s.make(t, "reader", time.Time{}, "read"), s.make(t, "admin", time.Time{}, "read", "act")
	late := s.make(t, "late", time.Now().Add(-time.Second), "read", "act")
	bearer := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	s.check(t, http.DefaultClient, s.tcp,
		question{"GET", "/burnish/look", 200, `base /burnish path /look who "reader"`, bearer(read)},
		question{"GET", "/look", 200, `base /burnish path /look who "reader"`, bearer(read)},
		question{"POST", "/do", 403, "needs act", bearer(read)},
		question{"POST", "/burnish/do", 200, `who "admin"`, bearer(act)},
		question{"GET", "/look", 401, "wrong", bearer(late)},
		question{"GET", "/look", 401, "wrong", bearer(read + "x")},
		question{"GET", "/look", 401, "wrong", bearer("")},
		question{"GET", "/look", 401, "Bearer", []string{"Authorization", "Digest YTpi"}},
		question{"GET", "/look", 401, "needs a token", []string{"Authorization", "Basic YTpi"}},
		question{"GET", "/look?token=" + read, 400, "must not stand in an address", nil})
	if err := s.tokens.Revoke("reader"); err != nil {
		t.Fatal(err)
	}
	s.check(t, http.DefaultClient, s.tcp, question{"GET", "/look", 401, "wrong", bearer(read)})

	stored, err := os.ReadFile(filepath.Join(s.dir, token.FileName))
	if err != nil || strings.Contains(string(stored), act) || strings.Contains(string(stored), strings.TrimPrefix(act, token.Prefix)) {
		t.Errorf("%s, %v", stored, err)
	}
	for range 12 {
		ask(t, http.DefaultClient, "GET", s.tcp+"/look", "", bearer("wrong")...)
	}
	a := ask(t, http.DefaultClient, "GET", s.tcp+"/look", "", bearer("wrong")...)
	if a.StatusCode != 429 || a.Header.Get("Retry-After") == "" {
		t.Errorf("after many wrong tokens: %d %v", a.StatusCode, a.Header)
	}
	s.check(t, http.DefaultClient, s.tcp, question{"GET", "/look", 200, "admin", bearer(act)})
}

func TestAFileOfTokensThatOthersMayChangeIsNotTrusted(t *testing.T) {
	s := open(t, serve.Config{})
	header := []string{"Authorization", "Bearer " + s.make(t, "admin", time.Time{}, "act")}
	file := filepath.Join(s.dir, token.FileName)
	good := question{"POST", "/do", 200, "admin", header}
	bad := question{"POST", "/do", 500, "cannot be read", header}
	s.check(t, http.DefaultClient, s.tcp, good)
	for name, spoil := range map[string]func() error{
		"readable":  func() error { return os.Chmod(file, 0o644) },
		"damaged":   func() error { return os.WriteFile(file, []byte("{"), 0o600) },
		"a folder":  func() error { return os.Mkdir(file, 0o700) },
		"a symlink": func() error { return os.Symlink(file+".old", file) },
	} {
		if err := os.Rename(file, file+".old"); err != nil {
			t.Fatal(err)
		}
		if name == "readable" || name == "damaged" {
			data, _ := os.ReadFile(file + ".old")
			_ = os.WriteFile(file, data, 0o600)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		s.check(t, http.DefaultClient, s.tcp, bad)
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".old", file); err != nil {
			t.Fatal(err)
		}
		s.check(t, http.DefaultClient, s.tcp, good)
	}
}

func TestSigningIn(t *testing.T) {
	s := open(t, serve.Config{BasePath: "/burnish", Hosts: []string{"photos.example"}, Proxies: serve.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	secret := s.make(t, "anna", time.Time{}, "read", "act")
	proxied := []string{"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "photos.example"}
	send := func(method, path, body string, more ...string) answer {
		t.Helper()
		return ask(t, http.DefaultClient, method, s.tcp+path, body, append(append([]string{}, proxied...), more...)...)
	}
	a := send("GET", "/burnish/look?x=1", "", "Accept", "text/html,*/*")
	if to := a.Header.Get("Location"); a.StatusCode != 303 || to != "/burnish/sign-in?next=%2Flook%3Fx%3D1" {
		t.Errorf("%d %s", a.StatusCode, to)
	}
	if a = send("GET", a.Header.Get("Location"), ""); a.StatusCode != 200 || !strings.Contains(a.body, `value="/look?x=1"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a = send("POST", "/burnish/sign-in", "token=nonsense"); a.StatusCode != 401 || len(a.Cookies()) > 0 {
		t.Errorf("%d %v", a.StatusCode, a.Cookies())
	}
	for to, want := range map[string]string{
		"/look?x=1": "/burnish/look?x=1", "//evil.example": "/burnish/", "https://evil.example": "/burnish/",
		"/\t/evil.example": "/burnish/", "/\\evil.example": "/burnish/", "": "/burnish/",
	} {
		a = send("POST", "/burnish/sign-in", url.Values{"token": {secret}, "next": {to}}.Encode())
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("%q: %d %s, want %s", to, a.StatusCode, got, want)
		}
	}
	c := a.Cookies()
	if len(c) != 1 || !c[0].HttpOnly || !c[0].Secure || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/burnish/" || strings.Contains(c[0].Value, secret) {
		t.Fatalf("cookies: %v", c)
	}
	// A proxy that asks for a password of its own hands it on.
	if a = send("GET", "/burnish/look", "", "Cookie", c[0].Name+"="+c[0].Value, "Authorization", "Basic YTpi"); a.StatusCode != 200 || !strings.Contains(a.body, "anna") {
		t.Errorf("with a proxy's password: %d %s", a.StatusCode, a.body)
	}
	cookie := []string{"Cookie", c[0].Name + "=" + c[0].Value}
	if a = send("POST", "/burnish/do", "", cookie...); a.StatusCode != 200 || !strings.Contains(a.body, "anna") {
		t.Errorf("signed in: %d %s", a.StatusCode, a.body)
	}
	for _, forged := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		if a = send("POST", "/burnish/do", "", append(forged, cookie...)...); a.StatusCode != 403 {
			t.Errorf("%v: %d %s", forged, a.StatusCode, a.body)
		}
	}
	if a = send("GET", "/burnish/look", "", append([]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, cookie...)...); a.StatusCode != 403 {
		t.Errorf("included by another site: %d", a.StatusCode)
	}
	if a = send("POST", "/burnish/do", "", append([]string{"Origin", "https://photos.example"}, cookie...)...); a.StatusCode != 200 {
		t.Errorf("of the site's own page: %d %s", a.StatusCode, a.body)
	}
	again := serve.New(serve.Options{StateDir: s.dir}) // as after a restart
	defer again.Close(context.Background())
	if change, err := again.Prepare(serve.Config{Listen: []string{filepath.Join(s.dir, "again.sock")}}); err != nil {
		t.Error(err)
	} else {
		change.Commit()
	}
	if a = send("POST", "/burnish/sign-out", "", cookie...); a.StatusCode != 303 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a = send("POST", "/burnish/do", "", cookie...); a.StatusCode != 401 {
		t.Errorf("signed out: %d %s", a.StatusCode, a.body)
	}
	a = send("POST", "/burnish/sign-in", url.Values{"token": {secret}}.Encode())
	if err := s.tokens.Revoke("anna"); err != nil {
		t.Fatal(err)
	}
	if a = send("POST", "/burnish/do", "", "Cookie", a.Header.Get("Set-Cookie")); a.StatusCode != 401 {
		t.Errorf("revoked: %d %s", a.StatusCode, a.body)
	}
}

func TestTheSiteAnswersToItsOwnNamesAlone(t *testing.T) {
	s := open(t, serve.Config{Hosts: []string{"photos.example"}})
	for host, want := range map[string]int{
		"localhost:80": 200, "127.0.0.1": 200, "[::1]:8722": 200, "burnish.localhost": 200, "PHOTOS.example.:443": 401,
		"evil.example": 421, "photos.example.evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421,
	} {
		if a := ask(t, http.DefaultClient, "GET", s.tcp+"/look", "", "Host", host); a.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", host, a.StatusCode, a.body, want)
		}
	}
}

func TestPathsMeanWhatTheySay(t *testing.T) {
	s := open(t, serve.Config{})
	s.check(t, http.DefaultClient, s.tcp,
		question{"GET", "//look", 400, "clean", nil},
		question{"GET", "/photos/../look", 400, "clean", nil},
		question{"GET", "/photos/..%2f..%2fetc%2fpasswd", 400, "clean", nil},
		question{"GET", "/photos/%2e%2e/look", 400, "clean", nil},
		question{"GET", "/photos/a%00b", 400, "clean", nil},
		question{"GET", "/photos/a%5c..%5cb", 400, "clean", nil},
		question{"GET", "/photos/a", 200, "path /photos/a", nil})
}

func TestLimits(t *testing.T) {
	s := open(t, serve.Config{})
	header := []string{"Authorization", "Bearer " + s.make(t, "admin", time.Time{}, "act")}
	if a := ask(t, http.DefaultClient, "POST", s.tcp+"/do", strings.Repeat("x", 2<<20), header...); !strings.Contains(a.body, "too large") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	a := ask(t, http.DefaultClient, "GET", s.tcp+"/look", "", "X-Long", strings.Repeat("x", 24<<10))
	if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.tcp, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /look HTTP/1.1\r\nHost: localhost\r\n")
	began := time.Now()
	for { // a header that never ends
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		fmt.Fprintf(conn, "X: y\r\n")
		if _, err := conn.Read(make([]byte, 1)); err == io.EOF || err != nil && !os.IsTimeout(err) {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("a header that never ends is not hung up on")
		}
	}
}

// A body that never comes holds no connection, also where the request is refused
// before anybody reads it.
func TestABodyThatNeverComesIsHungUpOn(t *testing.T) {
	t.Cleanup(serve.ShortenBodies(200 * time.Millisecond))
	s := open(t, serve.Config{})
	for _, head := range []string{
		"POST /none HTTP/1.1\r\nHost: localhost\r\n",
		"POST /do HTTP/1.1\r\nHost: localhost\r\n",
		"POST /do HTTP/1.1\r\nHost: evil.example\r\n",
		"GET /style.css HTTP/1.1\r\nHost: localhost\r\n",
	} {
		for _, length := range []string{"Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.tcp, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, head+length)
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
				t.Errorf("%q is waited for", head+length)
			}
		}
	}
}

func TestPanicsAreLogged(t *testing.T) {
	var log strings.Builder
	s := serve.New(serve.Options{StateDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.Handle("GET /broken", serve.Public, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") }))
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("the connection does not end: %v", p)
			}
		}()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost/broken", nil))
	}()
	if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "GET /broken") || !strings.Contains(got, "serve_test.go") {
		t.Errorf("logged: %s", got)
	}
}

func TestAnAddressThatIsTakenIsNamedWithARemedy(t *testing.T) {
	s := open(t, serve.Config{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		strings.TrimPrefix(s.tcp, "http://"): "name another port",
		s.socket:                             "name another path",
		file:                                 "is no socket",
		"192.0.2.77:0":                       "no address of this machine",
	} {
		_, err := serve.New(serve.Options{}).Prepare(serve.Config{Listen: []string{"127.0.0.1:0", address}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}

func TestAddressesChangeWhileTheSiteServes(t *testing.T) {
	s := open(t, serve.Config{})
	other := filepath.Join(t.TempDir(), "other.sock")
	change, err := s.Prepare(serve.Config{Listen: []string{"127.0.0.1:0", other}})
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
	s.check(t, http.DefaultClient, s.tcp, question{"GET", "/look", 200, "", nil})
	if _, err := s.unix.Get("http://localhost/look"); err == nil {
		t.Error("an address that is named no longer answers")
	}
	s.socket = other
	s.check(t, s.unix, "http://localhost", question{"GET", "/look", 200, "", nil})
	if change, err = s.Prepare(serve.Config{Listen: []string{filepath.Join(t.TempDir(), "unused.sock")}}); err != nil {
		t.Fatal(err)
	}
	change.Discard()
	s.check(t, s.unix, "http://localhost", question{"GET", "/look", 200, "", nil})
}

// A stream that a page reads for as long as it is open holds nobody up.
func TestTheEndOfTheSiteEndsStreams(t *testing.T) {
	s := serve.New(serve.Options{StateDir: t.TempDir()})
	socket := filepath.Join(t.TempDir(), "http.sock")
	s.Handle("GET /events", serve.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	change, err := s.Prepare(serve.Config{Listen: []string{socket}})
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	r, err := client.Get("http://localhost/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	began := time.Now()
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A socket that the service manager hands in is served whatever is configured.
func TestAnInheritedSocketIsServed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serve.New(serve.Options{StateDir: t.TempDir(), Inherited: []net.Listener{l}})
	s.Handle("GET /look", serve.Read, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for range 2 { // after a reload, too
		change, err := s.Prepare(serve.Config{})
		if err != nil {
			t.Fatal(err)
		}
		change.Commit()
		if a := ask(t, http.DefaultClient, "GET", "http://"+l.Addr().String()+"/look", ""); a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
