package plugin

import (
	"testing"

	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/naming"
)

func TestKeptPagesShareTheMemoryOfOneImage(t *testing.T) {
	targets := []naming.Target{{Name: "a.1.png"}, {Name: "a.gif"}, {Name: "a.2.png"}, {Name: "a.gif"}, {Name: "a.3.png"}, {Name: "a.gif"}, {Name: ""}, {Name: ""}}
	if got := frameLimit(targets); got > admission.InMemory/3 || got < admission.InMemory/4 {
		t.Errorf("%d bytes a page, of %d", got, admission.InMemory)
	}
}
