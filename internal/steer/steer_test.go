package steer_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/steer"
	"octail/transform/document"
)

var began = time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC)

// lane notes what a running lane is told.
type lane struct {
	told []string
	err  error
}

func (l *lane) Pause(context.Context) error  { l.told = append(l.told, "pause"); return l.err }
func (l *lane) Resume(context.Context) error { l.told = append(l.told, "resume"); return l.err }
func (l *lane) Wake()                        { l.told = append(l.told, "wake") }

func (l *lane) Renew(_ context.Context, change func() error) error {
	if l.told = append(l.told, "renew"); l.err != nil {
		return l.err
	}
	return change()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(t testing.TB, text string) document.Key {
	t.Helper()
	k, err := document.ParseKey(text)
	check(t, err)
	return k
}

// newDesk is a desk of a stopped agent with the sinks erp and log, which have run.
func newDesk(t testing.TB) *steer.Desk {
	t.Helper()
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()) })
	for _, name := range []string{"erp", "log", "old"} {
		_, err := j.RegisterSink(t.Context(), name, "x", 0, 0)
		check(t, err)
	}
	return &steer.Desk{Journal: j, Sinks: []string{"erp", "log", "new"}}
}

// running makes it the desk of a running agent.
func running(d *steer.Desk) map[string]*lane {
	lanes := map[string]*lane{"erp": {}, "log": {}}
	d.Lane = func(sink string) steer.Lane {
		if l, ok := lanes[sink]; ok {
			return l
		}
		return nil
	}
	return lanes
}

func bury(t testing.TB, d *steer.Desk, sink string, subjects ...string) {
	t.Helper()
	for i, s := range subjects {
		reason := []string{"refused", "tries"}[i%2]
		check(t, d.Journal.Settle(t.Context(), sink, journal.Outcome{Dead: []journal.Dead{{Key: key(t, s), Revision: 1, Sequence: int64(i + 1), Class: "permanent", Reason: reason,
			Cause: "422: no such tax", Attempts: 1 + i, Since: began, Request: "POST /orders\n{\"id\": 1}", Answer: "422\n\x1b[31mno such tax"}}}))
	}
}

func park(t testing.TB, d *steer.Desk, sink, subject, waits string) {
	t.Helper()
	check(t, d.Journal.Settle(t.Context(), sink, journal.Outcome{Park: []journal.Parked{{Key: key(t, subject), Queue: journal.Live, Revision: 1, Sequence: 1,
		Class: "retryable", Reason: "mapping", Waits: waits, Since: began, Next: time.Now().Add(time.Hour)}}}))
}

func due(t testing.TB, d *steer.Desk, sink string) (out []string) {
	t.Helper()
	list, err := d.Journal.ParkedDue(t.Context(), sink, time.Now(), 100)
	check(t, err)
	for _, p := range list {
		out = append(out, p.Key.String())
	}
	return out
}

func has(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// wrong fails the test unless err is a mistake with these parts.
func wrong(t testing.TB, err error, parts ...string) {
	t.Helper()
	if !steer.IsMistake(err) {
		t.Fatalf("%v, want a mistake with %q", err, parts)
	}
	has(t, err.Error(), parts...)
}

// TestPause: with an agent it is the lane's, without one the journal keeps it.
func TestPause(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	park(t, d, "erp", "order/1", "")
	record := func() journal.Sink {
		s, _, err := d.Journal.Sink(ctx, "erp")
		check(t, err)
		return s
	}
	p, err := d.Pause(ctx, "erp")
	check(t, err)
	has(t, p.Text(), "erp is paused", "`octail resume erp`", "The agent is not running")
	since := record().Since
	if !record().Paused || since.IsZero() {
		t.Errorf("%+v", record())
	}
	p, err = d.Pause(ctx, "erp")
	check(t, err)
	has(t, p.Text(), "paused already")
	if !record().Since.Equal(since) {
		t.Error("since when it is paused has changed")
	}
	p, err = d.Resume(ctx, "erp")
	check(t, err)
	has(t, p.Text(), "erp goes on", "1 entity that waited alone is tried at once")
	if r := record(); r.Paused || !r.Since.IsZero() {
		t.Errorf("%+v", r)
	}
	if got := due(t, d, "erp"); len(got) != 1 {
		t.Errorf("due %v", got)
	}
	stopped := record()
	stopped.Stopped, stopped.Error, stopped.Refused, stopped.Next = "blocked", "401", 5, time.Now().Add(time.Hour)
	check(t, d.Journal.KeepSink(ctx, stopped))
	p, err = d.Resume(ctx, "erp")
	check(t, err)
	has(t, p.Text(), "It had stopped itself: blocked")
	if r := record(); r.Stopped != "" || r.Refused != 0 || !r.Next.IsZero() {
		t.Errorf("%+v", r)
	}

	lanes := running(d)
	for range 2 {
		if _, err := d.Pause(ctx, "erp"); err != nil {
			t.Error(err)
		}
	}
	p, err = d.Resume(ctx, "erp")
	check(t, err)
	if text := p.Text(); strings.Contains(text, "not running") || strings.Join(lanes["erp"].told, " ") != "pause pause resume" || len(lanes["log"].told) > 0 {
		t.Errorf("%s %v", text, lanes["erp"].told)
	}
	lanes["erp"].err = errors.New("disk full")
	if _, err := d.Pause(ctx, "erp"); err == nil || steer.IsMistake(err) {
		t.Error(err)
	}
	_, err = d.Pause(ctx, "erpp")
	wrong(t, err, `no sink "erpp"`, "erp, log, new")
	_, err = d.Resume(ctx, "old")
	wrong(t, err, `no sink "old" in the configuration`)
	_, err = d.Pause(ctx, "new")
	wrong(t, err, "never run with sink new")
}

// TestDeadLetters: they are chosen by everything that is given, retried and given up.
func TestDeadLetters(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		choice steer.Letters
		want   string // ids
	}{
		{steer.Letters{All: true}, "1 2 3 4 5 6"},
		{steer.Letters{IDs: []int64{2, 5, 99}}, "2 5"},
		{steer.Letters{Sink: "erp"}, "1 2 3"},
		{steer.Letters{Sink: "erp", Reason: "refused"}, "1 3"},
		{steer.Letters{Entity: "order"}, "1 2 4 6"},
		{steer.Letters{Entity: "order/1"}, "1 4"},
		{steer.Letters{Entity: "order/1", Sink: "log"}, "4"},
		{steer.Letters{Entity: "category"}, ""},
		{steer.Letters{Reason: "tax"}, ""},
	} {
		for _, retry := range []bool{true, false} {
			d := newDesk(t)
			bury(t, d, "erp", "order/1", "order/2", "product/3")
			bury(t, d, "log", "order/1", "stock/5")
			bury(t, d, "old", "order/1") // 6: not configured any more
			check(t, d.Journal.Settle(ctx, "old", journal.Outcome{Close: []document.Key{key(t, "order/1")}}))
			bury(t, d, "old", "order/9") // 7
			lanes := running(d)
			want := map[string]bool{}
			for _, id := range strings.Fields(strings.ReplaceAll(c.want, "6", "7")) {
				want[id] = true
			}
			if !c.choice.All {
				list, err := d.List(ctx, c.choice)
				check(t, err)
				for _, l := range list.Letters {
					if !want[string(rune('0'+l.ID))] {
						t.Errorf("%+v lists %d", c.choice, l.ID)
					}
				}
				if len(list.Letters) != len(want) || list.Total != 6 {
					t.Errorf("%+v lists %d of %d", c.choice, len(list.Letters), list.Total)
				}
			}
			do := d.Discard
			if retry {
				do = d.Retry
			}
			done, err := do(ctx, c.choice)
			check(t, err)
			if len(c.choice.IDs) > 0 {
				if len(done.Missing) != 1 || done.Missing[0] != 99 {
					t.Errorf("%+v misses %v", c.choice, done.Missing)
				}
				has(t, done.Text(), "Nothing was done to 99")
			}
			if done.Letters != int64(len(want)) {
				t.Errorf("%+v: %+v", c.choice, done)
			}
			left, err := d.List(ctx, steer.Letters{})
			check(t, err)
			for _, l := range left.Letters {
				if want[string(rune('0'+l.ID))] {
					t.Errorf("%+v leaves %d", c.choice, l.ID)
				}
			}
			if len(left.Letters)+len(want) != 6 {
				t.Errorf("%+v leaves %d", c.choice, len(left.Letters))
			}
			parked := len(due(t, d, "erp")) + len(due(t, d, "log")) + len(due(t, d, "old"))
			woken := len(lanes["erp"].told) + len(lanes["log"].told)
			if retry != (parked == len(want) && (woken > 0 || len(want) == 0)) && len(want) > 0 || !retry && parked > 0 || woken == 0 && len(want) > 0 {
				t.Errorf("%+v retry %v: %d parked, %d woken", c.choice, retry, parked, woken)
			}
			if len(want) == 0 {
				has(t, done.Text(), "No dead letter fits")
			}
		}
	}
}

func TestDeadLetterTexts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	text := func(l steer.Letters, whole bool) string {
		list, err := d.List(ctx, l)
		check(t, err)
		var b strings.Builder
		list.Text(&b, whole)
		return b.String()
	}
	if got := text(steer.Letters{}, false); got != "There are no dead letters.\n" {
		t.Error(got)
	}
	bury(t, d, "erp", "order/1042", "product/42")
	bury(t, d, "old", "order/9")
	if got, want := text(steer.Letters{}, false), `ID  SINK  SUBJECT     REVISION  SINCE              TRIES  REASON   CAUSE
1   erp   order/1042  1         2026-11-22 01:03Z  1      refused  422: no such tax
2   erp   product/42  1         2026-11-22 01:03Z  2      tries    422: no such tax
3   old   order/9     1         2026-11-22 01:03Z  1      refused  422: no such tax

`+"`octail dead retry --id 1` tries one once more, `octail dead discard --id 1` gives it up, `octail dead list --id 1` shows what was sent and answered.\n"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := text(steer.Letters{IDs: []int64{1}}, true), `1: order/1042 revision 1 in erp, since 2026-11-22T01:03:22Z
  reason:  refused (permanent) after 1 try
  cause:   422: no such tax
  sent:    POST /orders
           {"id": 1}
  answer:  422
           `+"\uFFFD"+`[31mno such tax

`+"`octail dead retry --id 1` tries one once more, `octail dead discard --id 1` gives it up.\n"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	has(t, text(steer.Letters{Reason: "tax"}, false), "No dead letter fits; there are others (3): `octail dead list`.")
	if _, err := d.Pause(ctx, "erp"); err != nil {
		t.Fatal(err)
	}
	done, err := d.Retry(ctx, steer.Letters{All: true})
	check(t, err)
	has(t, done.Text(), "3 dead letters are tried once more: 1 of old, 2 of erp.", "Sink erp is paused or has stopped: `octail resume erp`", "Sink old is not in the configuration", "not running")

	for _, c := range []struct {
		choice steer.Letters
		parts  []string
	}{
		{steer.Letters{}, []string{"--id 7", "--sink", "--entity order/1042", "--reason", "--all", "`octail dead list`"}},
		{steer.Letters{All: true, Sink: "erp"}, []string{"leave it out"}},
		{steer.Letters{IDs: []int64{0}}, []string{"above 0"}},
		{steer.Letters{Sink: "wms"}, []string{`no sink "wms"`, "erp, log, new, old"}},
		{steer.Letters{Entity: "order 1"}, []string{"order/1042"}},
		{steer.Letters{Entity: "order/0"}, []string{"order/1042"}},
		{steer.Letters{Entity: "invoice"}, []string{"customer"}},
	} {
		_, err := d.Discard(ctx, c.choice)
		wrong(t, err, c.parts...)
		_, err = d.Retry(ctx, c.choice)
		wrong(t, err, c.parts...)
	}
}

// TestPrintable: a text from elsewhere steers no terminal and turns no line around.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[31mb\x07":           "a\uFFFD[31mb\uFFFD",
		"a\u202eb\u2028c\u200bd":   "a\uFFFDb\uFFFDc\uFFFDd",
		"M\xfcller\r\n\tx\u009b1m": "M\uFFFDller\uFFFD\n\tx\uFFFD1m",
		"<script>{{.}}%s =cmd()":   "<script>{{.}}%s =cmd()",
	} {
		if got := steer.Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
