package filter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"octail/internal/config"
	"octail/sinks"
	"octail/transform/document"
)

// Spec is what a filter takes, in a form that is kept in the journal from run to run and
// compared: widening a filter sends nothing by itself.
type Spec struct {
	Entities  []string          `json:"entities,omitempty"` // none: all
	Stores    []string          `json:"stores,omitempty"`
	Statuses  []string          `json:"statuses,omitempty"`
	Groups    []string          `json:"customer_groups,omitempty"`
	Countries []string          `json:"countries,omitempty"`
	MinTotal  string            `json:"min_total,omitempty"`
	Expr      map[string]string `json:"expr,omitempty"`
	// Release is "any", "shop" (its processing and complete statuses) or "listed".
	Release  string    `json:"release"`
	Released []string  `json:"released,omitempty"` // listed
	Since    time.Time `json:"since,omitzero"`     // with the default resolved; zero: none
}

// MetaName is what the journal calls the Spec of a sink's last run.
func MetaName(sink string) string { return "filter:" + sink }

// SpecOf describes the filter that New makes.
func SpecOf(spec config.Sink, needs sinks.Needs, shop Shop) Spec {
	s := Spec{
		Entities: spec.Entities, Stores: spec.Where.Stores, Statuses: spec.Where.Statuses, Groups: spec.Where.CustomerGroups,
		MinTotal: spec.Where.MinTotal, Expr: spec.Where.Expr, Release: "listed", Released: spec.Release.Statuses,
	}
	for _, code := range spec.Where.Countries {
		s.Countries = append(s.Countries, strings.ToUpper(code))
	}
	switch {
	case spec.Release.Any || spec.Release.IsZero() && !needs.States:
		s.Release = "any"
	case spec.Release.IsZero():
		s.Release = "shop"
	}
	zone := shop.Zone
	if zone == nil {
		zone = time.UTC
	}
	switch {
	case !spec.Since.IsZero():
		s.Since = spec.Since.In(zone).UTC().Truncate(time.Second)
	case needs.States:
		s.Since = shop.Since.UTC().Truncate(time.Second)
	}
	return s
}

// String is the form that is stored; ReadSpec reads it.
func (s Spec) String() string {
	b, err := json.Marshal(s)
	if err != nil { // it has texts and times only
		panic(err)
	}
	return string(b)
}

// ReadSpec reads what String made.
func ReadSpec(stored string) (Spec, error) {
	var s Spec
	if err := json.Unmarshal([]byte(stored), &s); err != nil {
		return s, fmt.Errorf("read the filter of the last run: %w", err)
	}
	return s, nil
}

// Wider is what a filter takes that another did not.
type Wider struct {
	Keys     []string // of the config file, that differ
	Entities []string // concerned, which the sink takes
	Maybe    bool     // it cannot be told: statuses by id before and by name now, other expressions
}

// Widened compares a filter with the one before; ok is false when it takes no more.
func Widened(before, now Spec) (w Wider, ok bool) {
	const order, customer, product, category = document.OrderEntity, document.CustomerEntity, document.ProductEntity, document.CategoryEntity
	certain := false
	note := func(key string, v verdict, entities ...string) {
		entities = slices.DeleteFunc(entities, func(e string) bool { return !takes(now.Entities, e) })
		if v == no || len(entities) == 0 {
			return
		}
		certain = certain || v == yes
		w.Keys = append(w.Keys, key)
		for _, e := range entities {
			if !slices.Contains(w.Entities, e) {
				w.Entities = append(w.Entities, e)
			}
		}
	}
	var added []string
	for _, e := range document.Entities {
		if !takes(before.Entities, e) && takes(now.Entities, e) {
			added = append(added, e)
		}
	}
	note("entities", yes, added...)
	note("where.stores", longer(before.Stores, now.Stores), order, customer, product, category)
	note("where.statuses", longer(before.Statuses, now.Statuses), order)
	note("where.customer_groups", longer(before.Groups, now.Groups), order, customer)
	note("where.countries", longer(before.Countries, now.Countries), order, customer)
	note("where.min_total", lower(before.MinTotal, now.MinTotal), order)
	for _, e := range document.Entities {
		if old, was := before.Expr[e]; was {
			text, is := now.Expr[e]
			switch {
			case !is:
				note("where.expr", yes, e)
			case text != old:
				note("where.expr", perhaps, e)
			}
		}
	}
	switch {
	case before.Release == "any":
	case now.Release == "any":
		note("release", yes, order)
	case before.Release == "listed" && now.Release == "listed":
		note("release", longer(before.Released, now.Released), order)
	case before.Release != now.Release:
		note("release", perhaps, order)
	}
	if !before.Since.IsZero() && now.Since.Before(before.Since) {
		note("since", yes, order)
	}
	slices.SortFunc(w.Entities, func(a, b string) int { // parents first
		return slices.Index(document.Entities, a) - slices.Index(document.Entities, b)
	})
	w.Maybe = !certain
	return w, len(w.Keys) > 0
}

// verdict is whether a key takes more than before.
type verdict int

const (
	no verdict = iota
	perhaps
	yes
)

// longer compares two lists of ids and names, of which none takes all.
func longer(before, now []string) verdict {
	switch {
	case len(before) == 0:
		return no
	case len(now) == 0:
		return yes
	}
	v := no
	for _, item := range now {
		if slices.ContainsFunc(before, func(b string) bool { return strings.EqualFold(b, item) }) {
			continue
		}
		sameForm := func(b string) bool { return isID(b) == isID(item) }
		if !slices.ContainsFunc(before, func(b string) bool { return !sameForm(b) }) {
			return yes
		}
		v = perhaps // an id before may be this name
	}
	return v
}

func isID(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

func lower(before, now string) verdict {
	was, err := decimal.NewFromString(before)
	if err != nil { // none
		return no
	}
	is, err := decimal.NewFromString(now)
	if err != nil || is.LessThan(was) {
		return yes
	}
	return no
}

func takes(entities []string, e string) bool { return entities == nil || slices.Contains(entities, e) }

// Remedy are the commands that send a sink what its filter now takes besides, one a
// line. Orders from before since stay out, as they would: sync passes since by.
func (w Wider) Remedy(sink string, now Spec) string {
	var lines []string
	for _, e := range w.Entities {
		line := "octail sync " + e + " --force --sink " + sink
		if e == document.OrderEntity && !now.Since.IsZero() {
			line += " --since " + now.Since.Format(time.RFC3339)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// String says it in words.
func (w Wider) String() string {
	keys := slices.Compact(slices.Clone(w.Keys))
	what := "takes more than at the last run"
	if w.Maybe {
		what = "may take more than at the last run"
	}
	return fmt.Sprintf("the filter of the sink (%s) %s; widening it sends nothing by itself", strings.Join(keys, ", "), what)
}
