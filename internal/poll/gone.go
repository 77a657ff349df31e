package poll

import (
	"time"

	"octail/internal/journal"
)

// Rows that are missing may be about to come back: a dump is being loaded, a table was
// emptied to be filled again. So a key that has lost its row, or all of them, is left as
// it was stored, unmarked, until a later sweep still misses it. It lives in memory: after
// a restart the wait begins anew.
const (
	goneAfter = time.Minute // between the begins of the sweep that missed a key first and the one that believes it
	patient   = 10          // times that is waited at most, and whenever so many are missing at once:
	some      = 20          // more than these, and more than half of all
)

// missing are the keys of a target that sweeps miss, and have not called gone.
type missing struct {
	first map[int64]time.Time // begin of the sweep that missed it first
	back  time.Time           // begin of the last sweep that saw one of them again
	many  bool
}

// absent is a key that a sweep misses, and the state to store once that is believed.
type absent struct {
	key, state int64
}

// judge decides, when all of a target was looked at, which of the keys that are missing
// are gone.
func (s *sweep) judge(t *swept) {
	if s.fresh(t) || len(t.absent) == 0 {
		s.p.mu.Lock()
		delete(s.p.missing, t.name)
		s.p.mu.Unlock()
		return
	}
	was := s.p.missing[t.name]
	if was == nil {
		was = &missing{}
	}
	m := &missing{first: map[int64]time.Time{}, back: was.back, many: len(t.absent) > some && 2*len(t.absent) > t.stored}
	if t.returned {
		m.back = s.began
	}
	after := s.p.cfg.GoneAfter
	for _, a := range t.absent {
		first, again := was.first[a.key]
		if !again {
			first = s.began
		}
		waited := s.began.Sub(first)
		calm := !m.many && waited >= after && s.began.Sub(m.back) >= after
		if again && (calm || waited >= patient*after) {
			s.found(t, journal.Polled{Target: t.name, Key: a.key, State: a.state})
			continue
		}
		m.first[a.key] = first
	}
	s.p.mu.Lock()
	s.p.missing[t.name] = m
	s.p.mu.Unlock()
	if m.many && !was.many && len(m.first) > 0 {
		s.p.log.Warn("more than half of the shop's rows of a kind are missing: a dump may be being loaded; nothing of it counts as deleted until they are back, or as long as this",
			"entity", words(t.name), "missing", len(t.absent), "of", t.stored, "wait", (patient * after).String())
	}
}

// Misses reports whether a key of an entity was missing at the last look, and is not
// called gone yet. It may be called at any time.
func (p *Poller) Misses(entity string, key int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.misses(entity, key)
}

// misses reports whether a key was missing when its target was looked at last.
func (p *Poller) misses(target string, key int64) bool {
	m := p.missing[target]
	if m == nil {
		return false
	}
	_, ok := m.first[key]
	return ok
}

// missingNow counts the keys that are missing and not called gone.
func (p *Poller) missingNow() (n int) {
	for _, m := range p.missing {
		n += len(m.first)
	}
	return n
}
