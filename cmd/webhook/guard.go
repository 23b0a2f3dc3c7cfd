package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Guard decides which addresses requests may go to: public ones, and those that
// an administrator has named. It checks the address that is connected to, after
// the name was looked up, so that a name which changes gains nothing.
type Guard struct {
	names    map[string]bool // hosts that may have private and loopback addresses
	prefixes []netip.Prefix  // addresses that are allowed whatever they are
	public   *ssrf.Guardian
}

// NewGuard is a guard that lets requests reach allowed hosts as well. Each is a
// host name, an address, or a network such as 192.168.1.0/24. A name permits
// private and loopback addresses; link-local ones, such as those of cloud
// providers' metadata, take the address itself.
func NewGuard(allowed []string) (*Guard, error) {
	g := &Guard{names: map[string]bool{}}
	for _, host := range allowed {
		prefix, name, err := parseHost(host)
		if err != nil {
			return nil, err
		}
		if name != "" {
			g.names[name] = true
		} else {
			g.prefixes = append(g.prefixes, prefix)
		}
	}
	g.public = ssrf.New(ssrf.WithAnyPort())
	return g, nil
}

// parseHost reads an allowed host: a network, or a name in lower case.
func parseHost(host string) (prefix netip.Prefix, name string, err error) {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), "", nil
	}
	if prefix, err := netip.ParsePrefix(host); err == nil {
		return prefix.Masked(), "", nil
	}
	if host == "" || strings.ContainsAny(host, "/:@ \t\n[]*") {
		return prefix, "", fmt.Errorf("must be a host name, an address, or a network such as 192.168.1.0/24, got %q", host)
	}
	return prefix, strings.TrimSuffix(strings.ToLower(host), "."), nil
}

// ErrForbidden is a request to an address that the guard does not let through.
var ErrForbidden = errors.New("the address is private or reserved")

// Check tells whether the guard lets the address through that host was looked up as.
func (g *Guard) Check(host string, ip netip.Addr) error {
	ip = ip.Unmap()
	for _, p := range g.prefixes {
		if p.Contains(ip.WithZone("")) {
			return nil
		}
	}
	if g.named(host) && (ip.IsPrivate() || ip.IsLoopback()) {
		return nil
	}
	if err := g.public.SafeAddr(ip); err != nil {
		return fmt.Errorf("%w: %s is %s", ErrForbidden, host, ip)
	}
	return nil
}

// CheckHost checks a host that is an address, or a name that stands for this
// machine. Of others only looking them up tells.
func (g *Guard) CheckHost(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return g.Check(host, ip)
	}
	if name := strings.TrimSuffix(strings.ToLower(host), "."); (name == "localhost" || strings.HasSuffix(name, ".localhost")) && !g.named(host) {
		return fmt.Errorf("%w: %s is this machine", ErrForbidden, host)
	}
	return nil
}

func (g *Guard) named(host string) bool {
	return g.names[strings.TrimSuffix(strings.ToLower(host), ".")]
}

// Transport connects to what the guard lets through, by no proxy.
func (g *Guard) Transport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			d := net.Dialer{Timeout: connectTimeout, Control: func(_, address string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(address)
				if err != nil {
					return err
				}
				return g.Check(host, to.Addr())
			}}
			return d.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: answerTimeout,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
}
