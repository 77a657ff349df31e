package dispatch

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// Pacer returns what a sink calls before each request so that there are not more than
// so many a second; nil for 0: as many as it likes.
func Pacer(perSecond float64) func(context.Context) error {
	if perSecond <= 0 {
		return nil
	}
	limiter := rate.NewLimiter(rate.Limit(perSecond), 1)
	return func(ctx context.Context) error {
		wait := limiter.Reserve()
		timer := time.NewTimer(wait.Delay()) // also where the deadline comes before: the sink ends then
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			wait.Cancel()
			return ctx.Err()
		}
	}
}

// Links are what a sink knows of its target's records, kept in the journal.
func Links(j *journal.Journal, sink string) sinks.Links { return links{j.LinksFor(sink)} }

type links struct{ of journal.SinkLinks }

func (s links) Link(ctx context.Context, key document.Key) (sinks.Link, bool, error) {
	found, ok, err := s.of.Link(ctx, key)
	return sinks.Link{Target: found.Target, Person: found.Person}, ok, err
}

func (s links) Found(ctx context.Context, key document.Key, target string) error {
	return s.of.Found(ctx, key, target)
}

var _ sinks.LinkedTo = links{}

// LinkedTo implements sinks.LinkedTo.
func (s links) LinkedTo(ctx context.Context, target string) ([]document.Key, error) {
	return s.of.LinkedTo(ctx, target)
}

func (s links) Lost(ctx context.Context, key document.Key) error { return s.of.Lost(ctx, key) }
