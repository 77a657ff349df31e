package dispatch

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

// call is one call of the sink, within the timeout. Each is a sign of life: many of
// them make one step. Of a person who was erased a sink that can is told too.
func (l *Lane) call(ctx context.Context, batch []sinks.Delivery) (err error) {
	l.alive(0)
	select {
	case l.slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.slot }()
	deadline, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	late := time.AfterFunc(l.cfg.Timeout+grace, l.doesNotComeBack)
	defer late.Stop()
	defer func() { err = masked(err, batch) }()
	defer l.caught("deliver", batch, &err)
	err = l.cfg.Sink.Deliver(deadline, batch)
	if err != nil && !named(batch, err) {
		return err
	}
	return l.erase(deadline, batch, failures(batch, err))
}

// erase tells a sink of persons who are to be forgotten, behind the delivery of what
// is left of them. What has failed already is left out, and returned with what fails now.
func (l *Lane) erase(ctx context.Context, batch []sinks.Delivery, before map[int]error) error {
	failed := map[int]error{}
	maps.Copy(failed, before)
	e, ok := l.cfg.Sink.(sinks.Eraser)
	for i := range batch {
		if !ok || failed[i] != nil || !document.Erased(batch[i].Data) {
			continue
		}
		if err := e.Erase(ctx, batch[i]); err != nil {
			failed[i] = fmt.Errorf("erase: %w", err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &sinks.BatchError{Failed: failed}
}

// doesNotComeBack says so of a call.
func (l *Lane) doesNotComeBack() {
	message := fmt.Sprintf("it does not come back from a delivery that should have ended after %s", l.cfg.Timeout)
	l.mu.Lock()
	l.status.LastError, l.status.Class = message, sinks.Retryable.String()
	if l.status.FailingFrom.IsZero() {
		l.status.FailingFrom = time.Now()
	}
	l.mu.Unlock()
	if !l.hangs.Swap(true) {
		l.cfg.Log.Warn("a call of the sink hangs", "sink", l.cfg.Name, "err", message)
	}
}

// caught turns a panic of the sink into an error: one broken sink must not stop
// the agent and with it all others.
// batch is what it was called with.
func (l *Lane) caught(doing string, batch []sinks.Delivery, err *error) {
	if p := recover(); p != nil {
		what := maskedText(fmt.Sprint(p), batch)
		*err = fmt.Errorf("%s: the sink panicked: %s", doing, what)
		l.cfg.Log.Error("a sink panicked", "sink", l.cfg.Name, "doing", doing, "panic", what, "stack", string(debug.Stack()))
	}
}

func (l *Lane) failpoint(name string) {
	if l.cfg.Failpoint != nil {
		l.cfg.Failpoint(name)
	}
}
