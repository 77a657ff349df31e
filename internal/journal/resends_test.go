package journal_test

import (
	"slices"
	"testing"

	"octail/transform/document"
)

// TestResends: what is asked for twice is kept once, in the order of the keys, for each
// sink on its own, until it is noted as given, also by the next agent.
func TestResends(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	for _, keys := range [][]document.Key{{order(9), order(2)}, {order(2), order(5)}} {
		if err := j.Resend(t.Context(), "erp", keys); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Resend(t.Context(), "mail", []document.Key{order(1)}); err != nil {
		t.Fatal(err)
	}
	closeIt(t, j)
	j = open(t, path)
	expect := func(sink string, limit int, want ...document.Key) {
		t.Helper()
		if got := must[[]document.Key](t)(j.Resends(t.Context(), sink, limit)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", sink, got, want)
		}
	}
	expect("erp", 2, order(2), order(5))
	expect("erp", 10, order(2), order(5), order(9))
	if err := j.Resent(t.Context(), "erp", []document.Key{order(2), order(1)}); err != nil {
		t.Fatal(err)
	}
	expect("erp", 10, order(5), order(9))
	expect("mail", 10, order(1))
}
