package dispatch

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"octail/sinks"
)

// call is one call of the sink, within the timeout. Each is a sign of life: many of
// them make one step.
func (l *Lane) call(ctx context.Context, batch []sinks.Delivery) (err error) {
	l.alive(0)
	deadline, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	attempt := l.attempt
	late := time.AfterFunc(l.cfg.Timeout+grace, func() {
		l.failing(fmt.Sprintf("it does not come back from a delivery that should have ended after %s", l.cfg.Timeout), sinks.Retryable, attempt, 0)
	})
	defer late.Stop()
	defer l.caught("deliver", &err)
	return l.cfg.Sink.Deliver(deadline, batch)
}

// caught turns a panic of the sink into an error: one broken sink must not stop
// the agent and with it all others.
func (l *Lane) caught(doing string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: the sink panicked: %v", doing, p)
		l.cfg.Log.Error("a sink panicked", "sink", l.cfg.Name, "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}


func (l *Lane) failpoint(name string) {
	if l.cfg.Failpoint != nil {
		l.cfg.Failpoint(name)
	}
}
