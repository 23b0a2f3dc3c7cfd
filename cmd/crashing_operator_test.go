package cmd_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops"
)

// mine is an operator that goes off at photos whose names ask for it.
type mine struct{}

var mineSpec = ops.Spec{Name: "mine", Summary: "for tests", Version: 1, Sequential: true, Config: func() ops.Config { return &mine{} }}

// Build fails, or ends the process, where it cannot read a file that the
// environment names, as a library would that does not find its own.
func (mine) Build(context.Context, ops.Env) (ops.Operator, error) {
	_, err := os.ReadFile(cmp.Or(os.Getenv("MINE_WANTS"), os.Getenv("MINE_LIVES_BY"), os.DevNull))
	if err != nil && os.Getenv("MINE_LIVES_BY") != "" {
		os.Exit(127)
	}
	return mine{}, err
}

func (mine) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	name := in[0].Source.Path
	switch {
	case strings.Contains(name, "crash"):
		// As a decoder that steps on foreign memory.
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSEGV)
		select {}
	case strings.Contains(name, "escape"):
		if ways := escapes(name); len(ways) > 0 {
			err := fmt.Errorf("escaped: it could %s", strings.Join(ways, ", "))
			return ops.Image{}, errors.Join(err, os.WriteFile(filepath.Join(filepath.Dir(filepath.Dir(name)), "new.txt"), []byte(err.Error()), 0o644))
		}
	case strings.Contains(name, "reads"):
		for _, path := range filepath.SplitList(os.Getenv("MINE_READS")) {
			if _, err := os.ReadFile(path); err != nil {
				return ops.Image{}, err
			}
		}
	case strings.Contains(name, "hang"):
		select {}
	case strings.Contains(name, "grow"):
		var all [][]byte
		for {
			b := make([]byte, 32<<20)
			for i := range b {
				b[i] = byte(i)
			}
			all = append(all, b)
			time.Sleep(50 * time.Millisecond)
			if len(all) > 100 {
				select {}
			}
		}
	}
	return in[0].Same(), nil
}

// empty cuts a file short that is opened for reading alone.
func empty(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func byDescriptor(path string, act func(*os.File) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(act(f), f.Close())
}

func socket(family, kind int) error {
	fd, err := syscall.Socket(family, kind, 0)
	if err != nil {
		return err
	}
	return syscall.Close(fd)
}

// escapes are the ways out of a sandbox that are open to what works on photo,
// as a decoder that the photo has taken over would try them.
func escapes(photo string) (open []string) {
	work := filepath.Dir(filepath.Dir(photo))
	secret := filepath.Join(work, "secret.txt")
	read := func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil && len(data) == 0 {
			err = errors.New("there is nothing")
		}
		return err
	}
	write := func(path string, flag int) error {
		f, err := os.OpenFile(path, os.O_WRONLY|flag, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	}
	for _, w := range []struct {
		name string
		try  func() error
	}{
		{"read a file outside", func() error { return read(secret) }},
		{"list a folder outside", func() error { _, err := os.ReadDir(work); return err }},
		{"write to the photo", func() error { return write(photo, 0) }},
		{"cut the photo short", func() error { return os.Truncate(photo, 1<<20) }},
		{"rename the photo", func() error { return errors.Join(os.Rename(photo, photo+".gone"), os.Rename(photo+".gone", photo)) }},
		{"write outside", func() error { return write(secret, 0) }},
		{"make a file outside", func() error { return write(filepath.Join(work, "new.txt"), os.O_CREATE) }},
		{"remove a file outside", func() error { return os.Remove(filepath.Join(work, "spare.txt")) }},
		{"change the configuration", func() error { return write(filepath.Join(work, "conf", "burnish.yaml"), 0) }},
		{"empty the photo", func() error { return empty(photo) }},
		{"open the photo to all", func() error { return os.Chmod(photo, 0o666) }},
		{"open the photo to all by its descriptor", func() error { return byDescriptor(photo, func(f *os.File) error { return f.Chmod(0o666) }) }},
		{"date the photo", func() error { return os.Chtimes(photo, time.Unix(1, 0), time.Unix(1, 0)) }},
		{"give the photo away", func() error { return os.Lchown(photo, os.Getuid(), os.Getgid()) }},
		{"read what lies beside the configuration", func() error { return read(filepath.Join(work, "conf", "password.txt")) }},
		{"make a socket", func() error { return socket(syscall.AF_UNIX, syscall.SOCK_STREAM) }},
		{"send a datagram", func() error { return socket(syscall.AF_INET, syscall.SOCK_DGRAM) }},
		{"signal the daemon", func() error { return syscall.Kill(os.Getppid(), 0) }},
		{"start a program", func() error { return exec.Command("/bin/sh", "-c", ":").Run() }},
	} {
		if w.try() == nil {
			open = append(open, w.name)
		}
	}
	return open
}
