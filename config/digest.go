package config

import (
	"crypto/sha256"
	"fmt"
)

// WatchDigest tells what of the file decides what the photos of the i-th watched
// folder become: where it is the same in another file, they become the same.
func (c *Config) WatchDigest(i int) string {
	var file map[string]any // with aliases and merged keys in place
	if c.root == nil || c.root.Decode(&file) != nil {
		return ""
	}
	limits, _ := file["limits"].(map[string]any)
	for _, key := range []string{"memory", "concurrency", "queue_per_folder", "min_free_space"} {
		delete(limits, key) // how fast, not what
	}
	var watch map[string]any
	if all, ok := file["watch"].([]any); ok && i < len(all) {
		watch, _ = all[i].(map[string]any)
		delete(watch, "priority")
	}
	pipelines, _ := file["pipelines"].(map[string]any)
	parts := []any{c.folder, watch, limits, pipelines[c.Watch[i].Pipeline], file["fragments"], file["restore"]}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", parts)) // which orders maps by their keys
	return fmt.Sprintf("%x", sum[:16])
}
