package mirror

import (
	"strconv"
	"strings"
	"testing"

	"octail/sinks/sinktest"
	"octail/sinks/sinktest/receiver"
)

// TestSuite: what every sink promises, with one record in a request and with many.
func TestSuite(t *testing.T) {
	for _, batch := range []int{1, 10} {
		t.Run("batches of "+strconv.Itoa(batch), func(t *testing.T) {
			sinktest.Run(t, sinktest.Case{Plugin: Plugin, Target: func(t *testing.T) sinktest.Target {
				r, err := receiver.New("")
				check(t, err)
				return sinktest.Target{
					Handler: r,
					Settings: func(address string) string {
						return "url: " + strings.Replace(address, "://", "://clerk:hunter2@", 1) + "/\ntoken: s3cr3t-t0ken\nbatch: " + strconv.Itoa(batch) + "\nmappings: {payment: {cod: CASH}}\n"
					},
					Held: func() []sinktest.Held {
						var out []sinktest.Held
						for subject, rec := range r.Records() {
							out = append(out, sinktest.Held{Subject: subject, Revision: rec.Revision, Deleted: rec.Deleted})
						}
						return out
					},
					Refuse: func(subject string) {
						r.Calm()
						if entity, key, ok := strings.Cut(subject, "/"); ok {
							n, err := strconv.ParseInt(key, 10, 64)
							check(t, err)
							r.Set(receiver.Fault{Do: receiver.Status, Status: 422, Entity: entity, Key: n, Echo: true})
						}
					},
					Secrets: []string{"hunter2", "s3cr3t-t0ken"},
				}
			}})
		})
	}
}
