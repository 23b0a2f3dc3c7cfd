package kernels

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Both halves of the program have to know one version of ONNX Runtime's API.
func TestHeadersAreThoseOfTheGoPackage(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yalue/onnxruntime_go").Output()
	if err != nil {
		t.Skip("go list: ", err)
	}
	for _, name := range []string{"onnxruntime_c_api.h", "onnxruntime_ep_c_api.h"} {
		ours, err := os.ReadFile(filepath.Join("onnxruntime", name))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), name))
		if err != nil {
			t.Skip(err)
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s differs from that of onnxruntime_go: copy it anew", name)
		}
	}
}
