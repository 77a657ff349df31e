package sinks

import (
	"errors"
	"fmt"
	"time"
)

// Class says what the engine does about a failed delivery.
type Class int

// Classes of errors. An error without a mark is Retryable.
const (
	Retryable   Class = iota // may work later as it is
	RateLimited              // the target asks for calm: the whole lane waits
	Permanent                // this document will never be accepted
	Blocked                  // the sink itself is refused: password, licence, closed account
)

func (c Class) String() string {
	switch c {
	case RateLimited:
		return "rate_limited"
	case Permanent:
		return "permanent"
	case Blocked:
		return "blocked"
	}
	return "retryable"
}

// ErrAbsent is the answer to a Delivery with Existing that the target does not have. It is
// no failure.
var ErrAbsent = errors.New("the target does not have it, and is not to be given it")

// BatchError names the deliveries of a batch that failed; the others succeeded.
type BatchError struct {
	Failed map[int]error // index in the batch -> cause
}

func (e *BatchError) Error() string {
	i, cause := e.First()
	if i < 0 {
		return "deliveries of the batch failed, and none is named"
	}
	return fmt.Sprintf("%d deliveries of the batch failed, the first of them at %d: %v", len(e.Failed), i, cause)
}

// First returns the failure with the lowest index; -1 when there is none.
func (e *BatchError) First() (index int, cause error) {
	index = -1
	if e == nil { // a sink's mistake
		return index, nil
	}
	for i, err := range e.Failed {
		if index < 0 || i < index {
			index, cause = i, err
		}
	}
	return index, cause
}

type held struct {
	error
	kind string
}

func (h *held) Unwrap() error { return h.error }

// Hold marks an error of one delivery as waiting for the configuration: a payment
// method, a status, a tax that no mapping names. The entity is parked alone, whatever
// is tried does not count towards a dead letter, and it is tried again after each
// reload and resume, and every hour. kind is what the operator has to add to, in the
// metric octail_mapping_missing: one of a few fixed words (payment, shipping, status,
// tax, currency, store, product). The error's text names the value and the setting. Its
// class is Retryable. Of no error it makes none.
func Hold(kind string, err error) error {
	if err == nil {
		return nil
	}
	return &held{Mark(Retryable, err), kind}
}

// HeldFor finds what Hold marked.
func HeldFor(err error) (kind string, ok bool) {
	var h *held
	if errors.As(err, &h) {
		return h.kind, true
	}
	return "", false
}

type marked struct {
	error
	class Class
	wait  time.Duration
}

func (m *marked) Unwrap() error { return m.error }

// Mark gives an error its class, where the foreign answer is first seen. Of no
// error it makes none.
func Mark(class Class, err error) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, class: class}
}

// SlowDown marks an error as RateLimited with the wait the target asked for.
func SlowDown(wait time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, class: RateLimited, wait: max(0, wait)}
}

// ClassOf finds an error's class, and the wait of a RateLimited one.
func ClassOf(err error) (Class, time.Duration) {
	var m *marked
	if errors.As(err, &m) {
		return m.class, m.wait
	}
	return Retryable, 0
}
