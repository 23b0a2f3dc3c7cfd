package event_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/event"
)

func TestEveryKindHasAnIDOfItsOwn(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, catalogue := event.All()
	seen := map[string]bool{}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		declared++
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		e := catalogue[event.Kind(value)]
		if err != nil || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(e.ID) || seen[e.ID] || e.Summary == "" {
			t.Errorf("%s: %+v", spec.Names[0], e)
		}
		seen[e.ID] = true
		return true
	})
	if declared != len(catalogue) || declared == 0 {
		t.Errorf("%d kinds are declared, %d in the catalogue", declared, len(catalogue))
	}
}

// The reference lists every kind with its ID.
func TestTheReferenceListsEveryKind(t *testing.T) {
	text, err := os.ReadFile("../../config/docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds, catalogue := event.All()
	for _, k := range kinds {
		if row := fmt.Sprintf("| `%s` | `%s` | %s |\n", k, k.ID(), catalogue[k].Summary); !strings.Contains(string(text), row) {
			t.Errorf("config/docs/logs.md lacks %s", row)
		}
	}
	if n := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\| `[0-9a-f]{32}` \\|").FindAllString(string(text), -1); len(n) != len(kinds) {
		t.Errorf("config/docs/logs.md lists %d kinds, there are %d", len(n), len(kinds))
	}
}
