package process

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// systemFolders hold what comes with the system's releases.
var systemFolders = []string{"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/", "/nix/store/", "/gnu/store/"}

// Digests tell what a program's files hold: those of the user's own, and those of
// the system, such as an interpreter, which the system's updates change. Either
// is "" where there are no such files.
func Digests(files []string) (own, system string, err error) {
	ownHash, systemHash := sha256.New(), sha256.New()
	owns, systems := 0, 0
	for _, file := range files {
		real, err := filepath.EvalSymlinks(file)
		if err != nil {
			return "", "", err
		}
		digest, err := digestOf(real)
		if err != nil {
			return "", "", err
		}
		into, count := io.Writer(ownHash), &owns
		if ofSystem(real) {
			into, count = systemHash, &systems
		}
		*count++
		fmt.Fprintf(into, "%s\n", digest)
	}
	if owns > 0 {
		own = hex.EncodeToString(ownHash.Sum(nil))
	}
	if systems > 0 {
		system = hex.EncodeToString(systemHash.Sum(nil))
	}
	return own, system, nil
}

func ofSystem(path string) bool {
	for _, folder := range systemFolders {
		if strings.HasPrefix(path, folder) && !strings.HasPrefix(path, "/usr/local/") {
			return true
		}
	}
	return false
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s must be a regular file", path)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
