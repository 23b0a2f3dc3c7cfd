package cmd

import (
	"net"
	"strings"

	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// examineListen tells of each address whether a running daemon listens there, or
// whether another one could, and the service s if there is one. Sockets are not
// made for it.
func examineListen(c *config.Config, running bool, s *service) (all []tools.Finding) {
	for _, address := range c.Listen {
		switch {
		case s != nil && !config.IsSocket(address) && len(s.unit.Offline()) > 0:
			f := tools.Found("address", "%s: %s has no network (%s)", address, s.unit.Name, strings.Join(s.unit.Offline(), ", "))
			all = append(all, f.Fail("remove it from listen, and let systemd open the port: systemctl enable burnish.socket; systemctl restart %s", s.unit.Name))
		case running:
			all = append(all, listening(address))
		case config.IsSocket(address):
			all = append(all, tools.Found("address", "%s is free for the daemon to make", address))
		default:
			f := tools.Found("address", "%s can be opened", address)
			if err := serve.Try(address); err != nil {
				f.Detail = err.Error()
				f = f.Fail("correct listen, or run this as the daemon's user")
			}
			all = append(all, f)
		}
	}
	return all
}

// listening tells whether somebody answers at an address.
func listening(address string) tools.Finding {
	network := "tcp"
	if config.IsSocket(address) {
		network = "unix"
	}
	conn, err := net.DialTimeout(network, address, answerWait)
	if err != nil {
		return tools.Found("address", "the daemon does not listen on %s: %v", address, err).Warn("burnish reload takes up what the configuration says")
	}
	_ = conn.Close()
	return tools.Found("address", "%s answers", address)
}
