// Package embedded is a NATS server within the daemon, for sites where one
// machine is enough for the queue.
package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options are what a server is started with.
type Options struct {
	Address string // HOST:PORT
	Folder  string // that streams and objects lie in
	Space   int64  // bytes of them; 0: what is free
	Token   string // that clients have to bring; "": none
	Log     *slog.Logger
}

// Server is a server that runs.
type Server struct{ server *server.Server }

// Start starts a server, and waits until it answers.
func Start(o Options) (*Server, error) {
	host, text, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("the address of the embedded NATS server must be HOST:PORT, got %q", o.Address)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return nil, fmt.Errorf("the address of the embedded NATS server must be HOST:PORT, got %q", o.Address)
	}
	ip := net.ParseIP(host)
	if o.Token == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the embedded NATS server at %s would be open to everybody: a token is required beyond this machine", o.Address)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "burnish", Host: host, Port: port, JetStream: true, StoreDir: o.Folder, JetStreamMaxStore: o.Space,
		NoSigs: true, NoSystemAccount: false, Authorization: o.Token, MaxPayload: 1 << 20, SyncInterval: 10 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("the embedded NATS server: %w", err)
	}
	s.SetLoggerV2(logger{o.Log}, false, false, false)
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the embedded NATS server does not start: see the log for its reason; another may use " + o.Address)
	}
	return &Server{s}, nil
}

// URL is where clients of this machine reach it.
func (s *Server) URL() string { return s.server.ClientURL() }

// Close ends the server, its files being whole.
func (s *Server) Close() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return nil
}

// logger tells of what goes wrong.
type logger struct{ log *slog.Logger }

func (l logger) say(level func(string, ...any), format string, args []any) {
	level("NATS server", "message", fmt.Sprintf(format, args...))
}

// Noticef and the others are the server's log.
func (l logger) Noticef(format string, args ...any) { l.say(l.log.Debug, format, args) }

// Warnf tells of a warning.
func (l logger) Warnf(format string, args ...any) { l.say(l.log.Warn, format, args) }

// Errorf tells of an error.
func (l logger) Errorf(format string, args ...any) { l.say(l.log.Error, format, args) }

// Fatalf tells of an error that ends the server.
func (l logger) Fatalf(format string, args ...any) { l.say(l.log.Error, format, args) }

// Debugf and Tracef are not wanted.
func (l logger) Debugf(string, ...any) {}

// Tracef is not wanted.
func (l logger) Tracef(string, ...any) {}
