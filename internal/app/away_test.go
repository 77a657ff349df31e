package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// tables lists the tables of a shop's database that begin with a prefix.
func (f *fault) tables(prefix string) (names []string) {
	f.Helper()
	rows, err := f.db.QueryContext(f.Context(), "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND LEFT(TABLE_NAME, CHAR_LENGTH(?)) = ?", f.database, prefix, prefix)
	if err != nil {
		f.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			f.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// rename gives all tables that begin with one prefix another one.
func (f *fault) rename(from, to string) {
	f.Helper()
	var list []string
	for _, name := range f.tables(from) {
		list = append(list, fmt.Sprintf("`%s` TO `%s`", name, to+strings.TrimPrefix(name, from)))
	}
	must(f.T, f.db, "RENAME TABLE "+strings.Join(list, ", "))
}

// status is what the agent says of itself.
func (f *fault) status() (st console.Status) {
	f.Helper()
	if err := f.a.get("/api/v1/status", &st); err != nil {
		f.Fatal(err)
	}
	return st
}

// noticed waits until status has a reason that holds a text, and prints how long it took.
func (f *fault) noticed(level, text string) {
	f.Helper()
	began := time.Now()
	waitFor(f.T, "status to say "+text, func() bool {
		st := f.status()
		return st.Level == level && strings.Contains(strings.Join(st.Reasons, "; "), text)
	})
	f.Logf("%s noticed=%.1fs", f.id, time.Since(began).Seconds())
}

// TestShopGoesAway: tables that are renamed away, and another shop that is used in the
// place of ours, are noticed and said; nothing is taken for deleted, and all goes on
// when the tables are back.
func TestShopGoesAway(t *testing.T) {
	t.Parallel()
	f := begin(t, "F29", shoptest.V4, shoptesting.Server(t, shoptest.Options{}), settings{})
	f.mark()
	f.rename("oc_", "new_")
	f.noticed(console.Red, `no watched table is there any more`)
	f.wantSaid(1, "no watched table is there any more", "shop.table_prefix", "new_", "when they are back")
	var none any
	if err := f.a.get("/readyz", &none); err == nil || !strings.Contains(err.Error(), "not ready: no watched table is there any more") {
		t.Errorf("without a watched table it is ready: %v", err)
	}
	shop := shoptest.NewShop(f.db, f.gen, "new_", 5)
	place(t, shop, 2)
	f.rename("new_", "oc_")
	f.a.quiet()
	waitFor(t, "status to be content", func() bool { return f.status().Level == console.Green })
	f.wantSaid(1, "watched tables are seen again")
	f.closed()
	f.wantNoHole()

	// Another shop beside ours, that is used instead of it.
	f.mark()
	if err := shoptest.Load(t.Context(), f.db, f.gen, "shop2_"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the agent to see the other shop", func() bool { return len(f.said("there is another shop in the same database now")) == 1 })
	other := shoptest.NewShop(f.db, f.gen, "shop2_", 6)
	waitFor(t, "status to say that no watched table is seen", func() bool {
		place(t, other, 1)
		time.Sleep(time.Second)
		return f.status().Level == console.Amber && f.status().Source.TablesUnseen != ""
	})
	f.wantSaid(1, "no watched table seen since", "shop2_", "is written to")
	f.closed()
	place(t, f.shop, 1) // ours is in use again, beside the other
	waitFor(t, "status to be content", func() bool {
		place(t, other, 1)
		return f.status().Level == console.Green
	})
	f.many = true
	f.closed()
}
