package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/sinks"
	"octail/transform/document"
)

// byStatus lets orders be created in one status alone.
type byStatus struct{ status float64 }

func (byStatus) Matches(*document.Event) (bool, error) { return true, nil }
func (byStatus) ReleaseKnown() bool                    { return true }
func (f byStatus) MayCreate(e *document.Event) (bool, string) {
	doc, err := document.DocumentOf(e.Data)
	if err != nil {
		return false, err.Error()
	}
	var d struct{ Status float64 }
	if err := json.Unmarshal(doc, &d); err != nil {
		return false, err.Error()
	}
	return d.Status == f.status, "status"
}
func (f byStatus) MayCreateNamed(e *document.Event) (bool, string) { return f.MayCreate(e) }

// bubble runs a test in virtual time, under a name of its own.
func bubble(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// TestLostAnswerLeaves: an order that came into the target by a call whose answer was lost,
// or could not be noted, is kept equal although the filter would not let it in any more.
// One that the target turns out not to have stays out.
func TestLostAnswerLeaves(t *testing.T) {
	for _, c := range []struct{ killed, absent bool }{{false, false}, {true, false}, {false, true}} {
		bubble(t, fmt.Sprintf("killed %v absent %v", c.killed, c.absent), func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{Batch: 1})
			k := key(document.OrderEntity, 1)
			filter := func(c *dispatch.Config) { c.Filter = byStatus{2} }
			l := stateLane(t, j, s, filter)
			l.run(t)
			synctest.Wait()
			if c.killed {
				freed := full(t, j)
				revise(t, j, document.FromShop, k, fields{"status": 2})
				pass(time.Second)
				l.end()
				freed()
				revise(t, j, document.FromShop, k, fields{"status": 7})
				l = stateLane(t, j, s, filter)
				l.run(t)
			} else {
				s.answer = func(_ context.Context, d *sinks.Delivery) error {
					s.mu.Lock()
					defer s.mu.Unlock()
					if d.Revision == 1 {
						if !c.absent {
							s.held[d.Key] = *d
						}
						return errors.New("504")
					}
					if _, ok := s.held[d.Key]; d.Existing && !ok {
						return sinks.ErrAbsent
					}
					return nil
				}
				revise(t, j, document.FromShop, k, fields{"status": 2})
				pass(100 * time.Millisecond)
				revise(t, j, document.FromShop, k, fields{"status": 7})
			}
			pass(time.Hour)
			want := int64(2)
			if c.absent {
				revise(t, j, document.FromShop, k, fields{"status": 7, "comment": "late"})
				pass(time.Hour)
				want = 0
			}
			if st := l.Status(t.Context()); s.revision(k) != want || st.Pending+st.Parked+st.Dead != 0 || st.LastError != "" {
				t.Errorf("the target has revision %d for ever, %+v", s.revision(k), st)
			}
			l.end()
		})
	}
}

// TestLostAnswerTakenBack: what was changed by a call whose answer was lost, or could not be
// noted, and changed back in the shop, is changed for the target.
func TestLostAnswerTakenBack(t *testing.T) {
	for _, limited := range []bool{true, false} {
		for _, killed := range []bool{false, true} {
			bubble(t, fmt.Sprintf("limited %v killed %v", limited, killed), func(t *testing.T) {
				j := newJournal(t)
				needs := sinks.Needs{Batch: 1}
				if limited {
					needs.Fields = map[string][]string{document.ProductEntity: {"price"}}
				}
				s := newTarget(t, needs)
				k := key(document.ProductEntity, 1)
				l := stateLane(t, j, s)
				l.run(t)
				revise(t, j, document.FromShop, k, fields{"price": 1})
				pass(time.Second)
				if killed {
					freed := full(t, j)
					revise(t, j, document.FromShop, k, fields{"price": 2})
					pass(time.Second)
					l.end()
					freed()
					revise(t, j, document.FromShop, k, fields{"price": 1})
					l = stateLane(t, j, s)
					l.run(t)
				} else {
					s.does(func(_ context.Context, d *sinks.Delivery) error {
						if d.Revision == 2 {
							s.mu.Lock()
							s.held[d.Key] = *d
							s.mu.Unlock()
							return errors.New("504")
						}
						return nil
					})
					revise(t, j, document.FromShop, k, fields{"price": 2})
					pass(100 * time.Millisecond)
					revise(t, j, document.FromShop, k, fields{"price": 1})
				}
				pass(time.Hour)
				var d struct{ Changed []string }
				check(t, json.Unmarshal(s.state(k).Data, &d))
				if s.revision(k) != 3 || !slices.Contains(d.Changed, "price") {
					t.Errorf("revision %d %s", s.revision(k), s.state(k).Data)
				}
				l.end()
			})
		}
	}
}
