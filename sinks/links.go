package sinks

import (
	"context"

	"octail/transform/document"
)

// Link ties an entity to a record of the target.
type Link struct {
	Target string // the record's id, as the target writes it
	// Person: somebody tied them by hand (`octail link`). That is the truth, and no
	// external id and no search may say otherwise. Else it is what the sink found or
	// made: a cache, which the sink looks behind when the record is not there any more.
	Person bool
}

// Links is what a sink knows and remembers of them. Its methods may be called from
// several goroutines. An error is the journal's.
type Links interface {
	// Link returns an entity's link; ok is false when it has none.
	Link(ctx context.Context, key document.Key) (l Link, ok bool, err error)
	// Found remembers a record that the sink found or made. A person's link stays.
	Found(ctx context.Context, key document.Key, target string) error
	// Lost forgets what Found remembered. A person's link stays.
	Lost(ctx context.Context, key document.Key) error
}

// LinkedTo is what the Links of a running agent can too: a sink that adopts records asks
// whether another entity has one already (`if l, ok := env.Links.(sinks.LinkedTo); ok`).
type LinkedTo interface {
	// LinkedTo lists the entities whose link has just this target, found or tied by hand,
	// in their order and twenty at most. An error is the journal's.
	LinkedTo(ctx context.Context, target string) ([]document.Key, error)
}
