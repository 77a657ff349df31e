package transform

import (
	"fmt"
	"testing"

	"octail/transform/document"
)

// TestPortion: it halves down to one, and grows only where what comes will fit.
func TestPortion(t *testing.T) {
	p := newPortion(500, 4000)
	if n := p.tooMuch(500); n != 250 || p.size != 250 {
		t.Errorf("%d of 500, %+v", n, p)
	}
	if n := p.tooMuch(7); n != 3 || p.size != 3 {
		t.Errorf("%d of 7, %+v", n, p)
	}
	for _, c := range []struct{ n, bytes, want int }{
		{3, 1001, 3}, {2, 10, 3}, {3, 1000, 6}, {6, 10, 12}, {12, 10, 24}, {24, 10, 48}, {48, 10, 96}, {96, 10, 192}, {192, 10, 384}, {384, 10, 500}, {500, 10, 500},
	} {
		if p.fitted(c.n, c.bytes); p.size != c.want {
			t.Errorf("%d keys of %d bytes: %d, want %d", c.n, c.bytes, p.size, c.want)
		}
	}
	for range 12 {
		p.tooMuch(p.size)
	}
	if p.size != 1 {
		t.Errorf("%d", p.size)
	}
}

// wideProducts has products 1 to n with descriptions of some KiB in two languages.
func wideProducts(n, kib int) func(*fixture) {
	return func(f *fixture) {
		f.exec(fmt.Sprintf(`ALTER TABLE oc_product_description MODIFY description mediumtext;
			INSERT INTO oc_product (product_id, model, status) SELECT seq, CONCAT('m', seq), 1 FROM seq_1_to_%d;
			INSERT INTO oc_product_description (product_id, language_id, name, description) SELECT seq, language_id, CONCAT('p', seq), REPEAT('0123456789abcde ', 64 * %d) FROM seq_1_to_%d, oc_language;`, n, kib, n))
	}
}

// TestWideKeys: keys that together are more than may be held are read a few at a
// time, one that alone is more is read too; narrow ones are then read together again.
func TestWideKeys(t *testing.T) {
	const n, kib = 40, 256
	every := make([]int64, n)
	for i := range every {
		every[i] = int64(i + 1)
	}
	for name, ask := range map[string]func(*fixture){
		"touched": func(f *fixture) { f.touch("product", every...) },
		"marked":  func(f *fixture) { f.mark("product", every...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			commits, held := 0, 0
			var f *fixture
			o := options(wideProducts(n, kib))
			o.failed = func(point string) {
				if point == "before-commit" {
					commits++
				}
			}
			f = newFixture(t, o)
			languages := 0
			if err := f.db.QueryRow("SELECT COUNT(*) FROM oc_language").Scan(&languages); err != nil {
				t.Fatal(err)
			}
			f.exec(`UPDATE oc_product_description SET description = REPEAT('0123456789abcde ', 150000) WHERE product_id = 7;`)
			ask(f)
			f.steps()
			for _, e := range f.events() {
				doc := documentOf[document.Product](t, e)
				want := 16 * 64 * kib
				if doc.ID == 7 {
					want = 16*150000 - 1 // texts are trimmed
				}
				for _, text := range doc.Texts {
					if d := len(text.Description) - want; d != 0 && d != -1 && d != 1 {
						t.Errorf("product %d: %d bytes, want %d", doc.ID, len(text.Description), want)
					}
				}
				if len(doc.Texts) != languages {
					t.Errorf("product %d: %d texts", doc.ID, len(doc.Texts))
				}
				held++
			}
			if held != n || f.tr.Pending() != 0 || len(f.dirty()) != 0 || f.tr.Blocked() != "" {
				t.Fatalf("%d of %d documents, %d pending, %d marked, blocked %q", held, n, f.tr.Pending(), len(f.dirty()), f.tr.Blocked())
			}
			if atLeast := n * kib * 1024 * languages / liveBytes; commits < atLeast {
				t.Errorf("%d commits, want at least %d", commits, atLeast)
			}
			if got := f.log.lines(0); len(got) != 0 {
				t.Errorf("it was told to people: %q", got)
			}

			f.exec(`UPDATE oc_product_description SET description = '';`)
			for range 10 {
				commits = 0
				f.exec(`UPDATE oc_product SET model = CONCAT(model, 'x');`)
				ask(f)
				f.steps()
			}
			if commits > 2 { // 2: the steps look for more
				t.Errorf("narrow again, and still %d commits for %d keys", commits, n)
			}
		})
	}
}

// TestWideDeleted: what is deleted takes nothing to read, but its last document is as
// large as ever.
func TestWideDeleted(t *testing.T) {
	t.Parallel()
	const n, kib = 40, 256
	largest, before := 0, 0
	var f *fixture
	o := options(wideProducts(n, kib))
	f = newFixture(t, o)
	f.mark("product", 0)
	f.steps()
	f.exec("DELETE FROM oc_product;")
	f.exec("DELETE FROM oc_product_description;")
	var ids []int64
	for id := range int64(n) {
		ids = append(ids, id+1)
	}
	f.touch("product", ids...)
	for range 8 {
		f.turn(secondLook)
		for f.step() {
			bytes := 0
			events := f.events()
			for _, e := range events[max(before, n):] {
				bytes += len(e.Data)
			}
			before, largest = len(events), max(largest, bytes)
		}
	}
	deleted := 0
	for _, e := range f.events() {
		if e.Kind == document.Deleted {
			deleted++
		}
	}
	if deleted != n || f.tr.Pending() != 0 {
		t.Errorf("%d of %d deleted, %d pending", deleted, n, f.tr.Pending())
	}
	if one := 2 * kib << 10; largest > 2*liveBytes+2*one {
		t.Errorf("%d bytes in one commit", largest)
	}
}

// TestWideOrders: what is known of orders is bounded in the same way.
func TestWideOrders(t *testing.T) {
	t.Parallel()
	const n = 12
	f := newFixture(t, options(func(f *fixture) {
		f.exec(fmt.Sprintf(`ALTER TABLE oc_order MODIFY comment mediumtext;
			INSERT INTO oc_order (order_id, order_status_id, total, currency_code, comment) SELECT seq, 1, 1, 'EUR', REPEAT('x', 1000000) FROM seq_1_to_%d;`, n))
	}))
	f.mark("order", 0)
	f.steps()
	f.exec("UPDATE oc_order SET comment = 'short';")
	f.tr.bulkKeys = newPortion(bulkSize, bulkBytes)
	f.mark("order", 0)
	f.steps()
	if got := len(f.events()); got != 2*n || len(f.dirty()) != 0 {
		t.Errorf("%d revisions, %d marked", got, len(f.dirty()))
	}
	if f.tr.bulkKeys.size >= n {
		t.Errorf("%d keys at once", f.tr.bulkKeys.size)
	}
}
