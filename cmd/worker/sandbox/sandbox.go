// Package sandbox confines a process to the files that it needs, by Landlock,
// and to the system calls that it needs, by seccomp, where the kernel has them.
// It knows nothing of what the process is for.
package sandbox

import (
	"debug/elf"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Moves is the version of Landlock from which on files may be moved between
// folders; before, that is forbidden whatever the rules say.
const Moves = 2

// Rules are what a confined process may use. Folders stand for all below them;
// what does not exist is left out. Everything else it may neither open nor
// change, whatever its user may; it may look at names, sizes and times.
type Rules struct {
	Run   []string // programs that it may start; files alone
	Read  []string
	Write []string // and read, make, remove and rename
	Use   []string // device nodes
}

// System is what a program needs of the system whatever it does: libraries,
// fonts, locales and time zones, and itself to start.
func System() Rules {
	r := Rules{
		Run: []string{"/proc/self/exe", loader("/proc/self/exe")},
		Read: []string{
			"/usr", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store", "/proc", "/sys",
			"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
			"/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
			"/etc/fonts", "/var/cache/fontconfig", "/etc/magic", "/etc/OpenCL", "/etc/vulkan", "/etc/glvnd",
			"/dev/random", "/dev/urandom", "/dev/zero",
		},
		Use: []string{"/dev/null", "/dev/full"},
	}
	for _, pattern := range []string{"/etc/ImageMagick-*", "/run/opengl-driver"} {
		found, _ := filepath.Glob(pattern) // the pattern is well formed
		r.Read = append(r.Read, found...)
	}
	r.Read = append(r.Read, WithLinks(append(besides(), environment(os.Getenv, home())...)...)...)
	r.Read = slices.DeleteFunc(r.Read, func(path string) bool { return path == "/" || path != "" && path == home() })
	return r
}

// WithLinks are the paths, and what the links right below them lead to, unless
// it is all of the file system or of the home folder. Links are followed that
// root, this process's user or the folder's owner made: anybody else who may
// write there opens nothing.
func WithLinks(paths ...string) []string {
	all := paths
	for _, path := range paths {
		entries, _ := os.ReadDir(path) // what cannot be listed has no links
		for _, e := range entries {
			if e.Type()&os.ModeSymlink == 0 || !trusted(path, e) {
				continue
			}
			if real, err := filepath.EvalSymlinks(filepath.Join(path, e.Name())); err == nil && real != "/" && real != home() {
				all = append(all, real)
			}
		}
	}
	return all
}

func trusted(folder string, link os.DirEntry) bool {
	info, err := link.Info()
	of, err2 := os.Stat(folder)
	if errors.Join(err, err2) != nil {
		return false
	}
	owner := func(i os.FileInfo) int {
		if s, ok := i.Sys().(*syscall.Stat_t); ok {
			return int(s.Uid)
		}
		return -1
	}
	return slices.Contains([]int{0, os.Geteuid(), owner(of)}, owner(info))
}

// besides are the folders of libraries that come with this program.
func besides() []string {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	return []string{filepath.Join(filepath.Dir(exe), "lib"), filepath.Join(filepath.Dir(exe), "..", "lib", "burnish")}
}

// GPUs is what computing on GPUs needs besides; nothing where there are none.
func GPUs() (r Rules) {
	for _, pattern := range []string{"/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/accel", "/dev/dxg"} {
		found, _ := filepath.Glob(pattern) // the pattern is well formed
		r.Use = append(r.Use, found...)
	}
	if len(r.Use) == 0 {
		return r
	}
	r.Read = []string{"/run/udev", "/etc/nvidia"}
	found, _ := filepath.Glob("/run/nvidia*") // the pattern is well formed
	r.Read = append(r.Read, found...)
	r.Write = []string{"/dev/shm", os.Getenv("CUDA_CACHE_PATH")}
	if home := home(); home != "" {
		r.Write = append(r.Write, filepath.Join(home, ".nv"))
	}
	return r
}

// With is both.
func (r Rules) With(o Rules) Rules {
	join := func(a, b []string) []string { return append(append([]string(nil), a...), b...) }
	return Rules{join(r.Run, o.Run), join(r.Read, o.Read), join(r.Write, o.Write), join(r.Use, o.Use)}
}

// loader is the program that the kernel starts a dynamic executable with, or "".
func loader(exe string) string {
	f, err := elf.Open(exe)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err == nil {
			return strings.TrimRight(string(name), "\x00")
		}
	}
	return ""
}

// interpreters are the programs that the kernel starts scripts with, those that
// env starts for them, and their loaders.
func interpreters(files []string) (all []string) {
	for _, file := range files {
		for depth := 0; file != "" && depth < 4; depth++ { // an interpreter may be a script, too
			words := interpreter(file)
			if len(words) == 0 {
				break
			}
			all = append(all, words[0], loader(words[0]))
			file = words[0]
			if len(words) > 1 && filepath.Base(words[0]) == "env" {
				file = search(words[1])
				all = append(all, file, loader(file))
			}
		}
	}
	return slices.DeleteFunc(all, func(path string) bool { return path == "" })
}

// interpreter is what the first line of a script says, nil for what is none.
func interpreter(script string) []string {
	f, err := os.Open(script)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := io.ReadFull(f, head) // what is shorter is whole
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	line, ok := strings.CutPrefix(line, "#!")
	words := strings.Fields(line)
	if !ok || len(words) == 0 || !filepath.IsAbs(words[0]) {
		return nil
	}
	return words
}

// search is a program by its name, as env finds it, or "".
func search(name string) string {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}
