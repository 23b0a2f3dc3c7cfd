package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Cluster is where photos are worked on by other machines. Without servers it is
// off.
type Cluster struct {
	NATS        []string      `yaml:"nats" help:"NATS servers with JetStream, such as nats://queue:4222 or tls://queue:4222; none: photos are processed on this machine"`
	Mode        string        `yaml:"mode" enum:"remote,both,local" help:"remote: workers process photos; both: this machine, too; local: this machine alone"`
	Credentials string        `yaml:"credentials" kind:"path" help:"file with the credentials of a NATS user"`
	TLS         ClusterTLS    `yaml:"tls" help:"certificates for connections to NATS"`
	KeyFile     string        `yaml:"key_file" kind:"path" help:"file with an age identity; photos and outputs are encrypted with it, and workers need the same file"`
	Subject     string        `yaml:"subject" help:"first part of all subjects, streams and buckets; owners and workers of one cluster share it"`
	Name        string        `yaml:"name" help:"name of this owner as others see it; default: the host's"`
	GPU         bool          `yaml:"gpu" help:"true: only workers with a GPU take the photos"`
	Memory      diag.Size     `yaml:"memory" range:"0|100MB," help:"memory that a worker must have; 0: any"`
	Weight      int           `yaml:"weight" range:"1,1000" help:"share of the workers beside other owners"`
	Jobs        int           `yaml:"jobs" range:"1,10000" help:"photos that are with the cluster at a time"`
	Bytes       diag.Size     `yaml:"bytes" range:"10MB," help:"bytes of photos that are with the cluster at a time"`
	Store       diag.Size     `yaml:"store" range:"0|10MB," help:"bytes that the owner's bucket may hold, outputs included; 0: four times bytes"`
	Fallback    time.Duration `yaml:"fallback" range:"0|5s," help:"time without a worker after which photos are processed on this machine; 0: never"`
	Sweep       time.Duration `yaml:"sweep" range:"10s," help:"age from which objects are removed that no photo needs"`
	Deliveries  int           `yaml:"deliveries" range:"3,100" help:"times that a photo is given to workers before it counts as failed"`
	Replicas    int           `yaml:"replicas" range:"1,5" help:"NATS servers that keep a copy of streams and buckets"`
}

// ClusterTLS are certificates.
type ClusterTLS struct {
	CA   string `yaml:"ca" kind:"path" help:"file with the certificates that sign the servers' own; default: the system's"`
	Cert string `yaml:"cert" kind:"path" help:"file with the certificate of this client"`
	Key  string `yaml:"key" kind:"path" help:"file with its key"`
}

// Modes of a cluster.
const (
	ClusterLocal  = "local"
	ClusterRemote = "remote"
	ClusterBoth   = "both"
)

func defaultCluster() Cluster {
	return Cluster{Mode: ClusterRemote, Subject: "burnish", Weight: 1, Jobs: 64, Bytes: 2_000_000_000, Fallback: time.Minute, Sweep: time.Hour, Deliveries: 5, Replicas: 1}
}

// On reports whether photos go to workers.
func (c Cluster) On() bool { return len(c.NATS) > 0 && c.Mode != ClusterLocal }

var subjectForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Validate judges the servers and names.
func (c Cluster) Validate() error {
	var errs []error
	for i, server := range c.NATS {
		u, err := url.Parse(server)
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			errs = append(errs, diag.Invalid(fmt.Sprintf("nats.%d", i), "must be an address such as nats://queue:4222, got %q", server))
		} else if u.User != nil {
			errs = append(errs, diag.InvalidHint(fmt.Sprintf("nats.%d", i), "name a file with them in cluster.credentials", "must be without credentials"))
		}
	}
	if !subjectForm.MatchString(c.Subject) {
		errs = append(errs, diag.Invalid("subject", "must be letters, digits, - and _, 32 at most, got %q", c.Subject))
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, diag.Invalid("tls", "must have both cert and key, or neither"))
	}
	return errors.Join(errs...)
}

// paths are the files that it names.
func (c *Cluster) paths() []*string {
	return []*string{&c.Credentials, &c.KeyFile, &c.TLS.CA, &c.TLS.Cert, &c.TLS.Key}
}
