package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform"
	"octail/transform/document"
)

// How a sweep spares the shop.
const (
	firstSize = 500                    // keys summed up by one statement, to begin with
	leastSize = 20                     // and at least
	mostSize  = 5000                   // and at most
	quick     = 20 * time.Millisecond  // a statement that is quicker may do more
	slow      = 100 * time.Millisecond // one that is slower does less: MyISAM lets nobody write meanwhile
	rest      = 3                      // times what a statement took is the pause behind it
	together  = 5000                   // states written in one journal transaction

	mostRest = 30 * time.Second // behind a statement that failed
	tooSlow  = 3                // targets in a row whose statements took too long: the sweep is given up
)

// sweep is one look at everything.
type sweep struct {
	p          *Poller
	ctx        context.Context
	began      time.Time
	again      bool
	sums       *shop.Summer
	references []*swept

	commit  journal.Commit // found, not written yet
	altered []*swept       // all states of which are new
	failing []string
	work    Work
	late    int // targets in a row whose statements took too long
}

// sweep compares all of the shop with the stored states. Where tables turn out to have
// been altered meanwhile, it is done again.
func (p *Poller) sweep(ctx context.Context, began time.Time) error {
	err := p.try(ctx, began, false)
	if errors.Is(err, errAltered) {
		err = p.try(ctx, began, true)
	}
	return err
}

// errAltered: a table or column that was there is not any more.
var errAltered = errors.New("the shop's tables have changed")

func (p *Poller) try(ctx context.Context, began time.Time, again bool) error {
	if err := p.load(ctx); err != nil {
		return err
	}
	layout, err := p.cfg.Shop.Layout(ctx)
	if err != nil {
		return err
	}
	sums, err := p.cfg.Shop.Summer(ctx, layout)
	if err != nil {
		return err
	}
	defer sums.Close()
	p.answered(time.Now())
	entities, references := plan(layout, transform.WatchList(layout.Schema))
	s := &sweep{p: p, ctx: ctx, began: began, again: again, sums: sums, references: references}
	last := p.cfg.Journal.Last()
	for _, t := range slices.Concat(entities, p.vanished(entities, references)) {
		if err := s.try(t); err != nil {
			return err
		}
		if err := s.write(); err != nil {
			return err
		}
	}
	if err := s.lookUp(); err != nil {
		return err
	}
	if err := s.append(); err != nil {
		return err
	}
	if err := s.revised(last); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	if len(s.failing) == 0 {
		if err := p.cfg.Journal.SetMeta(ctx, lastSweep, began.UTC().Format(time.RFC3339)); err != nil {
			return journalError{err}
		}
	}
	p.done(s, began)
	return nil
}

// load reads what the stored states were made of.
func (p *Poller) load(ctx context.Context) error {
	if p.known != nil {
		return nil
	}
	known := map[string]string{}
	p.seen = p.cfg.Journal.Last()
	if !p.anew {
		seen, err := p.cfg.Journal.Meta(ctx, "looked")
		if err != nil {
			return journalError{err}
		}
		n, _ := strconv.ParseInt(seen, 10, 64) // what is no number has seen nothing
		p.seen = min(n, p.seen)
		text, err := p.cfg.Journal.Meta(ctx, "swept")
		if err != nil {
			return journalError{err}
		}
		if text != "" {
			if err := json.Unmarshal([]byte(text), &known); err != nil {
				return journalError{fmt.Errorf("read what was swept: %w", err)}
			}
		}
	}
	p.known = known
	return nil
}

// vanished are targets that were swept and have no tables any more, nor keys.
func (p *Poller) vanished(lists ...[]*swept) []*swept {
	var out []*swept
	for _, name := range slices.Sorted(maps.Keys(p.known)) {
		if !slices.ContainsFunc(slices.Concat(lists...), func(t *swept) bool { return t.name == name }) {
			out = append(out, &swept{name: name})
		}
	}
	return out
}

// try sweeps for a target. Where it alone cannot be swept, that is noted; what was
// found of it until then holds.
func (s *sweep) try(t *swept) error {
	t.stored, t.absent, t.returned = 0, nil, false
	err := s.target(t)
	switch {
	case err == nil:
		if t.root != "" { // the others are small, and prove nothing
			s.late = 0
		}
		s.judge(t)
		if s.fresh(t) && !slices.Contains(s.altered, t) {
			s.altered = append(s.altered, t)
		}
		return nil
	case s.ctx.Err() != nil || !onlyThis(err):
		return err
	case shop.Classify(err) == shop.Missing && !s.again:
		return errAltered
	}
	if s.late++; !shop.TookTooLong(err) {
		s.late = 0
	} else if s.late == tooSlow {
		return fmt.Errorf("the shop's database is too slow at present: %d parts of the shop in a row were not summed up in the time that a statement may take (%s)", s.late, shop.Explain(err))
	}
	if why := words(t.name) + ": " + shop.Explain(err); !slices.Contains(s.failing, why) {
		s.failing = append(s.failing, why)
	}
	return nil
}

// fresh reports whether a target's states cannot be compared with the stored ones, for
// they are of something else, or there are none.
func (s *sweep) fresh(t *swept) bool { return s.p.known[t.name] != t.meaning }

// target compares all keys of a target with their stored states.
func (s *sweep) target(t *swept) error {
	whole := map[int64]int64{}
	for _, q := range t.whole {
		c, err := s.collect(q)
		if err != nil {
			return err
		}
		c.into(whole, q.Table)
	}
	keys := slices.Sorted(maps.Keys(whole))
	for after, last := int64(-1), t.root == ""; ; {
		from, upTo := max(after, 0), int64(math.MaxInt64)
		if !last {
			_, err := s.timed(func() error {
				edge, end, err := s.sums.Edge(s.ctx, t.root, t.id, &from, s.size(t.name))
				if last = end; !end {
					upTo = edge
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		is, rooted := map[int64]int64{}, map[int64]bool{}
		for len(keys) > 0 && keys[0] <= upTo {
			is[keys[0]] = whole[keys[0]]
			keys = keys[1:]
		}
		if err := s.ranges(t, from, upTo, is, rooted); err != nil {
			return err
		}
		if err := s.compare(t, after, upTo, is, rooted); err != nil || last {
			return err
		}
		after = upTo
	}
}

// ranges adds the shares of the tables that are read by ranges of the key.
func (s *sweep) ranges(t *swept, after, upTo int64, is map[int64]int64, rooted map[int64]bool) error {
	var slowest time.Duration
	for _, q := range t.ranged {
		c := collected{}
		took, err := s.sum(q, &after, &upTo, c)
		if err != nil {
			s.adapt(t.name, max(took, quick))
			return err
		}
		c.into(is, q.Table)
		slowest = max(slowest, took)
		if q.Table == t.root && q.Key == t.id {
			for key := range c {
				rooted[key] = true
			}
		}
	}
	s.adapt(t.name, slowest)
	return nil
}

// collect sums up a whole table, along its primary key where it has one.
func (s *sweep) collect(q part) (collected, error) {
	c, name := collected{}, "table "+q.Table
	var after *int64
	for last := q.Along == ""; ; {
		var upTo *int64
		if !last {
			_, err := s.timed(func() error {
				edge, end, err := s.sums.Edge(s.ctx, q.Table, q.Along, after, s.size(name))
				if last = end; !end {
					upTo = &edge
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		took, err := s.sum(q, after, upTo, c)
		if err != nil {
			s.adapt(name, max(took, quick))
			return nil, err
		}
		s.adapt(name, took)
		if last {
			return c, nil
		}
		after = upTo
	}
}

// sum sums up one range of one table.
func (s *sweep) sum(q part, after, upTo *int64, to collected) (took time.Duration, err error) {
	return s.timed(func() error {
		list, err := s.sums.Sums(s.ctx, q.Scan, after, upTo)
		for _, one := range list {
			s.work.Rows += one.Rows
		}
		to.add(q, list)
		return err
	})
}

// timed asks one question and then rests.
func (s *sweep) timed(ask func() error) (took time.Duration, err error) {
	began := time.Now()
	err = ask()
	took = time.Since(began)
	s.work.Statements++
	s.work.Busy += took
	s.work.Longest = max(s.work.Longest, took)
	if err == nil {
		s.p.answered(began.Add(took))
	}
	pause := rest * took
	if err != nil {
		pause = min(pause, mostRest)
	}
	if s.p.cfg.Hurried {
		pause = 0
	}
	if !s.sleep(pause) {
		return took, s.ctx.Err()
	}
	return took, err
}

// sleep waits, and says so before; false: the context ended.
func (s *sweep) sleep(d time.Duration) bool {
	s.p.cfg.Alive(d)
	return sleep(s.ctx, d)
}

func (s *sweep) size(name string) int {
	if n := s.p.sizes[name]; n > 0 {
		return n
	}
	return firstSize
}

// adapt makes the next range larger or smaller.
func (s *sweep) adapt(name string, took time.Duration) {
	n := s.size(name)
	switch {
	case took < quick:
		n = min(2*n, mostSize)
	case took > 10*slow:
		n = max(n/8, leastSize)
	case took > slow:
		n = max(n/2, leastSize)
	}
	s.p.sizes[name] = n
}

// A reading behind a sum may catch a moment that no sum ever sees: an edit that takes
// stock back and away again. So what differs is marked in two sweeps: a state seen once
// is stored as another number, and as itself when it is seen again. And every revision is
// looked at again by the sweep after it, until a reading makes none.
func once(state int64) int64 { return state + 1 }

// goneOnce is stored for a key without rows, until it is seen so again.
const goneOnce = math.MinInt64

// revised marks what was revised from the last sweep to the begin of this one. What is
// missing is not marked: it is when it is back, or gone.
func (s *sweep) revised(last int64) error {
	p := s.p
	if last == p.seen {
		return nil
	}
	keys, err := p.cfg.Journal.Revised(s.ctx, p.seen, last)
	if err != nil {
		return journalError{err}
	}
	for chunk := range slices.Chunk(keys, together) {
		var c journal.Commit
		for _, k := range chunk {
			if !p.misses(k.Entity, k.ID) {
				c.Marks = append(c.Marks, mark(k))
			}
		}
		if _, err := p.cfg.Journal.Append(s.ctx, c); err != nil {
			return journalError{err}
		}
	}
	if err := p.cfg.Journal.SetMeta(s.ctx, "looked", strconv.FormatInt(last, 10)); err != nil {
		return journalError{err}
	}
	p.seen = last
	return nil
}

// compare notes which keys of a range are not as they were stored. rooted are those that
// have the row that makes them, for targets that have such.
func (s *sweep) compare(t *swept, after, upTo int64, is map[int64]int64, rooted map[int64]bool) error {
	was, err := s.p.cfg.Journal.Polled(s.ctx, t.name, after, upTo)
	if err != nil {
		return journalError{err}
	}
	t.stored += len(was)
	for _, key := range slices.Sorted(maps.Keys(is)) {
		lost := t.root != "" && !rooted[key]
		back := !lost && s.p.misses(t.name, key)
		t.returned = t.returned || back
		switch old, known := was[key]; {
		case known && old == is[key] && back: // it may have been read meanwhile
			s.found(t, journal.Polled{Target: t.name, Key: key, State: is[key]})
		case known && old == is[key]:
		case s.fresh(t), known && old == once(is[key]):
			s.found(t, journal.Polled{Target: t.name, Key: key, State: is[key]})
		case known && lost:
			t.absent = append(t.absent, absent{key, once(is[key])})
		default:
			s.found(t, journal.Polled{Target: t.name, Key: key, State: once(is[key])})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		switch _, there := is[key]; {
		case there:
		case s.fresh(t) || was[key] == goneOnce || transform.IsReference(t.name):
			s.found(t, journal.Polled{Target: t.name, Key: key, State: goneOnce, Gone: s.fresh(t) || was[key] == goneOnce})
		default:
			t.absent = append(t.absent, absent{key, goneOnce})
		}
	}
	if len(s.commit.Polled) >= together && !transform.IsReference(t.name) {
		return s.write()
	}
	return nil
}

// Marks are read in the order of their times. These are ahead of all others: what
// documents look up, and then the orders, which a price import or a snapshot must not
// hold up.
var (
	ahead  = time.UnixMicro(-2)
	urgent = time.UnixMicro(-1)
)

// found notes a key's new state, and that it is to be read again for it.
func (s *sweep) found(t *swept, state journal.Polled) {
	s.commit.Polled = append(s.commit.Polled, state)
	if s.fresh(t) {
		return // all of it will be compared
	}
	s.commit.Marks = append(s.commit.Marks, mark(document.Key{Entity: t.name, ID: state.Key}))
}

func mark(k document.Key) journal.Mark {
	m := journal.Mark{Key: k, Reason: "poll", Origin: document.FromShop, Next: time.Now()}
	switch {
	case transform.IsReference(k.Entity):
		m.Next = ahead
	case k.Entity == document.OrderEntity:
		m.Next = urgent
	}
	return m
}

// write stores what was found. If that makes anything be read, it is given a moment to
// come to its end, and what documents look up is looked at first: that must not be older.
func (s *sweep) write() error {
	if len(s.commit.Marks) > 0 {
		if !s.sleep(s.p.cfg.Settle) {
			return s.ctx.Err()
		}
		if err := s.lookUp(); err != nil {
			return err
		}
	}
	return s.append()
}

func (s *sweep) lookUp() error {
	for _, t := range s.references {
		if err := s.try(t); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) append() error {
	if _, err := s.p.cfg.Journal.Append(s.ctx, s.commit); err != nil {
		return journalError{err}
	}
	s.p.cfg.Metrics.found(len(s.commit.Marks))
	s.commit = journal.Commit{}
	return nil
}

// begin makes the states of new targets count: from here on they are compared. What
// happened since somebody looked at them last is found by comparing all of theirs.
func (s *sweep) begin() error {
	p := s.p
	if len(s.altered) > 0 {
		if p.cfg.Altered != nil {
			p.cfg.Altered()
		}
		if err := s.markAltered(); err != nil {
			return err
		}
		known := maps.Clone(p.known)
		for _, t := range s.altered {
			if known[t.name] = t.meaning; t.meaning == "" {
				delete(known, t.name)
			}
		}
		text, err := json.Marshal(known)
		if err != nil {
			return journalError{fmt.Errorf("note what was swept: %w", err)}
		}
		if err := p.cfg.Journal.SetMeta(s.ctx, "swept", string(text)); err != nil {
			return journalError{err}
		}
		p.known = known
	}
	if p.anew {
		if err := p.cfg.Journal.SetMeta(s.ctx, "looked", strconv.FormatInt(p.seen, 10)); err != nil {
			return journalError{err}
		}
		if err := p.cfg.Begun(s.ctx); err != nil {
			return journalError{err}
		}
		p.anew = false
	}
	return nil
}

func (s *sweep) markAltered() error {
	if s.p.anew {
		return nil // Begun marks
	}
	var c journal.Commit
	var names []string
	for _, t := range s.altered {
		names = append(names, words(t.name))
		c.Marks = append(c.Marks, journal.Mark{Key: document.Key{Entity: t.name}, Reason: "tables", Origin: document.FromReconcile})
	}
	if _, err := s.p.cfg.Journal.Append(s.ctx, c); err != nil {
		return journalError{err}
	}
	s.p.log.Warn("other tables or columns of the shop are looked at than before: what is made of them is compared", "compared", names)
	return nil
}
