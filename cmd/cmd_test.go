package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd"
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"burnish": func() { os.Exit(cmd.Main(append(builtin.Specs(), mineSpec)...)) },
	})
}

// TestScripts runs the command as users do. $PHOTOS holds real compressed
// photos, $CLEAN the originals of them, $OPERATORS
// programs that are operators, $GOLDEN pictures that outputs are
// compared with, $NETWORKS models of other authors.
func TestScripts(t *testing.T) {
	library, err := onnxtest.Library()
	if err != nil {
		t.Skip(err)
	}
	photos, err := filepath.Abs("../packaging/demo/photos")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := filepath.Abs("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv(onnx.LibraryEnv, library)
			e.Setenv("PHOTOS", photos)
			e.Setenv("CLEAN", filepath.Join(filepath.Dir(photos), "originals"))
			e.Setenv("GOLDEN", golden)
			e.Setenv("OPERATORS", filepath.Join(photos, "../../examples/operators"))
			e.Setenv("NETWORKS", filepath.Join(filepath.Dir(photos), "../../ops/network/step/testdata"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "xdg"))
			e.Values[daemonsKey{}] = daemons{}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			var err error
			switch cond {
			case "landlock":
				_, err = sandbox.Version()
			case "installed":
				_, err = os.Stat("/etc/burnish/burnish.yaml")
			case "unshare":
				err = canUnshare()
			case "root":
				if os.Geteuid() != 0 {
					err = errors.New("not root")
				}
			default:
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return err == nil, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"awaitfile":   awaitFile,
			"awaitstatus": awaitStatus,
			"count":       countFiles,
			"awaitlines":  awaitLines,
			"daemon":      daemonCommand,
			"httpget":     httpGet,
			"httpask":     httpAsk,
			"freeport":    freePort,
			"awaitmetric": awaitMetric,
			"awaithealth": awaitHealth,
			"fakejournal": fakeJournal,
			"psnr":        atLeast,
		},
	})
}

// awaitFile waits until a file matches every pattern: awaitfile PATTERN...
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		deadline := time.Now().Add(2 * time.Minute)
		for {
			if found, _ := filepath.Glob(ts.MkAbs(name)); len(found) > 0 {
				break
			}
			if time.Now().After(deadline) {
				ts.Fatalf("%s did not appear", name)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// awaitStatus waits until burnish status -c burnish.yaml prints what matches:
// awaitstatus PATTERN
func awaitStatus(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_ = ts.Exec("burnish", "status", "-c", "burnish.yaml") // fails where a folder is degraded
		got := ts.ReadFile("stdout")
		if want.MatchString(got) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("burnish status does not come to say %q:\n%s", want, got)
		}
	}
}

// awaitLines waits until a file has so many lines: awaitlines N FILE
func awaitLines(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || len(args) != 2 {
		ts.Fatalf("usage: awaitlines N FILE")
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		data, _ := os.ReadFile(ts.MkAbs(args[1])) // it may not be there yet
		if bytes.Count(data, []byte{'\n'}) >= want {
			return
		}
	}
	ts.Fatalf("%s does not come to have %d lines", args[1], want)
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

var decibels = regexp.MustCompile(`(\+Inf|\d+\.\d+) dB`)

// atLeast checks an image against a reference, or, with three files, that the
// last is closer to the reference than the one before by some decibels:
// psnr DECIBELS REFERENCE [WORSE] IMAGE
func atLeast(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: psnr DECIBELS REFERENCE [WORSE] IMAGE")
	}
	least, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	ts.Check(ts.Exec("burnish", append([]string{"compare"}, args[1:]...)...))
	var got []float64
	for _, m := range decibels.FindAllStringSubmatch(ts.ReadFile("stdout"), -1) {
		db, err := strconv.ParseFloat(m[1], 64)
		ts.Check(err)
		got = append(got, db)
	}
	if len(got) == 2 {
		got[0] = got[1] - got[0]
	}
	if len(got) == 0 || (got[0] < least) != neg {
		ts.Fatalf("%v dB, want at least %g (negated: %t)", got, least, neg)
	}
}
