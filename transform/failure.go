package transform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"octail/internal/shop"
)

// What can fail for all keys alike, in words for an operator.
const (
	readShop     = "read the shop"
	readJournal  = "read the journal"
	writeJournal = "write the journal"
)

// failure is an error that concerns more than one key: the database or the
// journal cannot be used at present. Nothing is lost by it.
type failure struct {
	doing string
	err   error
}

func (f failure) Error() string { return f.doing + ": " + shop.Explain(f.err) }
func (f failure) Unwrap() error { return f.err }

// asFailure makes sure that err says what was being done.
func asFailure(doing string, err error) error {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	return failure{doing, err}
}

func (t *Transformer) failed(err error) {
	f := asFailure(readShop, err).(failure)
	message := shop.Explain(f.err)
	t.mu.Lock()
	news := t.blocked[f.doing] != message
	t.blocked[f.doing] = message
	t.mu.Unlock()
	if news {
		t.log.Error("documents cannot be made at present, trying again", "doing", f.doing, "err", message)
	}
}

// worked notes that what had failed works again.
func (t *Transformer) worked(doing string) {
	t.mu.Lock()
	_, was := t.blocked[doing]
	delete(t.blocked, doing)
	t.mu.Unlock()
	if was {
		t.log.Info("this works again", "doing", doing)
	}
}

// stuck is what Blocked says.
type stuck struct {
	why  string
	shop bool // the shop cannot be read
}

func (s stuck) Error() string { return s.why }

// Unreachable reports whether an error of this package says that the shop's database gives
// no answer. That of a journal, or of a shop that answers something else, does not.
func Unreachable(err error) bool {
	var s stuck
	if errors.As(err, &s) {
		return s.shop
	}
	var f failure
	return errors.As(err, &f) && f.doing == readShop && shop.Classify(f.err) == shop.Unreachable
}

// Stuck is Blocked as an error, nil when nothing is in the way.
func (t *Transformer) Stuck() error {
	why := t.Blocked()
	if why == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, shop := t.blocked[readShop]
	return stuck{why, shop}
}

// Blocked says why nothing can be read or journaled at present, "" when it can.
func (t *Transformer) Blocked() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, doing := range slices.Sorted(maps.Keys(t.blocked)) {
		all = append(all, doing+": "+t.blocked[doing])
	}
	return strings.Join(all, "; ")
}

// errUnreadable: an entity's own tables are missing, or its name means nothing.
var errUnreadable = errors.New("cannot be read")

// unreadable names the table or column without which an entity's documents would be
// wrong.
func unreadable(s *shop.Schema, e *entity) error {
	for _, t := range e.tables {
		if leftOver(s, t.name) {
			continue
		}
		if !s.Has(t.name, t.key) && !slices.Contains(e.optional, t.name) {
			return fmt.Errorf("%s %w: table %s with column %s is not there (or SELECT on it is not granted)", e.name, errUnreadable, s.Prefix+t.name, t.key)
		}
		for _, c := range needed[t.name] {
			if s.Has(t.name) && !s.Has(t.name, c) {
				return fmt.Errorf("%s %w: column %s of table %s is not there (or SELECT on it is not granted)", e.name, errUnreadable, c, s.Prefix+t.name)
			}
		}
	}
	return nil
}
