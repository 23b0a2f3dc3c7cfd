package cmd

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// socketName is the daemon's socket in the state folder. It speaks JSON-RPC;
// who may ask, may ask for everything that control offers: see administrators.
const socketName = "control.sock"

// lastAnswer is how long a caller may take to read its answer from a daemon
// that is stopping.
const lastAnswer = 5 * time.Second

// serve answers on the socket until stop is called. The ledger's lock says that
// no other daemon has the state folder, so a socket that is there is a dead one's.
func (d *daemon) serve() (stop func(), err error) {
	server := rpc.NewServer()
	if err := server.RegisterName("Control", &control{d}); err != nil {
		return nil, err
	}
	socket := filepath.Join(d.config.StateDir, socketName)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var listener net.Listener
	err = withShortName(socket, func(name string) (err error) {
		listener, err = net.Listen("unix", name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", socket, err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	mode, group := administrators(d.config.StateDir)
	if err := errors.Join(os.Chmod(socket, mode), os.Chown(socket, -1, group)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	wait := answer(listener.(*net.UnixListener), server, func(c *net.UnixConn) bool { return group != ownGroup || owns(c) })
	return func() { wait(); os.Remove(socket) }, nil
}

// answer answers on the listener until stop is called, which waits for calls
// that have begun. Who may not ask is hung up on.
func answer(listener *net.UnixListener, server *rpc.Server, may func(*net.UnixConn) bool) (stop func()) {
	var mu sync.Mutex
	var ended sync.WaitGroup
	open, stopped := map[*net.UnixConn]bool{}, false
	begin := func(conn *net.UnixConn) bool {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			open[conn] = true
			ended.Add(1)
		}
		return !stopped
	}
	end := func(conn *net.UnixConn) {
		mu.Lock()
		defer mu.Unlock()
		delete(open, conn)
		ended.Done()
	}
	go func() {
		for {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			if !begin(conn) {
				conn.Close()
				return
			}
			go func() {
				defer end(conn)
				if !may(conn) {
					conn.Close()
					return
				}
				server.ServeCodec(jsonrpc.NewServerCodec(conn)) // returns when its calls have
			}()
		}
	}()
	return func() {
		listener.Close()
		mu.Lock()
		stopped = true
		for conn := range open {
			_ = conn.CloseRead()
			_ = conn.SetWriteDeadline(time.Now().Add(lastAnswer))
		}
		mu.Unlock()
		ended.Wait()
	}
}

// withShortName calls f with a name of the socket that is short enough for the
// kernel, which takes 107 bytes.
func withShortName(socket string, f func(name string) error) error {
	if len(socket) <= 100 {
		return f(socket)
	}
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return err
	}
	defer dir.Close()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)))
}

// control is what may be asked of a running daemon.
type control struct{ d *daemon }

// None is a call without arguments, or an empty answer.
type None struct{}

// Failures is an answer.
type Failures struct {
	Failures []plugin.Failure `json:"failures"`
}

// Photos is an answer: paths, and what went wrong with others. An error of the
// call itself would come without the paths.
type Photos struct {
	Photos []string `json:"photos"`
	Error  string   `json:"error,omitempty"`
}

func photosOf(photos []string, err error) Photos {
	a := Photos{Photos: photos}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func (a Photos) result() ([]string, error) {
	if a.Error != "" {
		return a.Photos, errors.New(a.Error)
	}
	return a.Photos, nil
}

// Failed lists the failures.
func (c *control) Failed(_ None, a *Failures) (err error) {
	a.Failures, err = c.d.worker.failures()
	return err
}

// Recall tells what is known of a photo.
func (c *control) Recall(q plugin.Question, a *plugin.Recollection) (err error) {
	*a, err = c.d.worker.recall(q)
	return err
}

// Retry tries failed photos again, all where there are no paths.
func (c *control) Retry(paths []string, a *Photos) error {
	photos, err := c.d.worker.retry(paths)
	*a = photosOf(photos, errors.Join(err, c.d.enqueue(photos)))
	return nil
}

// Reprocess does again what was done.
func (c *control) Reprocess(where string, a *Photos) error {
	photos, err := c.d.worker.reprocess(where)
	*a = photosOf(photos, errors.Join(err, c.d.enqueue(photos)))
	return nil
}

// Pause lets no further photo begin, Resume ends that.
func (c *control) Pause(paused bool, _ *None) (err error) {
	if asked := c.d.ask(func() {
		if err = setPaused(c.d.config.StateDir, paused); err == nil {
			c.d.gate.paused = paused
		}
	}); asked != nil {
		return asked
	}
	return err
}

// ask lets the loop run f and waits for it.
func (d *daemon) ask(f func()) error {
	done := make(chan struct{})
	select {
	case d.requests <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-d.stopped:
		return errors.New("the daemon is stopping")
	}
}

// enqueue takes photos up that the watcher has sent already.
func (d *daemon) enqueue(photos []string) error {
	if len(photos) == 0 {
		return nil
	}
	return d.ask(func() {
		for _, p := range photos {
			if folder, ok := folderOf(d.config, p); ok {
				d.queue.Add(p, folder, time.Now())
			}
		}
	})
}

// stateOption is how a command finds the daemon's state folder.
type stateOption struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file of the daemon; default: the first of ${places}."`
	State  string `placeholder:"DIR" help:"State folder of a daemon without a configuration file; default: burnish in the XDG state folder."`
}

// dir finds the state folder. A configuration with faults will do: a
// watched folder that is gone is what one asks the status for.
func (s stateOption) dir(h *host) (string, error) {
	dir, err := s.find(h)
	if err == nil && dir == "" {
		err = fmt.Errorf("state_dir %s", config.NoStateDir)
	}
	return dir, err
}

func (s stateOption) find(h *host) (string, error) {
	if s.State != "" {
		if s.Config != "" {
			return "", errors.New("give either -c FILE or --state DIR, not both")
		}
		return filepath.Abs(s.State)
	}
	file, err := find(s.Config)
	if err != nil && !errors.Is(err, errNoConfig) {
		return "", err
	}
	if err != nil {
		c, err := config.Default(h.registry)
		if err != nil {
			return "", err
		}
		return c.StateDir, nil
	}
	c, faults, err := config.Load(file, h.registry)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", fmt.Errorf("the configuration has faults:\n%w", faults)
	}
	return c.StateDir, nil
}

// errNoDaemon says that nobody answers on the socket.
var errNoDaemon = errors.New("no daemon is running")

// call asks the daemon that has the state folder.
func call(stateDir, method string, args, reply any) error {
	var conn net.Conn
	err := withShortName(filepath.Join(stateDir, socketName), func(name string) (err error) {
		conn, err = net.Dial("unix", name)
		return err
	})
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("the daemon cannot be reached: %w: run this as its user or in its group", err)
	}
	if err != nil {
		return errNoDaemon
	}
	client := jsonrpc.NewClient(conn)
	defer client.Close()
	return client.Call("Control."+method, args, reply)
}

// withRecords asks the daemon, or, where none runs, opens its records.
func withRecords(stateDir, method string, args, reply any, offline func(*plugin.Records) error) (err error) {
	err = call(stateDir, method, args, reply)
	if !errors.Is(err, errNoDaemon) {
		return err
	}
	r, err := plugin.OpenRecords(stateDir)
	if err != nil {
		return err
	}
	return errors.Join(offline(r), r.Close())
}

// absolute makes paths absolute.
func absolute(paths []string) (all []string, err error) {
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		all = append(all, abs)
	}
	return all, nil
}

// folderOf is the watched folder that a photo lies in.
func folderOf(c *config.Config, photo string) (string, bool) {
	i := slices.IndexFunc(c.Watch, func(w config.Watch) bool {
		return strings.HasPrefix(photo, strings.TrimSuffix(w.Folder, "/")+"/")
	})
	if i < 0 {
		return "", false
	}
	return c.Watch[i].Folder, true
}
