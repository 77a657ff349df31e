package app_test

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"context"
	"path/filepath"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/erase"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// startAt is start with a function that is called at failpoints.
func startAt(t testing.TB, server *shoptest.Server, cfg *config.Config, at func(string)) *agent {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a := &agent{t: t, cfg: cfg, server: server, cancel: cancel, done: make(chan error, 1), file: filepath.Join(filepath.Dir(cfg.Journal.Path), "events.jsonl")}
	a.log = &lines{t: t}
	log := slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	go func() { a.done <- app.Run(ctx, cfg, app.Options{Version: "test", Log: log, Failpoint: at}) }()
	t.Cleanup(a.stop)
	return a
}

// TestEraseInTheMaking: an order that has been read when its customer is erased, and is
// journaled behind, does not bring the person in.
func TestEraseInTheMaking(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V3)
	place(t, shop, 3)
	cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[order]"})
	var armed atomic.Bool
	reached, release := make(chan struct{}), make(chan struct{})
	a := startAt(t, server, cfg, func(name string) {
		if name == "after-read" && armed.CompareAndSwap(true, false) {
			close(reached)
			<-release
		}
	})
	a.quiet()
	must(t, db, "SET sql_mode = ''")
	armed.Store(true)
	must(t, db, "UPDATE oc_order SET customer_id = 0, firstname = 'Zebedee', lastname = 'Quixwood', email = 'zebedee@example.com', telephone = '991199' WHERE order_id = 2")
	<-reached
	done := make(chan error, 1)
	var r *erase.Report
	go func() {
		var err error
		r, err = post[erase.Report](a, "/api/v1/erase", erase.Request{Email: "zebedee@example.com", Unknown: true})
		done <- err
	}()
	waitFor(t, "who is to be kept out", func() bool {
		salt, err := a.look().Meta(t.Context(), "erase_salt")
		return err == nil && salt != ""
	})
	var err error
	select {
	case err = <-done:
		close(release)
	case <-time.After(300 * time.Millisecond): // it waits for what is being made
		close(release)
		err = <-done
	}
	if err != nil || !r.Done() {
		t.Fatalf("%+v %v", r, err)
	}
	a.quiet()
	if n := hits(t, cfg.Journal.Path+"*", 0); n > 0 {
		t.Errorf("%d hits in the journal's files, %+v", n, r)
	}
}

// TestEraseFormer: a person is erased by an address that shop and newest documents do not
// have any more.
func TestEraseFormer(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V3)
	place(t, shop, 3)
	must(t, db, "SET sql_mode = ''", "UPDATE oc_customer SET email = 'old.address@example.com' WHERE customer_id = 3", "UPDATE oc_order SET customer_id = 0, email = 'old.address@example.com' WHERE order_id = 2")
	cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[customer, order]"})
	a := start(t, server, cfg)
	a.quiet()
	must(t, db, "UPDATE oc_customer SET email = 'new@example.com' WHERE customer_id = 3", "UPDATE oc_order SET email = 'new@example.com' WHERE order_id = 2")
	a.quiet()
	r, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Email: "old.address@example.com"})
	if err != nil || !r.Done() {
		t.Fatalf("%+v %v", r, err)
	}
	if n := hits(t, cfg.Journal.Path+"*", 0); n > 0 {
		t.Errorf("%d hits, %+v", n, r)
	}
	if again, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Email: "old.address@example.com"}); err != nil || !again.Done() || again.Customers+again.Orders+again.Events != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
}

// TestEraseNobody: a mistyped id or address is refused, and does not keep the next customer
// of that id out; whoever is known in any way is not refused.
func TestEraseNobody(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V3)
	place(t, shop, 4)
	must(t, db, "SET sql_mode = ''", "UPDATE oc_order SET customer_id = 4711 WHERE order_id = 2", "UPDATE oc_order SET customer_id = 0, email = 'old.address@example.com' WHERE order_id = 3",
		"INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount) VALUES (4, 0, 'a gift', 'ab12', 'Ann', 'ann@example.com', 'Bob', 'Bob@example.com', 1, '', 0)")
	cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[customer, order]"})
	a := start(t, server, cfg)
	a.quiet()
	for _, req := range []erase.Request{{Customer: 9999}, {Email: "nobody@example.com"}} {
		for range 2 { // the first must leave nothing behind
			if r, err := post[erase.Report](a, "/api/v1/erase", req); err == nil || !strings.Contains(err.Error(), "nothing was done") || !strings.Contains(err.Error(), "--unknown") || strings.Contains(err.Error(), "nobody@") {
				t.Errorf("%+v: %+v %v", req, r, err)
			}
		}
	}
	if salt, err := a.look().Meta(t.Context(), "erase_salt"); err != nil || salt != "" {
		t.Errorf("somebody is kept out: %q %v", salt, err)
	}
	for _, req := range []erase.Request{
		{Customer: 4711},                   // of orders alone
		{Email: "BOB@example.com"},         // of a voucher
		{Customer: 9999, Unknown: true},    // as asked for
		{Customer: 9999},                   // once more
		{Email: "old.address@example.com"}, // a guest
	} {
		if r, err := post[erase.Report](a, "/api/v1/erase", req); err != nil || !r.Done() {
			t.Errorf("%+v: %+v %v", req, r, err)
		}
	}
}
