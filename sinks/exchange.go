package sinks

import "errors"

// mostExchange bounds each half of an Exchange.
const mostExchange = 4 << 10

// Exchange is what went over the wire when a delivery failed, for dead letters and
// `octail trace`: excerpts, without secrets. The engine masks the personal data of
// the delivered document in it, and whatever looks like some, before it is stored.
type Exchange struct {
	Request string // method, address without query, and the beginning of the body
	Answer  string // status and the beginning of the body
}

type exchanged struct {
	error
	exchange Exchange
}

func (e *exchanged) Unwrap() error { return e.error }

// WithExchange adds to an error what was sent and answered. Of no error it makes none.
func WithExchange(err error, e Exchange) error {
	if err == nil {
		return nil
	}
	e.Request, e.Answer = cut(e.Request), cut(e.Answer)
	return &exchanged{err, e}
}

// ExchangeOf finds what WithExchange added; the zero value when nothing was.
func ExchangeOf(err error) Exchange {
	var e *exchanged
	if errors.As(err, &e) {
		return e.exchange
	}
	return Exchange{}
}

func cut(s string) string {
	if len(s) <= mostExchange {
		return s
	}
	return s[:mostExchange] + "..."
}
