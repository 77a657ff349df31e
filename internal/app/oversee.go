package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"octail/internal/shop"
)

// overseeEvery is how often it is looked whether the shop is still where octail
// looks for it. Tests make it short.
var overseeEvery = 15 * time.Second

const (
	// unseenFor is how long another shop's tables may be written to, and none of ours,
	// before that is said; unseenBeside, when both were in use before.
	unseenFor, unseenBeside = 30 * time.Second, time.Hour
)

// amiss is what is wrong with the place where octail looks for the shop.
type amiss struct {
	gone   string // the tables are not there
	unseen string // they are, but another shop's are used
}

// oversee notices, and says, when the shop has gone from where octail looks for it: a
// log in which none of the watched tables occurs looks like a shop where nothing
// happens.
func (a *Agent) oversee(ctx context.Context, s *source) {
	o := newOverseer(time.Now(), a.cfg.Shop.MySQL.Database, a.cfg.Shop.TablePrefix)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(overseeEvery):
		}
		bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
		prefixes, err := shop.Prefixes(bounded, s.db, o.database)
		cancel()
		if err != nil {
			continue // that the database does not answer is said elsewhere
		}
		for _, p := range o.news(prefixes) {
			a.log.Warn("there is another shop in the same database now; octail goes on following the one it was started for", "tables", o.prefix+"*", "other", p+"*")
		}
		watched, written := s.stream().Written()
		is := o.look(time.Now(), prefixes, watched, written)
		s.mu.Lock()
		was := s.amiss
		s.amiss = is
		s.mu.Unlock()
		switch none := (amiss{}); {
		case is == was || is.gone == was.gone && is.unseen != "" && was.unseen != "":
		case is == none:
			a.log.Info("watched tables are seen again")
		default:
			a.log.Error(is.gone + is.unseen)
		}
	}
}

// missing says that the watched tables are gone, if they are.
func (s *source) missing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.amiss.gone
}

// overseer knows where the shop should be, and what was seen of others.
type overseer struct {
	database string
	prefix   string
	seen     time.Time            // when rows of watched tables were read last, or when it began
	first    map[string]time.Time // by prefix: when another shop was written to first
	known    map[string]bool      // prefixes; nil: not looked yet
}

func newOverseer(now time.Time, database, prefix string) *overseer {
	return &overseer{database: database, prefix: prefix, seen: now, first: map[string]time.Time{}}
}

// news lists the prefixes of shops that were not there at the last look.
func (o *overseer) news(prefixes []string) (fresh []string) {
	for _, p := range prefixes {
		if o.known != nil && !o.known[p] && p != o.prefix {
			fresh = append(fresh, p)
		}
	}
	o.known = map[string]bool{}
	for _, p := range prefixes {
		o.known[p] = true
	}
	return fresh
}

// look says what is amiss. prefixes are those of the shops in the database; watched is
// when rows of watched tables were read last, written when those of others were.
func (o *overseer) look(now time.Time, prefixes []string, watched time.Time, written map[string]time.Time) (is amiss) {
	if watched.After(o.seen) {
		o.seen = watched
	}
	others := slices.DeleteFunc(slices.Clone(prefixes), func(p string) bool { return p == o.prefix })
	if len(others) == len(prefixes) {
		is.gone = fmt.Sprintf("no watched table is there any more: the tables of the database %q that begin with %q are gone, or may not be read", o.database, o.prefix)
		if len(others) > 0 {
			is.gone += fmt.Sprintf(", and there is a shop whose tables begin with %q. If that is the shop now, %s", others[0], remedy(others[0]))
		}
		is.gone += "; octail goes on by itself when they are back"
		return is
	}
	for _, table := range slices.Sorted(maps.Keys(written)) {
		at := written[table]
		i := slices.IndexFunc(others, func(p string) bool { return isShops(table, p) })
		if i < 0 {
			continue
		}
		p := others[i]
		if o.first[p].IsZero() {
			o.first[p] = at
		}
		patience := unseenFor
		if o.seen.After(o.first[p]) {
			patience = unseenBeside
		}
		if at.Sub(o.seen) >= patience && now.Sub(at) < unseenBeside {
			is.unseen = fmt.Sprintf("no watched table seen since %s, but %s is written to: if the shop's tables begin with %q now, %s",
				o.seen.UTC().Format("2006-01-02 15:04:05Z"), table, p, remedy(p))
		}
	}
	return is
}

func remedy(prefix string) string {
	return fmt.Sprintf("set shop.table_prefix to %q and give it a journal of its own (journal.path)", prefix)
}

// isShops reports whether a table is one that a shop with a prefix writes when it is
// in use.
func isShops(table, prefix string) bool {
	name, ok := strings.CutPrefix(table, prefix)
	return ok && slices.Contains([]string{"order", "order_product", "order_total", "order_history", "customer", "address", "product", "product_description"}, name)
}
