package journal

import (
	"time"

	"octail/transform/document"
)

// tailBytes bounds the events kept in memory; each counts for tailEvent more than
// its data.
const (
	tailBytes = 2 << 20
	tailEvent = 300
)

// tail is the newest events in memory: a lane that keeps up reads them without
// asking SQLite. They are the same as in the file (Retain forgets them when it
// removes events), and follow each other without a gap.
type tail struct {
	events []Stored
	bytes  int
}

func (t *tail) add(s Stored) {
	t.events = append(t.events, s)
	t.bytes += len(s.Data) + tailEvent
	drop := 0
	for t.bytes > tailBytes && drop < len(t.events)-1 {
		t.bytes -= len(t.events[drop].Data) + tailEvent
		t.events[drop] = Stored{}
		drop++
	}
	t.events = t.events[drop:]
}

// after returns the events behind a sequence; ok is false when the tail does not
// reach back so far.
func (t *tail) after(sequence int64, limit, maxBytes int) (out []Stored, ok bool) {
	if len(t.events) == 0 || t.events[0].Sequence > sequence+1 {
		return nil, false
	}
	size := 0
	for _, s := range t.events[min(int(sequence+1-t.events[0].Sequence), len(t.events)):] {
		out = append(out, s)
		if size += len(s.Data); size >= maxBytes || len(out) >= limit {
			break
		}
	}
	return out, true
}

// stored is a new event as it is read back.
func stored(e *NewEvent, sequence int64, birth string, at time.Time) Stored {
	return Stored{
		Event: document.Event{Key: e.Key, Birth: birth, Sequence: sequence, Revision: e.Prior.Revision + 1, Kind: e.Kind,
			Time: fromMicros(micros(e.Time)), Origin: e.Origin, Schema: e.Schema, Data: e.Data},
		Prior: e.Prior.Sequence, Added: fromMicros(micros(at)),
	}
}
