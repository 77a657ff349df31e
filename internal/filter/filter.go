// Package filter decides which entities a sink is given: the keys where, release and
// since of its section in the config file.
//
// What each key of where looks at. An entity that has no such thing passes:
//
//	key              order                          customer           product, category   stock
//	stores           store                          store_id           any of store_ids    passes
//	statuses         status                         passes             passes              passes
//	customer_groups  customer.group                 group              passes              passes
//	countries        shipping_address's country,    any of addresses'  passes              passes
//	                 without one billing_address's
//	min_total        total                          passes             passes              passes
//	expr             what it says, for the entities it is written for; all others pass
//
// Between keys it is "and", within a list "or". Names are compared without regard to
// upper and lower case. An order without any address has no country, and does not pass
// countries.
package filter

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"octail/internal/config"
	"octail/internal/expression"
	"octail/sinks"
	"octail/transform/document"
)

// Shop is what a filter has to know of the shop. What is not known yet comes by the
// Set methods.
type Shop struct {
	// Since is the default of since where states are wanted: see CoveredOrders. Zero: no
	// limit, or not known yet.
	Since time.Time
	// Zone is the shop's; nil: UTC until SetZone tells.
	Zone *time.Location
}

// Filter is one sink's. Its methods may be called from several goroutines.
type Filter struct {
	stores, statuses, groups list
	countries                []string
	least                    *decimal.Decimal
	exprs                    map[string]*expression.Program

	any    bool // release
	listed list // release, where it is a list
	since  config.Moment
	start  config.Start
	states bool

	zone     atomic.Pointer[time.Location]
	covered  atomic.Pointer[time.Time] // the default of since
	released atomic.Pointer[[]int64]
	names    atomic.Pointer[map[int64]string] // of the stores
}

// New makes the filter of a sink. A mistake in an expression is found by config already;
// here it is an error once more.
func New(spec config.Sink, needs sinks.Needs, shop Shop) (*Filter, error) {
	f := &Filter{
		stores: listOf(spec.Where.Stores), statuses: listOf(spec.Where.Statuses), groups: listOf(spec.Where.CustomerGroups),
		exprs: map[string]*expression.Program{},
		any:   spec.Release.Any || spec.Release.IsZero() && !needs.States, listed: listOf(spec.Release.Statuses),
		since: spec.Since, start: spec.Start, states: needs.States,
	}
	for _, code := range spec.Where.Countries {
		f.countries = append(f.countries, strings.ToUpper(code))
	}
	if spec.Where.MinTotal != "" {
		least, err := decimal.NewFromString(spec.Where.MinTotal)
		if err != nil {
			return nil, fmt.Errorf("sink %s: where.min_total: %w", spec.Name, err)
		}
		f.least = &least
	}
	for entity, text := range spec.Where.Expr {
		program, err := expression.Compile(entity, text)
		if err != nil {
			return nil, fmt.Errorf("sink %s: where.expr for %s: %w", spec.Name, entity, err)
		}
		f.exprs[entity] = program
	}
	if f.start.Kind == "" {
		f.start.Kind = config.StartNow
		if needs.States {
			f.start.Kind = config.StartDocuments
		}
	}
	f.SetSince(shop.Since)
	f.zone.Store(time.UTC)
	if shop.Zone != nil {
		f.zone.Store(shop.Zone)
	}
	return f, nil
}

// clocksDiffer is how far the shop's clock may lie behind octail's without its first
// orders being taken for older ones.
const clocksDiffer = time.Minute

// CoveredOrders reads from the journal's note of what it covers (meta "covered", made at
// the first start) since when orders are: octail's first start minus the window of orders
// that was read then. Zero: all of them were, or there is no note yet. It is a minute
// earlier, and a whole second: the shop's times are whole seconds of another clock, and an
// order of the first moments is not older.
func CoveredOrders(note string) time.Time {
	var since map[string]time.Time
	if json.Unmarshal([]byte(note), &since) != nil {
		return time.Time{}
	}
	at := since[document.OrderEntity]
	if at.IsZero() {
		return at
	}
	return at.Truncate(time.Second).Add(-clocksDiffer)
}

// SetSince tells the default of since, once it is known.
func (f *Filter) SetSince(t time.Time) { f.covered.Store(&t) }

// SetReleased tells the shop's processing and complete statuses, once they are known and
// when they change. Before that a filter with the default release lets nothing be created.
func (f *Filter) SetReleased(ids []int64) { f.released.Store(&ids) }

// SetZone tells the shop's time zone, for dates without one.
func (f *Filter) SetZone(zone *time.Location) { f.zone.Store(zone) }

// SetStores tells what the shop's stores are called, by id. Orders carry the name
// themselves; a customer, product or category has only the id of a store.
func (f *Filter) SetStores(names map[int64]string) { f.names.Store(&names) }

// Start is where the sink begins when it is new to the journal: Kind is never empty; at
// is the instant of config.StartDate, else zero.
func (f *Filter) Start() (kind string, at time.Time) {
	return f.start.Kind, f.start.At.In(f.zone.Load())
}

// ReleaseKnown tells whether MayCreate can judge by release: not before SetReleased when
// the release is the shop's own.
func (f *Filter) ReleaseKnown() bool { return f.any || f.listed.set() || f.released.Load() != nil }

// Matches tells whether the document of an event passes where. On an error nothing is
// known: the entity must neither be delivered nor be left out, but wait, with the error
// for everybody to see, until another revision or another filter can be judged. Scrubbed
// events, which have no document any more, pass.
func (f *Filter) Matches(e *document.Event) (bool, error) {
	if !f.asks(e.Entity) {
		return true, nil
	}
	doc, err := document.DocumentOf(e.Data)
	if err != nil {
		return false, err
	}
	if doc == nil {
		return true, nil
	}
	if f.keyed() {
		d, err := read(doc)
		if err != nil {
			return false, err
		}
		ok, err := f.passes(e.Entity, d)
		if !ok || err != nil {
			return false, err
		}
	}
	program := f.exprs[e.Entity]
	if program == nil {
		return true, nil
	}
	ok, err := program.Run(doc)
	if err != nil {
		return false, fmt.Errorf("where.expr: %w", err)
	}
	return ok, nil
}

// keyed tells whether there is any key but expr.
func (f *Filter) keyed() bool {
	return f.stores.set() || f.statuses.set() || f.groups.set() || f.countries != nil || f.least != nil
}

// asks tells whether where says anything of a kind of entities.
func (f *Filter) asks(entity string) bool {
	return f.exprs[entity] != nil || f.keyed() && entity != document.StockEntity
}

// MayCreate tells whether an entity that the target does not have may be created there,
// and if not why, in words that continue "not created: ". Only orders are ever refused:
// by release, and by since unless it was `sync` that read the order (the event's origin).
func (f *Filter) MayCreate(e *document.Event) (ok bool, why string) {
	return f.mayCreate(e, e.Origin == document.FromSync)
}

// MayCreateNamed is MayCreate for an order that a person has named (`sync --force --sink`),
// whatever the origin of its newest revision: since does not count.
func (f *Filter) MayCreateNamed(e *document.Event) (ok bool, why string) {
	return f.mayCreate(e, true)
}

func (f *Filter) mayCreate(e *document.Event, named bool) (ok bool, why string) {
	since := f.since.In(f.zone.Load())
	if since.IsZero() && f.states {
		since = *f.covered.Load()
	}
	if e.Entity != document.OrderEntity || f.any && (named || since.IsZero()) {
		return true, ""
	}
	doc, err := document.DocumentOf(e.Data)
	if err != nil {
		return false, err.Error()
	}
	if doc == nil {
		return false, "its content was erased"
	}
	d, err := read(doc)
	if err != nil {
		return false, err.Error()
	}
	if ok, why := f.isReleased(d.Status); !ok {
		return false, why
	}
	if named || since.IsZero() || d.PlacedAt == nil {
		return true, ""
	}
	placed, err := time.Parse(time.RFC3339, *d.PlacedAt)
	if err != nil {
		return false, "its placed_at is no time"
	}
	if placed.Before(since) {
		return false, fmt.Sprintf("placed at %s, older than since %s", *d.PlacedAt, since.UTC().Format(time.RFC3339))
	}
	return true, ""
}

func (f *Filter) isReleased(s document.Status) (ok bool, why string) {
	name := statusName(s)
	switch known := f.released.Load(); {
	case f.any:
		return true, ""
	case f.listed.set():
		if f.listed.has(s.ID, s.Name) {
			return true, ""
		}
		return false, "status " + name + " is not among the release statuses"
	case known == nil:
		return false, "the shop's processing and complete statuses, which release is by default, are not known yet"
	default:
		for _, id := range *known {
			if id == s.ID {
				return true, ""
			}
		}
		return false, "status " + name + " is not among the release statuses (the shop's processing and complete statuses)"
	}
}

func statusName(s document.Status) string {
	if s.Name != nil && *s.Name != "" {
		return *s.Name
	}
	return strconv.FormatInt(s.ID, 10)
}

func read(doc []byte) (view, error) {
	var d view
	if err := json.Unmarshal(doc, &d); err != nil {
		return d, fmt.Errorf("read document: %w", err)
	}
	return d, nil
}
