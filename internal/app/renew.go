package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"octail/internal/steer"
)

// steered is a lane as the desk steers it.
type steered struct {
	*lane
	agent *Agent
}

var _ steer.Lane = steered{}

// Pause implements steer.Lane. Like Resume it is of the lane that is there when no change
// is under way: one that was just replaced tells its successor nothing.
func (s steered) Pause(ctx context.Context) error {
	return s.agent.lanes.with(s.Name(), func(l *lane) error { return l.Pause(ctx) })
}

// Resume implements steer.Lane.
func (s steered) Resume(ctx context.Context) error {
	return s.agent.lanes.with(s.Name(), func(l *lane) error { return l.Resume(ctx) })
}

// Renew implements steer.Lane.
func (s steered) Renew(ctx context.Context, change func() error) error {
	return s.agent.renew(ctx, s.Name(), change)
}

// renew has a lane end behind the calls that run, does change while nobody uses the sink,
// and begins again with the sink opened anew: what that kept in memory is gone. Without a
// successor nothing is changed; a lane that cannot begin again is tried until it can.
func (a *Agent) renew(ctx context.Context, name string, change func() error) error {
	a.lanes.mu.Lock()
	defer a.lanes.mu.Unlock()
	set := slices.Clone(a.lanes.all())
	i := slices.IndexFunc(set, func(l *lane) bool { return l.Name() == name })
	if i < 0 || a.lanes.ended {
		return errReplaced
	}
	old := set[i]
	sink, err := a.openSink(old.cfg)
	if err != nil {
		return err
	}
	old.Drain(ctx)
	if len(stopLanes([]*lane{old}, stopWithin)) > 0 {
		a.goOn([]*lane{old})
		err := fmt.Errorf("sink %s does not come back from a call of its target, so nothing was changed: try again, or restart octail", name)
		return errors.Join(err, sink.Close())
	}
	failed := change()
	next, err := a.newLane(a.down, old.cfg, sink)
	if err != nil { // the journal's
		a.goOn([]*lane{old})
		return errors.Join(failed, err)
	}
	a.startLane(next)
	set[i] = next
	a.lanes.replace(set)
	a.log.Info("the sink begins anew: what it remembered is forgotten", "sink", name)
	return failed
}
