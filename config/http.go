package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
)

// HTTP is how the page and the HTTP API are served at the addresses of Listen.
type HTTP struct {
	BasePath       string   `yaml:"base_path" help:"path below which a reverse proxy shows the page, such as /burnish"`
	Hosts          []string `yaml:"hosts" help:"host names by which the page is asked for, besides those of this machine and of listen"`
	TrustedProxies []string `yaml:"trusted_proxies" help:"addresses and networks of reverse proxies whose X-Forwarded headers are used; unix: whoever connects to a Unix socket"`
	RequireToken   bool     `yaml:"require_token" help:"true: reading on this machine needs a token, too"`
}

// UnixProxy stands for whoever connects to a Unix socket.
const UnixProxy = "unix"

// IsSocket reports whether an entry of Listen is the path of a Unix socket.
func IsSocket(address string) bool { return strings.ContainsRune(address, filepath.Separator) }

// Networks are the trusted proxies, but for those at Unix sockets.
func (h HTTP) Networks() (all []netip.Prefix) {
	for _, text := range h.TrustedProxies {
		if p, err := parseNetwork(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// Validate judges each value.
func (h HTTP) Validate() error {
	var errs []error
	if b := h.BasePath; b != "" && (b == "/" || path.Clean(b) != b || !regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`).MatchString(b)) {
		errs = append(errs, diag.InvalidHint("base_path", "leave it out where the page is at the root", "must be a path such as /burnish, of letters, digits and . _ ~ -, got %q", b))
	}
	for i, name := range h.Hosts {
		if !hostName.MatchString(name) {
			errs = append(errs, diag.InvalidHint(fmt.Sprintf("hosts.%d", i), "leave out scheme, port and path", "must be a host name such as photos.example.org, got %q", name))
		}
	}
	for i, text := range h.TrustedProxies {
		if _, err := parseNetwork(text); err != nil && text != UnixProxy {
			errs = append(errs, diag.Invalid(fmt.Sprintf("trusted_proxies.%d", i), "must be an address, a network such as 172.16.0.0/12, or unix, got %q", text))
		}
	}
	return errors.Join(errs...)
}

// ListenPlaces are where in the file the addresses stand, as FILE:LINE:COLUMN.
func (c *Config) ListenPlaces() map[string]string {
	all := map[string]string{}
	for i, address := range c.Listen {
		at := diag.Find(c.root, "listen", strconv.Itoa(i))
		all[address] = fmt.Sprintf("%s:%d:%d", c.file, at.Line, at.Column)
	}
	return all
}

// AddListen adds addresses that the file does not name. Paths are taken from the
// working directory.
func (c *Config) AddListen(addresses []string) error {
	for _, address := range addresses {
		if IsSocket(address) {
			path, err := filepath.Abs(address)
			if err != nil {
				return err
			}
			address = path
		}
		if !slices.Contains(c.Listen, address) {
			c.Listen = append(c.Listen, address)
		}
	}
	return c.validateListen()
}

// validateListen judges the addresses.
func (c *Config) validateListen() error {
	var errs []error
	seen := map[string]bool{}
	for i, address := range c.Listen {
		field := fmt.Sprintf("listen.%d", i)
		if seen[address] {
			errs = append(errs, diag.Invalid(field, "%s is named twice", address))
		}
		seen[address] = true
		if IsSocket(address) {
			if len(address) > maxSocket {
				errs = append(errs, diag.Invalid(field, "must be a path of at most %d bytes, as the kernel has it, got %d", maxSocket, len(address)))
			}
			continue
		}
		host, port, err := net.SplitHostPort(address)
		if number, failed := strconv.ParseUint(port, 10, 16); err != nil || failed != nil || strings.HasPrefix(port, "+") || number > 65535 {
			errs = append(errs, diag.InvalidHint(field, "127.0.0.1:8722 serves this machine alone, :8722 every network", "must be HOST:PORT or the path of a Unix socket, got %q", address))
			continue
		}
		if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostName.MatchString(host) {
			errs = append(errs, diag.Invalid(field, "must begin with an address or a host name, got %q", host))
		}
	}
	return errors.Join(errs...)
}

// maxSocket is the kernel's limit of a socket's path.
const maxSocket = 107
