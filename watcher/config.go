package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Periods of a folder that names none.
const (
	DefaultSettle   = 2 * time.Second
	DefaultPatience = 5 * time.Minute
)

// Config is one watched folder as a user writes it.
type Config struct {
	Folder string        `yaml:"folder"` // a relative one is taken from the working directory
	Settle time.Duration `yaml:"settle"` // how long a file must be quiet; 0 means DefaultSettle

	// Patience is how long a quiet file may stay incomplete before it is sent
	// all the same; 0 means DefaultPatience. A file that its file system says
	// nobody has touched for so long is not waited for.
	Patience time.Duration `yaml:"patience"`
}

// DefaultConfig is what a user's keys are decoded over.
func DefaultConfig() Config {
	return Config{Settle: DefaultSettle, Patience: DefaultPatience}
}

// Validate reports every fault of c. Each message begins with the key that is
// at fault.
func (c Config) Validate() error {
	var faults []error
	if err := checkFolder(c.Folder); err != nil {
		faults = append(faults, err)
	}
	if c.Settle < 0 {
		faults = append(faults, fmt.Errorf("settle is %s: give a period such as %s", c.Settle, DefaultSettle))
	}
	if c.Patience < 0 {
		faults = append(faults, fmt.Errorf("patience is %s: give a period such as %s", c.Patience, DefaultPatience))
	}
	return errors.Join(faults...)
}

func (c Config) settle() time.Duration {
	if c.Settle == 0 {
		return DefaultSettle
	}
	return c.Settle
}

func (c Config) patience() time.Duration {
	if c.Patience == 0 {
		return DefaultPatience
	}
	return c.Patience
}

func checkFolder(folder string) error {
	if folder == "" {
		return errors.New("folder is missing: name the folder to watch")
	}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q does not exist: create it or correct the path", folder)
	case err != nil:
		return fmt.Errorf("folder %q cannot be watched: %w", folder, err)
	case !info.IsDir():
		return fmt.Errorf("folder %q is a file: name the folder that it lies in", folder)
	}
	return nil
}

// within reports whether path is folder or lies below it. Both are clean and
// absolute.
func within(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator)))
	return ok && (rest == "" || rest[0] == filepath.Separator)
}

// resolve follows the links in as much of an absolute path as exists.
func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolve(parent), filepath.Base(path))
}
