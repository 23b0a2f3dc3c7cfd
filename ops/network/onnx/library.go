package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// LibraryEnv is the environment variable that names the runtime library.
const LibraryEnv = "BURNISH_ONNXRUNTIME"

const remedy = "install Burnish's package, or name the library of an ONNX Runtime 1.%d or later in restore.runtime.library or $" + LibraryEnv

// candidate is one place where the library may lie.
type candidate struct {
	path  string
	named bool // somebody asked for exactly this: take no other
}

// libraryNames are what the library is called, best first.
func libraryNames() []string {
	if runtime.GOOS == "darwin" {
		return []string{"libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

// searchPath lists where [Start] looks for the library, in order: what the caller
// named or the environment names and nothing else; otherwise lib beside the
// executable, ../lib/burnish of it, and the system's loader.
func searchPath(lib string) []candidate {
	for _, named := range []string{lib, os.Getenv(LibraryEnv)} {
		if named == "" {
			continue
		}
		if abs, err := filepath.Abs(named); err == nil {
			named = abs
		}
		return []candidate{{named, true}}
	}
	var all []candidate
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		for _, dir := range []string{"lib", filepath.Join("..", "lib", "burnish")} {
			for _, name := range libraryNames() {
				all = append(all, candidate{filepath.Join(filepath.Dir(exe), dir, name), false})
			}
		}
	}
	for _, name := range libraryNames() {
		all = append(all, candidate{name, false})
	}
	return all
}

// Places are the files, by absolute paths, where [Start] looks for the library.
func Places(lib string) (all []string) {
	for _, c := range searchPath(lib) {
		if filepath.IsAbs(c.path) {
			all = append(all, c.path)
		}
	}
	return all
}

// find loads the first library that serves. The error names every place tried.
func find(lib string) (*native, error) {
	var tried []string
	for _, p := range searchPath(lib) {
		n, err := try(p)
		if err == nil {
			return n, nil
		}
		tried = append(tried, fmt.Sprintf("%s: %v", p.path, err))
	}
	return nil, fmt.Errorf("onnx runtime library not found:\n\t%s\n"+remedy, strings.Join(tried, "\n\t"), apiVersion)
}

func try(p candidate) (*native, error) {
	if filepath.IsAbs(p.path) {
		if _, err := os.Stat(p.path); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("no such file")
		}
	}
	n, err := loadNative(p.path)
	if err != nil {
		return nil, err
	}
	if !recent(n.version) {
		defer n.unload()
		return nil, fmt.Errorf("ONNX Runtime %s is too old, 1.%d is needed", n.version, apiVersion)
	}
	return n, nil
}

// recent reports whether a library of this version has our API. Asking the
// library itself would make it write to standard error.
func recent(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (major > 1 || major == 1 && minor >= apiVersion)
}
