package expression

import (
	"cmp"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// CompareVersions is less than, equal to or greater than 0 as a comes before, with
// or after b. A number that is missing is 0; a text, as of a release candidate,
// comes before none.
func CompareVersions(a, b string) int {
	as, bs := versionParts(a), versionParts(b)
	for i := range max(len(as), len(bs)) {
		if c := comparePart(part(as, i), part(bs, i)); c != 0 {
			return c
		}
	}
	return 0
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

// comparePart compares two numbers, two texts, or a text that comes first.
func comparePart(a, b string) int {
	x, errA := strconv.ParseUint(a, 10, 64)
	y, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA == nil && errB == nil:
		return cmp.Compare(x, y)
	case errA == nil:
		return 1
	case errB == nil:
		return -1
	}
	return strings.Compare(a, b)
}

// versionParts are the numbers and texts of a version, up to a space.
func versionParts(v string) []string {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), " ")
	return strings.FieldsFunc(v, func(r rune) bool { return r == '.' || r == '-' || r == '+' || unicode.IsSpace(r) })
}

// compareVersions is what a comparison of versions calls. No expression can name it.
const compareVersions = "compare versions"

// byVersion lets <, <=, > and >= compare the fields with a tag `version` by the
// field that it names, as versions. An empty one is neither before nor after any.
type byVersion struct{ of reflect.Type }

// byVersions are the options for it.
func byVersions(of reflect.Type) []expr.Option {
	compare := func(args ...any) (any, error) {
		a, op, b := args[0].(string), args[1].(string), args[2].(string)
		if a == "" || b == "" {
			return false, nil
		}
		c := CompareVersions(a, b)
		return map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op], nil
	}
	return []expr.Option{expr.Function(compareVersions, compare, new(func(string, string, string) bool)), expr.Patch(byVersion{of})}
}

func (v byVersion) Visit(node *ast.Node) {
	is, ok := (*node).(*ast.BinaryNode)
	if !ok || is.Operator != "<" && is.Operator != "<=" && is.Operator != ">" && is.Operator != ">=" {
		return
	}
	left, isLeft := v.version(is.Left)
	right, isRight := v.version(is.Right)
	if !isLeft && !isRight {
		return
	}
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: compareVersions}, Arguments: []ast.Node{left, &ast.StringNode{Value: is.Operator}, right}}
	call.SetLocation(is.Location())
	ast.Patch(node, call)
}

// version is what a side of a comparison is compared by, and whether that is a
// version.
func (v byVersion) version(side ast.Node) (ast.Node, bool) {
	name, ok := side.(*ast.IdentifierNode)
	if !ok {
		return side, false
	}
	for i := range v.of.NumField() {
		f := v.of.Field(i)
		if f.Tag.Get("expr") != name.Value {
			continue
		}
		if by := f.Tag.Get("version"); by != "" {
			return &ast.IdentifierNode{Value: by}, true
		}
		return side, false
	}
	return side, false
}
