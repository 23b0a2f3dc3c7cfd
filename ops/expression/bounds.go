package expression

import (
	"github.com/expr-lang/expr/ast"
)

// An expression decides for every photo, so it must end soon whatever it says:
// its length, the lists that it makes and walks through, and walks within walks
// are bounded.
const (
	maxLength = 4096 // bytes of an expression
	maxItems  = 2000 // of all lists and texts that it makes
)

// bounded refuses what could take long.
func (n *names) bounded(node ast.Node) {
	switch is := node.(type) {
	case *ast.BinaryNode:
		from, ok := is.Left.(*ast.IntegerNode)
		to, constant := is.Right.(*ast.IntegerNode)
		if is.Operator == ".." && ok && constant && to.Value-from.Value >= maxItems {
			n.fail(is, "a range must have at most %d items, got %d..%d", maxItems, from.Value, to.Value)
		}
	case *ast.PredicateNode:
		var inner predicates
		ast.Walk(&is.Node, &inner)
		if inner > 0 {
			n.fail(is, "predicates cannot be nested")
		}
	}
}

// predicates counts tests of items, such as those of all() and any().
type predicates int

func (p *predicates) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		*p++
	}
}
