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
	DefaultSettle            = 2 * time.Second
	DefaultIncompleteTimeout = 5 * time.Minute
	DefaultPollInterval      = 5 * time.Second
)

// Events says how far a folder's file system events are relied upon.
type Events string

// What may be relied upon.
const (
	Auto  Events = "auto"  // found out; also the meaning of ""
	Trust Events = "trust" // they arrive, whatever it looks like
	Never Events = "never" // they do not: the folder is polled
)

// Config is one watched folder as a user writes it.
type Config struct {
	Folder string        `yaml:"folder" kind:"path" help:"the folder, with all its subfolders"`              // a relative one is taken from the working directory
	Settle time.Duration `yaml:"settle" help:"how long a file must be quiet before it is taken, such as 2s"` // how long a file must be quiet; 0 means DefaultSettle

	// IncompleteTimeout is how long a quiet file may stay incomplete before it is sent
	// all the same; 0 means DefaultIncompleteTimeout. A file that its file system says
	// nobody has touched for so long is not waited for.
	IncompleteTimeout time.Duration `yaml:"incomplete_timeout" help:"how long a quiet file may stay incomplete before it is taken all the same, such as 5m"`

	// Events is about file system events. With Auto a folder on a file system
	// that others can change unheard (NFS, SMB, FUSE, overlay …) is polled, and
	// so is one where the creation of an empty file, removed at once, is not
	// told of.
	Events       Events        `yaml:"events" help:"whether changes are told by the file system: auto finds out, trust relies on it, never looks through the folder instead" enum:"auto,trust,never"`
	PollInterval time.Duration `yaml:"poll_interval" help:"time between looks through a folder that is polled or missing, such as 30s"` // between looks through a polled or missing folder; 0 means DefaultPollInterval

	// Include and Exclude are globs of paths below the folder, in either case
	// of letters; ** stands for any number of folders, and a pattern without a
	// slash matches at any depth. Where Include has any, only files that match
	// one are taken in. What matches Exclude is not, and such a folder is not
	// entered; "!" and a rule of Ignored takes that rule back.
	Include []string `yaml:"include" help:"globs of which a photo matches one, such as 2024/**/*.jpg; without any, all are taken in"`
	Exclude []string `yaml:"exclude" help:"globs of what is not taken in or entered; !RULE takes back a rule that holds without a word, such as !.*"`

	Depth int   `yaml:"depth" help:"levels of folders, 1 for the folder alone; 0: all"`
	Links Links `yaml:"symlinks" help:"symbolic links below the folder: skip passes them over, inside follows those that stay below it, follow all" enum:"skip,inside,follow"`
}

// DefaultConfig is what a user's keys are decoded over.
func DefaultConfig() Config {
	return Config{Settle: DefaultSettle, IncompleteTimeout: DefaultIncompleteTimeout, Events: Auto, PollInterval: DefaultPollInterval, Links: SkipLinks}
}

// Validate reports every fault of c. Each message begins with the key that is
// at fault. That of the folder as it is now is a [FolderError].
func (c Config) Validate() error {
	var faults []error
	if err := checkFolder(c.Folder); err != nil {
		faults = append(faults, err)
	}
	if c.Settle < 0 {
		faults = append(faults, fmt.Errorf("settle is %s: give a period such as %s", c.Settle, DefaultSettle))
	}
	if c.IncompleteTimeout < 0 {
		faults = append(faults, fmt.Errorf("incomplete_timeout is %s: give a period such as %s", c.IncompleteTimeout, DefaultIncompleteTimeout))
	}
	if c.PollInterval < 0 {
		faults = append(faults, fmt.Errorf("poll_interval is %s: give a period such as %s", c.PollInterval, DefaultPollInterval))
	}
	if c.Depth < 0 {
		faults = append(faults, fmt.Errorf("depth is %d: give 1 for the folder alone, or 0 for all below it", c.Depth))
	}
	switch c.Links {
	case "", SkipLinks, InsideLinks, FollowLinks:
	default:
		faults = append(faults, fmt.Errorf("symlinks is %q: say %s, %s or %s", c.Links, SkipLinks, InsideLinks, FollowLinks))
	}
	if err := c.checkPatterns(); err != nil {
		faults = append(faults, err.(interface{ Unwrap() []error }).Unwrap()...)
	}
	switch c.Events {
	case "", Auto, Trust, Never:
	default:
		faults = append(faults, fmt.Errorf("events is %q: say %s, %s or %s", c.Events, Auto, Trust, Never))
	}
	return errors.Join(faults...)
}

// withDefaults fills in what c leaves open.
func (c Config) withDefaults() Config {
	if c.Settle == 0 {
		c.Settle = DefaultSettle
	}
	if c.IncompleteTimeout == 0 {
		c.IncompleteTimeout = DefaultIncompleteTimeout
	}
	if c.PollInterval == 0 {
		c.PollInterval = DefaultPollInterval
	}
	if c.Events == "" {
		c.Events = Auto
	}
	if c.Links == "" {
		c.Links = SkipLinks
	}
	return c
}

// FolderError is a folder that cannot be watched as things stand.
type FolderError struct {
	Folder string
	Err    error // nil where a file stands in its place
}

func (e *FolderError) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("folder %q is a file: name the folder that it lies in", e.Folder)
	case errors.Is(e.Err, fs.ErrNotExist):
		return fmt.Sprintf("folder %q does not exist: create it or correct the path", e.Folder)
	}
	return fmt.Sprintf("folder %q cannot be watched: %v", e.Folder, e.Err)
}

func (e *FolderError) Unwrap() error { return e.Err }

// onlyMissing reports whether all that is wrong is how folders are now.
func onlyMissing(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // as errors.Join returns it
		for _, e := range joined.Unwrap() {
			if !onlyMissing(e) {
				return false
			}
		}
		return true
	}
	return errors.As(err, new(*FolderError))
}

func checkFolder(folder string) error {
	if folder == "" {
		return errors.New("folder is missing: name the folder to watch")
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return &FolderError{Folder: folder, Err: err}
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
