package shop_test

import (
	"testing"

	"octail/canal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestNotTransactional: of a table that is not InnoDB nothing is proven that the log
// did not hold a second ago; nor of a view.
func TestNotTransactional(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table+"; CREATE VIEW oc_seen AS SELECT * FROM oc_order")
		queries := map[string]shop.Query{"MyISAM": productOne, "a view": {Table: "seen", Columns: []string{"comment"}}}
		at := i.position()
		for name, q := range queries {
			if rows, proven, err := i.read(at, q); err != nil || proven || len(rows) != 1 {
				t.Errorf("%s, just written: %d rows, proven %v, %v", name, len(rows), proven, err)
			}
		}
		if _, proven, err := i.read(at, orderOne); err != nil || !proven {
			t.Errorf("InnoDB beside it: proven %v, %v", proven, err)
		}
		until(t, "a proof", func() bool {
			_, proven, err := i.read(at, productOne)
			return err == nil && proven
		})
		for name, q := range queries {
			if _, proven, err := i.read(at, q); err != nil || !proven {
				t.Errorf("%s, a second later: proven %v, %v", name, proven, err)
			}
		}
		i.sql("UPDATE oc_product SET model = 'after'")
		if _, proven, err := i.read(i.position(), productOne); err != nil || proven {
			t.Errorf("written again: proven %v, %v", proven, err)
		}
		if _, proven, err := i.read(canal.Position{}, productOne); err != nil || !proven {
			t.Errorf("anything: proven %v, %v", proven, err)
		}
		i.Forget()
		if _, proven, err := i.read(at, productOne); err != nil || proven {
			t.Errorf("of a log that may be another: proven %v, %v", proven, err)
		}
	})
}

// TestInsertNotShownYet: the binlog has a row that its MyISAM table does not show to
// others until it is unlocked. Here the lock is held on purpose; every concurrent
// insert holds it for a moment.
func TestInsertNotShownYet(t *testing.T) {
	i := install(t, shoptesting.MariaDB(t), table)
	writer, err := i.admin.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for _, q := range []string{"LOCK TABLES oc_product WRITE CONCURRENT", "INSERT INTO oc_product VALUES (2, 'new')"} {
		if _, err := writer.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	all := shop.Query{Table: "product", Columns: []string{"model"}, Order: []string{"product_id"}}
	rows, proven, err := i.read(i.position(), all)
	if err != nil || proven {
		t.Errorf("%d rows, proven %v, %v", len(rows), proven, err)
	}
	if len(rows) != 1 {
		t.Errorf("the row is there: this test shows nothing")
	}
	if _, err := writer.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := i.read(i.position(), all); err != nil || len(rows) != 2 {
		t.Errorf("afterwards: %d rows, %v", len(rows), err)
	}
}
