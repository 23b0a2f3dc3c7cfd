package ledger_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
)

func TestPeek(t *testing.T) {
	dir := t.TempDir()
	if _, err := ledger.Peek(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a ledger: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("a look has made %v", left)
	}
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := history.Record{Key: history.Key{Path: "/in/a.jpg", Task: "w", Content: "c"}, State: history.Done}
	if err := l.Put(e); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Peek(dir); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("beside its holder: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, ledger.FileName)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // at a time
		p, err := ledger.Peek(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if found, ok, err := ledgertest.Find(p, "/in/a.jpg", "w"); !ok || err != nil || found.Content != "c" {
			t.Errorf("found %+v, %v", found, err)
		}
		if err := p.Put(e); err == nil {
			t.Error("it can be written to")
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("a look has changed it, %v", err)
	}
}

func TestPeekAtDamage(t *testing.T) {
	for name, content := range map[string][]byte{"zeros": make([]byte, 1<<16), "short": []byte("no ledger"), "empty": {}} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ledger.FileName), content, 0o640); err != nil {
			t.Fatal(err)
		}
		if l, err := ledger.Peek(dir); err == nil {
			l.Close()
			t.Errorf("%s: it opens", name)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("%s: a look has made %v, %v", name, left, err)
		}
	}
}
