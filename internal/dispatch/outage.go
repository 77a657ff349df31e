package dispatch

import (
	"context"
	"fmt"
	"time"

	"octail/sinks"
)

const (
	// failedCalls is how many calls have to fail with no success between until it is said
	// that the sink is down, where the first does not tell as much: a single one that
	// fails and goes well at the next try is nobody's business but the trace's.
	failedCalls = 2
	// remindEvery is how often it is said while it lasts.
	remindEvery = 6 * time.Hour
	// calmCalls is the same of a target that has asked to be left alone before, within
	// remindEvery: one that has a quota does so all day long.
	calmCalls = 3
	// calmSaid is the wait that a target may ask for without a word in the log.
	calmSaid = time.Minute
)

// outage is a time in which the sink takes nothing, as the log tells it: one line when it
// begins, one now and then, one when it is over, however many deliveries fail in it. What
// fails of a single entity has lines of its own. Metrics and trace have every attempt.
type outage struct {
	since   time.Time // the first call that failed; zero: the last one went well
	calls   int       // that failed since then
	told    time.Time // when it was said last; zero: it was not
	stopped string    // why the lane had stopped when it was said last; "" also when a person has resumed it
	before  bool      // an agent before this one has met it

	// What the call that has just come back was about.
	failed bool // not by the fault of single documents alone
	sure   bool // nobody need wait for another one to say that it is the sink
	class  sinks.Class
	reason string
	next   time.Time // when it is tried again
}

// note remembers why a call failed: the first reason of each call.
func (o *outage) note(class sinks.Class, reason string, next time.Time, sure bool) {
	o.sure = o.sure || sure
	o.next = next
	if !o.failed {
		o.failed, o.class, o.reason = true, class, reason
	}
}

// tellOutage is called behind each call that failed. enough is how many have to fail
// until one that does not say so of itself counts as the sink's.
func (l *Lane) tellOutage(enough int) {
	o, now := &l.outage, time.Now()
	if !o.failed {
		return
	}
	if o.since.IsZero() {
		o.since = now
	}
	o.calls++
	sure := o.sure || o.calls >= enough
	o.failed, o.sure = false, false
	stopped := l.gate.stopped != "" && l.gate.stopped != o.stopped
	first := o.told.IsZero()
	if !stopped && (first && !sure || !first && now.Sub(o.told) < remindEvery) {
		return
	}
	if o.class == sinks.RateLimited && first {
		if o.calls < calmCalls && now.Sub(l.calmTold) < remindEvery {
			return
		}
		l.calmTold = now
	}
	o.told, o.stopped = now, l.gate.stopped
	log := l.cfg.Log.With("sink", l.cfg.Name, "class", o.class.String(), "err", o.reason, "waiting", l.waiting(), "next", o.next.UTC().Format(time.TimeOnly))
	switch {
	case stopped && l.gate.stopped == StoppedBlocked:
		log.Error("the target lets octail in no more: nothing is delivered until it does; it is tried every few minutes. When the cause is mended: `octail resume " + l.cfg.Name + "`")
	case stopped:
		log.Error(fmt.Sprintf("the target has refused %d documents one after the other: deliveries stop before more become dead letters. Is its address right? When the cause is mended: `octail resume %s`; those that were refused are then tried once more", refusedInARow, l.cfg.Name))
	case !first:
		log.Warn("the sink is still down", "since", o.since.UTC().Format(time.DateTime+"Z"), "calls", o.calls)
	case o.class == sinks.RateLimited:
		log.Warn("the sink asks to be left alone: what is for it waits until then; not said again while it goes on so")
	default:
		log.Warn("the sink is down: what is for it waits, and is tried until it is taken; not said again while it lasts")
	}
}

// tellWorks says that an outage which was told is over; began is when the call began that
// went well. One that began before it was told may have been the last: what it says is
// left to the next one.
func (l *Lane) tellWorks(began time.Time) {
	o := &l.outage
	if !o.told.IsZero() && !began.After(o.told) {
		return
	}
	if o.before || !o.told.IsZero() {
		l.cfg.Log.Info("the sink works again", "sink", l.cfg.Name, "after", time.Since(o.since).Round(time.Second).String(), "calls", o.calls, "waiting", l.waiting())
	}
	*o = outage{}
	l.hangs.Store(false)
}

// waiting is how many deliveries wait for the sink.
func (l *Lane) waiting() int64 { return l.Status(context.Background()).Pending }
