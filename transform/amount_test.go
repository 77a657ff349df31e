package transform

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestLargeTransaction: an import of thousands of keys goes to the background. An
// order of the same moment does not wait behind it, and a kill loses nothing.
func TestLargeTransaction(t *testing.T) {
	t.Parallel()
	const n = spillAt + 500
	o := options(func(f *fixture) {
		shopWithOrder(f)
		shopOfCustomers(n)(f)
	})
	f := newFixture(t, o)
	tx := canal.Transaction{Position: f.here(), Time: start.Add(-time.Hour)}
	for id := range n {
		tx.Touches = append(tx.Touches, canal.Touch{Target: "customer", Key: int64(id + 1)})
	}
	tx.Touches = append(tx.Touches, canal.Touch{Target: byManufacturer, Key: 1})
	if err := f.tr.Commit(tx); err != nil {
		t.Fatal(err)
	}
	if d := f.dirty(); len(d) != n {
		t.Fatalf("%d marks, want %d", len(d), n)
	}
	f.exec("UPDATE oc_order SET comment = 'meanwhile';")
	f.touch("order", 7)
	f.turn(confirmAfter)
	for f.step() && len(f.of("order", 7)) == 0 {
	}
	if ids := strings.Fields(f.ids()); slices.Index(ids, "order/7@1") > liveTurns*bulkSize {
		t.Errorf("the order came as number %d", slices.Index(ids, "order/7@1"))
	}
	f.restart(o) // the position is behind the import: only the marks know of it
	f.step()
	seen := map[int64]bool{}
	for _, e := range f.events() {
		if e.Entity != "customer" {
			continue
		}
		if e.Origin != document.FromShop || !e.Time.Equal(tx.Time) || seen[e.ID] {
			t.Fatalf("%s: origin %s, time %s", e.EventID(), e.Origin, e.Time)
		}
		seen[e.ID] = true
	}
	if left := len(f.dirty()); len(seen) == 0 || len(seen)+left != n {
		t.Errorf("%d customers of %d are journaled, %d marked", len(seen), n, left)
	}
}

// TestLargeTransactionIsAnnounced: while its marks are written, no reading counts
// that does not hold it.
func TestLargeTransactionIsAnnounced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(nil))
	tx := canal.Transaction{Position: canal.Position{File: "binlog.999999", Offset: 4}, Time: f.now()}
	for id := range spillAt + 1 {
		tx.Touches = append(tx.Touches, canal.Touch{Target: "customer", Key: int64(id + 1)})
	}
	before := f.tr.Watermark()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.dir, "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.tr.Commit(tx) }()
	f.eventually("the announcement", func() bool {
		p, _ := f.tr.tracker.latest()
		return p == tx.Position
	})
	if f.tr.Watermark() != before {
		t.Error("the watermark has passed a transaction whose marks are not written")
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || len(f.dirty()) != spillAt+1 {
		t.Errorf("%v, %d marks", err, len(f.dirty()))
	}
}

// TestManyKeys: all of an entity is more than is marked at a time, and holds what only
// the journal has. Each key is read once, and few are marked at any moment.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	const n, extra = 2*listPage + 700, 30
	f := newFixture(t, options(shopOfCustomers(n)))
	var c journal.Commit
	for i := range int64(extra) { // every other one is in the shop too
		id := n - 10 + i
		c.Events = append(c.Events, journal.NewEvent{Key: document.Key{Entity: "customer", ID: id}, Kind: document.Created, Time: f.now(), Origin: document.FromShop, Schema: 1,
			Data: []byte(`{"document":{}}`), Fields: document.Encode(&document.Customer{}).Sums()})
	}
	if _, err := f.journal.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var told []string
	f.tr.cfg.Marked = func(reason, entity string, keys, more int64) {
		told = append(told, fmt.Sprint(reason, " ", entity, " ", keys, " ", more))
	}
	tx := canal.Transaction{Position: f.here(), Time: f.now(), Resyncs: []canal.Resync{{Target: "customer", Table: "oc_customer", Reason: "ddl"}}}
	if err := f.tr.Commit(tx); err != nil {
		t.Fatal(err)
	}
	f.turn(calmAfter) // a dump may be being loaded
	f.step()
	if n := f.metric("octail_documents_resyncs_total", "ddl"); n != 1 || f.tr.Pending() != 0 {
		t.Errorf("%v resyncs, %d pending", n, f.tr.Pending())
	}
	for rounds := 0; len(f.dirty()) > 0; rounds++ {
		f.step()
		marked := 0
		for _, d := range f.dirty() {
			if d.Entity != "customer" || d.Reason != "ddl" || d.Origin != document.FromReconcile || !d.Touched.IsZero() {
				t.Fatalf("mark %+v", d)
			}
			marked++
		}
		if marked > listPage+bulkSize+1 {
			t.Fatalf("%d keys are marked at once", marked)
		}
		if marked <= extra { // those that are gone from the shop are believed when no dump brings them back
			if f.turn(restoredWithin / 10); rounds > 500 {
				t.Fatal("it does not end")
			}
		}
	}
	kinds := map[string]int{}
	seen := map[int64]bool{}
	for _, e := range f.events()[extra:] {
		if seen[e.ID] {
			t.Fatalf("%s comes twice", e.EventID())
		}
		seen[e.ID] = true
		kinds[e.Kind]++
	}
	if kinds[document.Created] != n-11 || kinds[document.Updated] != 11 || kinds[document.Deleted] != extra-11 {
		t.Errorf("%v", kinds)
	}
	want := []string{"ddl customer 1000 1700", "ddl customer 1000 700", fmt.Sprintf("ddl customer %d 0", 700+extra-11)}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestHugeOrder: 5,000 lines and a comment of a megabyte arrive whole; adding a line
// is one revision, of the lines alone.
func TestHugeOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		f.exec(`ALTER TABLE oc_order MODIFY comment mediumtext;
			INSERT INTO oc_order (order_id, order_status_id, total, currency_code, comment) VALUES (7, 1, 5000.0000, 'EUR', REPEAT('é✓"\\\\', 131072));
			INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, quantity, price, total, tax) SELECT seq, 7, seq % 100 + 1, CONCAT('Product ', seq), 1, 1, 1, 0 FROM seq_1_to_5000;
			INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, name, value, type) SELECT 7, seq, 0, 'Text', CONCAT('no ', seq), 'text' FROM seq_1_to_5000;`)
	}))
	f.touch("order", 7)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 1 {
		t.Fatalf("%d revisions", len(events))
	}
	doc := documentOf[document.Order](t, events[0])
	if len(doc.Comment) != 1<<20 || !strings.HasSuffix(doc.Comment, `é✓"\\`) || len(doc.Lines) != 5000 {
		t.Fatalf("a comment of %d bytes, %d lines", len(doc.Comment), len(doc.Lines))
	}
	for i, l := range doc.Lines {
		if l.Line != int64(i+1) || l.Name != fmt.Sprintf("Product %d", i+1) || len(l.Options) != 1 || l.Options[0].Value != fmt.Sprintf("no %d", i+1) {
			t.Fatalf("line %d: %+v", i+1, l)
		}
	}
	f.exec(`DELETE FROM oc_order_product;
		INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, quantity, price, total, tax) SELECT 20000 - seq, 7, seq % 100 + 1, CONCAT('Product ', seq), 1, 1, 1, 0 FROM seq_1_to_5001;
		UPDATE oc_order_option SET order_product_id = 20000 - order_product_id;`)
	f.touch("order", 7)
	f.steps()
	events = f.of("order", 7)
	if len(events) != 2 || !strings.HasPrefix(string(events[1].Data), `{"changed":["lines"],`) {
		t.Fatalf("%d revisions", len(events))
	}
	doc = documentOf[document.Order](t, events[1])
	if n := len(doc.Lines); n != 5001 || doc.Lines[0].Name != "Product 1" || doc.Lines[4999].Options[0].Value != "no 5000" || doc.Lines[5000].Name != "Product 5001" {
		t.Errorf("%d lines", n)
	}
}
