package cmd

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/cmd/unit"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
)

// remedy is what makes folders usable for a service, and for nobody else.
type remedy struct {
	made                          []string // commands that come first: a service does not start without the folders it names
	home                          bool     // home is to be empty but for the folders that are shown
	readWrite, bind, bindReadOnly []string
	rights                        []string // commands
	network                       []string // settings that open it
}

// open lets the service write to a folder.
func (r *remedy) open(u unit.User, use config.Use, there bool) {
	if !there {
		r.create(u, use)
	}
	r.readWrite = with(r.readWrite, use.Path)
}

// show lets the service see a folder that ProtectHome hides, and nothing beside
// it. What else hides one is an administrator's will.
func (r *remedy) show(u unit.User, use config.Use, by string, there bool) {
	if !strings.HasPrefix(by, "ProtectHome=") {
		return
	}
	if !there {
		r.create(u, use)
	}
	r.home = r.home || by != "ProtectHome=tmpfs"
	if use.Write {
		r.bind = with(r.bind, use.Path)
	} else {
		r.bindReadOnly = with(r.bindReadOnly, use.Path)
	}
}

func (r *remedy) create(u unit.User, use config.Use) {
	r.made = with(r.made, fmt.Sprintf("install -d -o %s -g %s %s", u.Name, u.Group, diag.ShellWord(use.Path)))
}

// allow gives the service's user, and nobody else, the rights that lack.
func (r *remedy) allow(u unit.User, use config.Use, info fs.FileInfo, denied []string) {
	access := "r"
	if use.Write {
		access = "rw"
	}
	for i, at := range denied {
		path := diag.ShellWord(at)
		switch {
		case at == use.Path && info != nil && info.IsDir():
			r.rights = with(r.rights, fmt.Sprintf("setfacl -R -m u:%s:%sX,d:u:%s:%sX %s", u.Name, access, u.Name, access, path))
		case at == use.Path:
			r.rights = with(r.rights, fmt.Sprintf("setfacl -m u:%s:%s %s", u.Name, access, path))
		case info == nil && i == len(denied)-1: // what the folder is to be made in
			r.create(u, use)
		default:
			r.rights = with(r.rights, fmt.Sprintf("setfacl -m u:%s:x %s", u.Name, path))
		}
	}
}

// settings are the lines of a drop-in for the unit.
func (r *remedy) settings() (lines []string) {
	if r.home {
		lines = append(lines, "ProtectHome=tmpfs")
	}
	for _, s := range []struct {
		name  string
		paths []string
	}{{"BindPaths", r.bind}, {"BindReadOnlyPaths", r.bindReadOnly}, {"ReadWritePaths", r.readWrite}} {
		if len(s.paths) > 0 {
			words := make([]string, len(s.paths))
			for i, path := range s.paths {
				words[i] = unit.Quote(path)
			}
			lines = append(lines, s.name+"="+strings.Join(words, " "))
		}
	}
	return append(lines, r.network...)
}

// line is all of it in one line, for a root's shell and editor; "" where there
// is nothing that a service's rights or unit would mend.
func (r *remedy) line(u *unit.Unit) string {
	parts := slices.Concat(r.made, r.rights)
	if settings := r.settings(); len(settings) > 0 {
		parts = append(parts, fmt.Sprintf("systemctl edit %s, with the lines [Service] and %s", u.Name, strings.Join(settings, " and ")))
	}
	if len(parts) == 0 {
		return "choose another folder"
	}
	return "run as root: " + strings.Join(append(parts, "systemctl restart "+u.Name), "; ")
}

// print tells all of it as lines for a root's shell and editor.
func (r *remedy) print(out io.Writer, u *unit.Unit, name string) {
	lines := r.settings()
	if len(lines)+len(r.rights)+len(r.made) == 0 {
		return
	}
	say := func(format string, args ...any) {
		fmt.Fprintln(out, "  "+diag.Printable(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintln(out, "\nto give the service access, run as root:")
	for _, command := range slices.Concat(r.made, r.rights) {
		say("%s", command)
	}
	if len(r.rights) > 0 {
		say("# on file systems without access control lists, use chgrp %s and chmod g+rX (g+rwX to write) instead of setfacl", name)
	}
	if len(lines) > 0 {
		say("systemctl edit %s   # and add:", u.Name)
		for _, line := range append([]string{"[Service]"}, lines...) {
			say("    %s", line)
		}
	}
	say("systemctl restart %s", u.Name)
}

// with adds what is not there yet.
func with(list []string, more string) []string {
	if slices.Contains(list, more) {
		return list
	}
	return append(list, more)
}
