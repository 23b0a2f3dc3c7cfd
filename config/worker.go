package config

import (
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Worker is the process that the daemon has photos worked on in.
type Worker struct {
	Process      bool          `yaml:"process" help:"false: photos are worked on in the daemon's own process, which a crash then ends"`
	Memory       diag.Size     `yaml:"memory" range:"0|100MB," help:"memory of its own that ends the process when it holds more; 0: nine tenths of what the machine and the cgroup have"`
	StallTimeout time.Duration `yaml:"stall_timeout" range:"1s," help:"time without progress on a photo that ends the process"`
	MaxOpenFiles int           `yaml:"max_open_files" range:"64," help:"files that the process may have open"`
	Sandbox      string        `yaml:"sandbox" help:"auto: the process may use no files but those it needs, where the kernel has Landlock; off: whatever its user may" enum:"auto,off"`
	Read         []string      `yaml:"read" kind:"path" help:"further files and folders that it may read within the sandbox"`
	Write        []string      `yaml:"write" kind:"path" help:"further folders that it may read and write within the sandbox"`
}

func defaultWorker() Worker {
	return Worker{Process: true, StallTimeout: 20 * time.Minute, MaxOpenFiles: 4096, Sandbox: "auto"}
}
