package transform

import (
	"testing"
	"time"

	"octail/canal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestMarkedAgain: a mark may be old and made again just now. Then one reading that
// nothing proves does not answer it.
func TestMarkedAgain(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(1))
	o.identity = func(s *canal.Server) { s.Flavor, s.Version, s.GTID = canal.MySQL, "5.7.44", false }
	f := newFixture(t, o)
	f.tr.tracker.progress(canal.Position{File: "binlog.999999999", Offset: 4})
	f.clock = time.Now()
	f.mark("customer", 1)
	f.turn(time.Minute)
	f.mark("customer", 1)
	f.steps()
	if len(f.dirty()) != 1 || f.ids() != "customer/1@1" {
		t.Fatalf("%d marked, journaled %q", len(f.dirty()), f.ids())
	}
	f.turn(confirmAfter)
	f.steps()
	if len(f.dirty()) != 0 || f.ids() != "customer/1@1" {
		t.Errorf("%d marked, journaled %q", len(f.dirty()), f.ids())
	}
}

// TestMyISAM: what was written a moment ago to tables that are not InnoDB is journaled
// at once, and read again a second later; a proof stands in the log after a while.
func TestMyISAM(t *testing.T) {
	for _, flavor := range []string{shoptest.MariaDB, shoptest.MySQL} {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			o := options(func(f *fixture) {
				f.exec("INSERT INTO oc_customer (customer_id, firstname, email, status) VALUES (1, 'c1', 'c1@example.com', 1);")
			})
			o.gen = shoptest.V3
			if flavor == shoptest.MySQL {
				o.server = shoptesting.MySQL(t)
			}
			f := newFixture(t, o)
			before := f.tr.Watermark()
			f.exec("UPDATE oc_customer SET lastname = 'x';")
			f.touch("customer", 1)
			f.steps()
			if f.ids() != "customer/1@1" || f.tr.Pending() != 1 || f.tr.Watermark() != before {
				t.Fatalf("journaled %q, %d pending, watermark %s", f.ids(), f.tr.Pending(), f.tr.Watermark())
			}
			f.exec("UPDATE oc_customer SET firstname = 'late';") // what was not shown yet
			f.turn(confirmAfter)
			f.steps()
			if f.ids() != "customer/1@1 customer/1@2" || f.tr.Pending() != 0 {
				t.Fatalf("journaled %q, %d pending", f.ids(), f.tr.Pending())
			}
			f.eventually("a proof", func() bool {
				f.mark("customer", 1)
				f.steps()
				return len(f.dirty()) == 0
			})
		})
	}
}
