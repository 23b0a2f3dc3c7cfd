package watcher

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
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
	Folder string        `yaml:"folder" kind:"path" help:"folder to watch, with all its subfolders"`            // a relative one is taken from the working directory
	Settle time.Duration `yaml:"settle" range:"0s," help:"quiet period before a file is processed, such as 2s"` // how long a file must be quiet; 0 means DefaultSettle

	// IncompleteTimeout is how long a quiet file may stay incomplete before it is sent
	// all the same; 0 means DefaultIncompleteTimeout. A file that its file system says
	// nobody has touched for so long is not waited for.
	IncompleteTimeout time.Duration `yaml:"incomplete_timeout" range:"0s," help:"how long a quiet file may lack its end before it is reported as damaged, such as 5m"`

	// Events is about file system events. With Auto a folder on a file system
	// that others can change unheard (NFS, SMB, FUSE, overlay …) is polled, and
	// so is one where the creation of an empty file, removed at once, is not
	// told of.
	Events       Events        `yaml:"events" help:"auto: poll if file system events do not arrive; trust: rely on events; never: always poll" enum:"auto,trust,never,"`
	PollInterval time.Duration `yaml:"poll_interval" range:"0s," help:"time between scans of a polled or missing folder, such as 30s"` // between looks through a polled or missing folder; 0 means DefaultPollInterval

	// Include and Exclude are globs of paths below the folder, in either case
	// of letters; ** stands for any number of folders, and a pattern without a
	// slash matches at any depth. Where Include has any, only files that match
	// one are taken in. What matches Exclude is not, and such a folder is not
	// entered; "!" and a built-in rule takes that rule back.
	Include []string `yaml:"include" help:"globs; only matching files are processed, such as 2024/**/*.jpg; default: all"`
	Exclude []string `yaml:"exclude" help:"globs; matching files and folders are ignored; !RULE lifts a default rule, such as !.*"`

	// Order is that of the files which have settled and wait to be sent.
	Order Order `yaml:"order" enum:"arrival,newest,oldest,path," help:"which of the photos that wait comes first: arrival, newest, oldest (by time of change) or path"`

	Depth int   `yaml:"depth" range:"0," help:"levels of folders; 1: the folder alone; 0: all"`
	Links Links `yaml:"symlinks" help:"symbolic links below the folder: skip ignores them, inside follows those that stay below it, follow follows all" enum:"skip,inside,follow,"`
}

// DefaultConfig holds the defaults of all that has one.
func DefaultConfig() (c Config) {
	c.SetDefaults()
	return c
}

// SetDefaults fills in what c leaves open.
func (c *Config) SetDefaults() {
	c.Settle = cmp.Or(c.Settle, DefaultSettle)
	c.IncompleteTimeout = cmp.Or(c.IncompleteTimeout, DefaultIncompleteTimeout)
	c.PollInterval = cmp.Or(c.PollInterval, DefaultPollInterval)
	c.Events = cmp.Or(c.Events, Auto)
	c.Links = cmp.Or(c.Links, SkipLinks)
}

// Validate reports what the tags do not say: a folder that cannot be watched as
// it is now, which is a [FolderError], and patterns that are none. Every error
// is a [diag.FieldError].
func (c Config) Validate() error {
	return errors.Join(checkFolder(c.Folder), c.checkPatterns())
}

// FolderError is a folder that cannot be watched as things stand.
type FolderError struct {
	Folder string
	Err    error // nil where a file stands in its place
}

func (e *FolderError) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("%q is a file: name the folder that it lies in", e.Folder)
	case errors.Is(e.Err, fs.ErrNotExist):
		return fmt.Sprintf("%q does not exist: create it or correct the path", e.Folder)
	}
	return fmt.Sprintf("%q cannot be watched: %v", e.Folder, e.Err)
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
		return diag.Invalid("folder", "must be the folder to watch, got nothing")
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return diag.InvalidOnHost("folder", &FolderError{Folder: folder, Err: err})
	}
	return nil
}
