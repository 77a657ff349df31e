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
	return [...]string{"retryable", "rate_limited", "permanent", "blocked"}[c]
}

// BatchError names the deliveries of a batch that failed; the others succeeded.
type BatchError struct {
	Failed map[int]error // index in the batch -> cause
}

func (e *BatchError) Error() string {
	return fmt.Sprintf("%d deliveries of the batch failed", len(e.Failed))
}

type marked struct {
	error
	class Class
	wait  time.Duration
}

func (m *marked) Unwrap() error { return m.error }

// Mark gives an error its class, where the foreign answer is first seen.
func Mark(class Class, err error) error { return &marked{error: err, class: class} }

// SlowDown marks an error as RateLimited with the wait the target asked for.
func SlowDown(wait time.Duration, err error) error {
	return &marked{error: err, class: RateLimited, wait: wait}
}

// ClassOf finds an error's class, and the wait of a RateLimited one.
func ClassOf(err error) (Class, time.Duration) {
	var m *marked
	if errors.As(err, &m) {
		return m.class, m.wait
	}
	return Retryable, 0
}
