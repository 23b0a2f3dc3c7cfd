package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/client"
)

const configuration = `version: 1
state_dir: ./state
listen: ["%s"]
limits: {min_free_space: 0, bytes: 20MB, megapixels: 50}
pipelines:
  web:
    steps: [resize: {width: 600}]
    outputs:
      - {id: full, path: "{stem}.jpg"}
      - {id: small, path: "{stem}-small.webp", thumbnail: {width: 200}}
  immich:
    steps: [promptcir]
    outputs: [{path: "{stem}.{ext}", format: auto}]
faces:
  queue: 4
  kserve: {pipelines: [web]}
  process: {pipelines: [web]}
  imaginary: {enabled: true}
  jobs: {pipelines: [web], secret_file: ./secret, allow_hosts: [127.0.0.2]}
`

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// trial is a daemon and who asks it.
type trial struct {
	folder, address, token string
	log                    *os.File
	daemon                 *exec.Cmd
	client                 *client.ClientWithResponses
	photos                 [][]byte
}

// begin starts a daemon in a folder of its own.
func begin(name string) (*trial, error) {
	folder, err := os.MkdirTemp("", "burnish-faces-"+name+"-")
	if err != nil {
		return nil, err
	}
	t := &trial{folder: folder}
	files, err := filepath.Glob(filepath.Join(*photos, "*.jpg"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no JPEGs in %s: %w", *photos, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		t.photos = append(t.photos, data)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t.address = l.Addr().String()
	err = errors.Join(l.Close(),
		os.WriteFile(filepath.Join(folder, "burnish.yaml"), fmt.Appendf(nil, configuration, t.address), 0o600),
		os.WriteFile(filepath.Join(folder, "secret"), []byte(secret), 0o600),
	)
	if err != nil {
		return nil, err
	}
	if t.log, err = os.Create(filepath.Join(folder, "log")); err != nil {
		return nil, err
	}
	if err := t.start(); err != nil {
		return nil, err
	}
	out, err := exec.Command(*burnish, "token", "create", "trial", "--scope", "submit", "-c", t.file("burnish.yaml")).Output()
	if err != nil {
		return nil, fmt.Errorf("make a token: %w", err)
	}
	t.token = strings.TrimSpace(string(out))
	t.client, err = client.NewClientWithResponses("http://"+t.address, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+t.token)
		return nil
	}))
	return t, err
}

func (t *trial) file(name string) string { return filepath.Join(t.folder, name) }

// start starts the daemon and waits until it answers.
func (t *trial) start() error {
	t.daemon = exec.Command(*burnish, "run", "-c", t.file("burnish.yaml"))
	t.daemon.Stdout, t.daemon.Stderr = t.log, t.log
	if err := t.daemon.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if a, err := http.Get("http://" + t.address + "/livez"); err == nil {
			a.Body.Close()
			return nil
		}
	}
	return errors.New("the daemon does not answer")
}

// kill ends the daemon at once, and its worker with it.
func (t *trial) kill() error {
	err := t.daemon.Process.Kill()
	_ = t.daemon.Wait() // it was killed
	return err
}

// end stops the daemon, which has to end by itself and to leave no photo behind.
func (t *trial) end() error {
	err := t.daemon.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- t.daemon.Wait() }()
	select {
	case failed := <-ended:
		err = errors.Join(err, failed)
	case <-time.After(time.Minute):
		err = errors.Join(err, errors.New("the daemon does not end"), t.daemon.Process.Kill())
	}
	if left, _ := filepath.Glob(t.file("state/requests/*")); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("%d photos of requests are left", len(left)))
	}
	return err
}

// tail is how the log ends.
func (t *trial) tail() string {
	data, err := os.ReadFile(t.file("log"))
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(data, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}

// memory is what the daemon and its worker hold, in MB.
func (t *trial) memory() (total int) {
	pids := []int{t.daemon.Process.Pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[0], pids[0]))
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[0]))
	for _, task := range tasks {
		more, _ := os.ReadFile(task)
		children = append(append(children, ' '), more...)
	}
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	seen := map[int]bool{}
	for _, pid := range pids {
		if seen[pid] {
			continue
		}
		seen[pid] = true
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
				kb, _ := strconv.Atoi(strings.Fields(rest)[0])
				total += kb / 1024
			}
		}
	}
	return total
}
