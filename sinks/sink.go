// Package sinks is the contract between octail and the systems it keeps equal to
// the shop. A sink translates deliveries into calls of its target; order, batches,
// waiting, retries, metrics and logs are the engine's (internal/dispatch).
package sinks

import (
	"context"
	"strings"

	"octail/transform/document"
)

// Delivery is one revision of one entity, addressed to one sink. Its Data is
// shared with other sinks: read it, never write to it.
type Delivery struct {
	// Event is the revision as the shop has it. For a sink that wants states its Data
	// tells `changed` and `previous` relative to the revision this sink accepted last;
	// a field whose former value is not known any more is in changed and not in previous.
	document.Event
	// Attempt is 1 on the first try.
	Attempt int
	// Again: the sink has accepted this revision before, and a person or a comparison
	// wants it to be written once more. Always with all fields in changed.
	Again bool
	// Existing: the sink's filter keeps the entity out by now, and nobody knows whether an
	// earlier call, whose answer was lost, has brought it in. It is to be written where the
	// target has it, and not to be made: ErrAbsent says that the target does not have it.
	// A sink that cannot tell writes it like any other.
	Existing bool
}

// Sink delivers to one target. Deliver is called from as many goroutines as the sink
// has declared (Needs.Parallel), never for one entity twice at a time; the other
// methods from one at a time.
type Sink interface {
	// Deliver returns nil when every delivery is safely in the target. A
	// *BatchError names the ones that failed; any other error stands for the whole
	// batch. The entities of a batch are distinct where the sink wants states. The
	// engine may call it again with the same deliveries after a crash, so a second
	// call must find what the first one left. It returns soon after ctx has ended: what
	// does not come back keeps its place among the calls. A panic counts as an error.
	Deliver(ctx context.Context, batch []Delivery) error
	// Close ends the use of the target. Nothing is delivered afterwards.
	Close() error
}

// Checker is a sink that can try its target without delivering anything: at
// start, and for `octail check`.
type Checker interface {
	Check(ctx context.Context) error
}

// Shower is a Checker that says what a good Check has shown, where that is less than
// that the target takes deliveries.
type Shower interface {
	Shown() string
}

// Comparer is a sink that can read back what its target holds, for `octail
// reconcile`. It changes nothing. It is asked for revisions that the sink accepted
// more than a minute ago, and that are the newest.
type Comparer interface {
	// Compare returns what differs; what it does not name is equal. A deleted entity
	// differs when the target still has it as a living record.
	Compare(ctx context.Context, batch []Delivery) ([]Difference, error)
}

// Difference is what a Comparer found.
type Difference struct {
	Index   int      // in the batch
	Missing bool     // the target has no such record
	Fields  []string // top-level fields of the document that differ, when it has one
}

// Eraser is a sink that has more to do for a person who is to be forgotten than to
// take the new revisions of the customer and the orders, which the engine delivers and
// in which the person is pseudonymised: notes, contacts, mails.
type Eraser interface {
	// Erase removes the personal data the target keeps of an entity. It is called
	// after the pseudonymised revision was delivered, and again until it returns nil.
	Erase(ctx context.Context, d Delivery) error
}

// Resumer is a sink that can tell what its target holds. It is asked before the
// first delivery, and again after every error and every Reopen, since by then the
// target may not be what it was; what it says counts more than the stored cursor.
// Only a log can be resumed.
type Resumer interface {
	// Resume returns the last event the target took; ok is false when it holds
	// none, or cannot tell. Deliveries go on behind it.
	Resume(ctx context.Context) (last Held, ok bool, err error)
}

// Held is an event found in a target.
type Held struct {
	Source   string // octail://<shop>
	ID       string // of the event, with the birth mark of its journal
	Sequence int64
	// Moved: it was found beside the target, in what has been moved away (a rotated
	// file). It can only tell that more was taken than the cursor knows.
	Moved bool
}

// Birth is the birth mark of the journal the event came from, "" for the first.
func (h Held) Birth() string {
	_, birth, _ := strings.Cut(h.ID, "~")
	return birth
}

// Flusher is a sink that may return from Deliver before everything is durable.
// Flush makes it so; it is called before a cursor is stored, never during Deliver.
// After an error the target is asked again (Resumer) and what it lost comes again.
type Flusher interface {
	Flush(ctx context.Context) error
}

// Reopener is a sink that holds a file or the like which others may move away.
// Reopen lets go of it, on SIGHUP and never during Deliver; Resume follows.
type Reopener interface {
	Reopen() error
}
