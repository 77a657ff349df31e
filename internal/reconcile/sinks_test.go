package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/config"
	"octail/internal/journal"
	"octail/sinks"
	"octail/sinks/sinktest/mirror"
	"octail/sinks/sinktest/receiver"
	"octail/transform/document"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lane has a sink compare as a lane does.
type lane struct {
	name    string
	kinds   []string // nil: all
	journal *journal.Journal
	sink    interface {
		sinks.Sink
		sinks.Comparer
	}
	compare func(batch []journal.Accepted) ([]sinks.Difference, error) // instead of the sink
	most    int                                                        // entities in a call
	woken   int
}

func (l *lane) Name() string             { return l.name }
func (l *lane) Takes(entity string) bool { return l.kinds == nil || slices.Contains(l.kinds, entity) }
func (l *lane) Wake()                    { l.woken++ }

func (l *lane) Compare(ctx context.Context, batch []journal.Accepted) ([]sinks.Difference, error) {
	l.most = max(l.most, len(batch))
	if l.compare != nil {
		return l.compare(batch)
	}
	var list []sinks.Delivery
	for _, a := range batch {
		e, err := l.journal.Event(ctx, a.Sequence)
		if err != nil {
			return nil, err
		}
		list = append(list, sinks.Delivery{Event: e.Event})
	}
	return l.sink.Compare(ctx, list)
}

func openJournal(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()) })
	return j
}

// revise appends a revision of an entity and returns it.
func revise(t *testing.T, j *journal.Journal, key document.Key, kind, doc string) journal.Stored {
	t.Helper()
	known, err := j.Known(t.Context(), key.Entity, []int64{key.ID})
	check(t, err)
	sequence, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: kind, Time: time.Now(), Origin: document.FromShop, Schema: 1, Prior: known[key.ID], Fields: []byte{},
		Data: []byte(`{"changed":[],"document":` + doc + `}`)}}})
	check(t, err)
	e, err := j.Event(t.Context(), sequence)
	check(t, err)
	return e
}

// accept notes that a sink took a revision, so long ago.
func accept(t *testing.T, j *journal.Journal, sink string, e journal.Stored, ago time.Duration) {
	t.Helper()
	_, err := j.RegisterSink(t.Context(), sink, "mirror", 0, 0)
	check(t, err)
	check(t, j.Settle(t.Context(), sink, journal.Outcome{Accepted: []journal.Accepted{{Key: e.Key, Revision: e.Revision, Sequence: e.Sequence, Time: time.Now().Add(-ago), Deleted: e.Kind == document.Deleted, Fields: []byte{}}}}))
}

func order(n int64) document.Key { return document.Key{Entity: document.OrderEntity, ID: n} }

func doc(n int64) string { return fmt.Sprintf(`{"id":%d,"total":"%d.0000","comment":"c"}`, n, n) }

// TestSinks: a receiver that lies, stores half, forgets and lost records: all that, and
// nothing else, is found, and what is asked for brings it back.
func TestSinks(t *testing.T) {
	secondLook = time.Millisecond
	for _, batch := range []int{1, 7} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			j := openJournal(t)
			r, err := receiver.Start(receiver.Options{})
			check(t, err)
			t.Cleanup(func() { r.Close() })
			cfg := mirror.Plugin.Settings().(*mirror.Config)
			cfg.URL, cfg.Batch = config.URL(r.URL), batch
			s, err := mirror.Plugin.Open(cfg, sinks.Env{Name: "erp", Shop: "main-shop", Log: slog.New(slog.DiscardHandler)})
			check(t, err)
			t.Cleanup(func() { check(t, s.Close()) })
			l := &lane{name: "erp", journal: j, sink: s.(interface {
				sinks.Sink
				sinks.Comparer
			})}
			deliver := func(e journal.Stored, ago time.Duration) {
				t.Helper()
				check(t, s.Deliver(t.Context(), []sinks.Delivery{{Event: e.Event}}))
				accept(t, j, "erp", e, ago)
			}
			const old = 2 * time.Minute
			for n := range int64(30) {
				deliver(revise(t, j, order(n+1), document.Created, doc(n+1)), old)
			}
			deliver(revise(t, j, order(4), document.Deleted, doc(4)), old)
			// It says yes, and stores nothing, or half of it.
			r.Set(receiver.Fault{Do: receiver.Lie})
			deliver(revise(t, j, order(105), document.Created, doc(105)), old)
			deliver(revise(t, j, order(9), document.Created, doc(9)), -time.Hour) // lied about just now
			deliver(revise(t, j, order(10), document.Deleted, doc(10)), old)      // it is there still
			r.Calm()
			r.Set(receiver.Fault{Do: receiver.Half})
			deliver(revise(t, j, order(106), document.Created, doc(106)), old)
			r.Calm()
			// Somebody deletes a record there.
			lost, _ := r.Record("order/7")
			check(t, r.Remove(lost.Target))
			// The newest revision is not there yet: nothing can be said.
			revise(t, j, order(8), document.Updated, doc(8))
			lost, _ = r.Record("order/8")
			check(t, r.Remove(lost.Target))

			targets := []Target{{Lane: l, Batch: batch}}
			for repair, again := range map[bool]int64{false: 0, true: 4} {
				report, err := Sinks(t.Context(), j, targets, repair, false)
				check(t, err)
				got := report["erp"]
				if c := got.Entities["order"]; c != (SinkCounts{Compared: 30, Missing: 2, Different: 2, Again: again}) || len(got.Entities) != 1 || got.Skipped != "" || got.Finished.IsZero() {
					t.Errorf("repair %v: %+v", repair, got)
				}
				var names []string
				for _, d := range got.Differences {
					names = append(names, fmt.Sprint(d.Subject, " ", d.Missing, " ", len(d.Fields) > 0))
				}
				if want := "[order/7 true false order/10 false false order/105 true false order/106 false true]"; fmt.Sprint(names) != want {
					t.Errorf("%v, want %s", names, want)
				}
				if l.most > batch || (l.woken > 0) != (again > 0) && repair {
					t.Errorf("%d in a call, woken %d times", l.most, l.woken)
				}
			}
			keys, err := j.Resends(t.Context(), "erp", 100)
			check(t, err)
			if fmt.Sprint(keys) != "[order/7 order/10 order/105 order/106]" {
				t.Errorf("%v", keys)
			}
			// What a lane does then.
			for _, k := range keys {
				known, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
				check(t, err)
				e, err := j.Event(t.Context(), known[k.ID].Sequence)
				check(t, err)
				check(t, s.Deliver(t.Context(), []sinks.Delivery{{Event: e.Event, Again: true}}))
			}
			report, err := Sinks(t.Context(), j, targets, false, false)
			check(t, err)
			if c := report["erp"].Total(); c != (SinkCounts{Compared: 30}) {
				t.Errorf("after the repair: %+v", c)
			}
			// A target that is an old copy of itself lacks what came since.
			check(t, r.Forget(time.Hour))
			report, err = Sinks(t.Context(), j, targets, true, true)
			check(t, err)
			if c := report["erp"].Total(); c.Missing != 28 || c.Again != 0 || !report["erp"].Held {
				t.Errorf("an empty target: %+v", report["erp"])
			}
			// It cannot be asked.
			r.Set(receiver.Fault{Do: receiver.Status, Status: 500, On: receiver.OnCompare})
			report, err = Sinks(t.Context(), j, targets, true, false)
			check(t, err)
			if got := report["erp"]; got.Skipped == "" || got.Total() != (SinkCounts{}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestSecondLook: what is gone at the second look, or was delivered anew meanwhile, does
// not count.
func TestSecondLook(t *testing.T) {
	secondLook = 2 * time.Second
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t)
		began := time.Now()
		for n := range int64(9) {
			accept(t, j, "erp", revise(t, j, order(n+1), document.Created, doc(n+1)), time.Hour)
			accept(t, j, "crm", revise(t, j, document.Key{Entity: document.CustomerEntity, ID: n + 1}, document.Created, doc(n+1)), time.Hour)
		}
		looks := 0
		erp := &lane{name: "erp", compare: func(batch []journal.Accepted) (out []sinks.Difference, _ error) {
			if batch[0].Entity != document.OrderEntity {
				t.Errorf("asked for %s", batch[0].Key)
			}
			if looks++; looks == 1 {
				for _, n := range []int64{2, 3} { // meanwhile the shop goes on, and the lane
					e := revise(t, j, order(n), document.Updated, doc(n))
					if n == 3 {
						accept(t, j, "erp", e, 0)
					}
				}
				accept(t, j, "erp", journal.Stored{Event: document.Event{Key: order(4), Revision: 1, Sequence: 7}}, 0) // delivered once more
			}
			for i, a := range batch {
				if a.ID <= 5 && (looks == 1 || a.ID == 5) {
					out = append(out, sinks.Difference{Index: i, Fields: []string{"total"}})
				}
			}
			return out, nil
		}}
		wrong := &lane{name: "crm", compare: func([]journal.Accepted) ([]sinks.Difference, error) { return []sinks.Difference{{Index: 9}}, nil }}
		paused := &lane{name: "wms", compare: func([]journal.Accepted) ([]sinks.Difference, error) {
			t.Error("a paused one is asked")
			return nil, nil
		}}
		report, err := Sinks(t.Context(), j, []Target{{Lane: erp}, {Lane: wrong}, {Lane: paused, Why: "it is paused"}}, false, false)
		check(t, err)
		if c := report["erp"].Total(); c != (SinkCounts{Compared: 9, Different: 1}) || report["erp"].Differences[0].Subject != "order/5" {
			t.Errorf("%+v", report["erp"])
		}
		if !strings.Contains(report["crm"].Skipped, "mistake of its program") || report["wms"].Skipped != "it is paused" {
			t.Errorf("%+v %+v", report["crm"], report["wms"])
		}
		if took := time.Since(began); took != secondLook {
			t.Errorf("it took %s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stopping := &lane{name: "erp", compare: func([]journal.Accepted) ([]sinks.Difference, error) {
			cancel()
			return nil, context.Canceled
		}}
		if _, err := Sinks(ctx, j, []Target{{Lane: stopping}}, true, true); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
	})
}

// TestRunSinks: a comparison with one sink alone replaces what the last one said of it.
func TestRunSinks(t *testing.T) {
	secondLook = time.Millisecond
	j := openJournal(t)
	accept(t, j, "erp", revise(t, j, order(1), document.Created, doc(1)), time.Hour)
	missing := true
	erp := []Target{{Lane: &lane{name: "erp", compare: func(batch []journal.Accepted) (out []sinks.Difference, _ error) {
		if missing {
			out = append(out, sinks.Difference{Missing: true})
		}
		return out, nil
	}}}}
	r, err := RunSinks(t.Context(), j, erp, false)
	if err != nil || r.Equal() || !r.ShopEqual() || fmt.Sprint(r.SinksDiffer()) != "[erp]" {
		t.Fatalf("%+v %v", r, err)
	}
	if last, err := Last(t.Context(), j); err != nil || last != nil {
		t.Errorf("%+v %v: the shop was never compared", last, err)
	}
	other := &SinkReport{Skipped: "it is paused"}
	check(t, keep(t.Context(), j, &Report{Total: Counts{InShop: 7}, Sinks: map[string]*SinkReport{"crm": other, "erp": r.Sinks["erp"]}}))
	missing = false
	if r, err = RunSinks(t.Context(), j, erp, false); err != nil || !r.Equal() {
		t.Fatalf("%+v %v", r, err)
	}
	last, err := Last(t.Context(), j)
	if err != nil || last.Total.InShop != 7 || !last.Equal() || last.Sinks["erp"].Total().Compared != 1 || last.Sinks["crm"].Skipped == "" {
		t.Errorf("%+v %v", last, err)
	}
}

func TestSinksText(t *testing.T) {
	r := &Report{SinksOnly: true, Sinks: map[string]*SinkReport{
		"erp": {Entities: map[string]SinkCounts{"order": {Compared: 1204, Missing: 2, Different: 1}, "stock": {Compared: 3, Different: 200}},
			Differences: []SinkDifference{{Subject: "order/7", Missing: true}, {Subject: "order/8", Fields: []string{"lines", "total"}}, {Subject: "order/9"}}},
		"crm": {Skipped: "it fails: \x1b[31mno\n\"answer\""},
		"wms": {Entities: map[string]SinkCounts{"stock": {Compared: 3, Different: 2, Again: 2}}, Skipped: "no answer"},
		"old": {Entities: map[string]SinkCounts{"stock": {Compared: 30, Missing: 30}}, Held: true},
	}}
	var b strings.Builder
	r.Text(&b)
	want := `sink crm: not compared: it fails: [31mno "answer"
sink erp: 1,207 compared · 2 missing · 201 different
  order/7: not in the target
  order/8: other lines, total
  order/9: other than it was accepted
  and 200 more
  ` + "`octail reconcile --repair --sink erp`" + ` delivers them once more
sink old: 30 compared · 30 missing · 0 different
  and 30 more
  most of it is missing, perhaps because the target is another one: nothing was delivered once more. ` + "`octail reconcile --repair --sink old`" + ` does it
sink wms: 3 compared · 0 missing · 2 different · 2 delivered once more; not all of it: no answer
  and 2 more
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
	if fmt.Sprint(r.SinksDiffer()) != "[erp old]" || r.Equal() {
		t.Errorf("%v", r.SinksDiffer())
	}
	(&Report{}).Text(io.Discard)
}
