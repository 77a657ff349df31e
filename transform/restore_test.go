package transform

import (
	"testing"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/transform/document"
)

// ddl tells that the customers' table was made anew.
func (f *fixture) ddl() {
	f.t.Helper()
	err := f.tr.Commit(canal.Transaction{Tables: true, Position: f.here(), Time: f.now(), Resyncs: []canal.Resync{{Target: "customer", Table: "oc_customer", Reason: "ddl"}}})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) markFor(key document.Key, reason, origin string, refresh bool) {
	f.t.Helper()
	if err := f.tr.Mark(f.t.Context(), []journal.Mark{{Key: key, Reason: reason, Origin: origin, Refresh: refresh}}); err != nil {
		f.t.Fatal(err)
	}
}

// TestRestored: a table is emptied and filled again within a minute. Nothing in it counts
// as deleted, whoever asks for it meanwhile.
func TestRestored(t *testing.T) {
	customer5 := document.Key{Entity: "customer", ID: 5}
	for how, meanwhile := range map[string]func(f *fixture, second int){
		"nothing else": func(*fixture, int) {},
		"a touch before": func(f *fixture, second int) {
			if second == 0 {
				f.touch("customer", 5)
			}
		},
		"a touch meanwhile": func(f *fixture, second int) {
			if second == 4 {
				f.touch("customer", 5)
			}
		},
		"a large transaction before": func(f *fixture, second int) {
			if second == 0 {
				f.markFor(customer5, "large transaction", document.FromShop, false)
			}
		},
		"a person meanwhile": func(f *fixture, second int) {
			if second == 4 {
				f.markFor(customer5, "sync", document.FromSync, false)
			}
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			o := options(shopOfCustomers(20))
			o.settle = 500 * time.Millisecond
			f := newFixture(t, o)
			f.mark("customer", 0)
			f.steps()
			f.exec("CREATE TABLE keep AS SELECT * FROM oc_customer;\nDELETE FROM oc_customer;")
			meanwhile(f, 0)
			f.ddl()
			for half := range 20 { // ten seconds of loading
				if half > 0 && half%2 == 0 {
					meanwhile(f, half/2)
				}
				f.turn(500 * time.Millisecond)
				f.steps()
			}
			f.exec("INSERT INTO oc_customer SELECT * FROM keep;")
			f.turn(restoredWithin + time.Second)
			f.steps()
			f.turn(time.Second)
			f.steps()
			if events := f.events(); len(events) != 20 {
				t.Errorf("%d events, the last is %s %s by %s", len(events), events[len(events)-1].EventID(), events[len(events)-1].Kind, events[len(events)-1].Origin)
			}
			f.exec("DELETE FROM oc_customer WHERE customer_id = 5;")
			f.touch("customer", 5)
			f.turn(time.Second)
			f.steps()
			f.turn(time.Second)
			f.steps()
			if events := f.of("customer", 5); events[len(events)-1].Kind != document.Deleted {
				t.Error("later a deletion is believed as ever")
			}
		})
	}
}

// TestDropWhileRestless: what was held before a hole is looked at anew after it, also
// when the shop's tables were being altered.
func TestDropWhileRestless(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(5))
	o.settle = 500 * time.Millisecond
	f := newFixture(t, o)
	f.mark("customer", 0)
	f.steps()
	f.exec("CREATE TABLE keep AS SELECT * FROM oc_customer;\nDELETE FROM oc_customer WHERE customer_id = 3;")
	f.mark("customer", 3)
	f.steps()
	if len(f.tr.holds) != 1 {
		t.Fatal("it is not held")
	}
	f.ddl()
	f.tr.Drop()
	f.step() // restless: nothing is read
	f.turn(10 * time.Second)
	f.markFor(document.Key{Entity: "customer"}, "gap", document.FromReconcile, false)
	f.tr.Restart(f.here())
	f.steps()
	if events := f.of("customer", 3); events[len(events)-1].Kind == document.Deleted {
		t.Error("deleted at the first look after the hole")
	}
}

// TestAlterInAHole: an ALTER while a hole is compared does not end that comparison.
func TestAlterInAHole(t *testing.T) {
	t.Parallel()
	const n = 3*listPage + 500
	f := newFixture(t, options(shopOfCustomers(n)))
	var told []Compared
	f.tr.cfg.Compared = func(c Compared) { told = append(told, c) }
	f.markFor(document.Key{Entity: "customer"}, "gap", document.FromReconcile, false)
	for range 4 {
		f.step()
		f.turn(300 * time.Millisecond)
	}
	f.ddl()
	for range 300 {
		f.turn(300 * time.Millisecond)
		f.tr.marksAt(f.now())
		f.step()
	}
	compared := map[string]int{}
	for _, c := range told {
		compared[c.Reason] += c.Entities
	}
	if len(f.events()) != n || compared["gap"] < n-listPage || told[len(told)-1].Reason != "gap" {
		t.Errorf("%d events, compared %v, %+v", len(f.events()), compared, told)
	}
}

// TestRefreshBesideATouch: what a person asks for is done, also when the order is touched
// at the same time.
func TestRefreshBesideATouch(t *testing.T) {
	t.Parallel()
	o := options(shopWithOrder)
	o.gen, o.settle = shoptest.V4, 500*time.Millisecond
	f := newFixture(t, o)
	order := document.Key{Entity: "order", ID: 7}
	f.touch("order", 7)
	f.turn(time.Second)
	f.steps()
	before := len(f.of("order", 7))
	f.exec("UPDATE oc_product SET weight = weight + 1;")
	f.touch("order", 7)
	f.markFor(order, "sync", document.FromSync, true)
	for range 3 {
		f.turn(time.Second)
		f.steps()
	}
	if got := len(f.of("order", 7)) - before; got != 1 || len(f.dirty()) != 0 {
		t.Errorf("%d revisions, %d marks left", got, len(f.dirty()))
	}
}
