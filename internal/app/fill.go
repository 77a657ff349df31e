package app

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
)

// How often progress is looked at and logged, and the time that the rate is of.
const (
	fillEvery    = 2 * time.Second
	fillIdle     = 30 * time.Second
	fillLogEvery = 30 * time.Second
	fillRateOver = 20 * time.Second
)

// worthALine are the readings whose progress is told. What else is marked (a renamed
// manufacturer, a held order) is small, or told by who asked for it.
func worthALine(reason string, keys int64) bool {
	return reason == "snapshot" || reason == "gap" || keys >= 5000
}

// fills follows the marks of the background: what has been marked once, and what is
// left. The totals are in the journal, so that a restart goes on counting.
type fills struct {
	agent *Agent
	now   func() time.Time

	mu      sync.Mutex
	active  map[string]*fill // by reason
	changed bool             // a total is not in the journal yet
	wake    chan struct{}    // something was marked
}

type fill struct {
	Since  time.Time        `json:"since"`
	Totals map[string]int64 `json:"totals"` // by entity

	left    map[string]int64 // marked and not read
	more    map[string]int64 // not even marked
	listing bool
	samples []sample
	logged  time.Time
}

type sample struct {
	at   time.Time
	done int64
}

// metaFills is where the journal keeps what has been marked.
const metaFills = "fills"

func newFills(a *Agent) *fills {
	return &fills{agent: a, now: time.Now, active: map[string]*fill{}, wake: make(chan struct{}, 1)}
}

// run tells how far the background is until ctx ends.
func (f *fills) run(ctx context.Context) {
	f.resume(ctx)
	for {
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			f.agent.log.Warn("count what is to be read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-time.After(f.wait()):
		}
	}
}

// wait is until the next look: while nothing is under way marked tells of news.
func (f *fills) wait() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.active) == 0 {
		return fillIdle
	}
	return fillEvery
}

// resume goes on with what the journal keeps.
func (f *fills) resume(ctx context.Context) {
	text, err := f.agent.journal.Meta(ctx, metaFills)
	if err != nil || text == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = json.Unmarshal([]byte(text), &f.active) // what cannot be read is counted anew
}

// marked notes that so many keys of a kind were marked, and so many more will be. It is
// called by the transformer.
func (f *fills) marked(reason, entity string, keys, more int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.get(reason, keys+more)
	if a == nil {
		return
	}
	if a.more == nil {
		a.more = map[string]int64{}
	}
	a.more[entity] = more
	select {
	case f.wake <- struct{}{}:
	default:
	}
	if n := keys + more; n > a.Totals[entity] {
		a.Totals[entity], f.changed = n, true
	}
}

func (f *fills) get(reason string, keys int64) *fill {
	a := f.active[reason]
	if a == nil && worthALine(reason, keys) {
		a = &fill{Since: f.now(), Totals: map[string]int64{}, logged: f.now()}
		f.active[reason] = a
	}
	return a
}

// look counts once.
func (f *fills) look(ctx context.Context) error {
	counts, err := f.agent.journal.Counts(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	idle := counts.Dirty == 0 && len(f.active) == 0
	f.mu.Unlock()
	if idle {
		return nil
	}
	marks, err := f.agent.journal.MarksByReason(ctx)
	if err != nil {
		return err
	}
	text, changed, err := f.take(marks)
	if err != nil || !changed {
		return err
	}
	return f.agent.journal.SetMeta(ctx, metaFills, text)
}

// take notes what is left, tells it, and returns what the journal is to keep when it is
// something else than before.
func (f *fills) take(marks []journal.Marks) (text string, changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count(marks)
	for reason, a := range f.active {
		if a.ended() {
			if reason == "snapshot" { // of the others transform tells the end, with what was found
				f.agent.log.Info("the snapshot is finished", "entities", a.total(), "took", f.now().Sub(a.Since).Round(time.Second).String())
			}
			delete(f.active, reason)
			f.changed = true
		} else if f.now().Sub(a.logged) >= fillLogEvery {
			a.logged = f.now()
			f.agent.log.Info("reading the shop in the background", "reason", reason, "progress", a.describe(reason).String())
		}
	}
	f.tell()
	changed, f.changed = f.changed, false
	if len(f.active) > 0 {
		b, err := json.Marshal(f.active)
		if err != nil {
			return "", false, err
		}
		text = string(b)
	}
	return text, changed, nil
}

// count notes what is left.
func (f *fills) count(marks []journal.Marks) {
	for _, a := range f.active {
		a.left, a.listing = map[string]int64{}, false
	}
	for _, m := range marks {
		a := f.get(m.Reason, m.Keys)
		if a == nil || m.Keys == 0 && !m.Whole {
			continue
		}
		if a.left == nil {
			a.left = map[string]int64{}
		}
		if _, told := a.more[m.Entity]; m.Whole && !told {
			a.listing = true
		}
		a.left[m.Entity] = m.Keys
		if n := m.Keys + a.more[m.Entity]; n > a.Totals[m.Entity] {
			a.Totals[m.Entity], f.changed = n, true
		}
	}
	for reason, a := range f.active { // what is marked for another reason by now is counted there
		for e := range a.more {
			if !slices.ContainsFunc(marks, func(m journal.Marks) bool { return m.Whole && m.Reason == reason && m.Entity == e }) {
				a.more[e] = 0
			}
		}
	}
	for _, a := range f.active {
		a.samples = append(a.samples, sample{f.now(), a.done()})
		a.samples = slices.DeleteFunc(a.samples, func(s sample) bool { return f.now().Sub(s.at) > fillRateOver })
	}
}

// tell shows the state to status, metrics and terminal.
func (f *fills) tell() {
	var all []console.Fill
	for reason, a := range f.active {
		all = append(all, a.describe(reason))
	}
	slices.SortFunc(all, func(x, y console.Fill) int { return x.Since.Compare(y.Since) })
	f.agent.filling.Store(&all)
	if f.agent.opts.OnFill != nil {
		f.agent.opts.OnFill(all)
	}
}

func (a *fill) total() (n int64) {
	for _, t := range a.Totals {
		n += t
	}
	return n
}

func (a *fill) done() int64 {
	n := a.total()
	for e := range a.Totals {
		n -= a.left[e] + a.more[e]
	}
	return max(0, n)
}

func (a *fill) ended() bool { return !a.listing && a.done() == a.total() }

func (a *fill) describe(reason string) console.Fill {
	out := console.Fill{Reason: reason, Since: a.Since.UTC(), Done: a.done(), Total: a.total(), Listing: a.listing}
	for e, total := range a.Totals {
		out.Entities = append(out.Entities, console.FillEntity{Entity: e, Done: max(0, total-a.left[e]-a.more[e]), Total: total})
	}
	slices.SortFunc(out.Entities, func(x, y console.FillEntity) int {
		if x.Entity < y.Entity {
			return -1
		}
		return 1
	})
	if n := len(a.samples); n > 1 {
		if took := a.samples[n-1].at.Sub(a.samples[0].at).Seconds(); took > 0 {
			out.Rate = max(0, float64(a.samples[n-1].done-a.samples[0].done)/took)
		}
	}
	return out
}
