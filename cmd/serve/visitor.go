package serve

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// visitor is who asks.
type visitor struct {
	name   string // of the token, "" where none was shown
	id     string // of the token, which its name may outlive
	scopes []string
	local  bool       // on this machine, by no proxy
	addr   netip.Addr // the zero one at a Unix socket
	https  bool       // at the proxy that faces the visitor
	cookie bool       // a cookie named the token
}

// ownerLength is how much of a token's hash tells it from others of its name.
const ownerLength = 16

// shows takes note of the token that was shown.
func (v *visitor) shows(t token.Token) {
	v.name, v.scopes, v.id = t.Name, t.Scopes, t.Hash[:min(len(t.Hash), ownerLength)]
}

// peer is what connects to a listener.
type peer struct {
	unix bool
	addr netip.Addr
}

// remember keeps of a connection who is at the other end.
func remember(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey, peerOf(conn))
}

func peerOf(conn net.Conn) peer {
	p := peer{unix: conn.LocalAddr().Network() == "unix"}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		p.addr = a.AddrPort().Addr().Unmap()
	}
	return p
}

// network is what one customer has of the addresses around addr; the zero one of
// a Unix socket.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}

// visitor tells who asks as far as the connection and trusted proxies do. The
// request's host becomes that which the visitor has asked for.
func (c *Config) visitor(r *http.Request) (*visitor, error) {
	p, _ := r.Context().Value(peerKey).(peer)
	v := &visitor{addr: p.addr, local: c.isLocal(r, p)}
	if !c.Proxies.trusts(p) {
		return v, nil
	}
	if hops := listed(r.Header, "X-Forwarded-For"); len(hops) > 0 {
		addr, err := c.Proxies.origin(hops)
		if err != nil {
			return nil, err
		}
		v.addr = addr
	}
	if protocols := listed(r.Header, "X-Forwarded-Proto"); len(protocols) > 0 {
		v.https = strings.EqualFold(protocols[len(protocols)-1], "https")
	}
	if hosts := listed(r.Header, "X-Forwarded-Host"); len(hosts) > 0 {
		r.Host = hosts[len(hosts)-1]
	}
	return v, nil
}

// forwarding are headers that proxies add.
var forwarding = []string{"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Original-Host", "X-Original-Url", "X-Proxyuser-Ip", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip", "Cdn-Loop"}

// isLocal reports whether who asks is on this machine and uses it directly. A
// reverse proxy here connects from here as well, on behalf of anybody: where one
// shows, by a header, by HTTP/1.0 or by a host that is not this machine's own
// name for itself, or where one is configured, nobody is local.
func (c *Config) isLocal(r *http.Request, p peer) bool {
	if c.RequireToken || c.Proxies.any() || c.BasePath != "" || !r.ProtoAtLeast(1, 1) {
		return false
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded") || slices.Contains(forwarding, name) {
			return false
		}
	}
	host := hostname(r.Host)
	if p.unix {
		return !strings.Contains(host, ".") || isLoopback(host)
	}
	return p.addr.IsLoopback() && isLoopback(host)
}

// isLoopback reports whether a host is this machine to itself.
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// listed are the values of a header that is a list, over all its lines.
func listed(h http.Header, name string) (all []string) {
	for _, line := range h.Values(name) {
		for value := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(value))
		}
	}
	return all
}

// trusts reports whether what a peer forwards is true.
func (p Proxies) trusts(from peer) bool {
	if from.unix {
		return p.Unix
	}
	return p.contains(from.addr)
}

func (p Proxies) contains(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// origin is the last hop that no trusted proxy is; what stands before it anybody
// may have written.
func (p Proxies) origin(hops []string) (addr netip.Addr, err error) {
	for _, hop := range slices.Backward(hops) {
		if at, err := netip.ParseAddrPort(hop); err == nil {
			hop = at.Addr().String()
		}
		if addr, err = netip.ParseAddr(strings.Trim(hop, "[]")); err != nil {
			return addr, problem(http.StatusBadRequest, "X-Forwarded-For must list addresses, got %.80q", hop)
		}
		if addr = addr.Unmap(); !p.contains(addr) {
			break
		}
	}
	return addr, nil
}
