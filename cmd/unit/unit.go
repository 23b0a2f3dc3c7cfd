// Package unit tells what a systemd service lets its process do with files: it
// reads the unit with its drop-ins, knows which paths its namespace hides or
// makes read-only, and asks the kernel what the service's user may do. It knows
// nothing of photos and does not need systemd to run.
package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"
)

// folders are where systemd looks for units of the system, the first one first.
var folders = []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}

// Unit is a service as its unit file and its drop-ins have it.
type Unit struct {
	Name string // such as burnish.service
	File string // the unit file

	options []*unit.UnitOption // of the section Service, in order
}

// Find reads the service of that name, with or without ".service", from the
// system below root; an instance such as burnish@anna is read from its template.
// The error is [fs.ErrNotExist] where there is none.
func Find(root, name string) (*Unit, error) {
	name = strings.TrimSuffix(name, ".service") + ".service"
	files := []string{name}
	if template := templateOf(name); template != "" {
		files = append(files, template)
	}
	var dropIns []string
	for _, folder := range folders {
		for _, below := range append(files, "service") {
			dropIns = append(dropIns, filepath.Join(root, folder, below+".d"))
		}
	}
	for _, base := range files {
		for _, folder := range folders {
			file := filepath.Join(root, folder, base)
			if _, err := os.Stat(file); err == nil {
				return read(name, file, dropIns)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("the service %s is not installed: %w", name, fs.ErrNotExist)
}

// templateOf is the template that an instance is made of, "" for other units.
func templateOf(name string) string {
	prefix, instance, ok := strings.Cut(name, "@")
	if !ok || instance == ".service" {
		return ""
	}
	return prefix + "@.service"
}

// Read reads a unit file and the drop-ins in FILE.d beside it.
func Read(file string) (*Unit, error) {
	return read(filepath.Base(file), file, []string{file + ".d"})
}

func read(name, file string, dropIns []string) (*Unit, error) {
	u := &Unit{Name: name, File: file}
	for _, part := range append([]string{file}, sorted(dropIns)...) {
		if err := u.add(part); err != nil {
			return nil, fmt.Errorf("the unit file %s cannot be read: %w", part, err)
		}
	}
	return u, nil
}

// sorted are the drop-ins of several folders in the order in which they count:
// by name. Of one name only the first folder's counts.
func sorted(folders []string) (files []string) {
	seen := map[string]bool{}
	for _, folder := range folders {
		found, _ := filepath.Glob(filepath.Join(folder, "*.conf")) // the pattern is in order
		for _, file := range found {
			if name := filepath.Base(file); !seen[name] {
				seen[name] = true
				files = append(files, file)
			}
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files
}

func (u *Unit) add(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	options, err := unit.DeserializeOptions(f)
	for _, o := range options {
		if o.Section == "Service" {
			u.options = append(u.options, o)
		}
	}
	return err
}

// value is the last value of a setting, "" where it has none.
func (u *Unit) value(name string) (last string) {
	for _, o := range u.options {
		if o.Name == name {
			last = u.expand(strings.TrimSpace(o.Value))
		}
	}
	return last
}

// words are the values of a setting that is a list; an empty one empties it.
func (u *Unit) words(name string) (words []string) {
	for _, o := range u.options {
		switch {
		case o.Name != name:
		case strings.TrimSpace(o.Value) == "":
			words = nil
		default:
			words = append(words, split(u.expand(o.Value))...)
		}
	}
	return words
}

// on reports whether a setting has one of the values, or, without values, is true.
func (u *Unit) on(name string, values ...string) bool {
	v := strings.ToLower(u.value(name))
	if len(values) == 0 {
		values = []string{"yes", "true", "on", "1", "y", "t"}
	}
	return slices.Contains(values, v)
}

// expand replaces the specifiers that paths of system services are written with.
func (u *Unit) expand(value string) string {
	stem := strings.TrimSuffix(u.Name, ".service")
	prefix, instance, _ := strings.Cut(stem, "@")
	return strings.NewReplacer("%%", "%", "%S", "/var/lib", "%C", "/var/cache", "%L", "/var/log", "%t", "/run", "%E", "/etc",
		"%T", "/tmp", "%V", "/var/tmp", "%h", "/root", "%n", u.Name, "%N", stem, "%p", prefix, "%P", prefix,
		"%i", instance, "%I", strings.ReplaceAll(instance, "-", "/")).Replace(value)
}

// split parts a list into its words, which may stand in quotes.
func split(list string) (words []string) {
	var word strings.Builder
	var quote rune
	begun, escaped := false, false
	for _, r := range list {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			begun, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			begun, quote = true, r
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

// Quote writes a path as a word of a setting.
func Quote(path string) string {
	path = strings.ReplaceAll(path, "%", "%%")
	if strings.ContainsAny(path, " \t\"'\\") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
	}
	return path
}

// Runs reports whether the service's command line names the file.
func (u *Unit) Runs(file string) bool {
	wanted, err := os.Stat(file)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(u.words("ExecStart"), func(word string) bool {
		if _, value, ok := strings.Cut(word, "="); ok {
			word = value
		}
		info, err := os.Stat(word)
		return filepath.IsAbs(word) && err == nil && os.SameFile(wanted, info)
	})
}
