package plugin

import (
	"testing"

	"github.com/burnish-photo/burnish/plugin/admission"
)

func TestKeptPagesShareTheMemoryOfOneImage(t *testing.T) {
	targets := []target{{path: "a.1.png"}, {path: "a.gif"}, {path: "a.2.png"}, {path: "a.gif"}, {path: "a.3.png"}, {path: "a.gif"}, {path: ""}, {path: ""}}
	if got := frameLimit(targets); got > admission.InMemory/3 || got < admission.InMemory/4 {
		t.Errorf("%d bytes a page, of %d", got, admission.InMemory)
	}
}
