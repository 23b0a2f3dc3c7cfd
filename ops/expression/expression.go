// Package expression is the language of conditions: Expr over the fields of a Go
// struct. It finds what is wrong in an expression before any value comes, with
// its place and the nearest valid name, and bounds what a decision may take. It
// knows nothing of what the fields mean.
package expression

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"golang.org/x/text/unicode/norm"
)

// Expression is a compiled expression over E, a struct whose fields bear their
// names in the tag `expr`. It may decide on several values at a time.
type Expression[E any] struct {
	text    string
	program *vm.Program
	names   []string // variables that it names
	told    []string // the plain ones among them, and the members of those that have some
}

// Error is what is wrong in an expression. Line and Column count from 1.
type Error struct {
	Line, Column int
	Message      string
}

func (e *Error) Error() string { return e.Message }

// Function is a field of E that is a function, of which one argument has to be a
// text in quotes, so that it can be checked beforehand.
type Function struct {
	Name     string
	Usage    string                  // what is wrong where it is anything else
	Argument int                     // its index
	Check    func(text string) error // what is wrong with the text
}

// Compile reads an expression that is true or false. It is taken in Unicode's
// composed form (NFC), in which names of files and folders should be given to
// it. The error is an [*Error].
func Compile[E any](text string, functions ...Function) (*Expression[E], error) {
	return compile[E](text, expr.AsBool(), functions)
}

// CompileNumber is [Compile] for an expression that is a number.
func CompileNumber[E any](text string, functions ...Function) (*Expression[E], error) {
	return compile[E](text, expr.AsFloat64(), functions)
}

func compile[E any](text string, kind expr.Option, functions []Function) (*Expression[E], error) {
	if len(text) > maxLength {
		return nil, &Error{1, 1, fmt.Sprintf("an expression must be at most %d bytes, got %d", maxLength, len(text))}
	}
	text = norm.NFC.String(text)
	of := reflect.TypeFor[E]()
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, fault(err, of)
	}
	look := &names{of: of, functions: functions, source: file.NewSource(text)}
	ast.Walk(&tree.Node, &look.declared)
	ast.Walk(&tree.Node, look)
	if look.fault != nil {
		return nil, look.fault
	}
	var none E
	options := append(byVersions(of), expr.Env(none), kind, expr.DisableBuiltin("now"))
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, fault(err, of)
	}
	return &Expression[E]{text: text, program: program, names: look.found, told: look.told()}, nil
}

// String is the expression as it was written.
func (x *Expression[E]) String() string { return x.text }

// Canonical is the expression in one form, however it is spaced and bracketed. A
// text in quotes that is the checked argument of the function named is given to
// rename.
func (x *Expression[E]) Canonical(function string, rename func(text string) string) string {
	tree, err := parser.Parse(x.text)
	if err != nil {
		return x.text // it was parsed before
	}
	ast.Walk(&tree.Node, renamer{function, rename})
	return tree.Node.String()
}

// renamer changes the texts that a function is called with, and gives operators
// with two names one.
type renamer struct {
	function string
	rename   func(string) string
}

func (r renamer) Visit(node *ast.Node) {
	switch is := (*node).(type) {
	case *ast.BinaryNode:
		is.Operator = cmp.Or(map[string]string{"&&": "and", "||": "or", "**": "^"}[is.Operator], is.Operator)
	case *ast.UnaryNode:
		is.Operator = cmp.Or(map[string]string{"!": "not"}[is.Operator], is.Operator)
	}
	call, ok := (*node).(*ast.CallNode)
	if !ok {
		return
	}
	name, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != r.function {
		return
	}
	for _, argument := range call.Arguments {
		if text, ok := argument.(*ast.StringNode); ok {
			text.Value = r.rename(text.Value)
		}
	}
}

// Names are the variables that it names, without their members.
func (x *Expression[E]) Names() []string { return x.names }

// Holds decides on one value.
func (x *Expression[E]) Holds(value E) (bool, error) {
	machine := vm.VM{MemoryBudget: maxItems}
	result, err := machine.Run(x.program, value)
	if err != nil {
		return false, fmt.Errorf("%s: %w", x.text, fault(err, reflect.TypeFor[E]()))
	}
	return result.(bool), nil
}

// Number is the value of an expression that is a number.
func (x *Expression[E]) Number(value E) (float64, error) {
	machine := vm.VM{MemoryBudget: maxItems}
	result, err := machine.Run(x.program, value)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", x.text, fault(err, reflect.TypeFor[E]()))
	}
	return result.(float64), nil
}

// Told lists what decides, as "width 4000, jpeg.quality 40".
func (x *Expression[E]) Told(of E) string {
	var all []string
	for _, name := range x.told {
		value := reflect.ValueOf(of)
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

// fault makes an Error of what the expression library says; it calls E by the
// name of its Go type.
func fault(err error, of reflect.Type) error {
	var known *file.Error
	if !errors.As(err, &known) {
		known = &file.Error{Message: err.Error()}
	}
	pkg, _, _ := strings.Cut(of.String(), ".")
	message := regexp.MustCompile(regexp.QuoteMeta(pkg)+`\.\w+`).ReplaceAllString(known.Message, "facts")
	if strings.Contains(message, compareVersions) {
		message = `a version is compared with a text in quotes, such as model < "0.3"`
	}
	if strings.HasPrefix(message, "expected bool, but got") {
		message = "the expression must be true or false, got " + strings.TrimPrefix(message, "expected bool, but got ")
	}
	if strings.HasPrefix(message, "expected float64, but got") {
		message = "the expression must be a number, got " + strings.TrimPrefix(message, "expected float64, but got ")
	}
	return &Error{Line: max(1, known.Line), Column: known.Column + 1, Message: message}
}
