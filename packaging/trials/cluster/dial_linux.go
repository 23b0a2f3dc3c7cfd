package main

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// namespaceDialer connects from a network namespace.
type namespaceDialer struct{ file string }

func inNamespace(name string) (namespaceDialer, error) {
	file := filepath.Join("/var/run/netns", name)
	_, err := os.Stat(file)
	return namespaceDialer{file}, err
}

// Dial connects on a thread of its own, which ends with its namespace.
func (d namespaceDialer) Dial(network, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		var f *os.File
		if f, err = os.Open(d.file); err != nil {
			return
		}
		defer f.Close()
		if err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		conn, err = net.DialTimeout(network, address, 5*time.Second)
	}()
	<-done
	return conn, err
}
