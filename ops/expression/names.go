package expression

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// fields lists the names that a struct gives to an expression.
func fields(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		list = append(list, t.Field(i).Tag.Get("expr"))
	}
	return list
}

// names looks for the names in an expression.
type names struct {
	of        reflect.Type
	functions []Function
	source    file.Source
	found     []string
	members   []string // with dots
	declared  declared
	fault     *Error
}

// declared are the names that let gives. The walk meets their uses first.
type declared []string

func (d *declared) Visit(node *ast.Node) {
	if is, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		*d = append(*d, is.Name)
	}
}

func (n *names) Visit(node *ast.Node) {
	n.bounded(*node)
	switch is := (*node).(type) {
	case *ast.IdentifierNode:
		if slices.Contains(n.declared, is.Value) {
			return
		}
		if !slices.Contains(fields(n.of), is.Value) {
			n.fail(is, "unknown variable %q%s", is.Value, n.suggest(is.Value))
			return
		}
		n.found = append(n.found, is.Value)
	case *ast.MemberNode:
		n.member(is)
	case *ast.CallNode:
		n.call(is)
	}
}

// field is the type of a variable; nil where there is none of that name.
func (n *names) field(name string) reflect.Type {
	if i := slices.Index(fields(n.of), name); i >= 0 {
		return n.of.Field(i).Type
	}
	return nil
}

// suggest is the nearest variable, that of a group for one that is named without it.
func (n *names) suggest(name string) string {
	known := fields(n.of)
	if diag.Nearest(name, known) != "" {
		return diag.Suggest(name, known)
	}
	for _, group := range slices.Sorted(slices.Values(known)) {
		if n.field(group).Kind() != reflect.Struct {
			continue
		}
		bare := strings.TrimLeft(strings.TrimPrefix(strings.ToLower(name), group), "_.-")
		if near := diag.Nearest(bare, fields(n.field(group))); near != "" {
			return fmt.Sprintf("; did you mean %q?", group+"."+near)
		}
	}
	return diag.Suggest(name, known)
}

func (n *names) member(is *ast.MemberNode) {
	base, ok := is.Node.(*ast.IdentifierNode)
	property, named := is.Property.(*ast.StringNode)
	if !ok || !named || n.field(base.Value) == nil || n.field(base.Value).Kind() != reflect.Struct {
		return
	}
	if list := fields(n.field(base.Value)); !slices.Contains(list, property.Value) {
		n.fail(is.Property, "unknown variable %q%s", base.Value+"."+property.Value, diag.Suggest(property.Value, list))
		return
	}
	n.members = append(n.members, base.Value+"."+property.Value)
}

// told are the plain variables and the members, each once.
func (n *names) told() []string {
	var all []string
	for _, name := range append(slices.Clone(n.found), n.members...) {
		if t := n.field(name); t != nil && (t.Kind() == reflect.Struct || t.Kind() == reflect.Func) || slices.Contains(all, name) {
			continue
		}
		all = append(all, name)
	}
	return all
}

// call checks the text that a function asks for.
func (n *names) call(is *ast.CallNode) {
	callee, ok := is.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	i := slices.IndexFunc(n.functions, func(f Function) bool { return f.Name == callee.Value })
	if i < 0 || len(is.Arguments) <= n.functions[i].Argument {
		return
	}
	f := n.functions[i]
	text, ok := is.Arguments[f.Argument].(*ast.StringNode)
	if !ok {
		n.fail(is, "%s", f.Usage)
		return
	}
	if err := f.Check(text.Value); err != nil {
		n.fail(text, "%s", err)
	}
}

func (n *names) fail(at ast.Node, format string, args ...any) {
	if n.fault == nil {
		bound := (&file.Error{Location: at.Location()}).Bind(n.source)
		n.fault = &Error{Line: bound.Line, Column: bound.Column + 1, Message: fmt.Sprintf(format, args...)}
	}
}
