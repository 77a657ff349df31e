package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// comparing is a target that can be compared.
type comparing struct{ *target }

func (s comparing) Compare(context.Context, []sinks.Delivery) ([]sinks.Difference, error) {
	return nil, errors.New("no Zebedee here")
}

// TestMasked: a sink that repeats what it was sent, in whatever kind of error, brings
// nothing of the persons into status, log, parked entities, dead letters or attempts,
// and nothing of one into what is noted of another.
func TestMasked(t *testing.T) {
	for name, fail := range map[string]func(says string) error{
		"retryable": func(says string) error { return errors.New(says) },
		"permanent": func(says string) error { return sinks.Mark(sinks.Permanent, errors.New(says)) },
		"blocked":   func(says string) error { return sinks.Mark(sinks.Blocked, errors.New(says)) },
		"calm":      func(says string) error { return sinks.SlowDown(time.Minute, errors.New(says)) },
		"held":      func(says string) error { return sinks.Hold("payment", errors.New(says)) },
		"exchange": func(says string) error {
			return sinks.WithExchange(errors.New(says), sinks.Exchange{Request: "POST https://erp.example.com/x\n\n" + says, Answer: "422\n\n" + says})
		},
		"named": func(string) error { // see below
			return nil
		},
		"panic": func(says string) error { panic(says) },
	} {
		for _, states := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s states=%v", name, states), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := newJournal(t)
					for id, who := range map[int64]string{1: "Zebedee Quixwood", 2: "Hermione Grangle"} {
						first, last, _ := strings.Cut(who, " ")
						revise(t, j, document.FromShop, key(document.OrderEntity, id), map[string]any{"id": id, "customer": map[string]any{"first_name": first, "last_name": last, "email": strings.ToLower(first) + "@example.com"}})
					}
					if !states {
						check(t, j.Resend(t.Context(), "log", keys(1, 2)))
					}
					s := &sink{answer: func(_ context.Context, _ int, batch []sinks.Delivery) error {
						if name == "named" {
							failed := map[int]error{}
							for i, d := range batch {
								failed[i] = sinks.Mark(sinks.Permanent, errors.New(string(d.Data)))
							}
							return &sinks.BatchError{Failed: failed}
						}
						says := "Authorization: Bearer abcdef123456"
						for _, d := range batch {
							says += " no customer in " + string(d.Data)
						}
						return fail(says)
					}}
					l := newLane(t, j, s, func(c *dispatch.Config) { c.Needs.States, c.Start.Documents = states, true })
					l.run(t)
					pass(2 * time.Minute)
					st := l.Status(t.Context())
					l.end()
					record, _, err := j.Sink(t.Context(), "log")
					check(t, err)
					all := []string{fmt.Sprintf("%+v", st), fmt.Sprintf("%+v", record), l.log.String()}
					dead, err := j.DeadLetters(t.Context(), journal.DeadFilter{}, 10)
					check(t, err)
					parked, err := j.ParkedOf(t.Context(), "log", []document.Key{key(document.OrderEntity, 1), key(document.OrderEntity, 2)})
					check(t, err)
					tried := 0
					for id := range int64(2) {
						attempts, err := j.Attempts(t.Context(), key(document.OrderEntity, id+1), 100)
						check(t, err)
						tried += len(attempts)
						all = append(all, fmt.Sprintf("%+v", attempts))
					}
					if tried == 0 {
						t.Error("nothing was tried")
					}
					for _, text := range append(all, fmt.Sprintf("%+v", dead), fmt.Sprintf("%+v", parked)) {
						for _, secret := range []string{"Zebedee", "Quixwood", "Hermione", "Grangle", "zebedee@example.com", "abcdef123456"} {
							if i := strings.Index(text, secret); i >= 0 {
								t.Fatalf("%s in %.300s", secret, text[max(0, i-150):])
							}
						}
					}
				})
			})
		}
	}
}

// TestMaskedCompare: what a sink says when it cannot compare is kept in a report.
func TestMaskedCompare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), map[string]any{"id": 1, "customer": map[string]any{"first_name": "Zebedee"}})
		l := newLane(t, j, comparing{newTarget(t, sinks.Needs{})}, func(c *dispatch.Config) { c.Needs.States = true })
		_, err := l.Compare(t.Context(), []journal.Accepted{{Key: key(document.OrderEntity, 1), Sequence: 1}})
		if err == nil || strings.Contains(err.Error(), "Zebedee") {
			t.Error(err)
		}
	})
}

// TestMaskedIsShort: a sink that says without end fills neither status nor log nor journal.
func TestMaskedIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{answer: func(context.Context, int, []sinks.Delivery) error { return errors.New(strings.Repeat("no ü ", 1<<18)) }}
		l := newLane(t, j, s)
		fill(t, j, 1)
		l.run(t)
		synctest.Wait()
		st := l.Status(t.Context())
		l.end()
		if n := len(st.LastError); n > 5<<10 || n < 1<<10 || !strings.HasSuffix(st.LastError, "...") {
			t.Errorf("%d bytes: %.100s", n, st.LastError)
		}
	})
}
