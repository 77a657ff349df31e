package check

import (
	"context"
	"sync"

	"octail/internal/config"
	"octail/sinks"
)

// SinkCheck is one configured sink. Check tries its target without delivering
// anything; nil: it has no way to.
type SinkCheck struct {
	Name   string
	Config config.Sink // with what its filter is made of
	Needs  sinks.Needs
	Check  func(ctx context.Context) error
	// Shown is asked after a good Check for what that has shown; nil: that the target
	// takes what octail delivers.
	Shown func() string
	// Forecast is sinks.Forecaster's; nil: it has none.
	Forecast func(ctx context.Context, used []sinks.Used) (map[int]error, error)
}

// sinks tries all targets side by side.
func (c *checker) sinks(ctx context.Context) error {
	errs := make([]error, len(c.Sinks))
	var wait sync.WaitGroup
	for i, s := range c.Sinks {
		if s.Check == nil {
			continue
		}
		wait.Go(func() { errs[i] = s.Check(ctx) })
	}
	wait.Wait()
	for i, s := range c.Sinks {
		check := "sink:" + s.Name
		switch {
		case s.Check == nil:
			c.leaveOut(check, "this type of sink cannot be tried without delivering")
		case errs[i] == nil && s.Shown != nil:
			c.ok(check, "%s", s.Shown())
		case errs[i] == nil:
			c.ok(check, "the target answers and takes what octail delivers")
		case errs[i] == context.DeadlineExceeded: // nothing more is known
			c.fail(check, c.sinkRemedy(s.Name), "the target gives no answer in time")
		default:
			c.fail(check, c.sinkRemedy(s.Name), "%s", firstLine(errs[i]))
		}
	}
	return nil
}

func (c *checker) sinkRemedy(sink string) string {
	return "# see the settings of the sink " + sink + " in " + c.configFile() + "; then again: octail check"
}
