package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/client"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver takes webhooks at an address of this machine, and fails the first
// attempt of each message.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	attempts map[string]int // by message
	forged   int
}

func receive(address string) (*receiver, error) {
	checks, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		return nil, err
	}
	r := &receiver{attempts: map[string]int{}}
	r.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil || checks.Verify(body, q.Header) != nil {
			r.forged++
		}
		id := q.Header.Get("Webhook-Id")
		if r.attempts[id]++; r.attempts[id] == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})}}
	r.Start()
	return r, nil
}

// webhooks lets a receiver fail the first attempt of every message and kills the
// daemon before the second: each arrives all the same, and can be asked for again.
func webhooks(t *trial) error {
	r, err := receive("127.0.0.2")
	if err != nil {
		return err
	}
	defer r.Close()
	var ids []string
	for i := range 10 {
		id, err := t.makeJob(fmt.Sprint("told ", i), t.photos[0], r.URL+"/hook")
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if _, err := t.await(id); err != nil {
			return err
		}
	}
	if err := errors.Join(t.kill(), t.start()); err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.told(id); err != nil {
			return err
		}
	}
	if _, err := t.client.ReplayWebhookWithResponse(context.Background(), ids[0]); err != nil {
		return err
	}
	if err := t.told(ids[0]); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.attempts) != len(ids) || r.forged > 0 || r.attempts["job_"+ids[0]] < 3 {
		return fmt.Errorf("the receiver got %v, %d of them forged", r.attempts, r.forged)
	}
	fmt.Printf("          %d webhooks to a receiver that failed each once, the daemon killed in between: all arrived, signed; one asked for again\n", len(ids))
	return nil
}

// told waits until a job's webhook was delivered.
func (t *trial) told(id string) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		a, err := t.client.GetJobWithResponse(context.Background(), id)
		if err != nil || a.JSON200 == nil || a.JSON200.Webhook == nil {
			return fmt.Errorf("the job %s is lost: %w", id, err)
		}
		if a.JSON200.Webhook.State == client.DeliveryStateDelivered {
			return nil
		}
	}
	return fmt.Errorf("the webhook of the job %s was not delivered", id)
}

// forged asks for webhooks to addresses that no job may reach.
func forged(t *trial) error {
	reached := 0
	var mu sync.Mutex
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		reached++
	}))
	defer target.Close()
	_, port, err := net.SplitHostPort(target.Listener.Addr().String())
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		return err
	}
	refers := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.RedirectHandler(target.URL, http.StatusTemporaryRedirect)}}
	refers.Start()
	defer refers.Close()
	urls := []string{refers.URL, "file:///etc/passwd", "gopher://127.0.0.1:" + port, "//127.0.0.1:" + port, "http://a:b@127.0.0.1:" + port, "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.100.100.200/"}
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "sub.localhost", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.",
		"[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1", "172.16.0.1", "192.168.1.1",
	} {
		urls = append(urls, "http://"+host+":"+port+"/")
	}
	at := 0
	for i, u := range urls {
		u, key := u, fmt.Sprint("forged ", i)
		id, err := t.makeJob(key, t.photos[0], u)
		if err != nil {
			at++ // it was refused at once
			continue
		}
		if _, err := t.await(id); err != nil {
			return err
		}
	}
	time.Sleep(3 * time.Second) // for the first attempts of the others
	mu.Lock()
	defer mu.Unlock()
	if reached > 0 {
		return fmt.Errorf("this machine was reached %d times", reached)
	}
	fmt.Printf("          %d forms of forged receivers: %d refused at once, %d when they were connected to, none reached\n", len(urls), at, len(urls)-at)
	return nil
}
