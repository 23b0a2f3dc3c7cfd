package config

import (
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/watcher"
	"gopkg.in/yaml.v3"
)

// Paths are the folders and files that the work on photos reads, and those that
// it changes, as far as the configuration names them. Originals are among the
// second where they are to be moved.
func (c *Config) Paths() (read, write []string) {
	if c.file != builtIn {
		read = append(read, c.folder)
	}
	read = append(read, c.Restore.Models)
	for _, p := range c.Restore.Runtime.Providers {
		read = append(read, filepath.Dir(p))
	}
	top, _ := strict.Pairs(strict.Resolve(c.root)) // faults were told of when it was read
	for _, p := range top {
		if p.Key.Value == "pipelines" || p.Key.Value == "fragments" {
			read = append(read, absolutePaths(p.Value, 0)...)
		}
	}
	write = append(write, c.StateDir)
	for _, w := range c.Watch {
		write = append(write, w.Output, w.After.Move, w.Failed.Move)
		switch {
		case w.After != (After{}) || w.Failed.Move != "":
			write = append(write, w.Folder)
		case w.Links == watcher.FollowLinks:
			read = append(read, string(filepath.Separator)) // links lead anywhere
		default:
			read = append(read, w.Folder)
		}
	}
	if devices, err := device.ParseList(string(c.Restore.Device)); err == nil {
		for _, d := range devices {
			for _, value := range d.Options { // such as where engines are kept
				write = append(write, value)
			}
		}
	}
	relative := func(path string) bool { return !filepath.IsAbs(path) }
	return slices.DeleteFunc(read, relative), slices.DeleteFunc(write, relative)
}

// absolutePaths are the texts below node that may be such paths.
func absolutePaths(node *yaml.Node, depth int) (paths []string) {
	if node == nil || depth > 100 {
		return nil
	}
	node = strict.Resolve(node)
	if node.Kind == yaml.ScalarNode && filepath.IsAbs(node.Value) {
		if filepath.Ext(node.Value) == ".onnx" {
			return []string{filepath.Dir(node.Value)} // its other form and its weights may lie beside it
		}
		return []string{filepath.Clean(node.Value)}
	}
	for _, n := range node.Content {
		paths = append(paths, absolutePaths(n, depth+1)...)
	}
	return paths
}
