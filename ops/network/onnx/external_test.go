package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protowire"
)

// withWeights is a model of one tensor, whose values lie in that file.
func withWeights(location string) []byte {
	entry := appendBytes(nil, entryKey, []byte("location"))
	tensor := appendBytes(nil, tensorName, []byte("w"))
	tensor = appendBytes(tensor, tensorExternal, appendBytes(entry, entryValue, []byte(location)))
	tensor = protowire.AppendVarint(protowire.AppendTag(tensor, tensorLocation, protowire.VarintType), 1)
	return appendBytes(nil, modelGraph, appendBytes(nil, graphInitializer, tensor))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// soon fails a test whose f waits for somebody.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}

func TestWeightsInFiles(t *testing.T) {
	for name, c := range map[string]struct {
		location string
		make     func(t *testing.T, folder string) // beside model.onnx
		want     string                            // of the error; "" for the weights
	}{
		"a file":             {"w.bin", func(t *testing.T, d string) { write(t, d+"/w.bin", "weights!") }, ""},
		"a file below":       {"a//./b/../w.bin", func(t *testing.T, d string) { write(t, d+"/a/w.bin", "weights!") }, ""},
		"a link that stays":  {"w.bin", func(t *testing.T, d string) { write(t, d+"/x", "weights!"); link(t, "x", d+"/w.bin") }, ""},
		"no file":            {"w.bin", func(*testing.T, string) {}, "no such file"},
		"above":              {"../w.bin", func(t *testing.T, d string) { write(t, d+"/../w.bin", "secret!!") }, "it must lie in the folder of the model"},
		"a link that leaves": {"w.bin", func(t *testing.T, d string) { write(t, d+"/../x", "secret!!"); link(t, "../x", d+"/w.bin") }, "outside of the folder of the model"},
		"an absolute link":   {"w.bin", func(t *testing.T, d string) { link(t, "/etc/hostname", d+"/w.bin") }, "outside of the folder of the model"},
		"a folder's link":    {"a/hostname", func(t *testing.T, d string) { link(t, "/etc", d+"/a") }, "outside of the folder of the model"},
		"a folder":           {"w.bin", func(t *testing.T, d string) { write(t, d+"/w.bin/x", "") }, "it must be a file"},
		"a pipe":             {"w.bin", func(t *testing.T, d string) { _ = syscall.Mkfifo(d+"/w.bin", 0o600) }, "it must be a file"},
		"a device":           {"w.bin", func(t *testing.T, d string) { link(t, "/dev/zero", d+"/w.bin") }, "outside of the folder of the model"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "models")
			path := filepath.Join(folder, "model.onnx")
			write(t, path, string(withWeights(c.location)))
			c.make(t, folder)
			soon(t, func() {
				data, err := Load(path)
				switch {
				case c.want == "" && (err != nil || !bytes.Contains(data, []byte("weights!"))):
					t.Errorf("%q, %v", data, err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want an error with %q", err, c.want)
				}
			})
		})
	}
}

// A hub's download is a folder of links into a folder of files.
func TestWeightsOfALinkedModel(t *testing.T) {
	hub := t.TempDir()
	write(t, hub+"/blobs/1", string(withWeights("w.bin")))
	write(t, hub+"/blobs/2", "weights!")
	write(t, hub+"/secret", "secret!!")
	snapshot := filepath.Join(hub, "snapshot")
	if err := os.Mkdir(snapshot, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(snapshot, "model.onnx")
	link(t, "../blobs/1", path)
	link(t, "../blobs/2", filepath.Join(snapshot, "w.bin"))
	if data, err := Load(path); err != nil || !bytes.Contains(data, []byte("weights!")) {
		t.Errorf("%q, %v", data, err)
	}
	if err := os.Remove(filepath.Join(snapshot, "w.bin")); err != nil {
		t.Fatal(err)
	}
	link(t, "../secret", filepath.Join(snapshot, "w.bin"))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "outside of the folder of the model") {
		t.Errorf("a link that leaves both folders: %v", err)
	}
}

// A model that is a pipe is refused at once.
func TestAModelThatIsAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	soon(t, func() {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "must be a file") {
			t.Error(err)
		}
	})
}

// Nothing outside of the folder is read, however often somebody puts a link in the
// place of a folder in it meanwhile.
func TestWeightsWhileLinksAreSwapped(t *testing.T) {
	top := t.TempDir()
	folder := filepath.Join(top, "models")
	path := filepath.Join(folder, "model.onnx")
	write(t, path, string(withWeights("a/w.bin")))
	write(t, folder+"/a/w.bin", "weights!")
	write(t, top+"/outside/w.bin", "secret!!")
	link(t, "../outside", folder+"/b")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, folder+"/a", unix.AT_FDCWD, folder+"/b", unix.RENAME_EXCHANGE)
			}
		}
	}()
	read := 0
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); {
		data, err := Load(path)
		if bytes.Contains(data, []byte("secret")) {
			t.Fatal("a file outside of the folder was read")
		}
		if err == nil {
			read++
		}
	}
	close(stop)
	<-stopped
	if read == 0 {
		t.Error("the weights were never read")
	}
}
