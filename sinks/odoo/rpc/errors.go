package rpc

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"octail/sinks"
)

// Kind says what Odoo meant by a refusal.
type Kind int

// Kinds of refusals.
const (
	Unknown  Kind = iota // it may have been done or not; it may heal
	Conflict             // another transaction was faster, and Odoo's own repeats were used up
	Key                  // wrong, missing or expired key or password
	Denied               // the user lacks a right that everything of its kind needs: a group is missing
	Right                // the user may not do that with this record
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
	if e.Kind == Key || e.Kind == Database {
		return "Odoo refuses the connection: " + e.Kind.String()
	}
	return fmt.Sprintf("Odoo refuses %s of %s: %s", e.Method, e.Model, e.Kind)
}

func (k Kind) String() string {
	switch k {
	case Conflict:
		return "other transactions were faster each time it tried"
	case Key:
		return "it does not accept the API key (or login and password): it is wrong, has expired, or is another database's. Make a new key in Odoo as octail's user (My Preferences, Security, API Keys), put it where api_key says, then: octail reload"
	case Denied:
		return "octail's user has not the rights for it; octail check lists the groups that an administrator has to add to the user"
	case Right:
		return "octail's user may not do that with this record"
	case Database:
		return "it has no such database, or its dbfilter hides it; correct database (or url, where Odoo is below a path)"
	case Method:
		return "it has no such model or method; is the app installed that brings it?"
	case Missing:
		return "the record is not there any more"
	case Refused:
		return "a rule of Odoo is against it"
	case Mistake:
		return "it does not know a field or cannot read a value"
	}
	return "an error inside Odoo, or on the way back"
}

// Class is what the engine does about it.
func (k Kind) Class() sinks.Class {
	switch k {
	case Key, Database, Method, Denied:
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

// transient are the exceptions of Python, of PostgreSQL and of its driver that tell of
// the server's state and not of what was asked.
var transient = []string{
	"psycopg2.OperationalError", "psycopg2.InterfaceError", "odoo.sql_db.PoolError",
	"psycopg2.errors.QueryCanceled", "psycopg2.errors.AdminShutdown", "psycopg2.errors.CrashShutdown", "psycopg2.errors.CannotConnectNow",
	"psycopg2.errors.DatabaseDropped", "psycopg2.errors.DiskFull", "psycopg2.errors.OutOfMemory", "psycopg2.errors.TooManyConnections",
	"psycopg2.errors.InsufficientResources", "psycopg2.errors.ConfigurationLimitExceeded", "psycopg2.errors.IoError", "psycopg2.errors.SystemError",
	"psycopg2.errors.ReadOnlySqlTransaction", "psycopg2.errors.IdleInTransactionSessionTimeout", "psycopg2.errors.InFailedSqlTransaction",
	"psycopg2.errors.ConnectionException", "psycopg2.errors.ConnectionFailure", "psycopg2.errors.SqlclientUnableToEstablishSqlconnection",
	"psycopg2.errors.InternalError_",
	// Odoo writes its SQL itself: what it misses in its own tables an upgrade brings.
	"psycopg2.errors.UndefinedColumn", "psycopg2.errors.UndefinedTable", "psycopg2.errors.UndefinedFunction",
	"builtins.MemoryError", "builtins.OSError", "builtins.ConnectionError", "builtins.ConnectionResetError", "builtins.ConnectionRefusedError",
	"builtins.ConnectionAbortedError", "builtins.BrokenPipeError", "builtins.TimeoutError", "builtins.InterruptedError", "builtins.BlockingIOError",
	"builtins.RuntimeError", // "dictionary changed size during iteration": another thread
	"builtins.SystemExit", "builtins.KeyboardInterrupt",
	"odoo.tools.misc.CountingStreamError", "odoo.service.server.CpuTimeLimitExceeded",
}

// conflicts: another transaction was faster.
var conflicts = []string{
	"psycopg2.errors.SerializationFailure", "psycopg2.errors.DeadlockDetected", "psycopg2.errors.LockNotAvailable",
	"psycopg2.extensions.TransactionRollbackError", "odoo.exceptions.ConcurrencyError", "odoo.exceptions.LockError",
}

// byName is what an exception means, by its class and, where that says too little, its
// text. Both transports tell the class.
func byName(name, text string) Kind {
	switch {
	case slices.Contains(conflicts, name):
		return Conflict
	case name == "psycopg2.OperationalError" && noDatabase.MatchString(text):
		return Database
	case slices.Contains(transient, name):
		return Unknown
	}
	switch name {
	case "odoo.exceptions.AccessDenied":
		return Key
	case "odoo.exceptions.AccessError":
		return access(text)
	case "odoo.exceptions.MissingError":
		return Missing
	case "werkzeug.exceptions.NotFound":
		return Method
	case "werkzeug.exceptions.UnprocessableEntity", "werkzeug.exceptions.BadRequest", "werkzeug.exceptions.UnsupportedMediaType":
		return Mistake
	case "builtins.AttributeError":
		if noMethod.MatchString(text) {
			return Method
		}
	}
	switch {
	case strings.HasPrefix(name, "odoo.exceptions."), strings.HasPrefix(name, "odoo.addons."):
		return Refused
	case strings.HasPrefix(name, "psycopg2."), strings.HasPrefix(name, "builtins."), strings.HasPrefix(name, "decimal."), strings.HasPrefix(name, "binascii."):
		return Mistake
	}
	return Unknown
}

// What Odoo and PostgreSQL say; texts of Odoo are English because octail asks in English.
var (
	noDatabase = regexp.MustCompile(`database ".*" does not exist`)
	noMethod   = regexp.MustCompile(`^The method '[^']*' does not exist|^type object '[^']*' has no attribute`)
	noModel    = regexp.MustCompile(`^Object \S+ doesn't exist`)
	gone       = regexp.MustCompile(`^Record does not exist or has been deleted\.|^One of the documents you are trying to access has been deleted`)
	private    = regexp.MustCompile(`^Private methods? `)
	// The whole of a model is closed to the user, not one record.
	closed = regexp.MustCompile(`^You are not allowed to \w+ |^You do not have enough rights to access the fields? |^The requested operation \("\w+" on `)
)

// access tells a right that the user lacks altogether from a record that is not his.
func access(text string) Kind {
	switch {
	case private.MatchString(text):
		return Mistake
	case closed.MatchString(text):
		return Denied
	}
	return Right
}

// caught is how load tells of an exception that it did not expect, in any language.
var caught = regexp.MustCompile(`<class '[\w.]+'>: `)

// Lacks tells whether a text of Odoo, of one record among others, says that the user
// lacks a right for the whole model.
func Lacks(text string) bool {
	if i := caught.FindStringIndex(text); i != nil {
		text = text[i[1]:]
	}
	return access(text) == Denied
}

// passing are the words of PostgreSQL for the names in transient and conflicts: of those
// that load catches it tells the words alone.
var passing = regexp.MustCompile(`^(?:could not serialize access|deadlock detected|could not obtain lock|current transaction is aborted` +
	`|canceling statement due to |terminating connection |server closed the connection |connection (?:already closed|to server )|cursor already closed|SSL ` +
	`|cannot execute \w+ in a read-only transaction|could not (?:extend|write to|open|create|read) .*file |out of (?:memory|shared memory)` +
	`|(?:column|relation|function) .* does not exist|the database system is )`)

// Passes tells whether a text of Odoo, of one record among others, tells of the server's
// state and not of the record.
func Passes(text string) bool {
	if m := caught.FindString(text); m != "" {
		name := strings.TrimSuffix(strings.TrimPrefix(m, "<class '"), "'>: ")
		if !strings.Contains(name, ".") {
			name = "builtins." + name
		}
		return slices.Contains(transient, name) || slices.Contains(conflicts, name)
	}
	return passing.MatchString(text)
}

// byFault is what a fault of XML-RPC means, and the exception it is about.
func byFault(f *fault) (kind Kind, name, text string) {
	switch f.code {
	case 2:
		switch {
		case noModel.MatchString(f.text):
			return Method, "odoo.exceptions.UserError", f.text
		case gone.MatchString(f.text):
			return Missing, "odoo.exceptions.MissingError", f.text
		}
		return Refused, "odoo.exceptions.UserError", f.text
	case 3:
		return Key, "odoo.exceptions.AccessDenied", f.text
	case 4:
		return access(f.text), "odoo.exceptions.AccessError", f.text
	}
	name, text = raised(f.text)
	return byName(name, text), name, text
}

// unsaid: the call was made and its transaction ended well, then its answer could not be
// written as XML-RPC (a set of records, numbers as keys, frozendict).
func unsaid(name, text string) bool {
	return name == "builtins.TypeError" && (strings.HasPrefix(text, "cannot marshal ") || strings.HasPrefix(text, "dictionary key must be string"))
}

// raised is the exception at the end of a traceback of Python: behind the last frame, the
// first line that is not indented.
func raised(trace string) (name, text string) {
	const begin = "Traceback (most recent call last):\n"
	if i := strings.LastIndex(trace, begin); i >= 0 {
		trace = trace[i+len(begin):]
		for strings.HasPrefix(trace, " ") {
			_, trace, _ = strings.Cut(trace, "\n")
		}
	}
	name, text, _ = strings.Cut(strings.TrimSpace(trace), ":")
	if strings.ContainsAny(name, " \n") {
		return "", trace
	}
	if !strings.Contains(name, ".") {
		name = "builtins." + name
	}
	return name, strings.TrimSpace(text)
}
