package cmd

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/cluster/embedded"
	"github.com/burnish-photo/burnish/cmd/cluster/owner"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
)

// clusterCommand are the commands about a cluster.
type clusterCommand struct {
	Status clusterStatusCommand `cmd:"" help:"Show the workers, the queue and what is with them."`
}

// Help is shown by burnish cluster --help.
func (clusterCommand) Help() string {
	return "A daemon with \"cluster\" in its configuration has photos processed by other machines, which run burnish work.\n\nExample: burnish cluster status -c burnish.yaml"
}

type clusterStatusCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by burnish cluster status --help.
func (clusterStatusCommand) Help() string {
	return "Exit status: 0 if NATS answers and workers take the photos; otherwise 1.\n\nExamples:\n  burnish cluster status -c burnish.yaml\n  burnish cluster status --json | jq .workers"
}

// Run prints how the cluster stands.
func (c *clusterStatusCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	daemon := api.Dial(dir)
	defer daemon.Close()
	now, err := api.Status.Call(h, daemon, api.None{})
	if err != nil {
		return err
	}
	if now.DaemonStatus == nil || now.Cluster == nil {
		return errors.New("the daemon hands photos to no cluster: set \"cluster\" in its configuration")
	}
	if c.JSON {
		err = printLine(h.out, now.Cluster)
	} else {
		printCluster(h.out, now.Cluster)
	}
	if err == nil && (!now.Cluster.Connected || now.Cluster.Here != "") {
		return errFailures
	}
	return err
}

// printCluster prints a cluster for people.
func printCluster(out io.Writer, s *api.ClusterStatus) {
	connection := "NATS answers"
	if !s.Connected {
		connection = "NATS does not answer"
	}
	fmt.Fprintf(out, "owner %s, %s, mode %s\n", s.Owner, connection, s.Mode)
	if s.Here != "" {
		fmt.Fprintf(out, "photos are processed here for now: %s\n", s.Here)
	}
	fmt.Fprintf(out, "%s with the cluster (%s), %d of them in the queue", counted(s.Out, "photos"), diag.Size(s.Bytes), s.Waiting)
	if !s.Oldest.IsZero() {
		fmt.Fprintf(out, ", the oldest for %s", time.Since(s.Oldest).Round(time.Second))
	}
	fmt.Fprintf(out, "\nsince the start: %s done by workers, %d failed, %s sent, %s received\n", counted(int(s.Done), "photos"), s.Failed, diag.Size(s.Sent), diag.Size(s.Received))
	fmt.Fprintf(out, "results dropped: %d doubled, %d stale, %d refused; put in again: %d lost, %d alone, %d given up, %d stuck queues\n",
		s.Dropped["doubled"], s.Dropped["stale"], s.Dropped["refused"], s.Again["lost"], s.Again["suspect"], s.Again["dead"], s.Again["stuck"])
	if len(s.Workers) == 0 {
		fmt.Fprintln(out, "no worker answers")
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORKER\tBUSY\tDONE\tFAILED\tA MINUTE\tDEVICES")
	for _, w := range s.Workers {
		about := strings.Join(w.Devices, "; ")
		if !w.Takes {
			about = "takes no photos: " + cmp.Or(w.Refuses, "it lacks what cluster.gpu or cluster.memory asks for, or is of another release: "+w.Version)
		}
		fmt.Fprintf(table, "%s\t%d of %d\t%d\t%d\t%.0f\t%s\n", diag.Printable(w.ID), w.Busy, w.Places, w.Done, w.Failed, w.Rate, diag.Printable(about))
	}
	table.Flush()
}

// clusterFlag is --cluster, or --cluster=HOST:PORT.
type clusterFlag struct{ address string }

// defaultNATS is where an embedded server listens.
const defaultNATS = "127.0.0.1:4222"

// IsBool lets the flag stand without a value.
func (clusterFlag) IsBool() bool { return true }

// Decode reads the value, if there is one.
func (f *clusterFlag) Decode(ctx *kong.DecodeContext) error {
	f.address = defaultNATS
	if t := ctx.Scan.Peek(); t.Type == kong.FlagValueToken {
		ctx.Scan.Pop()
		if text, ok := t.Value.(string); ok {
			f.address = text
		}
	}
	return nil
}

// embed starts a NATS server, where --cluster asks for one, until close. token is
// what clients have to bring.
func (f *clusterFlag) embed(stateDir string, log *slog.Logger) (token string, shut func(), err error) {
	if f.address == "" {
		return "", func() {}, nil
	}
	folder := filepath.Join(stateDir, "cluster")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, err
	}
	file := filepath.Join(folder, "token")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		data = []byte(rand.Text() + "\n")
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		return "", nil, err
	}
	if token = strings.TrimSpace(string(data)); token == "" {
		return "", nil, fmt.Errorf("%s is empty, and the NATS server would be open to everybody: remove it, and another token is made", file)
	}
	s, err := embedded.Start(embedded.Options{Address: f.address, Folder: filepath.Join(folder, "nats"), Token: token, Log: log})
	if err != nil {
		return "", nil, err
	}
	log.Info("NATS runs in this daemon", "address", f.address, "token_file", file)
	return token, func() { _ = s.Close() }, nil
}

// clustered has the photos of a worker processed by a cluster.
type clustered struct {
	workers
	options owner.Options
}

// Open opens a worker, and what it needs of the cluster.
func (c clustered) Open(ctx context.Context) (app.Worker, error) {
	local, err := c.workers.Open(ctx)
	if err != nil {
		return nil, err
	}
	w, err := owner.Open(ctx, local, c.options)
	if err != nil {
		return nil, errors.Join(err, local.Close())
	}
	return w, nil
}

// Renew is of no worker: one that has photos out gives them up, and another takes
// its place.
func (clustered) Renew(context.Context, app.Worker) (app.Renewal, error) { return nil, nil }

// withCluster are workers that hand photos out, where a configuration says so.
func withCluster(h *host, c *config.Config, w workers, embedded *clusterFlag, token string) (app.Workers, error) {
	k := c.Cluster
	if embedded.address != "" && len(k.NATS) == 0 {
		k.NATS = []string{"nats://" + embedded.address}
	}
	if !k.On() {
		return w, nil
	}
	seal, err := cluster.OpenSeal(k.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("cluster.key_file: %w", err)
	}
	name := k.Name
	if name == "" {
		if name, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("set cluster.name: %w", err)
		}
	}
	store := int64(k.Store)
	if store == 0 {
		store = 4 * int64(k.Bytes)
	}
	return clustered{w, owner.Options{
		Link:  cluster.Link{Servers: k.NATS, Credentials: k.Credentials, Token: token, CA: k.TLS.CA, Cert: k.TLS.Cert, Key: k.TLS.Key, Replicas: k.Replicas},
		Names: cluster.Names{Subject: k.Subject}, Name: name, StateDir: c.StateDir, Version: release(), Mode: k.Mode,
		Class: cluster.Class{GPU: k.GPU, Memory: int64(k.Memory)}, Weight: k.Weight, Jobs: k.Jobs, Bytes: int64(k.Bytes), Store: store,
		Fallback: k.Fallback, Sweep: k.Sweep, Deliver: k.Deliveries, Seal: seal, Stopping: h, Log: w.options.Log,
		Parcel: func(pipeline string) (cluster.Parcel, map[string]string, error) {
			return parcelOf(c, pipeline, h.registry)
		},
	}}, nil
}

// parcelOf is what workers compile a pipeline from.
func parcelOf(c *config.Config, pipeline string, reg *ops.Registry) (p cluster.Parcel, files map[string]string, err error) {
	text, models, err := c.Parcel(pipeline, reg)
	if err != nil {
		return p, nil, err
	}
	p.Text, files = string(text), map[string]string{}
	for _, file := range models {
		m, err := cluster.ModelOf(file)
		if err != nil {
			return p, nil, err
		}
		p.Models, files[m.Name] = append(p.Models, m), file
	}
	return p, files, nil
}
