// Package condition decides by facts of a photo: whether a step is to run. It
// reads an expression, finds its faults before any photo comes, and looks up
// only the facts that the expression names. It knows no steps but by their ids.
package condition

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"golang.org/x/text/unicode/norm"
)

// Condition is a compiled expression. It may decide on several photos at a time.
type Condition struct {
	text    string
	program *vm.Program
	names   []string // facts that it names
	told    []string // the same, with the members of those that have some
}

// Error is what is wrong in an expression. Line and Column count from 1.
type Error struct {
	Line, Column int
	Message      string
}

func (f *Error) Error() string { return f.Message }

// Compile reads an expression that is true or false. steps are the ids that
// ran() may ask for. Names of files and folders are compared in Unicode's
// composed form (NFC), in whichever the expression is written. Its error is a
// [*Error].
func Compile(text string, steps []string) (*Condition, error) {
	if len(text) > maxLength {
		return nil, &Error{1, 1, fmt.Sprintf("an expression may have %d bytes, got %d", maxLength, len(text))}
	}
	text = norm.NFC.String(text)
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, fault(err)
	}
	look := &names{steps: steps, source: file.NewSource(text)}
	ast.Walk(&tree.Node, &look.declared)
	ast.Walk(&tree.Node, look)
	if look.fault != nil {
		return nil, look.fault
	}
	program, err := expr.Compile(text, expr.Env(environment{}), expr.AsBool(), expr.DisableBuiltin("now"))
	if err != nil {
		return nil, fault(err)
	}
	return &Condition{text: text, program: program, names: look.facts, told: look.told()}, nil
}

// String is the expression as it was written.
func (c *Condition) String() string { return c.text }

// DependsOnPath reports whether the decision can be another for a photo of the same
// content elsewhere: it asks for the folder, the file's name or the date.
func (c *Condition) DependsOnPath() bool {
	return slices.ContainsFunc(c.names, func(n string) bool { return slices.Contains([]string{"folder", "file", "date"}, n) })
}

// AsksWhatRan reports whether the decision depends on earlier ones.
func (c *Condition) AsksWhatRan() bool { return slices.Contains(c.names, "ran") }

// Holds decides on one photo. ran tells whether a step has changed it.
func (c *Condition) Holds(f *Facts, ran func(id string) bool) (bool, error) {
	e := environment{Ran: ran}
	if err := f.fill(&e, c.names); err != nil {
		return false, fmt.Errorf("when: %s: %w", c.text, err)
	}
	machine := vm.VM{MemoryBudget: maxItems}
	value, err := machine.Run(c.program, e)
	if err != nil {
		return false, fmt.Errorf("when: %s: %w", c.text, fault(err))
	}
	return value.(bool), nil
}

// Told lists the facts that decide, as "width 4000, jpeg.quality 40".
func (c *Condition) Told(f *Facts) string {
	e := environment{}
	if err := f.fill(&e, c.names); err != nil {
		return ""
	}
	var all []string
	for _, name := range c.told {
		value := reflect.ValueOf(e)
		for part := range strings.SplitSeq(name, ".") {
			value = value.Field(slices.Index(fields(value.Type()), part))
		}
		text := fmt.Sprint(value)
		switch value.Kind() {
		case reflect.String:
			text = fmt.Sprintf("%q", text)
		case reflect.Float64:
			text = fmt.Sprintf("%.2f", value.Float())
		}
		all = append(all, name+" "+text)
	}
	return strings.Join(all, ", ")
}

// environment is what an expression sees.
type environment struct {
	Width       int                  `expr:"width"`
	Height      int                  `expr:"height"`
	Megapixels  float64              `expr:"megapixels"`
	Format      string               `expr:"format"`
	Bands       int                  `expr:"bands"`
	JPEG        compression          `expr:"jpeg"`
	Damage      float64              `expr:"damage"`
	Camera      camera               `expr:"camera"`
	Orientation int                  `expr:"orientation"`
	Folder      string               `expr:"folder"`
	File        string               `expr:"file"`
	Date        string               `expr:"date"`
	Ran         func(id string) bool `expr:"ran"`
}

type compression struct {
	Quality     int    `expr:"quality"`
	Subsampling string `expr:"subsampling"`
	Progressive bool   `expr:"progressive"`
}

type camera struct {
	Make  string `expr:"make"`
	Model string `expr:"model"`
}

// fields lists the names that a struct gives to an expression.
func fields(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		list = append(list, t.Field(i).Tag.Get("expr"))
	}
	return list
}

var known = fields(reflect.TypeFor[environment]())

// Names lists the facts that an expression may name.
func Names() []string { return slices.Clone(known) }

// names looks for the names in an expression.
type names struct {
	steps    []string
	source   file.Source
	facts    []string
	members  []string // of jpeg and camera, with dots
	declared declared
	fault    *Error
}

func (n *names) Visit(node *ast.Node) {
	n.bounded(*node)
	switch is := (*node).(type) {
	case *ast.IdentifierNode:
		if slices.Contains(n.declared, is.Value) {
			return
		}
		if !slices.Contains(known, is.Value) {
			n.fail(is, "unknown variable %q%s", is.Value, suggest(is.Value))
			return
		}
		n.facts = append(n.facts, is.Value)
	case *ast.MemberNode:
		n.member(is)
	case *ast.CallNode:
		n.call(is)
	}
}

// suggest is the nearest fact, that of a group for one that is named without it.
func suggest(name string) string {
	if diag.Nearest(name, known) != "" {
		return diag.Suggest(name, known)
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		list := fields(groups[group])
		bare := strings.TrimLeft(strings.TrimPrefix(strings.ToLower(name), group), "_.-")
		if near := diag.Nearest(bare, list); near != "" {
			return fmt.Sprintf("; did you mean %q?", group+"."+near)
		}
	}
	return diag.Suggest(name, known)
}

// groups are the facts that have members.
var groups = map[string]reflect.Type{"jpeg": reflect.TypeFor[compression](), "camera": reflect.TypeFor[camera]()}

// declared are the names that let gives. The walk meets their uses first.
type declared []string

func (d *declared) Visit(node *ast.Node) {
	if is, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		*d = append(*d, is.Name)
	}
}

func (n *names) member(is *ast.MemberNode) {
	base, ok := is.Node.(*ast.IdentifierNode)
	property, named := is.Property.(*ast.StringNode)
	group, found := groups[nameOf(base, ok)]
	if !found || !named {
		return
	}
	if list := fields(group); !slices.Contains(list, property.Value) {
		n.fail(is.Property, "unknown variable %q%s", base.Value+"."+property.Value, diag.Suggest(property.Value, list))
		return
	}
	n.members = append(n.members, base.Value+"."+property.Value)
}

// told are the plain facts and the members, each once.
func (n *names) told() []string {
	var all []string
	for _, f := range append(slices.Clone(n.facts), n.members...) {
		if f != "ran" && f != "jpeg" && f != "camera" && !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

func nameOf(n *ast.IdentifierNode, ok bool) string {
	if !ok {
		return ""
	}
	return n.Value
}

// call checks the id that ran() asks for.
func (n *names) call(is *ast.CallNode) {
	callee, ok := is.Callee.(*ast.IdentifierNode)
	if nameOf(callee, ok) != "ran" || len(is.Arguments) != 1 {
		return
	}
	id, ok := is.Arguments[0].(*ast.StringNode)
	switch {
	case !ok:
		n.fail(is, `ran() takes the id of a step in quotes: ran("ID")`)
	case !slices.Contains(n.steps, id.Value):
		n.fail(id, "no step before has the id %q%s", id.Value, diag.Suggest(id.Value, n.steps))
	}
}

func (n *names) fail(at ast.Node, format string, args ...any) {
	if n.fault == nil {
		bound := (&file.Error{Location: at.Location()}).Bind(n.source)
		n.fault = &Error{Line: bound.Line, Column: bound.Column + 1, Message: fmt.Sprintf(format, args...)}
	}
}

var structName = regexp.MustCompile(`condition\.\w+`)

// fault makes an Error of what the expression library says.
func fault(err error) error {
	var known *file.Error
	if !errors.As(err, &known) {
		known = &file.Error{Message: err.Error()}
	}
	message := structName.ReplaceAllString(known.Message, "facts")
	if strings.HasPrefix(message, "expected bool, but got") {
		message = "the expression is neither true nor false but " + strings.TrimPrefix(message, "expected bool, but got ")
	}
	return &Error{Line: max(1, known.Line), Column: known.Column + 1, Message: message}
}
