// Package expression compiles and runs conditions over documents: where.expr of a sink.
// The language is that of expr-lang.org, less what has no place in such a condition:
//
//   - The variables are the fields of the document, named as in its JSON; in all(lines,
//     ...) and the like .sku is a field of the element. An unknown field is an error of
//     Compile, with those there are.
//   - What is null in the document, or what this OpenCart version does not have, is "", 0,
//     false or without elements: a guest has customer.id == 0.
//   - Amounts, rates, weights (decimal text in the document) are exact numbers. They are
//     compared with 100, 99.95 or "99.95", added, subtracted, multiplied, and summed up:
//     sum(map(lines, .total)) >= 100. There is no division and no floating point,
//     and no result of more than 300 digits.
//   - Operators: and or not, == != < <= > >= in, contains startsWith endsWith, matches (a
//     regular expression in quotes), ? :, let. Functions: all any none one filter map count
//     len sum lower upper trim.
//   - It ends: loops go over the document's lists only, at most two inside each other, and
//     memory is bounded: texts cannot be joined.
package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Program is a compiled expression. It may be run by several goroutines.
type Program struct {
	program *vm.Program
	typ     reflect.Type
}

// Compile reads an expression over the documents of an entity and checks its types. The
// error is one line for people, with the place in the expression.
func Compile(entity, text string) (_ *Program, err error) {
	typ, ok := documents[entity]
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no entity %q", entity)
	case strings.TrimSpace(text) == "":
		return nil, errors.New("is empty; write a condition, e.g. total >= 100, or remove the line")
	case len(text) > mostBytes:
		return nil, fmt.Errorf("is longer than %d characters", mostBytes)
	}
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("is no expression that can be used")
		}
	}()
	l := &language{}
	program, err := expr.Compile(text, l.options(typ)...)
	if l.mistake != nil {
		return nil, explain(l.mistake.Bind(file.NewSource(text)))
	}
	if err != nil {
		err = explain(err)
		if strings.HasPrefix(err.Error(), "unknown name") {
			err = fmt.Errorf("%w; known: %s", err, strings.Join(fieldNames(typ), ", "))
		}
		return nil, err
	}
	return &Program{program, typ}, nil
}

// Run tells whether the expression is true of a document, given as its JSON. It ends for
// every document, and never panics. An error says nothing of the document's content.
func (p *Program) Run(doc []byte) (bool, error) {
	v := reflect.New(p.typ)
	if err := json.Unmarshal(doc, v.Interface()); err != nil {
		return false, fmt.Errorf("read document: %w", err)
	}
	result, err := expr.Run(p.program, v.Elem().Interface())
	if err != nil {
		return false, explain(err)
	}
	ok, isBool := result.(bool)
	if !isBool {
		return false, errors.New("it is neither true nor false")
	}
	return ok, nil
}

// explain makes one line of the library's error.
func explain(err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return errors.New(withoutTypes(err.Error()))
	}
	message := withoutTypes(e.Message)
	if e.Line > 1 {
		return fmt.Errorf("%s (line %d, column %d of the expression)", message, e.Line, e.Column+1)
	}
	return fmt.Errorf("%s (column %d of the expression)", message, e.Column+1)
}

// withoutTypes puts words in the place of Go's types, of which some are pages long.
func withoutTypes(message string) string {
	for {
		start := strings.Index(message, "struct {")
		if start < 0 {
			break
		}
		depth, end := 0, len(message)
		for i := start; i < len(message); i++ {
			if message[i] == '{' {
				depth++
			} else if message[i] == '}' {
				if depth--; depth == 0 {
					end = i + 1
					break
				}
			}
		}
		message = message[:start] + "object" + message[end:]
	}
	message, _, _ = strings.Cut(message, "\n")
	return strings.NewReplacer("expression.amount", "amount", "int64", "number", "float64", "number", "[]", "list of ", "interface {}", "values",
		"expected bool, but got", "must be true or false, but is of type").Replace(message)
}
