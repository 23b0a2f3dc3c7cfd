package unit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/watcher/paths"
)

// Access is what a service's namespace leaves of a path, whoever its user is.
type Access int

// From all to nothing.
const (
	Writable Access = iota
	ReadOnly
	Hidden // the path is empty, inaccessible or another one to the service
)

// rule is one setting's word on a path and what lies below it.
type rule struct {
	path   string
	access Access
	by     string // the setting
	sealed bool   // nothing below can be opened again
	bound  bool   // a mount of its own, which is seen through what hides the path
	moved  bool   // of another path
}

// home and temporary are what ProtectHome and PrivateTmp hide.
var (
	home      = []string{"/home", "/root", "/run/user"}
	temporary = []string{"/tmp", "/var/tmp"}
)

// rules are in the order in which they count where they speak of the same path.
func (u *Unit) rules() (all []rule) {
	add := func(by string, access Access, paths ...string) {
		for _, path := range paths {
			all = append(all, rule{path: path, access: access, by: by})
		}
	}
	strict := "ProtectSystem=" + u.value("ProtectSystem")
	switch {
	case u.on("ProtectSystem", "strict"):
		add(strict, ReadOnly, "/")
		add(strict, Writable, "/dev", "/proc", "/sys")
	case u.on("ProtectSystem", "full"):
		add(strict, ReadOnly, "/usr", "/boot", "/efi", "/etc")
	case u.on("ProtectSystem"):
		add(strict, ReadOnly, "/usr", "/boot", "/efi")
	}
	for path, by := range u.made() {
		add(by, Writable, path)
	}
	add("ReadWritePaths", Writable, u.paths("ReadWritePaths")...)
	add("ReadOnlyPaths", ReadOnly, u.paths("ReadOnlyPaths")...)
	switch by := "ProtectHome=" + u.value("ProtectHome"); {
	case u.on("ProtectHome"), u.on("ProtectHome", "tmpfs"):
		add(by, Hidden, home...)
	case u.on("ProtectHome", "read-only"):
		add(by, ReadOnly, home...)
	}
	if u.on("PrivateTmp") || u.on("PrivateTmp", "disconnected") {
		add("PrivateTmp="+u.value("PrivateTmp"), Hidden, temporary...)
	}
	add("TemporaryFileSystem", Hidden, u.paths("TemporaryFileSystem")...)
	for _, path := range u.paths("InaccessiblePaths") {
		all = append(all, rule{path: path, access: Hidden, by: "InaccessiblePaths", sealed: true})
	}
	for i := range all {
		all[i].sealed = all[i].sealed || strings.HasPrefix(all[i].by, "ProtectHome=") && !u.on("ProtectHome", "tmpfs") && all[i].access == Hidden
	}
	for setting, access := range map[string]Access{"BindPaths": Writable, "BindReadOnlyPaths": ReadOnly} {
		for _, bind := range u.words(setting) {
			source, target, ok := strings.Cut(strings.TrimPrefix(bind, "-"), ":")
			if target, _, _ = strings.Cut(target, ":"); !ok || target == "" {
				target = source
			}
			all = append(all, rule{path: target, access: access, by: setting, bound: true, moved: target != source})
		}
	}
	return all
}

// made are the folders that systemd makes for the service's user, and the
// setting that each is of.
func (u *Unit) made() map[string]string {
	all := map[string]string{}
	for setting, above := range map[string]string{"StateDirectory": "/var/lib", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log", "RuntimeDirectory": "/run", "ConfigurationDirectory": "/etc"} {
		for _, name := range u.words(setting) {
			name, _, _ = strings.Cut(name, ":")
			all[filepath.Join(above, name)] = setting + "=" + name
		}
	}
	return all
}

// Makes reports whether path is, or lies in, a folder that systemd makes for
// the service's user.
func (u *Unit) Makes(path string) bool {
	for folder := range u.made() {
		if paths.Within(path, folder) {
			return true
		}
	}
	return false
}

// paths are a list's, without the marks before and the options behind them.
func (u *Unit) paths(setting string) (all []string) {
	for _, path := range u.words(setting) {
		path = strings.TrimLeft(path, "-+")
		if setting == "TemporaryFileSystem" {
			path, _, _ = strings.Cut(path, ":")
		}
		all = append(all, paths.Resolve(path))
	}
	return all
}

// Missing are paths that have to exist for the service to start, and do not.
func (u *Unit) Missing() (missing []string) {
	for _, setting := range []string{"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths", "BindReadOnlyPaths"} {
		for _, path := range u.words(setting) {
			source, _, _ := strings.Cut(strings.TrimPrefix(path, "+"), ":")
			if _, err := os.Lstat(source); os.IsNotExist(err) && !strings.HasPrefix(path, "-") {
				missing = append(missing, fmt.Sprintf("%s=%s", setting, source))
			}
		}
	}
	return missing
}

// Rooted reports whether the service has a root folder or image of its own, of
// which nothing can be told from outside.
func (u *Unit) Rooted() bool { return u.value("RootDirectory")+u.value("RootImage") != "" }

// Access tells what the namespace leaves of an absolute path, which setting
// decides it ("" for none), and the folder from which on the service sees the
// system's own folders: a bind mount, else "/"; "" where it sees others.
func (u *Unit) Access(path string) (access Access, by, from string) {
	path = paths.Resolve(path)
	var opens, hides rule
	var bound, moved bool
	opens.path, from = "/", "/"
	for _, r := range u.rules() {
		switch {
		case !paths.Within(path, r.path):
		case r.sealed:
			return Hidden, r.by, from
		case r.access == Hidden:
			if len(r.path) >= len(hides.path) {
				hides = r
			}
		case len(r.path) >= len(opens.path):
			opens = r
		}
		if r.bound && paths.Within(path, r.path) && len(r.path) >= len(hides.path) {
			bound, from, moved = true, r.path, r.moved
		}
	}
	if hides.by != "" && (!bound || len(from) < len(hides.path)) {
		return Hidden, hides.by, from
	}
	if moved {
		from = ""
	}
	return opens.access, opens.by, from
}
