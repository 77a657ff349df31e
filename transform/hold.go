package transform

import (
	"time"

	"octail/transform/document"
)

// hold is a half-way read that is looked at again. It lives in memory: after a
// restart the wait begins anew.
type hold struct {
	since time.Time // the first such read
	gone  bool
}

// restoredWithin is how long a row may be missing that was found to be when its table
// had been made again or emptied: a dump is being loaded.
const restoredWithin = time.Minute

// mayBeRestored reports whether what a comparison for a reason finds gone may be about
// to come back.
func mayBeRestored(reason string) bool {
	return reason == "ddl" || reason == "truncate" || reason == "tables"
}

// hold decides whether a half-way read counts, and when to look again if it does
// not. An order gets edit_hold from the first such read, however often it is
// touched meanwhile; everything else, and a root that is gone, one moment.
func (w *work) hold(k target, why string) (until time.Time, ok bool) {
	t := w.t
	h, held := t.holds[k]
	if !held || h.gone != (why == gone) {
		h = hold{w.now, why == gone}
	}
	wait := max(t.cfg.Settle, secondLook)
	if k.name == document.OrderEntity && !h.gone {
		wait = t.cfg.EditHold
	}
	if h.gone && mayBeRestored(whyCompared(w.sources[k])) {
		wait = max(wait, restoredWithin)
	}
	until = h.since.Add(wait)
	if h.gone { // whoever asks: a late touch, an import, a person
		t.mu.Lock()
		emptied := t.emptied[k.name]
		t.mu.Unlock()
		if restored := emptied.Add(restoredWithin); restored.After(until) {
			until = restored
		}
	}
	if !w.now.Before(until) {
		return time.Time{}, false
	}
	w.after = append(w.after, func() { t.holds[k] = h })
	return until, true
}
