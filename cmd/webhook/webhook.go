// Package webhook sends signed requests to receivers that an administrator has
// named, as Standard Webhooks describes (https://www.standardwebhooks.com). It
// reaches no private address but those that are allowed, follows no redirect,
// and knows nothing of what it sends.
package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Bounds of one request.
const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 15 * time.Second
	requestTimeout = 30 * time.Second
	maxAnswer      = 4 << 10 // bytes of an answer that are read
)

// secretPrefix is what a secret begins with.
const secretPrefix = "whsec_"

// Secret is the key that messages to a receiver are signed with. It shows itself
// in no format.
type Secret struct{ key []byte }

// ParseSecret reads whsec_ and 24 to 64 bytes in base64. Errors do not quote it.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return Secret{}, errors.New("must be whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	return Secret{key}, nil
}

// String hides the secret.
func (s Secret) String() string { return secretPrefix + "…" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Masked is a URL that can be shown: user, path and query may be secrets.
func Masked(u *url.URL) string {
	shown := u.Scheme + "://" + u.Host
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		shown += "/…"
	}
	return shown
}

// Refused is an answer that is no success.
type Refused struct {
	Status     int
	RetryAfter time.Duration // that the receiver asks for; 0: none
}

// Error names the status.
func (r *Refused) Error() string {
	return fmt.Sprintf("the receiver answered %d %s", r.Status, http.StatusText(r.Status))
}

// Lasting reports whether the receiver would answer the same again.
func (r *Refused) Lasting() bool {
	switch r.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return r.Status >= 300 && r.Status < 500
}

// Receiver is where messages go.
type Receiver struct {
	url    *url.URL
	secret *Secret // nil: messages are not signed
	client *http.Client
}

// NewReceiver is the receiver at u, reached as the guard permits.
func NewReceiver(u *url.URL, secret *Secret, g *Guard) *Receiver {
	return &Receiver{url: u, secret: secret, client: &http.Client{
		Transport: g.Transport(), Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post sends a message once. An answer that is no success is a [Refused]. Errors
// show of the URL what [Masked] does.
func (r *Receiver) Post(ctx context.Context, id string, body []byte) error {
	now := time.Now()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL is malformed")
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "Burnish")
	q.Header.Set(standardwebhooks.HeaderWebhookID, id)
	q.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	if r.secret != nil {
		signer, err := standardwebhooks.NewWebhookRaw(r.secret.key)
		if err != nil {
			return err
		}
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return err
		}
		q.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	a, err := r.client.Do(q)
	if err != nil {
		if failed := (*url.Error)(nil); errors.As(err, &failed) {
			err = failed.Err // which leaves the URL out
		}
		return fmt.Errorf("%s: %w", Masked(r.url), err)
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, maxAnswer))
	if a.StatusCode >= 200 && a.StatusCode < 300 {
		return nil
	}
	return &Refused{Status: a.StatusCode, RetryAfter: retryAfter(a.Header.Get("Retry-After"), now)}
}

// Close closes idle connections.
func (r *Receiver) Close() { r.client.CloseIdleConnections() }

// maxRetryAfter bounds how long a receiver may put a message off.
const maxRetryAfter = 6 * time.Hour

func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter.Seconds()))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
