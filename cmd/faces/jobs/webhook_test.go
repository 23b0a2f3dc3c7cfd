package jobs_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/jobs"
	"github.com/burnish-photo/burnish/cmd/webhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// serveAt answers at an address of this machine.
func serveAt(t *testing.T, address string, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Skip(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (d *daemon) allow(hosts ...string) {
	d.Helper()
	guard, err := webhook.NewGuard(hosts)
	if err != nil {
		d.Fatal(err)
	}
	d.config.Guard = guard
	d.jobs.Configure(d.config)
}

// settled waits until a job's webhook needs nothing more.
func (d *daemon) settled(id string) jobs.Delivery {
	d.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		j := parse(d.T, d.want(200, "anna", "GET", "/v1/jobs/"+id, ""))
		if j.Webhook.State != "waiting" {
			return *j.Webhook
		}
		if time.Now().After(deadline) {
			d.Fatalf("the webhook is %+v", j.Webhook)
		}
	}
}

// A receiver that fails is tried again with the same message; a signature proves
// who sends it.
func TestAFailingReceiver(t *testing.T) {
	t.Cleanup(jobs.Hurry())
	d := start(t)
	checks, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var ids []string
	answer := func(n int) int { return map[int]int{1: 500, 2: 302, 3: 204}[n] }
	receiver := serveAt(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := checks.Verify(body, r.Header); err != nil {
			t.Errorf("the signature: %v", err)
		}
		if !strings.Contains(string(body), `"type":"job.done"`) || strings.Contains(string(body), "hidden") {
			t.Errorf("the message is %s", body)
		}
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get("Webhook-Id"))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(answer(len(ids)))
	})
	d.allow("127.0.0.2")
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels", "Burnish-Webhook: "+receiver.URL+"/?key=hidden"))
	if strings.Contains(fmt.Sprint(j.Webhook), "hidden") {
		t.Errorf("the job tells the receiver's key: %+v", j.Webhook)
	}
	d.await(j.ID, jobs.Done)
	if got := d.settled(j.ID); got.State != "delivered" || got.Attempts != 3 {
		t.Errorf("the delivery is %+v", got)
	}
	mu.Lock()
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("the messages are %v", ids)
	}
	answer = func(int) int { return http.StatusGone }
	mu.Unlock()
	d.want(202, "anna", "POST", "/v1/jobs/"+j.ID+"/webhook", "")
	if got := d.settled(j.ID); got.State != "failed" || got.Attempts != 1 {
		t.Errorf("a receiver that is gone: %+v", got)
	}
}

// No job reaches an address that is not public, however it is written.
func TestForgedReceivers(t *testing.T) {
	t.Cleanup(jobs.Hurry())
	d := start(t)
	var mu sync.Mutex
	reached := 0
	inside := func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		reached++
	}
	target := serveAt(t, "127.0.0.1", inside)
	_, port, _ := net.SplitHostPort(target.Listener.Addr().String())
	refers := serveAt(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, map[string]int{"/301": 301, "/303": 303, "/307": 307, "/308": 308}[r.URL.Path])
	})
	d.allow("127.0.0.2")
	d.config.Queue, d.config.Parallel = 100, 4
	d.jobs.Configure(d.config)
	urls := []string{
		"file:///etc/passwd", "gopher://127.0.0.1:" + port, "ftp://127.0.0.1", "//127.0.0.1:" + port, "127.0.0.1:" + port, "http://", "http://user:pass@example.com/",
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.google.internal./", "http://100.100.100.200/", "http://192.0.0.192/",
		"http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://[fe80::1%25lo]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[::]:" + port,
		refers.URL + "/301", refers.URL + "/303", refers.URL + "/307", refers.URL + "/308",
	}
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "sub.localhost", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
		"[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.1.", "①②⑦.⓪.⓪.①", "127%2e0%2e0%2e1",
	} {
		urls = append(urls, "http://"+host+":"+port+"/")
	}
	var made []string
	for _, u := range urls {
		status, _, text := d.ask("anna", "POST", "/v1/jobs", "pixels", "Burnish-Webhook: "+u)
		switch status {
		case 422:
		case 201:
			made = append(made, parse(t, text).ID)
		default:
			t.Errorf("%s: %d, %s", u, status, text)
		}
	}
	for _, id := range made {
		d.await(id, jobs.Done)
		if got := d.settled(id); got.State != "failed" {
			t.Errorf("the webhook of %s is %+v", id, got)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if reached != 0 {
		t.Errorf("this machine was reached %d times", reached)
	}
	t.Logf("%d forms: %d refused at once, %d when they were connected to", len(urls), len(urls)-len(made), len(made))
}

// Without a secret there are no webhooks.
func TestWebhooksNeedASecret(t *testing.T) {
	d := start(t)
	d.config.Secret = nil
	d.jobs.Configure(d.config)
	if got := d.want(403, "anna", "POST", "/v1/jobs", "pixels", "Burnish-Webhook: https://example.com/"); !strings.Contains(got, "faces.jobs.secret_file") {
		t.Error(got)
	}
}
