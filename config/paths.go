package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/watcher"
	"github.com/burnish-photo/burnish/watcher/paths"
	"gopkg.in/yaml.v3"
)

// Paths are the folders and files that the work on photos reads, and those that
// it changes, as far as the configuration names them. Originals are among the
// second where they are to be moved. Of the configuration's own folder, where
// anything may lie, only the files that are named are among the first.
func (c *Config) Paths() (read, write []string) {
	read = append(append(read, c.Restore.Models), c.Worker.Read...)
	read = append(read, c.programs()...)
	for _, p := range c.Restore.Runtime.Providers {
		read = append(read, filepath.Dir(p))
	}
	top, _ := diag.Pairs(diag.Resolve(c.root)) // faults were told of when it was read
	for _, p := range top {
		if p.Key.Value == "pipelines" || p.Key.Value == "fragments" {
			read = append(read, namedPaths(p.Value, c.folder, 0)...)
		}
	}
	write = append(append(write, c.StateDir), c.Worker.Write...)
	for _, w := range c.Watch {
		write = append(write, w.Output, w.OnSuccess.Move, w.OnQuarantine.Move)
		folder := w.Folder
		if w.Links == watcher.FollowLinks {
			folder = string(filepath.Separator) // links lead anywhere
		}
		if !w.OnSuccess.Keeps() || w.OnQuarantine.Move != "" {
			write = append(write, folder)
		} else {
			read = append(read, folder)
		}
	}
	for _, d := range c.Restore.Device {
		for _, value := range d.Options { // such as where engines are kept
			write = append(write, value)
		}
	}
	relative := func(path string) bool { return !filepath.IsAbs(path) }
	return slices.DeleteFunc(read, relative), slices.DeleteFunc(write, relative)
}

// namedPaths are the texts below node that may be paths: absolute ones, files
// below the configuration's folder, and models with what belongs to them.
func namedPaths(node *yaml.Node, folder string, depth int) (paths []string) {
	if node == nil || depth > 100 {
		return nil
	}
	node = diag.Resolve(node)
	if node.Kind != yaml.ScalarNode {
		for _, n := range node.Content {
			paths = append(paths, namedPaths(n, folder, depth+1)...)
		}
		return paths
	}
	path := node.Value
	switch absolute := filepath.IsAbs(path); {
	case path == "":
		return nil
	case filepath.Ext(path) == ".onnx":
		if !absolute {
			path = filepath.Join(folder, path)
		}
		paths = modelPaths(path, folder)
		if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
			paths = append(paths, modelPaths(real, folder)...)
		}
		return paths
	case absolute:
		return []string{filepath.Clean(path)}
	case filepath.IsLocal(path):
		info, err := os.Stat(filepath.Join(folder, path))
		if err != nil || info.IsDir() && !strings.ContainsRune(path, filepath.Separator) { // a name of something else
			return nil
		}
		return []string{filepath.Join(folder, path)}
	}
	return nil
}

// modelPaths are what a model is read from: the folder that it lies in, where
// its other form and its weights may lie beside it. Of a folder that the
// configuration lies in or below they are the files themselves.
func modelPaths(model, folder string) (files []string) {
	dir := filepath.Dir(model)
	if !paths.ResolvedWithin(folder, dir) {
		return []string{dir}
	}
	data, err := os.ReadFile(model)
	if err != nil {
		return []string{model}
	}
	stem := strings.TrimSuffix(filepath.Base(model), ".onnx")
	entries, _ := os.ReadDir(dir) // what cannot be listed has nothing beside it
	for _, e := range entries {
		name := e.Name()
		switch filepath.Ext(name) {
		case ".yaml", ".yml": // but for its manifest
			if name != filepath.Base(model)+".yaml" {
				continue
			}
		}
		if strings.HasPrefix(name, stem) || bytes.Contains(data, []byte(name)) { // weights, by the name that the model has for them
			files = append(files, filepath.Join(dir, name))
		}
	}
	return files
}
