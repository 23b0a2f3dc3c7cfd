package config

import (
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Worker is the process that the daemon has photos worked on in.
type Worker struct {
	Process      bool          `yaml:"process" help:"false: process photos in the daemon itself, which a crash then ends"`
	Memory       diag.Size     `yaml:"memory" range:"0|100MB," help:"memory at which the process is ended; 0: nine tenths of what the machine and the cgroup allow"`
	StallTimeout time.Duration `yaml:"stall_timeout" range:"1s," help:"time without progress on a photo after which the process is ended"`
	Idle         time.Duration `yaml:"idle" range:"0|1s," help:"time without work after which a fresh process takes the place of one that has processed photos, which gives its memory back; 0: never"`
	MaxOpenFiles int           `yaml:"max_open_files" range:"64," help:"limit of open files"`
	Sandbox      string        `yaml:"sandbox" help:"auto: confine the process to the files that it needs, where the kernel can; off: do not" enum:"auto,off"`
	Read         []string      `yaml:"read" kind:"path" help:"further files and folders that the process may read"`
	Write        []string      `yaml:"write" kind:"path" help:"further folders that the process may read and write"`
}

func defaultWorker() Worker {
	return Worker{Process: true, StallTimeout: 20 * time.Minute, MaxOpenFiles: 4096, Sandbox: "auto"}
}
