package serve

import (
	"net"
	"net/netip"
	"testing"
)

// from is a connection of an address.
type from struct {
	net.Conn
	addr netip.AddrPort
}

func (c from) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (c from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.addr) }
func (c from) Close() error         { return nil }

// waiting is a listener at which connections wait.
type waiting chan net.Conn

func (l waiting) Accept() (net.Conn, error) { return <-l, nil }
func (l waiting) Close() error              { return nil }
func (l waiting) Addr() net.Addr            { return &net.TCPAddr{} }

// One client held all connections of an address.
func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	s := New(Options{StateDir: t.TempDir()})
	s.config.Store(&Config{Proxies: Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}}})
	queue := make(waiting, 4*maxPeerConns)
	l := s.limit(queue)
	come := func(text string, n int) {
		for range n {
			queue <- from{addr: netip.AddrPortFrom(netip.MustParseAddr(text), 1)}
		}
	}
	accept := func(want string, n int) (all []net.Conn) {
		t.Helper()
		for range n {
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if got := conn.RemoteAddr().(*net.TCPAddr).IP.String(); got != want {
				t.Fatalf("a connection of %s, want %s", got, want)
			}
			all = append(all, conn)
		}
		return all
	}
	come("2001:db8::1", maxPeerConns)
	greedy := accept("2001:db8::1", maxPeerConns)
	come("2001:db8::2", 3) // of the same network
	come("198.51.100.1", 1)
	accept("198.51.100.1", 1)
	if err := greedy[0].Close(); err != nil {
		t.Fatal(err)
	}
	come("2001:db8::1", 1)
	accept("2001:db8::1", 1)
	for _, exempt := range []string{"127.0.0.1", "192.0.2.9"} {
		come(exempt, maxPeerConns+1)
		accept(exempt, maxPeerConns+1)
	}
}
