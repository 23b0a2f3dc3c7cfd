package scrub

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/verify"
)

// library answers as records of three photos do, of which the second lacks its
// output.
func library(asked *[]plugin.VerifyRequest) *api.Client {
	m := &api.Mux{}
	api.Verify.Handle(m, func(_ context.Context, q plugin.VerifyRequest) (p plugin.VerifyPage, err error) {
		*asked = append(*asked, q)
		next := map[string]string{"": "a.jpg", "a.jpg": "b.jpg", "b.jpg": "c.jpg"}[q.After.Path]
		if next == "" {
			p.Done, p.After = true, q.After
			return p, nil
		}
		p.After.Path, p.Count = next, plugin.VerifyCount{Photos: 1, Outputs: 1, Bytes: 1000}
		if next == "b.jpg" {
			p.Findings = []plugin.Finding{{Kind: verify.MissingOutput, File: "b.png", Photo: "b.jpg"}}
		}
		return p, nil
	})
	return api.Direct(m)
}

// A pass goes on after a restart, ends, and the next begins a day later.
func TestPasses(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	var asked []plugin.VerifyRequest
	client, logger := library(&asked), slog.New(slog.NewTextHandler(&log, nil))
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s := Open(dir, logger)
	if s.Status() != nil {
		t.Error("there is a status before anything was done")
	}
	step := func() {
		s.step(t.Context(), client, 5000, now)
		now = now.Add(15 * time.Second)
	}
	step()
	step()
	s = Open(dir, logger) // a restart
	step()
	step()
	step() // between the passes
	st := *s.Status()
	if found, ended := st.Latest(); found["missing-output"] != 1 || ended.IsZero() || st.Count.Photos != 3 || st.Read != 3000 {
		t.Errorf("%+v", st)
	}
	var order []string
	for _, q := range asked {
		order = append(order, q.After.Path)
		if q.Most != 5000 || q.Heal != verify.Nothing {
			t.Errorf("asked for %+v", q)
		}
	}
	if got := strings.Join(order, " "); got != " a.jpg b.jpg c.jpg" {
		t.Errorf("asked after %q", got)
	}
	if strings.Count(log.String(), "library damaged") != 1 || strings.Count(log.String(), "library verified") != 1 {
		t.Error(log.String())
	}
	now = now.Add(24 * time.Hour)
	step()
	if st := *s.Status(); st.Count.Photos != 1 || st.Last["missing-output"] != 1 || st.Read != 4000 {
		t.Errorf("the next pass: %+v", st)
	}
}

// Photos that are larger than a budget take as many.
func TestLargePhotosKeepToTheRate(t *testing.T) {
	var asked []plugin.VerifyRequest
	client, now := library(&asked), time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s := Open(t.TempDir(), slog.New(slog.DiscardHandler))
	for range 10 {
		s.step(t.Context(), client, 300, now)
		now = now.Add(every)
	}
	if read := s.Status().Read; read != 3000 || len(asked) != 3 {
		t.Errorf("%d bytes in %d calls, with ten budgets of 300 bytes", read, len(asked))
	}
}

// Of many findings the first are logged one by one.
func TestManyFindings(t *testing.T) {
	var log bytes.Buffer
	m := &api.Mux{}
	api.Verify.Handle(m, func(context.Context, plugin.VerifyRequest) (p plugin.VerifyPage, err error) {
		for i := range 1000 {
			p.Findings = append(p.Findings, plugin.Finding{Kind: verify.AlteredOutput, File: fmt.Sprint(i)})
		}
		p.Done = true
		return p, nil
	})
	s := Open(t.TempDir(), slog.New(slog.NewTextHandler(&log, nil)))
	s.step(t.Context(), api.Direct(m), 1, time.Now())
	if n := strings.Count(log.String(), "library damaged"); n != logged || !strings.Contains(log.String(), "burnish verify lists all") {
		t.Errorf("%d lines", n)
	}
	if s.Status().Total() != 1000 {
		t.Errorf("%+v", s.Status())
	}
}
