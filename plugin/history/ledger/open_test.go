package ledger

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"
)

// crashing names, in a child of this test, the folder to write to until killed.
const crashing = "BURNISH_TEST_LEDGER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashing); dir != "" {
		putForever(dir)
	}
	goleak.VerifyTestMain(m)
}

// putForever says on its standard output what is durable.
func putForever(dir string) {
	l, err := Open(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		path := fmt.Sprintf("%d-%d.jpg", os.Getpid(), i)
		if err := l.Put(done(path, "w", "content of "+path, "/out/"+path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(path)
	}
}

func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	var durable []string
	for round := range 5 {
		durable = append(durable, killAfter(t, dir, time.Duration(20+30*round)*time.Millisecond)...)
		l, err := Open(dir)
		if err != nil || l.Notice() != "" {
			t.Fatalf("open after a kill: %v, %q", err, l.Notice())
		}
		for _, path := range durable {
			e, ok := find(t, l, path, "w", "content of "+path)
			if !ok || len(e.Outputs) != 1 {
				t.Errorf("%s was put before the kill and is lost: %+v", path, e)
			}
			if by := maker(t, l, "/out/"+path); by != path {
				t.Errorf("the maker of its output is %q", by)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records put in 5 lives", len(durable))
}

// killAfter kills a writer some time after its first record and returns what
// it said is durable.
func killAfter(t *testing.T, dir string, d time.Duration) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashing+"="+dir)
	var complaint bytes.Buffer
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var durable []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if durable == nil {
			time.AfterFunc(d, func() { _ = child.Process.Kill() })
		}
		durable = append(durable, lines.Text())
	}
	_ = child.Wait()
	if len(durable) == 0 {
		t.Fatalf("the writer wrote nothing: %s", &complaint)
	}
	return durable
}

// A copy taken at any moment, as a power cut or a backup takes it, opens.
func TestCopiedWhileOpen(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	put(t, l, done("a.jpg", "w", "c", "/out/a.jpg"))
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := os.WriteFile(filepath.Join(copied, FileName), b, 0o640); err != nil {
		t.Fatal(err)
	}
	reopened, err := Open(copied)
	if err != nil || reopened.Notice() != "" {
		t.Fatalf("%v, %q", err, reopened.Notice())
	}
	defer reopened.Close()
	if _, ok, err := ledgertest.FindEqual(reopened, "c", "w"); !ok || err != nil {
		t.Errorf("Reusable: %v, %v", ok, err)
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("second Open: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if _, _, err := ledgertest.FindEqual(again, "c", "w"); err == nil {
		t.Error("a closed ledger answers")
	}
}

func TestDamaged(t *testing.T) {
	var whole []byte
	{
		dir := t.TempDir()
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if err := l.Put(done(fmt.Sprintf("%d.jpg", i), "w", "c", fmt.Sprintf("/out/%d.jpg", i))); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		if whole, err = os.ReadFile(filepath.Join(dir, FileName)); err != nil {
			t.Fatal(err)
		}
	}
	page := os.Getpagesize()
	blank := bytes.Clone(whole)
	clear(blank[2*page:])
	noise := bytes.Clone(whole)
	for i := 2 * page; i < len(noise); i++ {
		noise[i] = byte(i * 2654435761 >> 13)
	}
	for name, content := range map[string][]byte{
		"not a ledger":    []byte("this is no ledger at all\n"),
		"one page":        whole[:page],
		"cut short":       whole[:len(whole)/4],
		"zero pages":      blank,
		"noise":           noise,
		"zero throughout": make([]byte, len(whole)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, FileName)
			if err := os.WriteFile(file, content, 0o640); err != nil {
				t.Fatal(err)
			}
			l, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			aside, err := filepath.Glob(file + ".damaged-*")
			if err != nil || len(aside) != 1 || !strings.Contains(l.Notice(), aside[0]) {
				t.Fatalf("set aside: %q; notice: %s", aside, l.Notice())
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, content) {
				t.Errorf("what was set aside differs: %v", err)
			}
			put(t, l, done("a.jpg", "w", "c"))
		})
	}
}

// Half of a ledger's pages are overwritten one at a time: it opens or is set
// aside, but nothing panics and no answer is another photo's.
func TestDamagedPageByPage(t *testing.T) {
	from := t.TempDir()
	l, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		put(t, l, done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/%d.jpg", i)))
	}
	l.Close()
	whole, err := os.ReadFile(filepath.Join(from, FileName))
	if err != nil {
		t.Fatal(err)
	}
	page, aside := os.Getpagesize(), 0
	for at := 0; at < len(whole); at += page {
		dir := t.TempDir()
		b := bytes.Clone(whole)
		for i := at; i < at+page && i < len(b); i++ {
			b[i] ^= 0x5a
		}
		if err := os.WriteFile(filepath.Join(dir, FileName), b, 0o640); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir)
		if err != nil {
			t.Fatalf("page %d: %v", at/page, err)
		}
		if l.Notice() != "" {
			aside++
		}
		for i := range 60 {
			k := history.Key{Path: fmt.Sprintf("%d.jpg", i), Task: "w", Content: fmt.Sprint("c", i)}
			if e, ok, _ := ledgertest.Find(l, k.Path, k.Task); ok && e.Key != k {
				t.Errorf("page %d: Find(%+v) = %+v", at/page, k, e.Key)
			}
		}
		l.Close()
	}
	t.Logf("%d of %d damaged files were set aside", aside, len(whole)/page)
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = l.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put([]byte("schema"), binary.BigEndian.AppendUint64(nil, schema+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	before, _ := os.ReadFile(filepath.Join(dir, FileName))
	_, err = Open(dir)
	if err == nil || !strings.Contains(err.Error(), "newer Burnish") || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open = %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, FileName)); !bytes.Equal(before, after) {
		t.Error("the newer ledger was changed")
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "state")); err == nil || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("state below a file: %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	var path *fs.PathError
	if _, err := Open(dir); !errors.As(err, &path) {
		t.Errorf("a folder in the file's place: %v", err)
	}
}
