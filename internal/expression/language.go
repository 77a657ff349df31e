package expression

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/shopspring/decimal"
)

// Bounds of an expression.
const (
	mostBytes = 4096
	mostNodes = 500
	// mostLoops: a condition for each element, for each element. More of them could take
	// hours over a long order.
	mostLoops = 2
	// mostDigits is what a literal keeps on its way through the parser.
	mostDigits = 15
)

// functions are the builtins of the language that are left on. Off are those that tell
// the time, that make new data without end or in floating point, and that have no answer
// for an empty list.
var functions = []string{"all", "any", "none", "one", "filter", "map", "count", "len", "lower", "upper", "trim"}

// language turns the tree of an expression into one that computes exactly, and refuses
// what has no place in a condition over a document. The library lets it visit the tree
// from the leaves up, after each check of the types, until it changes nothing more: the
// type of what a let names is known only after what it is made of was changed.
type language struct {
	mistake *file.Error // the first one of this round; in an earlier one types may be missing
	changed bool        // in this round
}

// Reset begins a round.
func (l *language) Reset() { l.mistake, l.changed = nil, false }

// ShouldRepeat tells whether there has to be another one.
func (l *language) ShouldRepeat() bool { return l.changed }

// Visit implements ast.Visitor.
func (l *language) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode:
		l.refuse(n, `there is no nil: what is null in the document is "", 0 or false here`)
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			l.refuse(n, "$env is not possible; name a field")
		}
	case *ast.FloatNode:
		l.decimal(node, strconv.FormatFloat(n.Value, 'f', -1, 64))
	case *ast.UnaryNode:
		if c, ok := n.Node.(*ast.ConstantNode); ok && n.Operator == "-" {
			if a, ok := c.Value.(amount); ok {
				l.patch(node, &ast.ConstantNode{Value: amount{a.d.Neg()}}, amountType)
			}
		}
	case *ast.BinaryNode:
		l.binary(node, n)
	case *ast.MemberNode:
		l.member(n)
	case *ast.CallNode:
		if _, ok := n.Callee.(*ast.IdentifierNode); !ok {
			l.refuse(n, "a field cannot be called")
		}
	case *ast.PredicateNode:
		if depth(n) > mostLoops {
			l.refuse(n, "more than %d loops (all, any, filter, ...) inside each other", mostLoops)
		}
	}
}

// binary makes operators between amounts exact.
func (l *language) binary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "..":
		l.refuse(n, "ranges (..) are not possible")
		return
	case "/", "%", "**", "^":
		l.refuse(n, "%s is not possible: there is no exact result; compare products instead", n.Operator)
		return
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			l.refuse(n, "matches needs its pattern in quotes")
		}
		return
	}
	left, right := isAmount(n.Left), isAmount(n.Right)
	if !left && !right {
		if n.Operator == "+" && !(isWhole(n.Left) && isWhole(n.Right)) { // by let, a text grows without end
			l.refuse(n, "texts cannot be joined; compare each of them")
			return
		}
		if (n.Operator == "==" || n.Operator == "!=") && (isComposed(n.Left) || isComposed(n.Right)) {
			l.refuse(n, "lists and objects cannot be compared as a whole; compare their fields, or use all or any")
		}
		return
	}
	if operations[n.Operator] == nil {
		l.refuse(n, "%s is not possible with an amount; compare it with ==, !=, <, <=, > or >=", n.Operator)
		return
	}
	for _, side := range []*ast.Node{&n.Left, &n.Right} {
		if text, ok := (*side).(*ast.StringNode); ok {
			l.decimal(side, text.Value)
		}
		if !isAmount(*side) && !isWhole(*side) {
			l.refuse(*side, "an amount can be compared and computed with numbers only: 100, 99.95 or \"99.95\"")
			return
		}
	}
	result := reflect.TypeFor[bool]()
	if arithmetic(n.Operator) {
		result = amountType
	}
	l.patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: operation(n.Operator)}, Arguments: []ast.Node{n.Left, n.Right}}, result)
}

// decimal puts an exact number in the place of a literal.
func (l *language) decimal(node *ast.Node, text string) {
	d, err := decimal.NewFromString(text)
	if err != nil || strings.ContainsAny(text, "eE") {
		l.refuse(*node, "an amount is written 99.95 or \"99.95\"")
		return
	}
	if _, ok := (*node).(*ast.FloatNode); ok && d.NumDigits() > mostDigits {
		l.refuse(*node, "a number of more than %d digits has to be in quotes", mostDigits)
		return
	}
	l.patch(node, &ast.ConstantNode{Value: amount{d}}, amountType)
}

// member finds fields that there are not: the message of the library has the whole type
// in it.
func (l *language) member(n *ast.MemberNode) {
	base := n.Node.Type()
	if base != nil && base == amountType {
		l.refuse(n, "an amount has no fields")
		return
	}
	name, ok := n.Property.(*ast.StringNode)
	if !ok || base == nil || base.Kind() != reflect.Struct {
		return
	}
	if known := fieldNames(base); !slices.Contains(known, name.Value) {
		l.refuse(n.Property, "unknown field %s; known: %s", plain(name.Value), strings.Join(known, ", "))
	}
}

func (l *language) refuse(at ast.Node, format string, args ...any) {
	if l.mistake == nil {
		l.mistake = &file.Error{Location: at.Location(), Message: fmt.Sprintf(format, args...)}
	}
}

func (l *language) patch(node *ast.Node, by ast.Node, t reflect.Type) {
	l.changed = true
	ast.Patch(node, by)
	(*node).SetType(t)
}

func isAmount(n ast.Node) bool { return n.Type() == amountType }

func isComposed(n ast.Node) bool {
	t := n.Type()
	return t != nil && t != amountType && (t.Kind() == reflect.Struct || t.Kind() == reflect.Slice || t.Kind() == reflect.Map)
}

func isWhole(n ast.Node) bool {
	t := n.Type()
	return t != nil && (t.Kind() == reflect.Int || t.Kind() == reflect.Int64)
}

// depth counts the loops inside each other, the outermost included.
func depth(n *ast.PredicateNode) int {
	inner := &nested{}
	ast.Walk(&n.Node, inner)
	return 1 + inner.most
}

type nested struct{ most int }

func (d *nested) Visit(node *ast.Node) {
	if p, ok := (*node).(*ast.PredicateNode); ok {
		d.most = max(d.most, depth(p))
	}
}

// plain is a word of an expression for a message.
func plain(word string) string {
	if len(word) > 40 {
		word = word[:40] + "..."
	}
	return strconv.Quote(word)
}

func (l *language) options(t reflect.Type) []expr.Option {
	options := []expr.Option{
		expr.Env(reflect.New(t).Elem().Interface()), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(mostNodes), expr.Patch(l), expr.DisableAllBuiltins(),
	}
	for _, name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	return append(options, amountOptions()...)
}
