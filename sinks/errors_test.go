package sinks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"octail/sinks"
)

func TestClassOf(t *testing.T) {
	cause := errors.New("no")
	for _, c := range []struct {
		err   error
		class sinks.Class
		wait  time.Duration
		text  string
	}{
		{cause, sinks.Retryable, 0, "retryable"},
		{nil, sinks.Retryable, 0, "retryable"},
		{sinks.Mark(sinks.Permanent, cause), sinks.Permanent, 0, "permanent"},
		{fmt.Errorf("create order: %w", sinks.Mark(sinks.Blocked, cause)), sinks.Blocked, 0, "blocked"},
		{errors.Join(cause, sinks.SlowDown(time.Minute, cause)), sinks.RateLimited, time.Minute, "rate_limited"},
		{sinks.SlowDown(-time.Minute, cause), sinks.RateLimited, 0, "rate_limited"},
		{sinks.Mark(sinks.Class(17), cause), sinks.Class(17), 0, "retryable"},
	} {
		class, wait := sinks.ClassOf(c.err)
		if class != c.class || wait != c.wait || class.String() != c.text {
			t.Errorf("%v: %v (%s) %v", c.err, class, class, wait)
		}
		if c.err != nil && !errors.Is(c.err, cause) {
			t.Errorf("%v hides its cause", c.err)
		}
	}
	if sinks.Mark(sinks.Permanent, nil) != nil || sinks.SlowDown(time.Second, nil) != nil {
		t.Error("an error was made of none")
	}
}

func TestBatchError(t *testing.T) {
	first := errors.New("no such tax")
	e := &sinks.BatchError{Failed: map[int]error{7: errors.New("later"), 3: first, 9: errors.New("last")}}
	if i, cause := e.First(); i != 3 || cause != first {
		t.Error(i, cause)
	}
	if want := "3 deliveries of the batch failed, the first of them at 3: no such tax"; e.Error() != want {
		t.Error(e)
	}
	var none *sinks.BatchError
	for _, e := range []*sinks.BatchError{{}, none} {
		if i, cause := e.First(); i != -1 || cause != nil || e.Error() == "" {
			t.Error(i, cause)
		}
	}
}

func TestHeldBirth(t *testing.T) {
	for id, want := range map[string]string{"order/1042@3": "", "order/1042@3~k3f9": "k3f9", "": ""} {
		if got := (sinks.Held{ID: id}).Birth(); got != want {
			t.Errorf("%s: %q", id, got)
		}
	}
}

func TestDefine(t *testing.T) {
	type settings struct{ Path string }
	p := sinks.Define("x", "an x", settings{Path: "default"}, nil, func(s *settings, env sinks.Env) (sinks.Sink, error) {
		return nil, fmt.Errorf("%s wants %s", env.Name, s.Path)
	})
	a, b := p.Settings().(*settings), p.Settings().(*settings)
	a.Path = "mine"
	if b.Path != "default" {
		t.Error("two sinks share their settings")
	}
	if _, err := p.Open(a, sinks.Env{Name: "log"}); err == nil || err.Error() != "log wants mine" {
		t.Error(err)
	}
	if _, err := p.Open("text", sinks.Env{Name: "log"}); err == nil {
		t.Error("settings of another type were taken")
	}
}

func TestExchange(t *testing.T) {
	cause := errors.New("no")
	long := strings.Repeat("x", 10_000)
	err := fmt.Errorf("create order: %w", sinks.WithExchange(sinks.Mark(sinks.Permanent, cause), sinks.Exchange{Request: "POST https://erp.example.com", Answer: long}))
	if e := sinks.ExchangeOf(err); e.Request != "POST https://erp.example.com" || len(e.Answer) > 5000 || !strings.HasPrefix(e.Answer, "xxx") {
		t.Error(len(e.Request), len(e.Answer))
	}
	if class, _ := sinks.ClassOf(err); class != sinks.Permanent || !errors.Is(err, cause) {
		t.Error("it hides what it was added to")
	}
	if sinks.WithExchange(nil, sinks.Exchange{}) != nil || sinks.ExchangeOf(cause) != (sinks.Exchange{}) {
		t.Error("an exchange was made of none")
	}
}

func TestHold(t *testing.T) {
	cause := errors.New(`payment method "cod" has no mapping`)
	err := fmt.Errorf("order/1042: %w", sinks.Hold("payment", sinks.Mark(sinks.Permanent, cause)))
	if kind, ok := sinks.HeldFor(err); !ok || kind != "payment" || !errors.Is(err, cause) {
		t.Error(kind, ok)
	}
	if class, _ := sinks.ClassOf(err); class != sinks.Retryable {
		t.Error("what waits for a mapping is", class)
	}
	if _, ok := sinks.HeldFor(cause); ok || sinks.Hold("payment", nil) != nil {
		t.Error("something is held that waits for nothing")
	}
}
