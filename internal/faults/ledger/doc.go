// Package ledger is the judge of the fault cases: it says what of a shop's data a target
// has lost, has twice, has in the wrong order or with the wrong content.
//
// It reads the shop's database with its own SQL and what a target holds from the target's
// own records (the lines of a file sink, the requests a receiver wrote down, the rows a
// mirror holds). It shares no code with the agent: a mistake that both made would not be
// seen. It knows of the agent only the form of an event.
package ledger
