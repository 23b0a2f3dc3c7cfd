package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/cluster/remote"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// workCommand processes photos of daemons on other machines; without --nats it is
// the daemon's own worker process, which the daemon alone starts.
type workCommand struct {
	NATS        []string  `name:"nats" placeholder:"URL" help:"NATS servers, such as nats://queue:4222."`
	Subject     string    `default:"burnish" help:"First part of all subjects, as cluster.subject of the daemons."`
	Credentials string    `placeholder:"FILE" help:"Credentials of a NATS user."`
	TokenFile   string    `placeholder:"FILE" help:"Token of a daemon that runs NATS itself."`
	CA          string    `name:"tls-ca" placeholder:"FILE" help:"Certificates that sign those of the servers."`
	Cert        string    `name:"tls-cert" placeholder:"FILE" help:"Certificate of this client."`
	CertKey     string    `name:"tls-key" placeholder:"FILE" help:"Key of that certificate."`
	Key         string    `placeholder:"FILE" help:"age identity that photos are encrypted with, as cluster.key_file of the daemons."`
	Name        string    `placeholder:"NAME" help:"Name of this worker; default: the host's."`
	Folder      string    `placeholder:"DIR" help:"Folder for models and photos in progress; default: burnish-work in the XDG state folder."`
	Photos      int       `placeholder:"N" default:"0" help:"Photos at a time; default: one for each 4 cores."`
	Device      []string  `placeholder:"DEVICE" help:"Devices that networks run on, as restore.device; default: auto."`
	GPU         bool      `help:"Take photos that ask for a GPU."`
	Memory      diag.Size `placeholder:"SIZE" help:"Memory for work; default: what the machine allows."`
	Sandbox     string    `default:"auto" enum:"auto,off" help:"Confine the processes that photos are processed in: ${enum}."`

	Filter   bool `hidden:"" help:"Filter system calls."`
	Landlock int  `hidden:"" help:"The version of Landlock in force."`
}

// Help is shown by burnish work --help.
func (workCommand) Help() string {
	return `Takes photos from daemons whose configuration has "cluster", processes them and sends the outputs back. It needs no access to their folders. The pipelines and models come from the daemons; photos are processed in a sandboxed process for each pipeline. The release of Burnish must be theirs. On SIGTERM or Ctrl-C it finishes the photos in progress and exits.

Examples:
  burnish work --nats nats://queue:4222 --credentials worker.creds
  burnish work --nats tls://queue:4222 --gpu --photos 4`
}

// Run serves daemons elsewhere, or the one that has started it.
func (c *workCommand) Run(h *host) error {
	if len(c.NATS) == 0 {
		log := func(verbose bool) *slog.Logger {
			loud := *h
			loud.verbose = verbose
			return loud.logger()
		}
		return worker.Serve(worker.Process{Registry: h.registry, Log: log, FilterCalls: c.Filter, Landlock: c.Landlock})
	}
	o, err := c.options(h)
	if err != nil {
		return err
	}
	return remote.Run(h, o)
}

// options are those of the command line, completed.
func (c *workCommand) options(h *host) (o remote.Options, err error) {
	var devices device.List
	if len(c.Device) > 0 {
		if devices, err = device.ParseList(strings.Join(c.Device, ",")); err != nil {
			return o, fmt.Errorf("--device: %w", err)
		}
	}
	if c.Name == "" {
		if c.Name, err = os.Hostname(); err != nil {
			return o, fmt.Errorf("name the worker with --name: %w", err)
		}
		c.Name = strings.Map(func(r rune) rune {
			if cluster.IsToken(string(r)) {
				return r
			}
			return '_'
		}, c.Name)
	}
	if !cluster.IsToken(c.Name) || !cluster.IsToken(c.Subject) {
		return o, fmt.Errorf("--name and --subject must be letters, digits, - and _, 64 at most, got %q and %q", c.Name, c.Subject)
	}
	if c.Folder == "" {
		c.Folder = filepath.Join(filepath.Dir(config.DefaultStateDir()), "burnish-work")
	}
	if c.Folder, err = filepath.Abs(c.Folder); err != nil {
		return o, err
	}
	seal, err := cluster.OpenSeal(c.Key)
	if err != nil {
		return o, fmt.Errorf("--key: %w", err)
	}
	for _, server := range c.NATS {
		if u, err := url.Parse(server); err != nil || u.User != nil { // logs and errors name servers
			return o, errors.New("--nats: must be an address without credentials: name a file with them in --credentials or --token-file")
		}
	}
	link := cluster.Link{Servers: c.NATS, Credentials: c.Credentials, CA: c.CA, Cert: c.Cert, Key: c.CertKey}
	if c.TokenFile != "" {
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return o, err
		}
		link.Token = strings.TrimSpace(string(token))
	}
	if c.Photos <= 0 {
		c.Photos = max(1, runtime.GOMAXPROCS(0)/4)
	}
	if c.Memory <= 0 {
		c.Memory = diag.Size(admission.ThisHost.WorkerMemory(0))
	}
	return remote.Options{
		Link: link, Names: cluster.Names{Subject: c.Subject}, ID: c.Name, Folder: c.Folder, Version: release(), Places: c.Photos,
		Devices: c.Device, GPU: c.GPU || len(devices) > 0 && !devices.CPUOnly() && !devices.IsAuto(), Memory: int64(c.Memory), Sandbox: c.Sandbox, Seal: seal,
		Registry: h.registry, Log: h.logger(),
	}, nil
}
