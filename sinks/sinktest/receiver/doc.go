// Package receiver is a target for tests: an HTTP server that keeps what it is given by
// entity and key, and misbehaves on command. It judges what octail does, so it shares
// no code with it.
//
// # What it takes
//
//	PUT    /{entity}/{key}            a Request: one revision of one entity
//	DELETE /{entity}/{key}            a Request: the entity is gone
//	POST   /batch                     {"records": [Request, ...]}, each answered by its own
//	POST   /events                    a CloudEvent, as the webhook sink sends it; answered by 204
//	POST   /compare                   {"keys": ["order/1042", ...]}: what it holds of them
//	DELETE /{entity}/{key}/personal   removes what it keeps of a person beside the document
//	GET    /ping                      is it there?
//
// It is idempotent: a revision it has is not taken twice, one that is older than what it
// holds is refused, and both are counted. Revisions count within one journal; those of
// another (the birth mark in the event's id) begin anew.
//
// # What it keeps
//
// With a folder, two files of JSON lines, written before the answer is: requests.jsonl
// has every request it took (Line), for whoever counts after a kill; state.jsonl has what
// it holds, and is read at the next start. A kill loses nothing of them; a power cut may.
package receiver
