// Package expression compiles and runs conditions over documents: where.expr of a sink.
package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// Program is a compiled expression. It may be run by several goroutines.
type Program struct {
	program *vm.Program
	typ     reflect.Type
}

// Compile reads an expression over the documents of an entity and checks its types. The
// error is one line that continues "where.expr: ".
func Compile(entity, text string) (*Program, error) {
	typ, ok := documents[entity]
	if !ok {
		return nil, fmt.Errorf("there is no entity %q", entity)
	}
	program, err := expr.Compile(text, expr.Env(reflect.New(typ).Elem().Interface()), expr.AsBool(), expr.WarnOnAny())
	if err != nil {
		return nil, err
	}
	return &Program{program, typ}, nil
}

// Run tells whether the expression is true of a document, given as its JSON. It ends for
// every document, and never panics.
func (p *Program) Run(doc []byte) (bool, error) {
	v := reflect.New(p.typ)
	if err := json.Unmarshal(doc, v.Interface()); err != nil {
		return false, fmt.Errorf("read document: %w", err)
	}
	result, err := expr.Run(p.program, v.Elem().Interface())
	if err != nil {
		return false, err
	}
	ok, isBool := result.(bool)
	if !isBool {
		return false, errors.New("it is neither true nor false")
	}
	return ok, nil
}
