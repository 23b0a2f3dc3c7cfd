package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx/onnxtest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"burnish": func() { os.Exit(cmd.Main(builtin.Specs()...)) },
	})
}

// TestScripts runs the command as users do. $PHOTOS holds real compressed
// photos.
func TestScripts(t *testing.T) {
	library, err := onnxtest.Library()
	if err != nil {
		t.Skip(err)
	}
	photos, err := filepath.Abs("../packaging/demo/photos")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv(onnx.LibraryEnv, library)
			e.Setenv("PHOTOS", photos)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "xdg"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"awaitfile": awaitFile,
			"count":     countFiles,
		},
	})
}

// awaitFile waits until every named file exists: awaitfile FILE...
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		deadline := time.Now().Add(2 * time.Minute)
		for {
			if _, err := os.Stat(ts.MkAbs(name)); err == nil {
				break
			}
			if time.Now().After(deadline) {
				ts.Fatalf("%s did not appear", name)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// countFiles checks how many files lie below a folder: count N FOLDER
func countFiles(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: count N FOLDER")
	}
	n := 0
	err := filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	ts.Check(err)
	if fmt.Sprint(n) != args[0] {
		ts.Fatalf("%s holds %d files, want %s", args[1], n, args[0])
	}
}
