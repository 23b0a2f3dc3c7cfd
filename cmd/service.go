package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/cmd/unit"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"golang.org/x/sys/unix"
)

// installedService is the service of the package. Its template makes further
// ones, each named after its configuration.
const installedService = "burnish"

// findService is the service that a configuration is to be judged as: the one
// that is named, by its name or by its unit file; without a name the installed
// one, or an instance of its template, where it runs that configuration, else nil.
func findService(name, file string) (*unit.Unit, error) {
	switch {
	case strings.ContainsRune(name, filepath.Separator):
		return unit.Read(name)
	case name != "":
		return unit.Find("/", name)
	}
	instance := installedService + "@" + strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	for _, name := range []string{installedService, instance} {
		u, err := unit.Find("/", name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case u.Runs(file):
			return u, nil
		}
	}
	return nil, nil
}

// service judges what a configuration names as a systemd service would find it.
type service struct {
	unit   *unit.Unit
	user   unit.User
	faults diag.Diagnostics
	remedy remedy
	note   string // on what was not judged
}

// judgeService finds what the service cannot use of what the configuration
// names. The user's rights are judged where this process is root.
func judgeService(u *unit.Unit, c *config.Config) *service {
	s := &service{unit: u}
	s.enter()
	if u.Rooted() {
		return s
	}
	for _, use := range c.Uses() {
		s.judge(use)
	}
	s.judgeNotify(c)
	return s
}

// enter finds whom the service runs as, and what its own unit lacks.
func (s *service) enter() {
	u := s.unit
	if u.Rooted() {
		s.note = "it has a root folder of its own, of which nothing was judged"
		return
	}
	var err error
	switch s.user, err = u.User(); {
	case err != nil:
		s.note = "the rights of its user were not judged: " + err.Error()
	case os.Geteuid() != 0:
		s.note = fmt.Sprintf("the rights of its user %s were not judged: run burnish check as root", s.user.Name)
	}
	for _, missing := range u.Missing() {
		_, path, _ := strings.Cut(missing, "=")
		s.faults = append(s.faults, config.Use{Key: u.Name}.Fault("%s does not exist, so that the service cannot start: create it, or write -%s in the unit", missing, path))
	}
}

func (s *service) judge(use config.Use) {
	info, err := os.Stat(use.Path)
	there := err == nil
	if !there && !use.Write {
		return // which is a fault of another kind
	}
	access, by, from := s.unit.Access(use.Path)
	switch {
	case access == unit.Hidden && strings.HasPrefix(by, "PrivateTmp"):
		s.faults = append(s.faults, use.Fault("%s does not see %q, since it has folders for temporary files of its own (%s): choose another folder", s.unit.Name, use.Path, by))
		return
	case access == unit.Hidden:
		s.faults = append(s.faults, use.Fault("%s does not see %q (%s)", s.unit.Name, use.Path, by))
		s.remedy.show(s.user, use, by, there)
		from = use.Path
	case access == unit.ReadOnly && use.Write:
		s.faults = append(s.faults, use.Fault("%q is read-only to %s (%s)", use.Path, s.unit.Name, by))
		s.remedy.open(s.user, use, there)
	}
	if s.note == "" && from != "" {
		s.judgeRights(use, info, from)
	}
}

// judgeRights asks what the service's user may do, from a folder on.
func (s *service) judgeRights(use config.Use, info fs.FileInfo, from string) {
	verb, mode := "read", uint32(unix.R_OK)
	if info == nil || info.IsDir() {
		mode |= unix.X_OK
	}
	if use.Write {
		verb, mode = "write to", mode|unix.W_OK
	}
	path := use.Path
	for info == nil && path != filepath.Dir(path) { // it is made in what is there
		path = filepath.Dir(path)
		if _, err := os.Stat(path); err == nil {
			break
		}
	}
	if s.unit.Makes(use.Path) && !s.unit.Makes(path) {
		return // it comes with the service's start
	}
	denied, err := s.user.Denied(path, from, mode)
	switch {
	case err != nil:
		s.note = fmt.Sprintf("the rights of its user %s were not judged: %v", s.user.Name, err)
	case len(denied) > 0:
		s.faults = append(s.faults, use.Fault("the user %s of %s may not %s %q%s", s.user.Name, s.unit.Name, verb, use.Path, reason(use.Path, denied)))
		s.remedy.allow(s.user, use, info, denied)
	case use.Key == "folder" && info != nil:
		s.judgePhotos(use, info, from)
	}
}

// reason names what denies a path where that is not the path itself.
func reason(path string, denied []string) string {
	if denied[0] == path {
		return ""
	}
	return fmt.Sprintf(", for want of rights to %q", denied[0])
}

// sampled is how many entries of a watched folder are looked at.
const sampled = 200

// judgePhotos warns where what lies in a watched folder cannot be read.
func (s *service) judgePhotos(use config.Use, info fs.FileInfo, from string) {
	d, err := os.Open(use.Path)
	if err != nil {
		return
	}
	defer d.Close()
	names, _ := d.Readdirnames(sampled) // those that can be listed
	for _, name := range names {
		path, mode := filepath.Join(use.Path, name), uint32(unix.R_OK)
		entry, err := os.Lstat(path)
		if err != nil || !entry.Mode().IsRegular() && !entry.IsDir() {
			continue
		}
		if entry.IsDir() {
			mode |= unix.X_OK
		}
		if denied, err := s.user.Denied(path, from, mode); err == nil && len(denied) > 0 {
			f := use.Fault("the user %s of %s may not read %q, and perhaps others of the folder", s.user.Name, s.unit.Name, path)
			f.Warning = true
			s.faults = append(s.faults, f)
			s.remedy.allow(s.user, use, info, []string{use.Path})
			return
		}
	}
}

// print tells as whom the configuration was judged, and what is to be done.
func (s *service) print(out io.Writer) {
	fmt.Fprintf(out, "judged as %s (%s) with the user %s\n", s.unit.Name, s.unit.File, s.user.Name)
	if s.note != "" {
		fmt.Fprintln(out, "note:", diag.Printable(s.note))
	}
	s.remedy.print(out, s.unit, s.user.Group)
}
