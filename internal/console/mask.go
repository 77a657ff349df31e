package console

import (
	"maps"
	"regexp"
	"slices"

	"octail/internal/reconcile"
)

var address = regexp.MustCompile(`[^\s<>"'(),;:@]+@[^\s<>"'(),;:@]+\.[^\s<>"'(),;:@]*[^\s<>"'(),;:@.]`)

// mask hides e-mail addresses in a text from elsewhere: an answer of a target or
// a server may repeat what it was asked.
func mask(text string) string { return address.ReplaceAllString(text, "***@***") }

// masked is the status for those who may not see personal data. It holds none but
// what targets and servers say.
func (s Status) masked() Status {
	s.Sentence, s.Source.Error, s.Documents.Blocked = mask(s.Sentence), mask(s.Source.Error), mask(s.Documents.Blocked)
	s.Reasons, s.Documents.Failing, s.Sinks = slices.Clone(s.Reasons), slices.Clone(s.Documents.Failing), slices.Clone(s.Sinks)
	for i := range s.Reasons {
		s.Reasons[i] = mask(s.Reasons[i])
	}
	for i := range s.Documents.Failing {
		s.Documents.Failing[i].Error = mask(s.Documents.Failing[i].Error)
	}
	for i := range s.Sinks {
		s.Sinks[i].LastError, s.Sinks[i].ResendError = mask(s.Sinks[i].LastError), mask(s.Sinks[i].ResendError)
	}
	s.Compared, s.Comparing = maskedReport(s.Compared), maskedReport(s.Comparing)
	return s
}

// maskedReport is a comparison for them: why something was left out is what servers and
// targets have said.
func maskedReport(r *reconcile.Report) *reconcile.Report {
	if r == nil {
		return nil
	}
	c := *r
	c.Skipped, c.Sinks = maps.Clone(r.Skipped), maps.Clone(r.Sinks)
	for kind, why := range c.Skipped {
		c.Skipped[kind] = mask(why)
	}
	for name, of := range c.Sinks {
		one := *of
		one.Skipped = mask(one.Skipped)
		c.Sinks[name] = &one
	}
	return &c
}
