// Package steer is what an operator may do to deliveries: pause and resume a sink, retry
// and discard dead letters, link entities to records of a target. It works on a journal:
// the agent's while it runs, or one that a command has opened.
package steer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"octail/internal/journal"
)

// Desk is where it is done. Its methods may be called from several goroutines, and are
// safe to repeat. An error is a *Mistake of who asks, or the journal's.
type Desk struct {
	Journal *journal.Journal
	Sinks   []string // of the configuration
	Logs    []string // those of them that write a log: nothing there can be tied to an entity
	// Lane finds the running lane of a sink, nil when there is none; Lane itself is nil
	// without an agent.
	Lane func(sink string) Lane
}

// Lane is what steering needs of a running one.
type Lane interface {
	// Pause stops deliveries and Resume goes on with them, both for the next agent too.
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error
	// Wake says that something was changed in the journal for it.
	Wake()
	// Renew makes the sink forget what it keeps in memory: it is opened anew, and change
	// is done while nobody uses it. What is in flight comes to its end before. An error is
	// change's, or says why the sink could not be opened anew.
	Renew(ctx context.Context, change func() error) error
}

// Mistake is a wrong question. Its text says what a right one is.
type Mistake struct{ text string }

func (m *Mistake) Error() string { return m.text }

func mistake(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }

// IsMistake tells errors of who asks from those of the journal.
func IsMistake(err error) bool {
	var m *Mistake
	return errors.As(err, &m)
}

// configured refuses the name of a sink that is not in the configuration.
func (d *Desk) configured(sink string) error {
	if slices.Contains(d.Sinks, sink) {
		return nil
	}
	return mistake("there is no sink %q in the configuration: %s", sink, oneOf(d.Sinks))
}

// known refuses the name of a sink that neither the configuration nor the journal has.
func (d *Desk) known(ctx context.Context, sink string) error {
	names := slices.Clone(d.Sinks)
	records, err := d.Journal.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, r := range records {
		names = append(names, r.Name)
	}
	linked, err := d.Journal.LinkedSinks(ctx)
	if err != nil {
		return err
	}
	names = append(names, linked...)
	slices.Sort(names)
	if names = slices.Compact(names); slices.Contains(names, sink) {
		return nil
	}
	return mistake("there is no sink %q: %s", sink, oneOf(names))
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return "there are none"
	}
	return "choose one of " + strings.Join(names, ", ")
}

func (d *Desk) lane(sink string) Lane {
	if d.Lane == nil {
		return nil
	}
	return d.Lane(sink)
}

func (d *Desk) wake(sink string) {
	if l := d.lane(sink); l != nil {
		l.Wake()
	}
}

// count writes a number with its noun.
func count(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
