package cmd

import (
	"net"

	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// examineListen tells of each address whether a running daemon listens there, or
// whether another one could. Sockets are not made for it.
func examineListen(c *config.Config, running bool) (all []tools.Finding) {
	for _, address := range c.Listen {
		switch {
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
