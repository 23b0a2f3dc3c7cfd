package tools_test

import (
	"bytes"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/probe"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// What a model calls its inputs does nothing to a terminal.
func TestInspectionsArePrintable(t *testing.T) {
	const evil = "x\x1b[2J\x1b]0;title\x07"
	i := tools.Inspection{
		Path: evil, SHA256: evil, Producer: evil, Inputs: []string{evil}, Outputs: []string{evil}, Metadata: map[string]string{evil: evil},
		Domains: map[string]int64{evil: 1}, Contract: []probe.Fact{{Key: "values." + evil, Value: evil, From: evil, Why: evil}}, Missing: []string{evil},
	}
	var out bytes.Buffer
	i.Print(&out)
	if bytes.ContainsAny(out.Bytes(), "\x1b\x07") || out.Len() == 0 {
		t.Errorf("it prints %q", out.String())
	}
}
