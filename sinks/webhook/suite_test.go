package webhook_test

import (
	"strconv"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/sinktest"
	"octail/sinks/sinktest/receiver"
	"octail/sinks/webhook"
)

const secret = "whsec_c2VjcmV0LW9mLWZvcnR5LWVpZ2h0LWJ5dGVzLWZvci10aGlzLXRlc3Qtb2Zo"

// TestSuite: what every sink promises, and what a receiver of webhooks means otherwise.
func TestSuite(t *testing.T) {
	except := map[string]sinktest.Exception{
		"404": {Class: sinks.Retryable, Reason: "an address comes and goes with deployments"},
		"410": {Class: sinks.Blocked, Reason: "the receiver takes its address back"},
		"414": {Class: sinks.Blocked, Reason: "the address is the config's"},
		"431": {Class: sinks.Blocked, Reason: "the headers are the config's"},
	}
	for _, name := range []string{"with an error", "with an error of JSON-RPC", "with nothing", "with null", "with an empty object", "with an empty list", "with half of a text", "with something else", "without end"} {
		except["200 "+name] = sinktest.Exception{Taken: true, Reason: "a webhook is acknowledged by its status; only a page for people is none"}
	}
	except["204"] = sinktest.Exception{Taken: true, Reason: "it is the usual acknowledgement"}
	sinktest.Run(t, sinktest.Case{Plugin: webhook.Plugin, Except: except, Target: func(t *testing.T) sinktest.Target {
		r, err := receiver.New("")
		if err != nil {
			t.Fatal(err)
		}
		return sinktest.Target{
			Handler: r,
			Settings: func(address string) string {
				return "url: " + strings.Replace(address, "://", "://clerk:hunter2@", 1) + "/hooks/long-t0ken-of-the-path?key=t0ken-of-the-query\nsecret: " + secret + "\nheaders: {X-Key: h1dden-key}\n"
			},
			Held: func() []sinktest.Held {
				var out []sinktest.Held
				for _, l := range r.Lines() {
					if l.Result == receiver.Stored { // others are repeats
						out = append(out, sinktest.Held{Subject: l.Subject, Revision: l.Revision, Deleted: l.Deleted})
					}
				}
				return out
			},
			Refuse: func(subject string) {
				r.Calm()
				if entity, key, ok := strings.Cut(subject, "/"); ok {
					n, err := strconv.ParseInt(key, 10, 64)
					if err != nil {
						t.Fatal(err)
					}
					r.Set(receiver.Fault{Do: receiver.Status, Status: 422, Entity: entity, Key: n, Echo: true})
				}
			},
			Secrets: []string{"hunter2", "t0ken-of-the-path", "t0ken-of-the-query", "h1dden-key", secret},
		}
	}})
}
