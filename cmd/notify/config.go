package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/webhook"
)

// Settings are who is told of what.
type Settings struct {
	Events     []string      // groups; none: all
	Interval   time.Duration // in which events of a kind are folded
	Batch      int           // photos from which a batch is told of
	AllowHosts []string      // private addresses that webhooks may have
	Email      Email
	Command    []string
	Webhooks   []Webhook
}

// Email is mail by the system's sendmail.
type Email struct {
	To       []string
	From     string
	Sendmail string // absolute
}

// Webhook is a receiver of HTTP requests.
type Webhook struct {
	URL, URLFile          string // one of them
	SecretFile, SecretEnv string // one, or none: messages are not signed
	Events                []string
}

// Config is Settings with all secrets read.
type Config struct {
	interval time.Duration
	batch    int
	targets  []target
}

// Empty reports whether nobody is told.
func (c Config) Empty() bool { return len(c.targets) == 0 }

// Open reads the secrets that s names.
func Open(s Settings) (Config, error) {
	c := Config{interval: s.Interval, batch: s.Batch}
	guard, err := webhook.NewGuard(s.AllowHosts)
	if err != nil {
		return c, fmt.Errorf("notify.allow_hosts: %w", err)
	}
	if len(s.Email.To) > 0 {
		t, err := s.Email.target(s.Events)
		if err != nil {
			return c, fmt.Errorf("notify.email: %w", err)
		}
		c.targets = append(c.targets, t)
	}
	if len(s.Command) > 0 {
		c.targets = append(c.targets, commandTarget(s.Command, s.Events))
	}
	for i, w := range s.Webhooks {
		t, err := w.target(guard, s.Events)
		if err != nil {
			return c, fmt.Errorf("notify.webhooks.%d: %w", i, err)
		}
		c.targets = append(c.targets, t)
	}
	return c, nil
}

// identify is the name of a receiver's folder.
func identify(kind string, parts ...string) string {
	digest := sha256.Sum256([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return kind + "-" + hex.EncodeToString(digest[:8])
}

// parseURL reads the URL of a webhook. Errors do not quote it.
func parseURL(text string, g *webhook.Guard) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must be a URL that begins with https:// or http://")
	case u.Fragment != "":
		return nil, errors.New("must have no fragment (#)")
	}
	return u, g.CheckHost(u.Hostname())
}

// maxSecretFile bounds files with secrets, in bytes.
const maxSecretFile = 4 << 10

func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSecretFile {
		return "", fmt.Errorf("%s must be a file of at most %d bytes", file, maxSecretFile)
	}
	data, err := os.ReadFile(file)
	return strings.TrimSpace(string(data)), err
}

func (w Webhook) target(g *webhook.Guard, events []string) (target, error) {
	text := w.URL
	if w.URLFile != "" {
		var err error
		if text, err = readSecret(w.URLFile); err != nil {
			return target{}, fmt.Errorf("url_file: %w", err)
		}
	}
	u, err := parseURL(text, g)
	if err != nil {
		return target{}, fmt.Errorf("url: %w", err)
	}
	secret, err := w.secret()
	if err != nil {
		return target{}, err
	}
	r := webhook.NewReceiver(u, secret, g)
	if len(w.Events) > 0 {
		events = w.Events
	}
	return hookTarget(r, u, events), nil
}

func (w Webhook) secret() (*webhook.Secret, error) {
	text, from := "", ""
	switch {
	case w.SecretFile != "":
		var err error
		if text, err = readSecret(w.SecretFile); err != nil {
			return nil, fmt.Errorf("secret_file: %w", err)
		}
		from = "secret_file: the content of " + w.SecretFile
	case w.SecretEnv != "":
		text, from = os.Getenv(w.SecretEnv), "secret_env: $"+w.SecretEnv
	default:
		return nil, nil
	}
	s, err := webhook.ParseSecret(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", from, err)
	}
	return &s, nil
}

// checkAddress checks an e-mail address, which becomes an argument and a header.
func checkAddress(text string) error {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || strings.HasPrefix(text, "-") {
		return fmt.Errorf("must be an address such as anna@example.org, got %q", text)
	}
	return nil
}

func (e Email) target(events []string) (target, error) {
	from := e.From
	for _, address := range append(slices.Clone(e.To), from) {
		if address != "" {
			if err := checkAddress(address); err != nil {
				return target{}, err
			}
		}
	}
	if !filepath.IsAbs(e.Sendmail) {
		return target{}, fmt.Errorf("sendmail must be an absolute path, got %q", e.Sendmail)
	}
	return mailTarget(e, events), nil
}
