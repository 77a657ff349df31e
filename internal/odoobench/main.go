// Command odoobench measures the odoo sink beside a naive connector, in the same run on
// the same Odoo, and prints ratios: `make bench-odoo`.
//
//	bulk  orders of three lines with new customers, confirmed: a second, and calls of each
//	live  the same, one order at a time: calls of each, and how long it takes
//
// The naive connector does what connectors of one call a record do, by XML-RPC: search and
// create the customer, create the address, look up country and currency, create the order,
// search each product and create its line, confirm. Both write to one database of one
// Odoo, in turns, and calls are counted by a proxy between that knows neither.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"octail/internal/config"
	"octail/sinks"
	"octail/sinks/odoo"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "odoobench:", err)
		os.Exit(1)
	}
}

// target is the Odoo that is measured, as ODOO_URL, ODOO_DB and so on name it.
type target struct{ url, database, login, password, key string }

func run(ctx context.Context) error {
	orders := flag.Int("orders", 200, "orders of the bulk")
	naive := flag.Int("naive", 60, "orders of the naive connector in each turn")
	live := flag.Int("live", 20, "orders one at a time")
	rounds := flag.Int("rounds", 2, "how often both are measured; the median counts")
	which := flag.Bool("which", false, "say which calls were made")
	flag.Parse()
	to := target{os.Getenv("ODOO_URL"), os.Getenv("ODOO_DB"), os.Getenv("ODOO_BOT_LOGIN"), os.Getenv("ODOO_BOT_PASSWORD"), os.Getenv("ODOO_BOT_API_KEY")}
	if to.url == "" || to.database == "" || to.key == "" {
		return errors.New("ODOO_URL, ODOO_DB, ODOO_BOT_LOGIN, ODOO_BOT_PASSWORD and ODOO_BOT_API_KEY name the Odoo to be measured, a database that may be thrown away")
	}
	b, err := newBench(to)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.catalogue(ctx); err != nil {
		return err
	}
	var octail, other []float64
	for range *rounds {
		o, err := b.bulk(ctx, *orders)
		if err != nil {
			return fmt.Errorf("octail's orders: %w", err)
		}
		n, err := b.naive(ctx, *naive)
		if err != nil {
			return fmt.Errorf("the naive connector's orders: %w", err)
		}
		fmt.Printf("bulk   octail %.2f orders/s with %.2f calls an order, naive %.2f orders/s with %.2f calls an order, ratio %.2f\n", o.rate(), o.calls(), n.rate(), n.calls(), o.rate()/n.rate())
		octail, other = append(octail, o.rate()), append(other, n.rate())
	}
	fmt.Printf("bulk   median: octail %.2f orders/s, naive %.2f orders/s, ratio %.2f\n", median(octail), median(other), median(octail)/median(other))
	l, each, err := b.live(ctx, *live)
	if err != nil {
		return fmt.Errorf("octail's live orders: %w", err)
	}
	fmt.Printf("live   octail %.2f calls an order with a new customer, p50 %s, slowest %s\n", l.calls(), median(each).Round(time.Millisecond), slices.Max(each).Round(time.Millisecond))
	if *which {
		b.paths.Range(func(path, n any) bool {
			fmt.Printf("%6d %s\n", n.(*atomic.Int64).Load(), path)
			return true
		})
	}
	return b.verify(ctx)
}

func median[T float64 | time.Duration](of []T) T {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// measured is what one turn gave.
type measured struct {
	orders int
	sent   int64
	took   time.Duration
}

func (m measured) rate() float64  { return float64(m.orders) / m.took.Seconds() }
func (m measured) calls() float64 { return float64(m.sent) / float64(m.orders) }

// bench has both connectors, on a proxy that counts.
type bench struct {
	to     target
	proxy  *httptest.Server
	sent   atomic.Int64
	paths  sync.Map // calls by path: *atomic.Int64
	sink   sinks.Sink
	rpc    *rpc.Client // the naive connector's
	reader *rpc.Client // beside the proxy
	next   int64       // number of the next order, customer and address
	ours   []int64     // orders that octail wrote
	theirs []int64     // of the naive connector, ids in Odoo
}

func newBench(to target) (*bench, error) {
	at, err := url.Parse(to.url)
	if err != nil {
		return nil, err
	}
	b := &bench{to: to, next: time.Now().Unix() % 1_000_000 * 1000}
	forward := httputil.NewSingleHostReverseProxy(at)
	b.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.sent.Add(1)
		n, _ := b.paths.LoadOrStore(r.URL.Path, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		forward.ServeHTTP(w, r)
	}))
	settings := odoo.Plugin.Settings().(*odoo.Config)
	settings.URL, settings.Database, settings.APIKey = config.URL(b.proxy.URL), to.database, config.Secret(to.key)
	settings.Mappings.Status = map[string]string{"2": "confirmed"}
	env := sinks.Env{Name: "erp", Shop: "bench-shop", Log: slog.New(slog.DiscardHandler), Links: &links{of: map[document.Key]sinks.Link{}}}
	if b.sink, err = odoo.Plugin.Open(settings, env); err != nil {
		return nil, err
	}
	b.rpc, err = rpc.New(rpc.Options{URL: b.proxy.URL, Database: to.database, Login: to.login, Password: to.password, Transport: "xmlrpc"})
	if err == nil {
		b.reader, err = rpc.New(rpc.Options{URL: to.url, Database: to.database, Key: to.key})
	}
	return b, err
}

func (b *bench) close() {
	_ = b.sink.Close()
	b.proxy.Close()
}

// links are kept in memory.
type links struct {
	mu sync.Mutex
	of map[document.Key]sinks.Link
}

func (l *links) Link(_ context.Context, key document.Key) (sinks.Link, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.of[key]
	return found, ok, nil
}

func (l *links) Found(_ context.Context, key document.Key, target string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[key] = sinks.Link{Target: target}
	return nil
}

func (l *links) Lost(_ context.Context, key document.Key) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, key)
	return nil
}
