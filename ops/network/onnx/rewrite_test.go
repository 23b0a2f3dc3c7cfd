package onnx

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/kernels"
)

// withBlocks is the bundled model with other metadata about its blocks.
func withBlocks(t *testing.T, change func([]block) any) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "promptcir", "models", "lite.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := readGraph(data)
	if err != nil {
		t.Fatal(err)
	}
	list, err := readBlocks(g.metadata)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d blocks, %v", len(list), err)
	}
	text, err := json.Marshal(change(list))
	if err != nil {
		t.Fatal(err)
	}
	entry := appendBytes(nil, entryKey, []byte("burnish.blocks"))
	return appendBytes(data, modelMetadata, appendBytes(entry, entryValue, text))
}

// TestWrongBlocks opens models whose metadata about blocks is wrong: they have
// to run as their graph says, and the reason is told.
func TestWrongBlocks(t *testing.T) {
	if len(kernels.Sets()) == 0 {
		t.Skip("this processor or system has no fused kernels: it needs Linux, and SSE4.2 or NEON")
	}
	if started() == nil {
		t.Skip("no ONNX Runtime library: run make setup")
	}
	for name, c := range map[string]struct {
		change func([]block) any
		want   string
	}{
		"not a list":       {func([]block) any { return 7 }, "burnish.blocks"},
		"no such end":      {func(l []block) any { l[3].Out = "nowhere"; return l }, `"nowhere"`},
		"one listed twice": {func(l []block) any { return append(l, l[3]) }, "no node gives"},
		"no such weight":   {func(l []block) any { l[0].Weights[4] = "nothing"; return l }, "nothing"},
		"no such operator": {func(l []block) any { l[0].Op = "Magic"; return l }, "Magic"},
		"a weight missing": {func(l []block) any { l[0].Weights = l[0].Weights[1:]; return l }, "weights than known"},
		"other shapes of a prompt": {func(l []block) any {
			i := slices.IndexFunc(l, func(b block) bool { return b.Op == "Interaction" })
			l[i].Weights[0], l[i].Weights[4] = l[i].Weights[4], l[i].Weights[0]
			return l
		}, "prompt interaction of other shapes"},
		"nothing of a prompt": {func(l []block) any {
			i := slices.IndexFunc(l, func(b block) bool { return b.Op == "Interaction" })
			l[i].Weights[0], l[i].Weights[8] = l[i].Weights[1], l[i].Weights[1]
			return l
		}, "prompt interaction of other shapes"},
		"no convolution": {func(l []block) any {
			i := slices.IndexFunc(l, func(b block) bool { return b.Op == "Down" })
			l[i].Weights = l[0].Weights[:1]
			return l
		}, "convolution of other shapes"},
		"up for down": {func(l []block) any {
			i := slices.IndexFunc(l, func(b block) bool { return b.Op == "Down" })
			l[i].Op = "Up"
			return l
		}, "channels"},
		"another's weights": {func(l []block) any {
			l[0].Weights = slices.Clone(l[2].Weights) // of the group one level down
			return l
		}, "channels"},
		"norms exchanged": {func(l []block) any {
			w := l[0].Weights
			w[0], w[1] = w[1], w[0]
			return l
		}, "differs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			m, err := OpenBytes("model", withBlocks(t, c.change), Options{Device: device.CPU, Threads: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if m.SelfTest().FusedBlocks != 0 || !strings.Contains(strings.ReplaceAll(log.String(), `\"`, `"`), c.want) {
				t.Errorf("%d fused blocks, and the log says %s", m.SelfTest().FusedBlocks, log.String())
			}
			in, out := make([]float32, 3*64*64), make([]float32, 3*64*64)
			if err := m.Run(t.Context(), in, 1, 64, 64, out); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRewriteRefusesSubgraphs(t *testing.T) {
	attribute := appendBytes(nil, attrGraph, []byte{})
	node := appendBytes(appendBytes(nil, nodeOutput, []byte("y")), nodeAttr, attribute)
	model := appendBytes(nil, modelGraph, appendBytes(nil, graphNode, node))
	if _, err := rewrite(model, []block{{Op: "Group", Out: "y"}}); err == nil || !strings.Contains(err.Error(), "graph of its own") {
		t.Error(err)
	}
}

// FuzzRewrite must neither panic nor lose what is not a node.
func FuzzRewrite(f *testing.F) {
	node := appendBytes(appendBytes(nil, nodeInput, []byte("x")), nodeOutput, []byte("y"))
	out := appendBytes(nil, graphOutput, appendBytes(nil, valueName, []byte("y")))
	f.Add(appendBytes(nil, modelGraph, append(appendBytes(nil, graphNode, node), out...)), "x", "y")
	f.Fuzz(func(t *testing.T, model []byte, in, end string) {
		out, err := rewrite(model, []block{{Op: "Group", In: in, Out: end}})
		if err != nil {
			return
		}
		if _, err := readGraph(out); err != nil && len(model) > 0 {
			if _, before := readGraph(model); before == nil {
				t.Fatal(err)
			}
		}
	})
}

// withMetadata is the bundled model with one entry of its metadata replaced.
func withMetadata(t *testing.T, key, value string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "promptcir", "models", "lite.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	entry := appendBytes(appendBytes(nil, entryKey, []byte(key)), entryValue, []byte(value))
	return appendBytes(data, modelMetadata, entry)
}

// TestWrongNumbers opens models whose numbers would take the memory or the process.
func TestWrongNumbers(t *testing.T) {
	for key, value := range map[string]string{
		"multiple": "4611686018427387904", "tile": "1048576", "macs": "inf", "range": "nan,1", "halo": "-1",
	} {
		if _, err := Inspect("model", withMetadata(t, "burnish."+key, value), nil); err == nil || !strings.Contains(err.Error(), "burnish."+key) {
			t.Errorf("%s=%s: %v", key, value, err)
		}
	}
}

// TestStaleKnownAnswer opens a model whose expected answer is another network's: the graph is asked.
func TestStaleKnownAnswer(t *testing.T) {
	if len(kernels.Sets()) == 0 || started() == nil {
		t.Skip("no fused kernels here, or no ONNX Runtime library: run make setup")
	}
	m, err := OpenBytes("model", withMetadata(t, "burnish.known", strings.Repeat("AAAA", 2*3*64*64/3)), Options{Device: device.CPU, Threads: 1, FullPrecision: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if p := m.SelfTest(); p.FusedBlocks != 21 || kernels.Rounds(p.Kernels) || p.MaxError > 1e-5 || p.UnfusedShare < 0.005 || p.UnfusedShare > 0.1 {
		t.Errorf("%+v", p)
	}
}
