package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type cacheCommand struct {
	Stat   cacheStatCommand   `cmd:"" help:"Show how much the cache holds."`
	Prune  cachePruneCommand  `cmd:"" help:"Remove what was not used for the longest time."`
	Verify cacheVerifyCommand `cmd:"" help:"Read all files of the cache, and remove those that are damaged."`
}

// Help is shown by burnish cache --help.
func (cacheCommand) Help() string {
	return `With cache: {size: 50GB} in the configuration, what networks computed is kept in the state folder, so that a photo whose later steps or outputs change needs no network again. The cache can be removed at any time; it costs only work.

Examples:
  burnish cache stat -c burnish.yaml
  burnish cache prune --to 10GB
  burnish cache verify`
}

type cacheStatCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by burnish cache stat --help.
func (cacheStatCommand) Help() string {
	return "Example: burnish cache stat --json | jq .bytes"
}

// Run counts the files.
func (c *cacheStatCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	s, err := plugin.StatCache(dir)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Fprintln(h.out, jsonLine(s))
		return nil
	}
	fmt.Fprintf(h.out, "%s in %s\n", holds(s), diag.Printable(plugin.CacheFolder(dir)))
	if s.Files > 0 {
		fmt.Fprintf(h.out, "last used: %s to %s\n", s.Oldest.Local().Format(time.DateTime), s.Newest.Local().Format(time.DateTime))
	}
	return nil
}

// holds says how much it is.
func holds(s plugin.CacheStats) string {
	return fmt.Sprintf("%s, %s", counted(s.Files, "results"), diag.Size(s.Bytes))
}

type cachePruneCommand struct {
	stateOption
	To diag.Size `required:"" placeholder:"SIZE" help:"How much may stay, such as 10GB; 0 removes all."`
}

// Help is shown by burnish cache prune --help.
func (cachePruneCommand) Help() string {
	return `The daemon keeps within cache.size by itself.

Example: burnish cache prune --to 10GB`
}

// Run removes files.
func (c *cachePruneCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	removed, left, err := plugin.PruneCache(dir, int64(c.To))
	fmt.Fprintf(h.err, "%s removed; %s left\n", holds(removed), holds(left))
	return err
}

type cacheVerifyCommand struct{ stateOption }

// Help is shown by burnish cache verify --help.
func (cacheVerifyCommand) Help() string {
	return `Compares each file with its checksum. Damaged files are removed: what they held is computed again when it is needed. The daemon notices damage by itself when it uses a file.

Exit status: 0 if all files are as they were written, 1 if some were damaged.

Example: burnish cache verify -c burnish.yaml`
}

// Run reads all files.
func (c *cacheVerifyCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	damaged := 0
	s, err := plugin.VerifyCache(h, dir, func(path string, err error) {
		damaged++
		fmt.Fprintf(h.out, "removed %s: %v\n", diag.Printable(path), err)
	})
	fmt.Fprintf(h.err, "%s verified, %d damaged\n", holds(s), damaged)
	if err == nil && damaged > 0 {
		err = errFailures
	}
	return errors.Join(err)
}
