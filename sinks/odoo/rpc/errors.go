package rpc

import (
	"errors"
	"fmt"

	"octail/sinks"
)

// Kind says what Odoo meant by a refusal.
type Kind int

// Kinds of refusals.
const (
	Unknown  Kind = iota // it may have been done or not; it may heal
	Conflict             // another transaction was faster, and Odoo's own repeats were used up
	Key                  // wrong, missing or expired key or password
	Right                // the user may not do that
	Database             // no such database
	Method               // no such model or method: a module is not installed
	Missing              // the record is not there any more
	Refused              // a rule of Odoo, or of a module in it, refuses this
	Mistake              // a field, an argument, a type that this Odoo does not know
)

// Error is a refusal of Odoo. Its text holds none of Odoo's words: they may repeat the
// document. Those are beside it (sinks.ExchangeOf), and in Message for who decides by them.
type Error struct {
	Kind    Kind
	Model   string
	Method  string
	Name    string // Odoo's exception class, e.g. odoo.exceptions.UserError
	Message string // never printed
}

func (e *Error) Error() string {
	return fmt.Sprintf("Odoo refuses %s of %s: %s", e.Method, e.Model, e.Kind)
}

func (k Kind) String() string {
	switch k {
	case Conflict:
		return "other transactions were faster"
	case Key:
		return "the API key or password is wrong or has expired"
	case Right:
		return "the user has no right to"
	case Database:
		return "there is no such database"
	case Method:
		return "it has no such model or method, is the module installed?"
	case Missing:
		return "the record is not there any more"
	case Refused:
		return "a rule of Odoo is against it"
	case Mistake:
		return "it does not know a field or a value"
	}
	return "an error inside Odoo"
}

// Class is what the engine does about it.
func (k Kind) Class() sinks.Class {
	switch k {
	case Key, Database, Method:
		return sinks.Blocked
	case Right, Missing, Refused, Mistake:
		return sinks.Permanent
	}
	return sinks.Retryable
}

// As finds what Odoo refused.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
