package dispatch

import (
	"context"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// windowItems is how many entities a queue reads ahead. It holds their keys only.
const windowItems = 1000

// item is an entity that waits in a state lane for its newest revision to be
// delivered.
type item struct {
	key      document.Key
	sequence int64           // where it was found in its queue
	parked   *journal.Parked // nil: it comes from a queue
	again    bool            // a person asks for it: also when it was accepted
	back     bool            // in the background: what the shop does goes before it
	alone    bool            // a call with others failed
	tried    time.Time       // last call
	waits    document.Key    // for a parent
	busy     bool            // it is in a call
	done     bool            // delivered, parked, dead, or not for this sink
}

// window is a queue: the entities whose newest revision lies behind its cursor, in the
// order of the journal.
type window struct {
	bulk  bool
	items []*item
	read  int64 // all up to here have been in items
}

// cursor is up to where nothing waits.
func (w *window) cursor() int64 {
	for len(w.items) > 0 && w.items[0].done {
		w.items = w.items[1:]
	}
	if len(w.items) > 0 {
		return w.items[0].sequence - 1
	}
	return w.read
}

// readsOn reports whether there is more to be read, and room for it.
func (w *window) readsOn(to int64) bool {
	if w.read >= to {
		return false
	}
	waiting := 0
	for _, it := range w.items {
		if !it.done {
			waiting++
		}
	}
	return waiting < windowItems
}

// fill reads on, and lists what has a new revision and is parked. Up to the sequence
// fill all is bulk (see journal.Sink). leaving tells of an entity that is parked whether
// it is being tried: then nobody knows whether it stays so.
func (w *window) fill(ctx context.Context, j *journal.Journal, sink string, fill int64, leaving func(document.Key) bool) (renewed []document.Key, err error) {
	if len(w.items) >= windowItems { // one that waits does not keep the others
		w.items = slices.DeleteFunc(w.items, func(it *item) bool { return it.done })
	}
	for to := j.Last(); w.read < to && len(w.items) < windowItems; {
		end := to
		if w.bulk && w.read < fill {
			end = min(end, fill)
		}
		limit := windowItems
		found, err := j.Queue(ctx, sink, w.read, end, limit, !w.bulk)
		if err != nil {
			return renewed, err
		}
		for _, q := range found {
			switch {
			case q.Bulk != w.bulk && q.Sequence > fill, q.Accepted >= q.Sequence, q.DeadAt >= q.Sequence:
				continue
			case q.Parked && !leaving(q.Key):
				renewed = append(renewed, q.Key)
				continue
			}
			w.items = append(w.items, &item{key: q.Key, sequence: q.Sequence, back: w.bulk})
		}
		if w.read = end; len(found) == limit {
			w.read = found[limit-1].Sequence
		}
	}
	return renewed, nil
}
