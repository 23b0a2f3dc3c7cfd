package plugin_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

func restoringWith(t *testing.T, model string) string {
	path, err := filepath.Abs("../ops/network/onnx/testdata/" + model + ".onnx")
	if err != nil {
		t.Fatal(err)
	}
	return "version: 1\nstate_dir: state\nrestore: {device: cpu}\npipelines:\n  small:\n    steps:\n      - promptcir: {model: " + path +
		", tile: 128, skip: never}\n    outputs:\n      - path: \"{stem}.png\"\n      - path: \"{stem}.small.webp\"\n        thumbnail: {width: 50}\n"
}

func TestAMisbehavingNetworkPublishesNothing(t *testing.T) {
	b := newFixture(t, restoringWith(t, "black"), plugin.WithLedger())
	b.fails(b.photo("a.jpg", 300, 200, 1), plugin.StepFailed, "a.jpg: ", "tile ", "moved the mean", "tried as well: tiles of 80 pixels")
	if got := strings.Join(b.files("."), " "); strings.Contains(got, "out/") {
		t.Errorf("published %s", got)
	}
}

func TestARescuedPhotoSaysSo(t *testing.T) {
	b := newFixture(t, restoringWith(t, "black_at_128"), plugin.WithLedger())
	r := b.done(b.photo("a.jpg", 300, 200, 1))
	if len(r.Outputs) != 2 || !strings.HasSuffix(r.Notes["fallback_used"], "by tiles of 80 pixels") {
		t.Errorf("got %d outputs and the notes %v", len(r.Outputs), r.Notes)
	}
}
