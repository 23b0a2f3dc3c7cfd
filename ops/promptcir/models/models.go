// Package models carries the networks that ship inside the binary, as ONNX
// files. It knows nothing of what is in them.
package models

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.onnx
var files embed.FS

const suffix = ".onnx"

// Names lists the models, sorted.
func Names() []string {
	paths, err := fs.Glob(files, "*"+suffix)
	if err != nil {
		return nil // only a malformed pattern fails
	}
	for i, p := range paths {
		paths[i] = strings.TrimSuffix(p, suffix)
	}
	return paths
}

// Open returns the ONNX file of the model of that name. The bytes are shared:
// nobody may change them.
func Open(name string) (data []byte, ok bool) {
	data, err := files.ReadFile(name + suffix)
	return data, err == nil
}
