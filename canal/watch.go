package canal

import (
	"fmt"
	"time"
)

// Table is one watched table and what its rows mean.
type Table struct {
	Name  string // as in the database, prefix included
	Rules []Rule
}

// Rule says whom a row change of a table concerns. One table may have several:
// a row of oc_product concerns the product and its stock level.
type Rule struct {
	// Target is what is touched: an entity or a reference table. Opaque here.
	Target string
	// Key is the integer column that holds the target's key. A row in which it
	// is NULL concerns nobody.
	// Empty: the target as a whole (key 0), unless Resolve is set.
	Key string
	// Resolve finds the key where it is written inside text columns (TextColumns,
	// in that order; a NULL is ""). ok false: the row concerns nobody.
	Resolve     func(values []string) (key int64, ok bool)
	TextColumns []string
	// Only lists the columns whose change matters in an update, Ignore those
	// that do not. At most one of the two is set; none: all columns matter.
	// Names that the table does not have are no error.
	Only, Ignore []string
	// Cascade: a deleted row, and one whose columns in Only changed, takes rows of other
	// tables with it by a foreign key, which servers do not log as rows: the target
	// becomes a Resync. Without Key.
	Cascade bool
}

// Touch is one key seen changed.
type Touch struct {
	Target string
	Key    int64
}

// Resync says that all keys of a target may have changed without a row event
// that names them.
type Resync struct {
	Target string
	Table  string
	Reason string // one of Reasons
}

// Reasons are the words a Resync gives:
//
//	truncate   the table was emptied by TRUNCATE
//	ddl        a statement may have changed or removed values (DROP, RENAME, ALTER ... MODIFY, REPAIR, ...)
//	statement  a change was logged as SQL text, not as rows
//	layout     rows were, or would have been, read with column names that may not be theirs
//	image      a row image does not carry the key (binlog_row_image other than FULL)
//	decode     rows, or an event of an unknown kind, could not be read
//	bulk       one transaction touched more keys than are worth listing
//	cascade    a foreign key may have changed rows along with another table's, unlogged
//	incident   the server says that its log lacks events
var Reasons = []string{"truncate", "ddl", "statement", "layout", "image", "decode", "bulk", "cascade", "incident"}

// Transaction is what one committed transaction did to the watched tables.
type Transaction struct {
	Position Position  // behind its commit
	Time     time.Time // commit time as the server wrote it; whole seconds on MariaDB
	Touches  []Touch   // each once
	Resyncs  []Resync
	// Tables: a statement may have made, altered or removed tables of the watched
	// database, or what we may see of them. The watch list may be another now.
	Tables bool
}

// Handler receives what the stream finds. Its methods are called from one
// goroutine, never after Run has returned; while one blocks, nothing is read (that
// is the back-pressure), and Run waits for it even when its context has ended.
// An error stops Run, which returns it.
type Handler interface {
	// Commit is called once for each transaction that concerns a watched table, or
	// tables as such.
	// It may keep t and what it holds.
	Commit(t Transaction) error
	// Progress is called now and then (about once a second) when the log moved on,
	// or the server sent a sign of life, without anything to report: all up to pos
	// was handed over.
	Progress(pos Position) error
}

func validate(tables []Table) error {
	seen := map[string]bool{}
	for _, t := range tables {
		if seen[t.Name] {
			return fmt.Errorf("watch list: table %s is listed twice", t.Name)
		}
		seen[t.Name] = true
		for _, r := range t.Rules {
			if r.Target == "" {
				return fmt.Errorf("watch list: table %s has a rule without target", t.Name)
			}
			if len(r.Only) > 0 && len(r.Ignore) > 0 {
				return fmt.Errorf("watch list: table %s, target %s: Only and Ignore exclude each other", t.Name, r.Target)
			}
			if r.Resolve != nil && (r.Key != "" || len(r.TextColumns) == 0) {
				return fmt.Errorf("watch list: table %s, target %s: Resolve needs TextColumns and no Key", t.Name, r.Target)
			}
		}
	}
	return nil
}
