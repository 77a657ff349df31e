// Package sinks is the contract between octail and the systems it keeps equal to
// the shop. A sink translates deliveries into calls of its target; order, batches,
// waiting, retries, metrics and logs are the engine's (internal/dispatch).
package sinks

import (
	"context"

	"octail/transform/document"
)

// Delivery is one revision of one entity, addressed to one sink.
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
	// so a second call must find what the first one left.
	Deliver(ctx context.Context, batch []Delivery) error
	// Close ends the use of the target. Nothing is delivered afterwards.
	Close() error
}

// Checker is a sink that can try its target without delivering anything: at
// start, and for `octail check`.
type Checker interface {
	Check(ctx context.Context) error
}

// Resumer is a sink that can tell what its target holds. It is asked once, at
// start, before the first delivery; what it says counts more than the stored
// cursor.
type Resumer interface {
	// Resume returns the last event the target took; ok is false when it holds
	// none, or cannot tell.
	Resume(ctx context.Context) (last Held, ok bool, err error)
}

// Held is an event found in a target.
type Held struct {
	Source   string // octail://<shop>
	Birth    string // birth mark of the journal it came from, "" for the first
	Sequence int64
}

// Reopener is a sink that holds a file or the like which others may move away;
// Reopen is called on SIGHUP, never during Deliver.
type Reopener interface {
	Reopen() error
}
