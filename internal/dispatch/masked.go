package dispatch

import (
	"errors"
	"strings"

	"octail/internal/mask"
	"octail/sinks"
)

// told is an error of a sink as it may be stored, shown and logged. Its class, and what
// it holds and has exchanged, are still found.
type told struct {
	error
	text string
}

func (t *told) Error() string { return t.text }

func (t *told) Unwrap() error { return t.error }

// masked takes out of what a sink says the personal data of the deliveries it is about:
// a target, or a careless sink, repeats what it was sent. Everything that a sink returns
// comes through here first.
func masked(err error, batch []sinks.Delivery) error {
	if err == nil {
		return nil
	}
	var part *sinks.BatchError
	if named(batch, err) && errors.As(err, &part) {
		failed := make(map[int]error, len(part.Failed))
		for i, cause := range part.Failed {
			failed[i] = &told{cause, maskedText(cause.Error(), batch[i:i+1])}
		}
		return &sinks.BatchError{Failed: failed}
	}
	all := error(&told{err, maskedText(err.Error(), batch)})
	if x := sinks.ExchangeOf(err); len(batch) > 1 && x != (sinks.Exchange{}) { // it is noted of each of them, and must not show them one another
		x.Request, _, _ = strings.Cut(x.Request, "\n")
		x.Answer, _, _ = strings.Cut(x.Answer, "\n")
		return sinks.WithExchange(all, x)
	}
	return all
}

// mostSaid bounds what is kept of what a sink says, in bytes.
const mostSaid = 4 << 10

func maskedText(text string, batch []sinks.Delivery) string {
	if len(text) > mostSaid {
		text = strings.ToValidUTF8(text[:mostSaid], "") + "..."
	}
	text = mask.Text(text, nil)
	for i := range batch {
		text = mask.Text(text, batch[i].Data)
	}
	return text
}
