package remote

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/cluster/embedded"
	"github.com/nats-io/nats.go/jetstream"
)

// serve starts a server and makes what a cluster shares.
func serve(t *testing.T) (cluster.Link, jetstream.JetStream, cluster.Names) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s, err := embedded.Start(embedded.Options{Address: address, Folder: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	link, names := cluster.Link{Servers: []string{s.URL()}}, cluster.Names{Subject: "t"}
	conn, js, err := link.Connect("test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := link.Prepare(t.Context(), js, names); err != nil {
		t.Fatal(err)
	}
	return link, js, names
}

// TestLastPhotoAlone gives a worker one photo that is to be worked on alone, and
// nothing after it: the worker, which waits for more, must not wait with a place
// that the photo needs.
func TestLastPhotoAlone(t *testing.T) {
	link, js, names := serve(t)
	class := cluster.Class{}.String()
	if _, err := js.CreateConsumer(t.Context(), names.Jobs(), jetstream.ConsumerConfig{
		Durable: names.Consumer("o", class), FilterSubject: names.JobSubject("o", class), AckPolicy: jetstream.AckExplicitPolicy, AckWait: cluster.Lease,
		Metadata: map[string]string{"burnish-owner": "o", "burnish-class": class, "burnish-version": "v", "burnish-protocol": fmt.Sprint(cluster.Protocol)},
	}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Link: link, Names: names, ID: "w", Folder: t.TempDir(), Version: "v", Places: 2, Log: slog.New(slog.DiscardHandler)})
	}()
	j := cluster.Job{ // of another release, so that it is answered without an engine
		Protocol: cluster.Protocol, Version: "other", Owner: "o", ID: "j", Try: 1, Alone: true, Size: 1,
		Content: cluster.Digest(nil), Parcel: cluster.Digest(nil), Build: cluster.Digest(nil),
	}
	data, err := cluster.Encode(j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), names.JobSubject("o", class), data); err != nil {
		t.Fatal(err)
	}
	answers, err := js.CreateConsumer(t.Context(), names.Answers(), jetstream.ConsumerConfig{FilterSubject: names.AnswerSubject("o"), AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	m, err := answers.Next(jetstream.FetchMaxWait(30 * time.Second))
	if err != nil {
		t.Fatalf("a photo that is alone gets no answer: %v", err)
	}
	if a, err := cluster.DecodeAnswer(m.Data()); err != nil || a.ID != "j" || a.Refused == "" {
		t.Errorf("the answer is %+v, %v", a, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestRefusalsEndAndAreBounded tells refusals of many owners, and lets them grow old.
func TestRefusalsEndAndAreBounded(t *testing.T) {
	w := &Worker{options: Options{Log: slog.New(slog.DiscardHandler)}, refuses: map[string]refusal{}}
	w.engines = newEngines(w.options, nil)
	for i := range 2000 {
		w.refuse(fmt.Sprint("owner-", i), strings.Repeat("€", 4000))
	}
	data, err := cluster.Encode(w.sign())
	if err != nil || len(data) > cluster.MostMessage {
		t.Errorf("a sign of life has %d bytes (%v), of which %d fit", len(data), err, cluster.MostMessage)
	}
	for owner, r := range w.refuses {
		r.at = r.at.Add(-refusedFor - time.Second)
		w.refuses[owner] = r
	}
	if s := w.sign(); len(s.Refuses) > 0 {
		t.Errorf("refusals of before are still told: %d", len(s.Refuses))
	}
}
