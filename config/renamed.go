package config

import (
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// renamed are keys that have another name now, by where they stood: * is any
// entry of a list or a mapping.
var renamed = []struct{ was, now string }{
	{"quiet", "quiet_hours"},
	{"watch.*.patience", "incomplete_timeout"},
	{"watch.*.poll", "poll_interval"},
	{"watch.*.allow", "allow_formats"},
	{"watch.*.after", "on_success"},
	{"watch.*.failed", "on_quarantine"},
	{"restore.require", "require_device"},
	{"limits.photos", "concurrency"},
	{"limits.queue", "queue_per_folder"},
	{"limits.free", "min_free_space"},
	{"ledger.keep", "retention"},
	{"worker.stall", "stall_timeout"},
	{"worker.files", "max_open_files"},
	{"pipelines.*.steps.*.promptcir.quality", "preset"},
	{"pipelines.*.steps.*.promptcir.skip_above", "skip_jpeg_above"},
	{"fragments.*.steps.*.promptcir.quality", "preset"},
	{"fragments.*.steps.*.promptcir.skip_above", "skip_jpeg_above"},
}

// rename is a fault for every key of the file that has another name now. Such a
// key is taken for the new one from here on, in root as well, so that what is
// wrong below it is found at the same time.
func rename(root *yaml.Node) (faults diag.Diagnostics) {
	for _, r := range renamed {
		path := strings.Split(r.was, ".")
		was := path[len(path)-1]
		for _, mapping := range matching(root, path[:len(path)-1]) {
			pairs, _ := diag.Pairs(mapping) // told of when they are decoded
			keys := map[string]*yaml.Node{}
			for _, p := range pairs {
				keys[p.Key.Value] = p.Key
			}
			if key := keys[was]; key != nil && keys[r.now] == nil {
				faults = append(faults, diag.At(key, "unknown key %q: it is %q now", was, r.now))
				key.Value = r.now
			}
		}
	}
	return faults
}

// matching are the mappings that path leads to.
func matching(node *yaml.Node, path []string) (all []*yaml.Node) {
	node = diag.Resolve(node)
	if len(path) == 0 || len(path) == 1 && path[0] == "" {
		if node.Kind == yaml.MappingNode {
			all = append(all, node)
		}
		return all
	}
	if node.Kind == yaml.SequenceNode && path[0] == "*" {
		for _, n := range node.Content {
			all = append(all, matching(n, path[1:])...)
		}
		return all
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	pairs, _ := diag.Pairs(node)
	for _, p := range pairs {
		if path[0] == "*" || p.Key.Value == path[0] {
			all = append(all, matching(p.Value, path[1:])...)
		}
	}
	return all
}
