package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Link is how one reaches NATS.
type Link struct {
	Servers     []string // nats://HOST:PORT, or tls://HOST:PORT
	Credentials string   // file; "": none
	Token       string   // "": none
	CA          string   // file with certificates that sign the servers' own; "": the system's
	Cert, Key   string   // files of a client's certificate; "": none
	Replicas    int      // of streams and buckets that are made; 0: 1
}

// Connect connects, now or later: without a server it tries on until the
// connection is closed. name is what the servers call it.
func (l Link) Connect(name string, log *slog.Logger) (*nats.Conn, jetstream.JetStream, error) {
	options := []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(500*time.Millisecond, time.Second),
		nats.RetryOnFailedConnect(true), nats.Timeout(5 * time.Second), nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the connection to NATS is lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { log.Info("NATS answers again", "server", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Debug("NATS", "error", err) }),
	}
	if l.Credentials != "" {
		options = append(options, nats.UserCredentials(l.Credentials))
	}
	if l.Token != "" {
		options = append(options, nats.Token(l.Token))
	}
	if l.CA != "" {
		options = append(options, nats.RootCAs(l.CA))
	}
	if l.Cert != "" {
		options = append(options, nats.ClientCert(l.Cert, l.Key))
	}
	conn, err := nats.Connect(strings.Join(l.Servers, ","), options...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to NATS at %s: %w", strings.Join(l.Servers, ", "), err)
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(10*time.Second))
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, js, nil
}

// Prepare makes the streams and buckets that all share, where they are missing.
func (l Link) Prepare(ctx context.Context, js jetstream.JetStream, n Names) error {
	replicas := max(1, l.Replicas)
	jobs := jetstream.StreamConfig{
		Name: n.Jobs(), Subjects: []string{n.JobSubject("*", "*")}, Retention: jetstream.WorkQueuePolicy, Replicas: replicas, Discard: jetstream.DiscardNew,
		MaxMsgSize: MostMessage, MaxAge: 7 * 24 * time.Hour, Duplicates: 2 * time.Minute, AllowDirect: true,
	}
	answers := jobs
	answers.Name, answers.Subjects, answers.MaxAge = n.Answers(), []string{n.AnswerSubject("*")}, 24*time.Hour
	for _, c := range []jetstream.StreamConfig{jobs, answers} {
		if _, err := js.CreateStream(ctx, c); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return fmt.Errorf("make the stream %s: %w", c.Name, err)
		}
	}
	_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: n.Workers(), TTL: Presence, Replicas: replicas, MaxValueSize: MostMessage})
	if err != nil && !errors.Is(err, jetstream.ErrBucketExists) {
		return fmt.Errorf("make the bucket %s: %w", n.Workers(), err)
	}
	_, err = js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: n.Parcels(), Replicas: replicas})
	if err != nil && !errors.Is(err, jetstream.ErrBucketExists) {
		return fmt.Errorf("make the bucket %s: %w", n.Parcels(), err)
	}
	return nil
}
