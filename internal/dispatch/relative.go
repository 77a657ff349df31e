package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"octail/internal/journal"
	"octail/transform/document"
)

// relative returns an event's data with `changed` and `previous` relative to the
// revision the sink accepted before, nil for none; and what changed. What a revision in
// doubt has changed is changed, too. A former value that nobody knows, or that the journal
// has no more, is left out of previous.
func (l *Lane) relative(ctx context.Context, e *journal.Stored, known journal.Known, accepted *journal.Accepted, d doubt, again bool) (data []byte, changed []string, err error) {
	now, err := document.ReadSums(known.Fields)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", e.Key, err)
	}
	if accepted == nil || accepted.Deleted || again {
		changed = slices.Sorted(maps.Keys(now))
		if e.Kind == document.Created || e.Kind == document.Deleted {
			return e.Data, changed, nil
		}
		return rewritten(e, changed, nil)
	}
	then, err := document.ReadSums(accepted.Fields)
	if err != nil {
		return nil, nil, fmt.Errorf("%s as accepted: %w", e.Key, err)
	}
	for name, sum := range now {
		if before, ok := then[name]; !ok || before != sum {
			changed = append(changed, name)
		}
	}
	for name := range then {
		if _, ok := now[name]; !ok {
			changed = append(changed, name)
		}
	}
	back, all := d.fields()
	if all {
		back = slices.Collect(maps.Keys(now))
	}
	back = slices.DeleteFunc(back, func(name string) bool { return slices.Contains(changed, name) })
	changed = append(changed, back...)
	slices.Sort(changed)
	if accepted.Sequence == e.Prior || e.Kind == document.Deleted {
		return e.Data, changed, nil
	}
	if document.Erased(e.Data) { // the event it accepted may not be scrubbed yet
		return rewritten(e, changed, map[string][]byte{})
	}
	former, err := l.cfg.Journal.Event(ctx, accepted.Sequence)
	if errors.Is(err, journal.ErrNoEvent) {
		return rewritten(e, changed, map[string][]byte{})
	}
	if err != nil {
		return nil, nil, err
	}
	doc, err := document.DocumentOf(former.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("event %d: %w", former.Sequence, err)
	}
	previous, err := document.FieldsOf(doc)
	if err != nil { // it was scrubbed
		previous = map[string][]byte{}
	}
	for _, name := range back { // the target has one value or the other
		delete(previous, name)
	}
	return rewritten(e, changed, previous)
}

func rewritten(e *journal.Stored, changed []string, previous map[string][]byte) ([]byte, []string, error) {
	doc, err := document.DocumentOf(e.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("event %d: %w", e.Sequence, err)
	}
	return document.AppendData(nil, changed, previous, doc), changed, nil
}

// reads reports whether a sink reads one of these fields of a kind of document.
func reads(fields map[string][]string, entity string, changed []string) bool {
	wanted, limited := fields[entity]
	return !limited || slices.ContainsFunc(changed, func(name string) bool { return slices.Contains(wanted, name) })
}
