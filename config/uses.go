package config

import (
	"path/filepath"
	"slices"
	"strconv"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Use is a file or folder that the daemon uses, and where the file names it.
type Use struct {
	Key   string // such as output
	Path  string
	Write bool // it is made, and made into, where it is not there
	node  *yaml.Node
}

// Uses are what the daemon reads and writes, as far as the configuration names
// it. A state folder that the environment names is not among it, since it is
// another one for another user.
func (c *Config) Uses() (all []Use) {
	known := []string{}
	add := func(path string, write bool, keys ...string) {
		if path == "" {
			return
		}
		known = append(known, path)
		all = append(all, Use{Key: keys[len(keys)-1], Path: path, Write: write, node: diag.Find(c.root, keys...)})
	}
	if file, err := filepath.Abs(c.file); err == nil {
		all = append(all, Use{Key: "the configuration", Path: file})
	}
	if top := diag.Resolve(c.root); diag.Find(c.root, "state_dir") != top && c.root != nil {
		add(c.StateDir, true, "state_dir")
	}
	known = append(known, c.StateDir)
	for i, w := range c.Notify.Webhooks {
		add(w.URLFile, false, "notify", "webhooks", strconv.Itoa(i), "url_file")
		add(w.SecretFile, false, "notify", "webhooks", strconv.Itoa(i), "secret_file")
	}
	for i, w := range c.Watch {
		at := strconv.Itoa(i)
		add(w.Folder, !w.OnSuccess.Keeps() || w.OnQuarantine.Move != "", "watch", at, "folder")
		add(w.Output, true, "watch", at, "output")
		add(w.OnSuccess.Move, true, "watch", at, "on_success", "move")
		add(w.OnQuarantine.Move, true, "watch", at, "on_quarantine", "move")
	}
	read, write := c.Paths()
	for i, paths := range [][]string{read, write} {
		for _, path := range paths {
			if path != string(filepath.Separator) && !slices.Contains(known, path) {
				known = append(known, path)
				all = append(all, Use{Key: "the configuration", Path: path, Write: i == 1})
			}
		}
	}
	return all
}

// Fault is one at the place where the file names what is used. It is this
// machine's.
func (u Use) Fault(format string, args ...any) diag.Diagnostic {
	f := diag.At(u.node, u.Key+": "+format, args...)
	f.HostOnly = true
	return f
}
