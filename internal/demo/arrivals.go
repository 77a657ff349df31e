package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"octail/internal/shoptest"
	"octail/transform/document"
)

// arrivals is what came out of the agent, read from the file it writes as any
// user of the file would.
type arrivals struct {
	mu      sync.Mutex
	demo    *demo // set: events are shown
	events  int
	ids     map[string]bool
	repeats int
	gaps    int
	orders  map[int64]arrived
	delays  []time.Duration
}

// arrived is an order as its newest event has it.
type arrived struct {
	kind  string
	order document.Order
	count int
}

type event struct {
	ID       string
	Type     string
	Subject  string
	Time     time.Time
	Sequence string
	Origin   string
	Data     struct {
		Changed  []string
		Document json.RawMessage
	}
}

func newArrivals() *arrivals { return &arrivals{ids: map[string]bool{}, orders: map[int64]arrived{}} }

func (a *arrivals) show(d *demo) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.demo = d
}

func (a *arrivals) total() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events
}

// follow reads the events file as it grows, until ctx ends and all is read.
func (d *demo) follow(ctx context.Context, path string) <-chan error {
	done := make(chan error, 1)
	go func() {
		var f *os.File
		for f == nil {
			var err error
			if f, err = os.Open(path); errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil {
				time.Sleep(20 * time.Millisecond)
				continue
			} else if err != nil {
				done <- err
				return
			}
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 1<<20)
		var part []byte
		for {
			over := ctx.Err() != nil // before the last look
			chunk, err := r.ReadBytes('\n')
			part = append(part, chunk...)
			if err == nil {
				if err := d.seen.take(part); err != nil {
					done <- err
					return
				}
				part = nil
				continue
			}
			if err != io.EOF {
				done <- err
				return
			}
			if over {
				time.Sleep(100 * time.Millisecond) // the agent may be writing its last batch
				if info, err := f.Stat(); err == nil {
					if at, _ := f.Seek(0, io.SeekCurrent); at >= info.Size() {
						done <- nil
						return
					}
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return done
}

func (a *arrivals) take(line []byte) error {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("an event is no JSON: %w", err)
	}
	key, err := document.ParseKey(e.Subject)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events++
	if a.ids[e.ID] {
		a.repeats++
	}
	a.ids[e.ID] = true
	if e.Sequence != document.Sequence(int64(a.events)) {
		a.gaps++
	}
	text := ""
	if key.Entity == document.OrderEntity {
		x := a.orders[key.ID]
		x.kind, x.count = e.Type[strings.LastIndexByte(e.Type, '.')+1:], x.count+1
		x.order = document.Order{}
		if err := json.Unmarshal(e.Data.Document, &x.order); err != nil {
			return fmt.Errorf("order %d: %w", key.ID, err)
		}
		a.orders[key.ID] = x
		text = orderText(&x.order)
	} else {
		text = otherText(key.Entity, e.Data.Document)
	}
	if a.demo == nil {
		return nil
	}
	if e.Origin == document.FromShop {
		a.delays = append(a.delays, time.Since(e.Time))
	}
	kind := e.Type[strings.LastIndexByte(e.Type, '.')+1:]
	changed := ""
	if kind == document.Updated {
		changed = " [" + strings.Join(e.Data.Changed, ", ") + "]"
	}
	a.demo.line("octail", "%-14s %-8s%s %s", e.ID, kind, changed, text)
	return nil
}

func orderText(o *document.Order) string {
	status := "status 0"
	if o.Status.Name != nil {
		status = *o.Status.Name
	}
	return fmt.Sprintf("%s, %d lines, %s %s, %s %s", status, len(o.Lines), seen(o), o.Currency.Code, o.Customer.FirstName, o.Customer.LastName)
}

// seen is the total as the customer saw it.
func seen(o *document.Order) string {
	total, err := decimal.NewFromString(o.Total)
	rate, err2 := decimal.NewFromString(o.Currency.Rate)
	if err != nil || err2 != nil {
		return o.Total
	}
	return total.Mul(rate).StringFixed(int32(o.Currency.Decimals))
}

func otherText(entity string, doc json.RawMessage) string {
	var d struct {
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Model     string
		Price     string
		Quantity  int64
		Path      []string
		Texts     map[string]struct{ Name string }
	}
	if json.Unmarshal(doc, &d) != nil {
		return ""
	}
	switch entity {
	case document.CustomerEntity:
		return d.FirstName + " " + d.LastName
	case document.StockEntity:
		return fmt.Sprintf("%s, %d in stock", d.Model, d.Quantity)
	case document.CategoryEntity:
		return strings.Join(d.Path, " > ")
	}
	return fmt.Sprintf("%s, %s, %s", d.Model, d.Texts["en-gb"].Name, d.Price)
}

// sum prints what happened and reports whether every confirmed order arrived
// whole: with all lines and options, its total and its final status.
func (d *demo) sum(truth shoptest.Truth) bool {
	a := d.seen
	a.mu.Lock()
	defer a.mu.Unlock()
	var wrong []string
	whole, deleted := 0, 0
	known := map[int64]bool{}
	for _, o := range truth.Orders {
		known[o.ID] = true
		if why := compare(o, a.orders[o.ID]); why != "" {
			wrong = append(wrong, fmt.Sprintf("order %d: %s", o.ID, why))
			continue
		}
		whole++
		if o.Deleted {
			deleted++
		}
	}
	phantoms := 0
	for id := range a.orders {
		if !known[id] {
			phantoms++
			wrong = append(wrong, fmt.Sprintf("order %d: delivered, and never confirmed", id))
		}
	}
	sort.Slice(a.delays, func(i, j int) bool { return a.delays[i] < a.delays[j] })
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.Out, "\n%d orders confirmed in the shop, %d of them deleted again; %d checkouts abandoned\n", len(truth.Orders), deleted, truth.Drafts)
	fmt.Fprintf(d.Out, "%d arrived whole, %d did not, %d phantoms, %d repeated events, %d gaps\n", whole, len(wrong)-phantoms, phantoms, a.repeats, a.gaps)
	fmt.Fprintf(d.Out, "%d events in all", a.events)
	if n := len(a.delays); n > 0 {
		fmt.Fprintf(d.Out, "; from the commit to the file: half within %.1f s, 99 %% within %.1f s (an entity rests half a second before it is read; commit times are whole seconds)",
			a.delays[n/2].Seconds(), a.delays[n*99/100].Seconds())
	}
	fmt.Fprintln(d.Out)
	for _, w := range wrong {
		fmt.Fprintln(d.Out, "  "+w)
	}
	ok := len(wrong) == 0 && a.repeats == 0 && a.gaps == 0
	if ok {
		fmt.Fprintln(d.Out, "OK: every confirmed order arrived whole, once")
	} else {
		fmt.Fprintln(d.Out, "FAILED")
	}
	return ok
}

func compare(want shoptest.OrderTruth, got arrived) string {
	if got.count == 0 {
		if want.Deleted { // placed and deleted before it was read
			return ""
		}
		return "did not arrive"
	}
	if want.Deleted {
		if got.kind != document.Deleted {
			return "deleted in the shop, not in the events"
		}
		return ""
	}
	if got.kind == document.Deleted {
		return "deleted in the events, not in the shop"
	}
	options := 0
	for _, l := range got.order.Lines {
		options += len(l.Options)
	}
	total, err := decimal.NewFromString(got.order.Total)
	switch {
	case err != nil || !total.Equal(want.Total):
		return fmt.Sprintf("total %s instead of %s", got.order.Total, want.Total)
	case len(got.order.Lines) != want.Lines:
		return fmt.Sprintf("%d lines instead of %d", len(got.order.Lines), want.Lines)
	case options != want.Options:
		return fmt.Sprintf("%d options instead of %d", options, want.Options)
	case got.order.Status.ID != want.Status:
		return fmt.Sprintf("status %d instead of %d", got.order.Status.ID, want.Status)
	}
	return ""
}
