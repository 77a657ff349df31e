package app

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOverseer: what is said of the tables of a database, as time goes on.
func TestOverseer(t *testing.T) {
	begin := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	type look struct {
		now      int
		prefixes []string
		watched  int            // -1: never
		written  map[string]int // other tables
		gone     string         // "": nothing
		unseen   string
	}
	ours, both := []string{"oc_"}, []string{"oc_", "two_"}
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"a quiet shop", []look{{100, ours, -1, nil, "", ""}, {9000, ours, 40, nil, "", ""}}},
		{"tables that are no shop's", []look{{100, ours, -1, map[string]int{"oc_session": 99, "blog_post": 99}, "", ""}}},
		{"renamed away", []look{{100, []string{"two_"}, 90, nil, `begin with "two_"`, ""}, {105, ours, 90, nil, "", ""}}},
		{"dropped", []look{{100, nil, 90, nil, "gone", ""}}},
		{"another shop, not used", []look{{100, both, -1, nil, "", ""}}},
		{"another shop in our place", []look{
			{10, both, 5, map[string]int{"two_order": 9}, "", ""},
			{34, both, 5, map[string]int{"two_order": 34}, "", ""},
			{36, both, 5, map[string]int{"two_order": 35}, "", "two_order is written to"},
			{40, both, 39, map[string]int{"two_order": 35}, "", ""},
		}},
		{"two shops that are both used", []look{
			{10, both, 5, map[string]int{"two_order": 9}, "", ""},
			{15, both, 12, map[string]int{"two_order": 14}, "", ""},
			{100, both, 12, map[string]int{"two_order": 100}, "", ""},
			{3700, both, 12, map[string]int{"two_order": 3699}, "", "no watched table seen since 2026-11-22 08:00:12Z"},
		}},
		{"what was written long ago", []look{{9000, both, 5, map[string]int{"two_order": 60}, "", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOverseer(begin, "shop", "oc_")
			for i, l := range c.looks {
				var watched time.Time
				if l.watched >= 0 {
					watched = at(l.watched)
				}
				written := map[string]time.Time{}
				for table, n := range l.written {
					written[table] = at(n)
				}
				is := o.look(at(l.now), l.prefixes, watched, written)
				if (is.gone == "") != (l.gone == "") || !strings.Contains(is.gone, l.gone) || (is.unseen == "") != (l.unseen == "") || !strings.Contains(is.unseen, l.unseen) {
					t.Errorf("look %d: %+v, want %q, %q", i, is, l.gone, l.unseen)
				}
			}
		})
	}
	o := newOverseer(begin, "shop", "oc_")
	for i, want := range [][]string{nil, {"two_"}, nil} {
		if got := o.news([][]string{ours, both, both}[i]); !slices.Equal(got, want) {
			t.Errorf("look %d: new are %q, want %q", i, got, want)
		}
	}
}

// TestContact: the first answer of the database after none, once.
func TestContact(t *testing.T) {
	var c contact
	lost := errors.New("connection refused")
	for i, step := range []struct {
		err  error
		back bool
	}{{nil, false}, {nil, false}, {lost, false}, {lost, false}, {nil, true}, {nil, false}, {lost, false}, {nil, true}} {
		if c.back(step.err) != step.back {
			t.Errorf("step %d: back %v, want %v", i, !step.back, step.back)
		}
	}
}
