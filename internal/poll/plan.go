package poll

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform"
)

// sumsVersion is part of what a target is swept for: other ways to sum need another
// number, so that old sums are not compared with new ones.
const sumsVersion = 1

// swept is a target and the sums that its keys' states are made of.
type swept struct {
	name string
	// root and id: the table and column whose keys make the ranges; "" for targets
	// that are looked at in one piece.
	root, id string
	ranged   []part // along the key, range by range
	whole    []part // ahead of the ranges, each along its own primary key
	meaning  string // what is summed: with another one, states cannot be compared

	// Of the sweep under way:
	stored   int      // keys with a state
	absent   []absent // of them
	returned bool     // a key that was missing is there again
}

// part is the sum of one table for a target.
type part struct {
	shop.Scan
	resolve func([]string) (int64, bool)
}

// plan says how to sweep for each target of a watch list: the entities first, in the
// order in which they matter to somebody.
func plan(l *shop.Layout, tables []canal.Table) (entities, references []*swept) {
	all := map[string]*swept{}
	var names []string
	for _, t := range tables {
		table := strings.TrimPrefix(t.Name, l.Schema.Prefix)
		for _, r := range t.Rules {
			s := all[r.Target]
			if s == nil {
				s = &swept{name: r.Target}
				if root, id, ok := transform.Root(r.Target); ok && l.Indexed(root, id) {
					s.root, s.id = root, id
				}
				all[r.Target] = s
				names = append(names, r.Target)
			}
			s.add(l, table, r)
		}
	}
	for _, n := range names {
		s := all[n]
		s.meaning = s.fingerprint()
		if transform.IsReference(n) {
			references = append(references, s)
		} else {
			entities = append(entities, s)
		}
	}
	slices.SortStableFunc(entities, func(a, b *swept) int { return rank(a.name) - rank(b.name) })
	return entities, references
}

// first are the targets that somebody waits for.
var first = []string{"order", "stock"}

func rank(target string) int {
	if i := slices.Index(first, target); i >= 0 {
		return i
	}
	return len(first)
}

// add takes a rule of the watch list. A table that can be read by ranges of the key is;
// the others, such as the history of orders, whose only index is its own number, are
// summed along that, and what is found of each key is put together here.
func (s *swept) add(l *shop.Layout, table string, r canal.Rule) {
	p := part{Scan: shop.Scan{Table: table, Key: r.Key, Columns: l.Content(table, r.Only, r.Ignore)}, resolve: r.Resolve}
	if r.Resolve != nil {
		p.Key, p.Texts = "", r.TextColumns
	}
	if s.root != "" && p.Key != "" && l.Indexed(table, p.Key) {
		p.Along = p.Key
		s.ranged = append(s.ranged, p)
		return
	}
	p.Along = l.Primary(table)
	s.whole = append(s.whole, p)
}

// fingerprint is short for all that decides what a state is made of.
func (s *swept) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, sumsVersion)
	var lines []string
	for _, p := range slices.Concat(s.ranged, s.whole) {
		lines = append(lines, fmt.Sprintf("%q %q %q %q", p.Table, p.Key, p.Texts, p.Columns))
	}
	slices.Sort(lines)
	fmt.Fprintln(h, strings.Join(lines, "\n"))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// state is a table's share in the state of a key. A key's state is the sum of them: of
// whatever tables, in whatever order.
func state(table string, rows int64, sum uint64) int64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", table, rows, sum))
	var n uint64
	for _, b := range h[:8] {
		n = n<<8 | uint64(b)
	}
	return int64(n)
}

// collected adds up, by key, what the ranges of a table gave.
type collected map[int64]tally

type tally struct {
	rows int64
	sum  uint64
}

func (c collected) add(p part, list []shop.Summed) {
	for _, one := range list {
		key := one.Key
		if p.resolve != nil {
			var ok bool
			if key, ok = p.resolve(one.Texts); !ok {
				continue
			}
		}
		if key <= 0 && (p.Key != "" || p.resolve != nil) || one.Rows == 0 {
			continue // a row that belongs to nobody
		}
		t := c[key]
		c[key] = tally{t.rows + one.Rows, shop.Add(t.sum, one.Sum)}
	}
}

// into adds a table's shares to the states of its keys.
func (c collected) into(states map[int64]int64, table string) {
	for key, t := range c {
		states[key] += state(table, t.rows, t.sum)
	}
}
