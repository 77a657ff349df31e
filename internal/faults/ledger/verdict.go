package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Verdict is what a target has and lacks.
type Verdict struct {
	Committed  int // confirmed orders in the shop
	Delivered  int // of them, those that the target has as they are
	Lost       int // entities, revisions and deletions that the target lacks
	Duplicated int // ids that it keeps twice, and revisions that say nothing new
	Reordered  int // revisions it got behind a later one of the same entity
	Wrong      int // entities whose content is not the shop's
	Sent       int // requests
	DupSent    int // of them, those with an id that was sent before
	Notes      []string
}

// Clean reports whether nothing is wrong.
func (v Verdict) Clean() bool { return v.Lost+v.Duplicated+v.Reordered+v.Wrong == 0 }

const mostNotes = 8

func (v *Verdict) note(format string, args ...any) {
	if len(v.Notes) < mostNotes {
		v.Notes = append(v.Notes, fmt.Sprintf(format, args...))
	}
}

// Add makes one verdict of those on several targets of one shop.
func (v Verdict) Add(o Verdict) Verdict {
	return Verdict{max(v.Committed, o.Committed), max(v.Delivered, o.Delivered), v.Lost + o.Lost, v.Duplicated + o.Duplicated, v.Reordered + o.Reordered,
		v.Wrong + o.Wrong, v.Sent + o.Sent, v.DupSent + o.DupSent, slices.Concat(v.Notes, o.Notes)}
}

// Options of a judgement.
type Options struct {
	Entities []string // that the target takes; nil: all
	States   bool     // it is given states: revisions may be skipped
	Late     bool     // it was not there from the first revision on
	Partial  bool     // it is not given all changes: what its entities hold is not compared
	Except   []string // subjects whose content is not compared: they were erased
}

// Judge compares what a target was given with the shop.
func Judge(shop Shop, given []Record, o Options) Verdict {
	var v Verdict
	if o.Entities == nil {
		o.Entities = Entities
	}
	takes := func(subject string) bool {
		entity, _, _ := strings.Cut(subject, "/")
		return slices.Contains(o.Entities, entity)
	}
	sent, stored := map[string]bool{}, map[string]bool{}
	last, everSold := map[string]*Record{}, map[string]bool{}
	for i := range given {
		r := &given[i]
		v.Sent++
		if sent[r.ID] {
			v.DupSent++
		}
		sent[r.ID] = true
		if r.Older {
			v.Reordered++
			v.note("%s came when a later one was there", r.ID)
		}
		if !r.Stored || r.Gone {
			continue
		}
		if stored[r.ID] && o.States && last[r.Subject].Target == r.Target { // written once more, over itself
			last[r.Subject] = r
			continue
		}
		if stored[r.ID] {
			v.Duplicated++
			v.note("%s is kept twice", r.ID)
			continue
		}
		stored[r.ID] = true
		before := last[r.Subject]
		switch {
		case before != nil && r.Revision < before.Revision:
			v.Reordered++
			v.note("%s came behind %s", r.ID, before.ID)
			continue
		case o.States && before != nil && before.Target != r.Target:
			v.Duplicated++
			v.note("%s has two records, %s and %s", r.Subject, before.Target, r.Target)
		case o.States:
		case before == nil && r.Revision != 1 && !o.Late:
			v.Lost++
			v.note("%s is the first of its entity", r.ID)
		case before != nil && r.Revision > before.Revision+1:
			v.Lost++
			v.note("between %s and %s one is missing", before.ID, r.ID)
		case before != nil && !r.Deleted && !before.Deleted && bytes.Equal(r.Document, before.Document):
			v.Duplicated++
			v.note("%s says nothing that %s did not", r.ID, before.ID)
		}
		last[r.Subject] = r
		everSold[r.Subject] = everSold[r.Subject] || r.Facts.Status != 0
	}
	for _, subject := range slices.Sorted(maps.Keys(shop)) {
		facts := shop[subject]
		if !takes(subject) {
			continue
		}
		order := strings.HasPrefix(subject, "order/")
		held := last[subject]
		if order && facts.Status == 0 {
			if held != nil && !everSold[subject] {
				v.Wrong++
				v.note("%s is a draft, and was delivered", subject)
			}
			if held == nil {
				continue
			}
		}
		if order && facts.Status != 0 {
			v.Committed++
		}
		switch {
		case held == nil || held.Deleted:
			v.Lost++
			v.note("%s is not in the target", subject)
		case held.Facts != facts && !o.Partial && !slices.Contains(o.Except, subject):
			v.Wrong++
			v.note("%s differs in the target (%s): %s", subject, held.ID, difference(held.Facts, facts))
		case order && facts.Status != 0:
			v.Delivered++
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(last)) {
		if _, there := shop[subject]; !there && !last[subject].Deleted {
			v.Lost++
			v.note("%s is gone from the shop and not from the target", subject)
		}
	}
	return v
}

// difference says where a target's facts leave the shop's, without the texts themselves.
func difference(target, shop Facts) string {
	switch {
	case target.Status != shop.Status:
		return fmt.Sprintf("status %d, in the shop %d", target.Status, shop.Status)
	case target.Total != shop.Total:
		return fmt.Sprintf("total %s, in the shop %s", target.Total, shop.Total)
	case target.Lines != shop.Lines:
		return fmt.Sprintf("%d lines, in the shop %d", target.Lines, shop.Lines)
	}
	i := 0
	for i < min(len(target.Texts), len(shop.Texts)) && target.Texts[i] == shop.Texts[i] {
		i++
	}
	return fmt.Sprintf("%d bytes of text, in the shop %d; first different at %d (%.30q, in the shop %.30q)", len(target.Texts), len(shop.Texts), i, target.Texts[i:], shop.Texts[i:])
}
