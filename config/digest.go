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
	for _, key := range []string{"memory", "concurrency", "queue_per_folder", "min_free_space", "share", "load_below", "on_battery"} {
		delete(limits, key) // how fast, not what
	}
	var watch map[string]any
	if all, ok := file["watch"].([]any); ok && i < len(all) {
		watch, _ = all[i].(map[string]any)
		for _, key := range []string{"priority", "order", "quiet_hours", "load_below"} {
			delete(watch, key) // when, not what
		}
	}
	pipelines, _ := file["pipelines"].(map[string]any)
	parts := []any{c.folder, watch, limits, pipelines[c.Watch[i].Pipeline], file["fragments"], file["restore"], file["operators"]}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", parts)) // which orders maps by their keys
	return fmt.Sprintf("%x", sum[:16])
}

// SurroundingsDigest tells what of the file the process that works on photos is
// started with, beside the paths of [Config.Paths]: where both are the same in
// another file, the process may go on with that one's pipelines.
func (c *Config) SurroundingsDigest() string {
	file := c.workerKeys()
	if file == nil {
		return ""
	}
	delete(file, "pipelines")
	delete(file, "fragments")
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", []any{c.folder, file, c.Spelled()}))
	return fmt.Sprintf("%x", sum[:16])
}

// WorkerDigest tells what of the file the process that works on photos knows:
// where it is the same in another file, that process may stay. What it is told
// with each photo, and what the daemon alone minds, is not in it.
func (c *Config) WorkerDigest() string {
	file := c.workerKeys()
	if file == nil {
		return ""
	}
	parts := []any{c.folder, file, c.Engine().Routes, c.Spelled()}
	for _, w := range c.Watch {
		parts = append(parts, w.Links, w.OnSuccess.Keeps())
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", parts))
	return fmt.Sprintf("%x", sum[:16])
}

// workerKeys are those of the file, without what the daemon alone minds and but for
// the watched folders; nil: it cannot be read.
func (c *Config) workerKeys() map[string]any {
	var file map[string]any
	if c.root == nil || c.root.Decode(&file) != nil {
		return nil
	}
	for _, key := range []string{"listen", "http", "notify", "quiet_hours", "scrub", "faces"} {
		delete(file, key)
	}
	if limits, ok := file["limits"].(map[string]any); ok {
		delete(limits, "queue_per_folder")
		delete(limits, "min_free_space")
		delete(limits, "load_below")
		delete(limits, "on_battery")
	}
	delete(file, "watch")
	return file
}
