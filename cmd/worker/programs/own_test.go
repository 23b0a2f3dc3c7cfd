package programs_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
)

// This program, started for one file, reads that and does nothing else.
func TestOwn(t *testing.T) {
	if err := sandbox.CanFilter(); err != nil {
		t.Skip(err)
	}
	if _, err := sandbox.Version(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"model/a", "other/b"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("BURNISH_SECRET", "hidden")
	t.Setenv("BURNISH_KEPT", "kept")
	run := func(arguments ...string) string {
		t.Helper()
		own := programs.Own{Arguments: append([]string{"attack"}, arguments...), Read: []string{filepath.Join(dir, "model")}, Keep: []string{"BURNISH_KEPT"}}
		text, err := own.Run(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%v: %v", arguments, err)
		}
		return string(text)
	}
	if got := run("read", filepath.Join(dir, "model", "a")); !strings.Contains(got, "POSSIBLE") {
		t.Errorf("its own file cannot be read: %s", got)
	}
	for _, arguments := range [][]string{{"read", filepath.Join(dir, "other", "b")}, {"overwrite", filepath.Join(dir, "model", "a")}, {"write", filepath.Join(dir, "model", "new")}, {"socket"}, {"fork"}} {
		if got := run(arguments...); strings.Contains(got, "POSSIBLE") {
			t.Errorf("%v is possible", arguments)
		}
	}
	if got := run("environment"); strings.Contains(got, "hidden") || !strings.Contains(got, "BURNISH_KEPT=kept") {
		t.Errorf("its environment is %s", got)
	}
}

// What does not end or says too much is ended.
func TestOwnEnds(t *testing.T) {
	if err := sandbox.CanFilter(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for how, c := range map[string]struct {
		ctx  context.Context
		want string
	}{"stay": {ctx, "deadline"}, "flood": {t.Context(), "more than"}} {
		own := programs.Own{Arguments: []string{"attack", how}}
		if text, err := own.Run(c.ctx, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d bytes, %v", how, len(text), err)
		}
	}
}
