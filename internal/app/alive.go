package app

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// What a loop may take beyond what it has announced before it counts as stuck. It
// is long because a wrong verdict costs a restart: a shop's database that is slow
// to the limit of each question must not lead to one.
const (
	capturePatience   = 5 * time.Minute
	transformPatience = 5 * time.Minute
	lanePatience      = time.Minute
)

// Between two looks at the loops: a third of what the watchdog waits, and not
// longer than the last; more often at first, when things change.
const firstLook, lastLook = time.Second, 20 * time.Second

// loop is one of those that have to show life.
type loop struct {
	name     string
	seen     time.Time // zero: it has not begun, since the agent's start
	patience time.Duration
}

// alive is a sign of life of what reaches the shop's database, before capture has
// its own, and of a wait that follows.
func (a *Agent) alive(wait time.Duration) {
	at := time.Now().Add(wait)
	a.begun.Store(&at)
}

// loops lists all of them. One that waits for another is not listed: the other is.
func (a *Agent) loops() []loop {
	var out []loop
	for _, l := range a.lanes.all() {
		out = append(out, loop{"sink " + l.Name(), l.Seen(), a.patience(lanePatience) + l.Patience()})
	}
	capture := loop{"capture", a.started, a.patience(capturePatience)}
	if at := a.begun.Load(); at != nil {
		capture.seen = *at
	}
	a.mu.Lock()
	s := a.source
	a.mu.Unlock()
	if s != nil {
		out = append(out, loop{"documents", s.transform.Seen(), a.patience(transformPatience)})
		if stream := s.stream(); stream != nil && stream.Seen().After(capture.seen) { // none: the shop is polled, see poll.Config.Alive
			capture.seen = stream.Seen()
		}
		if s.transform.Full() {
			return out
		}
	}
	return append(out, capture)
}

func (a *Agent) patience(usual time.Duration) time.Duration {
	if a.opts.Patience > 0 {
		return a.opts.Patience
	}
	return usual
}

// stuck names the loops that are late.
func (a *Agent) stuck(now time.Time) []string {
	var out []string
	for _, l := range a.loops() {
		if l.seen.Before(a.started) {
			l.seen = a.started
		}
		if late := now.Sub(l.seen); late > l.patience {
			out = append(out, fmt.Sprintf("%s (no sign of life for %s)", l.name, late.Round(time.Second)))
		}
	}
	return out
}

// keepAlive tells the service manager how the agent is, until down ends: that it is
// ready, in one sentence how it goes, that it stops once ctx ends, and that it is
// alive, as long as every loop is. A loop that is stuck ends with the manager's
// watchdog, which ends the process with all goroutines in the log, and starts it
// again.
func (a *Agent) keepAlive(ctx, down context.Context) {
	service := a.opts.Service
	if service == nil {
		return
	}
	most := lastLook
	if w := service.Watchdog(); w > 0 {
		most = min(most, w/3)
	}
	every := min(firstLook, most)
	a.tell(service.Ready())
	stopping, said, late := ctx.Done(), "", 0
	for {
		stuck := strings.Join(a.stuck(time.Now()), ", ")
		if late++; stuck == "" {
			late = 0
		}
		// Once may be a machine that was asleep: all are late then, and go on.
		if late < 2 {
			a.tell(service.Alive())
		}
		if late == 2 {
			a.log.Error("a part of octail is stuck: systemd is not told any more that it is alive, and will start it again", "stuck", stuck)
		}
		if sentence := a.sentence(down, stuck); sentence != said && stopping != nil && ctx.Err() == nil {
			a.tell(service.Status(sentence))
			said = sentence
		}
		select {
		case <-stopping:
		case <-down.Done(): // it may come first when a part has failed
		case <-time.After(every):
			every = min(2*every, most)
		}
		if stopping != nil && (ctx.Err() != nil || down.Err() != nil) {
			a.tell(service.Stopping())
			a.tell(service.Status("Stopping."))
			stopping = nil
		}
		if down.Err() != nil {
			return
		}
	}
}

// sentence is the agent's state in one line.
func (a *Agent) sentence(ctx context.Context, stuck string) string {
	if stuck != "" {
		return "Stuck: " + stuck + "."
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	st, err := a.Status(ctx)
	if err != nil {
		return "The journal cannot be read: " + err.Error()
	}
	return st.Sentence
}

// tell takes note of a message to the service manager that did not arrive.
func (a *Agent) tell(err error) {
	if err != nil {
		a.log.Debug("service manager", "err", err)
	}
}
