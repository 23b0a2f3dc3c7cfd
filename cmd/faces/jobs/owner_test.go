package jobs_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/jobs"
	"github.com/burnish-photo/burnish/cmd/serve/token"
	"github.com/burnish-photo/burnish/plugin"
)

// A token that has the name of a revoked one sees none of its jobs, and its
// idempotency keys are its own.
func TestATokenInheritsNothingByItsName(t *testing.T) {
	d := start(t)
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "private", "Idempotency-Key: k"))
	d.await(j.ID, jobs.Done)
	store := token.At(d.state)
	if err := store.Revoke("anna"); err != nil {
		t.Fatal(err)
	}
	_, secret, err := store.Create("anna", []string{"submit"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	d.want(401, "anna", "GET", "/v1/jobs/"+j.ID, "")
	d.tokens["anna"] = secret
	d.want(404, "anna", "GET", "/v1/jobs/"+j.ID, "")
	d.want(404, "anna", "GET", "/v1/jobs/"+j.ID+"/outputs/1", "")
	d.want(404, "anna", "GET", "/v1/jobs/"+j.ID+"/events", "")
	d.want(404, "anna", "DELETE", "/v1/jobs/"+j.ID, "")
	if got := d.want(200, "anna", "GET", "/v1/jobs", ""); !strings.Contains(got, `"jobs":[]`) {
		t.Errorf("the new token's jobs are %s", got)
	}
	if other := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "another", "Idempotency-Key: k")); other.ID == j.ID {
		t.Error("the key led to the job of the revoked token")
	}
}

// order notes which photos are processed, one after the other, once they may.
type order struct {
	mu   sync.Mutex
	seen string
	hold chan bool
}

func (o *order) submit(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	select {
	case <-o.hold:
	case <-ctx.Done():
		return plugin.Result{}, ctx.Err()
	}
	result, err := copyPhoto(ctx, j)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen += strings.TrimSuffix(j.Path[strings.LastIndex(j.Path, "/")+1:], ".jpg")
	return result, err
}

// A token that sends many photos leaves places, space and turns to others.
func TestOneTokenLeavesAShareToOthers(t *testing.T) {
	d := start(t)
	o := &order{hold: make(chan bool)}
	d.submit = o.submit
	d.config.Queue = 6
	d.jobs.Configure(d.config)
	send := func(who, name string) int {
		status, _, _ := d.ask(who, "POST", "/v1/jobs", "pixels", "Content-Disposition: attachment; filename="+name+".jpg")
		return status
	}
	first := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels", "Content-Disposition: attachment; filename=a.jpg"))
	d.await(first.ID, jobs.Running)
	sent := 0
	for send("anna", "a") == 201 {
		sent++
	}
	if sent != 4 {
		t.Errorf("a token holds %d of 6 places, want 4", sent)
	}
	if status := send("bert", "b"); status != 201 {
		t.Fatalf("another token's photo: %d", status)
	}
	close(o.hold)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		o.mu.Lock()
		seen := o.seen
		o.mu.Unlock()
		if len(seen) == 6 {
			if seen[:2] != "ab" {
				t.Errorf("photos were processed in the order %s", seen)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processed: %s", seen)
		}
	}
}

func TestOneTokenLeavesSpaceToOthers(t *testing.T) {
	d := start(t)
	d.config.Space, d.config.Queue = 300_000, 100
	d.jobs.Configure(d.config)
	photo := strings.Repeat("x", 20_000)
	held := 0
	for ; held < 50; held++ {
		status, _, text := d.ask("anna", "POST", "/v1/jobs", photo)
		if status == 507 {
			break
		}
		d.await(parse(t, text).ID, jobs.Done)
	}
	if held < 5 || held > 10 {
		t.Errorf("a token holds %d photos of 20 kB in 300 kB", held)
	}
	d.want(201, "bert", "POST", "/v1/jobs", photo)
}
