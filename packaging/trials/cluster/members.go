package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// member is a process in a network of its own.
type member struct {
	name, address string
	command       []string
	log           string
	running       *exec.Cmd
	ended         chan struct{}
	dropped       int // photos, of an owner
}

type trial struct {
	folder                   string
	network                  *network
	servers, owners, workers []*member
	conn                     *nats.Conn
	js                       jetstream.JetStream
}

func (t *trial) member(name string) (*member, error) {
	address, err := t.network.join(name)
	if err != nil {
		return nil, err
	}
	return &member{name: name, address: address, log: t.path(name + ".log")}, nil
}

// begin starts the process, in its network.
func (m *member) begin() error {
	log, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command("ip", append([]string{"netns", "exec", "bcl-" + m.name}, m.command...)...)
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	m.running, m.ended = c, ended
	return nil
}

// end ends the process by a signal.
func (m *member) end(s syscall.Signal) {
	if m.running == nil {
		return
	}
	_ = m.running.Process.Signal(s)
	select {
	case <-m.ended:
	case <-time.After(30 * time.Second):
		_ = m.running.Process.Kill()
		<-m.ended
	}
	m.running = nil
}

// family signals a process and those that it has started.
func (m *member) family(s syscall.Signal) {
	pid := m.running.Process.Pid
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range threads {
		more, _ := os.ReadFile(t)
		children = append(append(children, ' '), more...)
	}
	_ = syscall.Kill(pid, s)
	for _, text := range strings.Fields(string(children)) {
		var child int
		if _, err := fmt.Sscan(text, &child); err == nil {
			_ = syscall.Kill(child, s)
		}
	}
}

func (t *trial) start(ctx context.Context) (err error) {
	for i := range 3 {
		m, err := t.member(fmt.Sprintf("n%d", i+1))
		if err != nil {
			return err
		}
		t.servers = append(t.servers, m)
	}
	var routes, urls []string
	for _, m := range t.servers {
		routes = append(routes, fmt.Sprintf("nats-route://%s:6222", m.address))
		urls = append(urls, fmt.Sprintf("nats://%s:4222", m.address))
	}
	for _, m := range t.servers {
		conf := fmt.Sprintf("server_name: %s\nlisten: %s:4222\njetstream {store_dir: %q}\ncluster {name: trial, listen: %s:6222, routes: [%s]}\n",
			m.name, m.address, t.path(m.name), m.address, strings.Join(routes, ", "))
		file := t.path(m.name + ".conf")
		if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
			return err
		}
		m.command = []string{*server, "-c", file}
		if err := m.begin(); err != nil {
			return err
		}
	}
	for i := range 2 {
		if err := t.addOwner(fmt.Sprintf("o%d", i+1), urls); err != nil {
			return err
		}
	}
	for i := range 4 {
		m, err := t.member(fmt.Sprintf("w%d", i+1))
		if err != nil {
			return err
		}
		m.command = []string{*burnish, "-v", "work", "--nats", strings.Join(urls, ","), "--name", m.name, "--folder", t.path(m.name), "--photos", "2", "--device", "cpu"}
		t.workers = append(t.workers, m)
		if err := m.begin(); err != nil {
			return err
		}
	}
	return t.dial(ctx, urls)
}

// addOwner starts a daemon.
func (t *trial) addOwner(name string, urls []string) error {
	m, err := t.member(name)
	if err != nil {
		return err
	}
	models := t.path(name, "models")
	if err := errors.Join(os.MkdirAll(t.path(name, "in"), 0o755), os.MkdirAll(models, 0o755)); err != nil {
		return err
	}
	data, err := os.ReadFile(*model)
	if err == nil {
		err = os.WriteFile(filepath.Join(models, "tiny.onnx"), data, 0o644)
	}
	if err != nil {
		return err
	}
	conf := fmt.Sprintf(`version: 1
state_dir: state
limits: {min_free_space: 0}
restore: {models: models, device: cpu}
cluster: {nats: [%s], name: %s, replicas: 3, jobs: 24, fallback: 10m, sweep: 30s}
watch: [{folder: in, pipeline: p, output: out, settle: 100ms}]
pipelines:
  p:
    steps: [nap: {seconds: 0.2}, resize: {width: 32, height: 32}, network: {model: tiny}]
    outputs: [{path: "{stem}.jpg"}, {path: "t/{stem}.jpg", thumbnail: {width: 16, height: 16}}]
`, strings.Join(urls, ", "), name)
	file := t.path(name, "burnish.yaml")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return err
	}
	m.command = []string{*burnish, "-v", "run", "-c", file}
	t.owners = append(t.owners, m)
	return m.begin()
}

// dial connects the trial itself, from the hub, and waits for the cluster.
func (t *trial) dial(ctx context.Context, urls []string) error {
	if err := t.network.in(t.network.hub, "addr", "add", "10.77.0.1/24", "dev", "br0"); err != nil {
		return err
	}
	dialer, err := inNamespace(t.network.hub)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		if t.conn == nil {
			t.conn, err = nats.Connect(strings.Join(urls, ","), nats.SetCustomDialer(dialer), nats.MaxReconnects(-1))
		}
		if t.conn != nil {
			t.js, err = jetstream.New(t.conn)
			if err == nil && t.workersSeen(ctx) == 4 {
				return nil
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the cluster does not come up: %w", errors.Join(err, ctx.Err()))
		}
	}
}

func (t *trial) stop() {
	for _, all := range [][]*member{t.workers, t.owners, t.servers} {
		for _, m := range all {
			if m.running != nil {
				m.family(syscall.SIGCONT)
			}
			m.end(syscall.SIGTERM)
		}
	}
	if t.conn != nil {
		t.conn.Close()
	}
}

// drop puts another photo into an owner's folder.
func (t *trial) drop(owner int) error {
	data, err := os.ReadFile(*photo)
	if err != nil {
		return err
	}
	o := t.owners[owner]
	o.dropped++
	mark := fmt.Appendf(nil, "%s %d", o.name, o.dropped)
	comment := append([]byte{0xff, 0xfe, 0, byte(len(mark) + 2)}, mark...)
	name := fmt.Sprintf("%04d.jpg", o.dropped)
	tmp := t.path(o.name, name)
	if err := os.WriteFile(tmp, bytes.Join([][]byte{data[:2], comment, data[2:]}, nil), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, t.path(o.name, "in", name))
}

// standing is what an owner tells of the cluster.
type standing struct {
	Done, Failed int
	Cluster      struct {
		Done            int64
		Dropped, Again  map[string]int64
		Full, Fallbacks int64
		Sent, Received  int64
		Workers         []struct{ Takes bool }
	}
}

func (t *trial) ask(ctx context.Context, o *member) (s standing, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, *burnish, "status", "--json", "-c", t.path(o.name, "burnish.yaml")).Output()
	if len(out) > 0 {
		err = json.Unmarshal(out, &s)
	}
	return s, err
}

func (t *trial) workersSeen(ctx context.Context) int {
	least := 4
	for _, o := range t.owners {
		s, err := t.ask(ctx, o)
		n := 0
		for _, w := range s.Cluster.Workers {
			if w.Takes {
				n++
			}
		}
		if err != nil {
			n = 0
		}
		least = min(least, n)
	}
	return least
}

// figures are those of both owners together.
type figures struct{ Done, Doubled, Stale, Refused, Again, Alone, Here int64 }

func (t *trial) figures(ctx context.Context) (f figures) {
	for _, o := range t.owners {
		s, _ := t.ask(ctx, o) // what is not told counts as nothing
		c := s.Cluster
		f.Done += c.Done
		f.Doubled += c.Dropped["doubled"]
		f.Stale += c.Dropped["stale"]
		f.Refused += c.Dropped["refused"]
		f.Again += c.Again["lost"] + c.Again["dead"] + c.Again["stuck"]
		f.Alone += c.Again["suspect"]
		f.Here += int64(s.Done) - c.Done
	}
	return f
}

// await waits until every photo has its outputs.
func (t *trial) await(ctx context.Context, most time.Duration) error {
	for deadline := time.Now().Add(most); ; time.Sleep(500 * time.Millisecond) {
		missing := 0
		for _, o := range t.owners {
			for _, folder := range []string{"out", "out/t"} {
				there, _ := filepath.Glob(t.path(o.name, folder, "*.jpg"))
				missing += o.dropped - len(there)
			}
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%d outputs are missing after %s", missing, most)
		}
	}
}

// check looks at every output, and for others.
func (t *trial) check() error {
	for _, o := range t.owners {
		files := 0
		err := filepath.WalkDir(t.path(o.name, "out"), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files++
			}
			return err
		})
		if err != nil || files != 2*o.dropped {
			return fmt.Errorf("%s has %d files, want %d: %w", o.name, files, 2*o.dropped, err)
		}
		for i := range o.dropped {
			for folder, side := range map[string]int{"out": 64, "out/t": 16} {
				f, err := os.Open(t.path(o.name, folder, fmt.Sprintf("%04d.jpg", i+1)))
				if err != nil {
					return err
				}
				img, err := jpeg.Decode(f)
				f.Close()
				if err != nil || max(img.Bounds().Dx(), img.Bounds().Dy()) != side {
					return fmt.Errorf("%s: it is not as it should be: %w", f.Name(), err)
				}
			}
		}
	}
	return nil
}

// left is what is left in NATS; "" for nothing.
func (t *trial) left(ctx context.Context) (string, error) {
	var all []string
	names := t.js.StreamNames(ctx)
	for name := range names.Name() {
		if name == "KV_burnish_workers" || name == "OBJ_burnish_parcels" {
			continue
		}
		s, err := t.js.Stream(ctx, name)
		if err != nil {
			return "", err
		}
		info, err := s.Info(ctx)
		if err != nil {
			return "", err
		}
		if info.State.Msgs > 0 {
			all = append(all, fmt.Sprintf("%s: %d messages", name, info.State.Msgs))
		}
	}
	return strings.Join(all, ", "), names.Err()
}
