package webhook_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/webhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func guard(t *testing.T, allowed ...string) *webhook.Guard {
	t.Helper()
	g, err := webhook.NewGuard(allowed)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// receiver is one at a test server, with the requests that came.
func receiver(t *testing.T, answer http.HandlerFunc, allowed ...string) *webhook.Receiver {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/hook/T0K3N?key=T0K3N")
	if err != nil {
		t.Fatal(err)
	}
	s, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	r := webhook.NewReceiver(u, &s, guard(t, allowed...))
	t.Cleanup(r.Close)
	return r
}

func TestTheReferenceVerifiesAMessage(t *testing.T) {
	var failed error
	r := receiver(t, func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		verifier, err := standardwebhooks.NewWebhook(secret)
		failed = errors.Join(err, verifier.Verify(body, q.Header))
		if q.Header.Get("webhook-id") != "msg_1" || q.Header.Get("Content-Type") != "application/json" {
			failed = errors.Join(failed, fmt.Errorf("headers %v", q.Header))
		}
		body[0] = 'x'
		if verifier.Verify(body, q.Header) == nil {
			failed = errors.Join(failed, errors.New("a changed body is verified"))
		}
	}, "127.0.0.1")
	if err := errors.Join(r.Post(context.Background(), "msg_1", []byte(`{"a":1}`)), failed); err != nil {
		t.Error(err)
	}
}

// What is not public is not reached, by an address of any spelling, by a name, or
// by a redirect.
func TestPrivateAddressesAreNotReached(t *testing.T) {
	g := guard(t)
	for _, ip := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "fd00:ec2::254",
	} {
		if err := g.Check("example.org", netip.MustParseAddr(ip)); !errors.Is(err, webhook.ErrForbidden) {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for _, ip := range []string{"1.1.1.1", "93.184.216.34", "2606:4700::1111"} {
		if err := g.Check("example.org", netip.MustParseAddr(ip)); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	asked := false
	r := receiver(t, func(http.ResponseWriter, *http.Request) { asked = true })
	if err := r.Post(context.Background(), "1", nil); !errors.Is(err, webhook.ErrForbidden) || asked {
		t.Errorf("asked %t, %v", asked, err)
	}
	u, _ := url.Parse("http://localhost:1/")
	if err := webhook.NewReceiver(u, nil, g).Post(context.Background(), "1", nil); !errors.Is(err, webhook.ErrForbidden) {
		t.Errorf("localhost: %v", err)
	}
	for _, host := range []string{"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1"} {
		if err := g.CheckHost(host); !errors.Is(err, webhook.ErrForbidden) {
			t.Errorf("CheckHost(%s): %v", host, err)
		}
	}
}

func TestAllowedHosts(t *testing.T) {
	g := guard(t, "hooks.lan", "192.168.1.0/24", "169.254.7.7", "::1")
	for _, c := range []struct {
		host, ip string
		allowed  bool
	}{
		{"hooks.lan", "10.0.0.1", true}, {"HOOKS.lan.", "127.0.0.1", true}, {"hooks.lan", "fd00::1", true},
		{"hooks.lan", "169.254.169.254", false}, {"other.lan", "10.0.0.1", false}, {"other.lan", "192.168.1.9", true},
		{"other.lan", "::ffff:192.168.1.9", true}, {"other.lan", "192.168.2.9", false}, {"169.254.7.7", "169.254.7.7", true}, {"x", "::1", true},
	} {
		if err := g.Check(c.host, netip.MustParseAddr(c.ip)); (err == nil) != c.allowed {
			t.Errorf("%s at %s: %v", c.host, c.ip, err)
		}
	}
	for _, bad := range []string{"", "http://a", "a:80", "*.lan", "a b", "10.0.0.0/33"} {
		if _, err := webhook.NewGuard([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	r := receiver(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/inner" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, q, "/inner", http.StatusTemporaryRedirect)
	}, "127.0.0.1")
	var refused *webhook.Refused
	if err := r.Post(context.Background(), "1", nil); !errors.As(err, &refused) || refused.Status != 307 || !refused.Lasting() {
		t.Errorf("got %v", err)
	}
}

func TestAnswersThatAreNoSuccess(t *testing.T) {
	for _, c := range []struct {
		status  int
		header  string
		wait    time.Duration
		lasting bool
	}{{500, "", 0, false}, {503, "7", 7 * time.Second, false}, {429, "9999999", 6 * time.Hour, false}, {410, "", 0, true}, {404, "-5", 0, true}} {
		r := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.header)
			w.WriteHeader(c.status)
		}, "127.0.0.1")
		var refused *webhook.Refused
		if err := r.Post(context.Background(), "1", nil); !errors.As(err, &refused) || refused.RetryAfter != c.wait || refused.Lasting() != c.lasting {
			t.Errorf("%d: %v, %+v", c.status, err, refused)
		}
	}
}

// Neither the secret nor what is secret of the URL gets into messages.
func TestSecretsAreNotShown(t *testing.T) {
	s, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := json.Marshal(map[string]any{"s": s, "p": &s})
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s, s), fmt.Sprintf("%v", &s), string(encoded)} {
		if strings.Contains(text, "MfKQ") || strings.Contains(text, string(raw)) {
			t.Errorf("the secret shows in %q", text)
		}
	}
	for _, bad := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_" + strings.Repeat("A", 200), "whsec_!!!!"} {
		if _, err := webhook.ParseSecret(bad); err == nil || len(bad) > 6 && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	r := receiver(t, nil)
	if err := r.Post(context.Background(), "1", nil); err == nil || strings.Contains(err.Error(), "T0K3N") {
		t.Errorf("got %v", err)
	}
	hang := receiver(t, func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() }, "127.0.0.1")
	ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer stop()
	if err := hang.Post(ctx, "1", nil); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "T0K3N") {
		t.Errorf("got %v", err)
	}
}
