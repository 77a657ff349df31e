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
	document.Event
	Attempt int // 1 on the first try
}

// Sink delivers to one target. The engine calls its methods from one goroutine
// at a time.
type Sink interface {
	// Deliver returns nil when every delivery is safely in the target. A
	// *BatchError names the ones that failed; any other error stands for the whole
	// batch. The engine may call it again with the same deliveries after a crash,
	// so a second call must find what the first one left. It returns soon after ctx
	// has ended: a lane whose sink does not come back delivers nothing. A panic
	// counts as an error.
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

// Portioner is a sink that takes at most so many deliveries in one call, and so many
// share its timeout. Without it they may be hundreds.
type Portioner interface {
	Portion() int
}

// Resumer is a sink that can tell what its target holds. It is asked before the
// first delivery, and again after every error and every Reopen, since by then the
// target may not be what it was; what it says counts more than the stored cursor.
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
