package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Message is one line of the answer to a request that takes its time: how far it is, and
// at the end the result or the error.
type Message[R any] struct {
	Progress *R     `json:"progress,omitempty"`
	Report   *R     `json:"report,omitempty"`
	Error    string `json:"error,omitempty"`
	// Unreachable: the error is that the shop's database does not answer.
	Unreachable bool `json:"unreachable,omitempty"`
	// Mistake: the error is that something was asked for that cannot be.
	Mistake bool `json:"mistake,omitempty"`
}

// Mistake is an error of who asks.
type Mistake struct{ Err error }

func (m *Mistake) Error() string { return m.Err.Error() }
func (m *Mistake) Unwrap() error { return m.Err }

// ErrUnreachable marks errors that say so.
var ErrUnreachable = errors.New("the shop's database does not answer")

// progressEvery is the least time between two lines about progress.
const progressEvery = 200 * time.Millisecond

// stream answers with lines of JSON.
type stream[R any] struct {
	to   *json.Encoder
	http *http.ResponseController
	last time.Time
}

func newStream[R any](w http.ResponseWriter) *stream[R] {
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	s := &stream[R]{to: json.NewEncoder(w), http: http.NewResponseController(w), last: time.Now()}
	s.to.SetEscapeHTML(false)
	_ = s.http.SetWriteDeadline(time.Time{}) // it ends with its context
	_ = s.http.SetReadDeadline(time.Time{})
	return s
}

func (s *stream[R]) progress(r R) {
	if time.Since(s.last) < progressEvery {
		return
	}
	s.last = time.Now()
	s.send(Message[R]{Progress: &r})
}

func (s *stream[R]) end(r *R, err error) {
	m := Message[R]{Report: r}
	if err != nil {
		var mistake *Mistake
		m = Message[R]{Error: err.Error(), Unreachable: errors.Is(err, ErrUnreachable), Mistake: errors.As(err, &mistake)}
	}
	s.send(m)
}

// send writes a line; that nobody reads it any more ends the request's context.
func (s *stream[R]) send(m Message[R]) {
	_ = s.to.Encode(m)
	_ = s.http.Flush()
}

// changing admits who may change something: over TCP, with the token.
func changing(may func(*http.Request) bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !may(r) {
			plain(w, http.StatusForbidden, "changes need http.token as a bearer token, or the commands of octail on this machine\n")
			return
		}
		next(w, r)
	}
}
