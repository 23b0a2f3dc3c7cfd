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
	read = append(append(read, c.Restore.Models), c.Worker.Read...)
	for _, p := range c.Restore.Runtime.Providers {
		read = append(read, filepath.Dir(p))
	}
	top, _ := strict.Pairs(strict.Resolve(c.root)) // faults were told of when it was read
	for _, p := range top {
		if p.Key.Value == "pipelines" || p.Key.Value == "fragments" {
			read = append(read, namedPaths(p.Value, c.folder, 0)...)
		}
	}
	write = append(append(write, c.StateDir), c.Worker.Write...)
	for _, w := range c.Watch {
		write = append(write, w.Output, w.After.Move, w.Failed.Move)
		folder := w.Folder
		if w.Links == watcher.FollowLinks {
			folder = string(filepath.Separator) // links lead anywhere
		}
		if w.After != (After{}) || w.Failed.Move != "" {
			write = append(write, folder)
		} else {
			read = append(read, folder)
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

// namedPaths are the texts below node that may be paths: absolute ones, and
// models below the configuration's folder or beside it.
func namedPaths(node *yaml.Node, folder string, depth int) (paths []string) {
	if node == nil || depth > 100 {
		return nil
	}
	node = strict.Resolve(node)
	if node.Kind == yaml.ScalarNode {
		path := node.Value
		if filepath.Ext(path) == ".onnx" { // its other form and its weights may lie beside it
			if !filepath.IsAbs(path) {
				path = filepath.Join(folder, path)
			}
			paths = []string{filepath.Dir(path)}
			if real, err := filepath.EvalSymlinks(path); err == nil {
				paths = append(paths, filepath.Dir(real))
			}
			return paths
		}
		if filepath.IsAbs(path) {
			return []string{filepath.Clean(path)}
		}
		return nil
	}
	for _, n := range node.Content {
		paths = append(paths, namedPaths(n, folder, depth+1)...)
	}
	return paths
}
