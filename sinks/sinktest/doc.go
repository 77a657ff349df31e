// Package sinktest has what every sink promises, as tests that every sink runs.
//
// # How to write a sink
//
// A sink is a folder and two lines in sinks/all. Begin with a copy of sinks/webhook (a
// log: every event, in order) or of sinks/sinktest/mirror (states: the newest revision
// of each entity), and keep the names of the files:
//
//	sinks/erp/erp.go        Plugin, the sink, Deliver: deliveries into calls
//	sinks/erp/config.go     its settings, their defaults, Validate
//	sinks/erp/client.go     how the target is spoken to, on internal/httpx
//	sinks/erp/map.go        a document as the target's fields
//	sinks/erp/erp_test.go   runs this suite
//	sinks/erp/README.md     what it promises, its settings, how to find an error
//
// Order, batches, waiting, retries, dead letters, links' storage, metrics and logs are
// the engine's. A sink has to:
//
//   - say what it needs (sinks.Needs): states or a log, how many in a call, how many
//     calls at once, which parents first, which fields it reads.
//   - find what it wrote before. After a kill the engine delivers again, so each record
//     has an id made of our key, which the target enforces, or is looked for first. A
//     link that a person has made (Env.Links) comes before both.
//   - not make what comes as Existing where the target does not have it (sinks.ErrAbsent),
//     if it can tell.
//   - return nil only when the target has said, of this record, that it has it: status
//     200 alone says nothing. A *BatchError names those that failed.
//   - give each error its class where the answer is seen (sinks.Mark, httpx's table): may
//     heal, asks for calm, refuses this document, refuses us. What no mapping names is
//     held for that (sinks.Hold).
//   - put neither secrets nor a person's data nor the target's words into an error: what
//     was sent and answered goes beside it (sinks.WithExchange; httpx does it).
//   - wait for Env.Pace before each request, and return soon when ctx ends.
//   - be safe to check: Check changes nothing.
//
// # The suite
//
//	func TestSink(t *testing.T) {
//		sinktest.Run(t, sinktest.Case{Plugin: Plugin, Target: func(t *testing.T) sinktest.Target {
//			erp := newFakeERP()
//			return sinktest.Target{
//				Handler:  erp, // the suite listens, and breaks what is said in every way
//				Settings: func(address string) string { return "url: " + address + "/api\napi_key: s3cr3t-key\n" },
//				Held:     erp.held,
//				Secrets:  []string{"s3cr3t-key"},
//			}
//		}})
//	}
//
// A fake has to refuse what the real target refuses. Where the target means something
// else by an answer than the table of answers.go has, Case.Except says so, with the
// reason.
package sinktest
