package webhook

import "testing"

// TestClosedWhileIdle: receivers close connections that were not used for a while.
// That is no failure: an event must not wait for the next try because of it.
func TestClosedWhileIdle(t *testing.T) {
	r := newReceiver(t, noContent)
	s := newSink(t, r.URL, nil)
	for n := int64(1); n <= 50; n++ {
		check(t, s.Deliver(t.Context(), one(n)))
		r.CloseClientConnections()
	}
	if got := len(r.requests()); got < 50 {
		t.Errorf("%d requests", got)
	}
}
