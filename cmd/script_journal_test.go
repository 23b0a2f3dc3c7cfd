package cmd_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// fakeJournal is a journal for a script: fakejournal FOLDER makes a socket in
// the folder and writes each entry that comes there to entries.json, beside it,
// as an object of fields in a line.
func fakeJournal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fakejournal FOLDER")
	}
	folder := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(folder, 0o755))
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(folder, "socket"), Net: "unixgram"})
	ts.Check(err)
	file, err := os.Create(folder + ".entries.json")
	ts.Check(err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		entries, entry := json.NewEncoder(file), make([]byte, 1<<20)
		for {
			n, err := socket.Read(entry)
			if err != nil {
				return
			}
			fields, err := journalFields(entry[:n])
			if err != nil {
				fields = map[string]string{"fault": err.Error()}
			}
			_ = entries.Encode(fields)
		}
	}()
	ts.Defer(func() {
		socket.Close()
		<-ended
		file.Close()
	})
}

// journalFields reads an entry of the journal's native protocol.
func journalFields(entry []byte) (map[string]string, error) {
	fields := map[string]string{}
	for len(entry) > 0 {
		line, rest, ok := bytes.Cut(entry, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("an entry ends with %q", entry)
		}
		name, value, short := bytes.Cut(line, []byte("="))
		if !short {
			size := binary.LittleEndian.Uint64(rest)
			value, rest = rest[8:8+size], rest[8+size+1:]
		}
		if _, twice := fields[string(name)]; twice {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		fields[string(name)], entry = string(value), rest
	}
	return fields, nil
}

// canUnshare reports whether a user may have mounts of their own.
func canUnshare() error {
	return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/run").Run()
}
