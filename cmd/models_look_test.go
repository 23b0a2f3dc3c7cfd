package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

// A model is opened in a process that has no way out.
func TestModelsAreInspectedInASandbox(t *testing.T) {
	if err := sandbox.CanFilter(); err != nil {
		t.Skip(err)
	}
	library, err := onnxtest.Library()
	if err != nil {
		t.Skip(err)
	}
	model, err := filepath.Abs("../ops/promptcir/models/lite.onnx")
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(exe)
	command.Args = []string{"burnish", "models", "inspect", model}
	command.Env = append(os.Environ(), "BURNISH_ONNXRUNTIME="+library)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	confined := false
	for {
		select {
		case err := <-ended:
			if err != nil || !confined {
				t.Errorf("no confined process opened the model: %v", err)
			}
			return
		case <-time.After(5 * time.Millisecond):
			opens, filtered := opener(command.Process.Pid)
			if opens && !filtered {
				t.Error("a process that is not confined has opened the model")
			}
			confined = confined || filtered
		}
	}
}

// opener reports whether the process or a child of it runs ONNX Runtime, and
// whether its system calls are filtered.
func opener(pid int) (opens, filtered bool) {
	children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	pids := fmt.Sprint(pid)
	for _, c := range children {
		text, _ := os.ReadFile(c)
		pids += " " + string(text)
	}
	for _, p := range strings.Fields(pids) {
		maps, _ := os.ReadFile("/proc/" + p + "/maps")
		if strings.Contains(string(maps), "onnxruntime") {
			status, _ := os.ReadFile("/proc/" + p + "/status")
			return true, strings.Contains(string(status), "Seccomp:\t2")
		}
	}
	return false, false
}
