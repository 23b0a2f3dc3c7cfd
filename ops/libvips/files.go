package libvips

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/burnish-photo/burnish/ops"
)

// fileKinds are the arguments that name a file which a step may use, and what
// the file is.
var fileKinds = map[string]string{
	"input_profile":  "an ICC profile",
	"output_profile": "an ICC profile",
	"import_profile": "an ICC profile",
	"export_profile": "an ICC profile",
	"fontfile":       "a font file",
}

// profiles are built into libvips and need no file.
var profiles = []string{"srgb", "p3", "cmyk"}

// resolve finds the profiles and fonts: paths by argument, built-in profiles
// by their name.
func (c *Config) resolve(env ops.Env) (map[string]string, error) {
	paths := map[string]string{}
	var errs []error
	for _, a := range c.is.args {
		name, given := c.files[a.Name]
		if !given {
			continue
		}
		if strings.HasSuffix(a.Name, "profile") && slices.Contains(profiles, name) {
			paths[a.Name] = name
			continue
		}
		path, err := Below(env.Folder, name)
		if err != nil {
			errs = append(errs, ops.Invalid(a.Name, "%s: %v", fileKinds[a.Name], err))
			continue
		}
		paths[a.Name] = path
	}
	return paths, errors.Join(errs...)
}

// Resources are the files that the arguments name.
func (c *Config) Resources() (all []string) {
	for _, name := range c.files {
		if !slices.Contains(profiles, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Below is the path of the regular file that name, relative, stands for below
// folder. A way out of the folder, by dots or by links, is an error.
func Below(folder, name string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%q does not lie below the configuration's folder: put the file there and name it by a relative path", name)
	}
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(filepath.Join(root, name))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no file %q in %s", name, folder)
	}
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(root, path); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%q leads out of %s; put the file itself there", name, folder)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%q is no file", name)
	}
	return path, nil
}

// contents is a digest of the files, "" where there are none.
func contents(paths map[string]string) (string, error) {
	var names []string
	for name, path := range paths {
		if !slices.Contains(profiles, path) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	sort.Strings(names)
	digest := sha256.New()
	for _, name := range names {
		data, err := os.ReadFile(paths[name])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(digest, "%s %x\n", name, sha256.Sum256(data))
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
