package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Notify is who is told of what, by the daemon.
type Notify struct {
	Events     []string      `yaml:"events" enum:"quarantine,folder,batch,crash,disk,library" help:"what is told: quarantine, folder (degraded, on hold, back), batch (finished), crash (of the worker, again and again), disk (nearly full), library (files missing or altered); default: all"`
	Interval   time.Duration `yaml:"interval" range:"10s,24h" help:"events of a kind are folded into one message in this time"`
	Batch      int           `yaml:"batch" range:"2," help:"photos from which the end of a batch is told"`
	AllowHosts []string      `yaml:"allow_hosts" help:"hosts and networks that webhooks may reach although they are private or this machine"`
	Email      NotifyEmail   `yaml:"email" help:"mail by the system's sendmail"`
	Command    []string      `yaml:"command" help:"program and arguments, run without a shell; a JSON object is its standard input"`
	Webhooks   []Webhook     `yaml:"webhooks" help:"URLs that a JSON object is posted to"`
}

// NotifyEmail is mail by the system's sendmail.
type NotifyEmail struct {
	To       []string `yaml:"to" help:"addresses"`
	From     string   `yaml:"from" help:"address of the sender; default: sendmail's"`
	Sendmail string   `yaml:"sendmail" kind:"path" help:"the program"`
}

// Webhook is a URL that messages are posted to.
type Webhook struct {
	URL        string   `yaml:"url" help:"https://..."`
	URLFile    string   `yaml:"url_file" kind:"path" help:"file that holds the URL, where it is a secret"`
	SecretFile string   `yaml:"secret_file" kind:"path" help:"file that holds the secret whsec_..., which messages are signed with"`
	SecretEnv  string   `yaml:"secret_env" help:"environment variable that holds it instead"`
	Events     []string `yaml:"events" enum:"quarantine,folder,batch,crash,disk,library" help:"what is told there; default: that of notify.events"`
}

func defaultNotify() Notify {
	return Notify{Interval: 15 * time.Minute, Batch: 10, Email: NotifyEmail{Sendmail: "/usr/sbin/sendmail"}}
}

// Silent reports whether nobody is told.
func (n Notify) Silent() bool { return len(n.Email.To)+len(n.Command)+len(n.Webhooks) == 0 }

// paths are those of files, to be made absolute.
func (n *Notify) paths() (all []*string) {
	all = append(all, &n.Email.Sendmail)
	for i := range n.Webhooks {
		all = append(all, &n.Webhooks[i].URLFile, &n.Webhooks[i].SecretFile)
	}
	return all
}

// Validate judges each value.
func (n Notify) Validate() error {
	var errs []error
	invalid := func(field, hint, format string, args ...any) {
		errs = append(errs, diag.InvalidHint(field, hint, format, args...))
	}
	for i, host := range n.AllowHosts {
		if _, err := parseNetwork(host); err != nil && !hostName.MatchString(host) {
			invalid(fmt.Sprintf("allow_hosts.%d", i), "leave out scheme, port and path", "must be a host name, an address, or a network such as 192.168.1.0/24, got %q", host)
		}
	}
	for i, address := range n.Email.To {
		if !isAddress(address) {
			invalid(fmt.Sprintf("email.to.%d", i), "", "must be an address such as anna@example.org, got %q", address)
		}
	}
	if from := n.Email.From; from != "" && !isAddress(from) {
		invalid("email.from", "", "must be an address such as burnish@example.org, got %q", from)
	}
	if len(n.Command) > 0 && !filepath.IsAbs(n.Command[0]) {
		invalid("command.0", "name the program by its whole path", "must be an absolute path, got %q", n.Command[0])
	}
	for i, w := range n.Webhooks {
		field := func(name string) string { return fmt.Sprintf("webhooks.%d.%s", i, name) }
		switch {
		case w.URL == "" && w.URLFile == "":
			invalid(field("url"), "set url, or url_file where the URL is a secret", "must be set")
		case w.URL != "" && w.URLFile != "":
			invalid(field("url_file"), "remove one of them", "url and url_file are both set")
		case w.URL != "":
			if hint, err := n.judgeURL(w.URL); err != nil {
				invalid(field("url"), hint, "%s", err)
			}
		}
		if w.SecretFile != "" && w.SecretEnv != "" {
			invalid(field("secret_env"), "remove one of them", "secret_file and secret_env are both set")
		}
		if w.SecretEnv != "" && !variableName.MatchString(w.SecretEnv) {
			invalid(field("secret_env"), "write the variable's name, not the secret", "must be the name of an environment variable")
		}
	}
	return errors.Join(errs...)
}

var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

func isAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && !strings.HasPrefix(text, "-")
}

// judgeURL judges a webhook's URL without looking its host up. Faults do not
// quote what may be secret of it.
func (n Notify) judgeURL(text string) (hint string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("must be a URL that begins with https:// or http://")
	}
	host := u.Hostname()
	private := strings.EqualFold(host, "localhost")
	ip, err := netip.ParseAddr(host)
	if err == nil {
		ip = ip.Unmap()
		private = ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
	}
	allowed := slices.ContainsFunc(n.AllowHosts, func(a string) bool {
		p, err := parseNetwork(a)
		return strings.EqualFold(a, host) || err == nil && p.Contains(ip)
	})
	if private && !allowed && ip.IsLinkLocalUnicast() { // where clouds have their metadata
		return "correct the URL", fmt.Errorf("%s is a link-local address, which webhooks do not reach", host)
	}
	if private && !allowed {
		return fmt.Sprintf("if the receiver is yours, add %q to notify.allow_hosts", host), fmt.Errorf("%s is a private address or this machine, which webhooks do not reach", host)
	}
	return "", nil
}

// NotifyFault is a fault of this machine at a key below notify.
func (c *Config) NotifyFault(key, format string, args ...any) diag.Diagnostic {
	f := diag.At(diag.Find(c.root, "notify", key), "notify."+key+": "+format, args...)
	f.HostOnly = true
	return f
}

// checkNotify warns of files that are not there, may be read by all, or hold
// nothing, as this machine has them.
func (c *Config) checkNotify() (faults diag.Diagnostics) {
	warn := func(hint string, at []string, format string, args ...any) {
		f := diag.Warn(diag.Find(c.root, append([]string{"notify"}, at...)...), format, args...).WithHint("%s", hint)
		f.HostOnly = true
		faults = append(faults, f)
	}
	program := func(path string, at ...string) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			warn("install it or correct the path", at, "no message is sent by %s: %v", path, err)
		case info.IsDir() || info.Mode().Perm()&0o111 == 0:
			warn("name a program", at, "no message is sent by %s: it is no program", path)
		}
	}
	if len(c.Notify.Email.To) > 0 {
		program(c.Notify.Email.Sendmail, "email")
	}
	if len(c.Notify.Command) > 0 && filepath.IsAbs(c.Notify.Command[0]) {
		program(c.Notify.Command[0], "command", "0")
	}
	for i, w := range c.Notify.Webhooks {
		at := func(key string) []string { return []string{"webhooks", strconv.Itoa(i), key} }
		for key, path := range map[string]string{"url_file": w.URLFile, "secret_file": w.SecretFile} {
			info, err := os.Stat(path)
			switch {
			case path == "":
			case err != nil:
				warn("create it or correct the path", at(key), "the secret cannot be read: %v", err)
			case info.Mode().Perm()&0o007 != 0:
				warn("chmod o= "+diag.ShellWord(path), at(key), "everybody may read the secret in %s", path)
			}
		}
		if w.SecretFile == "" && w.SecretEnv == "" {
			f := diag.Warn(diag.Find(c.root, "notify", "webhooks", strconv.Itoa(i)), "messages to this webhook are not signed, so that its receiver cannot tell who sends them").WithHint("set secret_file")
			faults = append(faults, f)
		}
		if u, err := url.Parse(w.URL); err == nil && u.Scheme == "http" {
			if _, err := netip.ParseAddr(u.Hostname()); err != nil && !slices.Contains(c.Notify.AllowHosts, u.Hostname()) {
				faults = append(faults, diag.Warn(diag.Find(c.root, "notify", "webhooks", strconv.Itoa(i), "url"), "names of photos go to %s unencrypted", u.Hostname()).WithHint("use https"))
			}
		}
	}
	return faults
}
