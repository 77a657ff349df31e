package sinks

// Needs is what a sink declares of itself. The zero value is a log: every revision in
// the order of the journal, hundreds in a call, one call at a time.
type Needs struct {
	// States: the target holds the present state of each entity, so only the newest
	// revision counts. Otherwise it is a log and is given every revision.
	States bool
	// Batch is how many deliveries one call takes at most, which share the timeout;
	// 0: hundreds.
	Batch int
	// Parallel is how many calls may run at once; 0 is 1. A log has one.
	Parallel int
	// Entities are the kinds it can take; nil: all.
	Entities []string
	// Parents are, by kind, the kinds that have to be in the target before: an order's
	// customer and products, a product's categories. A delivery waits for a parent only
	// while that is pending in the same sink.
	Parents map[string][]string
	// Fields are, by kind, the top-level fields of the document that the sink reads; a
	// kind that is not named: all. A revision that changes none of them is not
	// delivered. Only where it wants states.
	Fields map[string][]string
}
