package transform

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"octail/canal"
	"octail/internal/journal"
)

func at(n int) canal.Position { return canal.Position{File: "binlog.000001", Offset: uint64(n)} }

func newTestTracker(settle time.Duration, most int) *tracker {
	return newTracker(settle, most, at(0), time.Now)
}

// touch hands over transaction n with touches of some orders.
func (t *tracker) touch(n int, ids ...int64) bool {
	var targets []target
	for _, id := range ids {
		targets = append(targets, target{"order", id})
	}
	return t.add(canal.Transaction{Position: at(n), Time: time.Unix(int64(n), 0)}, targets, nil)
}

// TestTrackerNeverPassesATouch drives a tracker and a model of it: a list of touches,
// each answered or not. The watermark stands in front of the first touch that is not
// answered, no touch is forgotten, and an answer never covers a touch that came
// after its reading began.
func TestTrackerNeverPassesATouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type touch struct {
			number int
			id     int64
			done   bool
		}
		type reading struct {
			taken   taken
			touches []*touch // it covers
			dropped bool
		}
		now := time.Unix(1, 0)
		settle := rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(t, "settle")
		tr := newTracker(settle, 1<<20, at(0), func() time.Time { return now })
		number := 0
		var touches []*touch
		var open []reading
		begin := func(keys []taken) {
			for _, k := range keys {
				r := reading{taken: k}
				for _, x := range touches {
					if x.id == k.id && !x.done {
						r.touches = append(r.touches, x)
					}
				}
				if slices.ContainsFunc(open, func(o reading) bool { return o.taken.id == k.id }) {
					t.Fatalf("%d is read twice at once", k.id)
				}
				if last := r.touches[len(r.touches)-1]; k.time != time.Unix(int64(last.number), 0) {
					t.Fatalf("%d: the time is not that of its last touch", k.id)
				}
				open = append(open, r)
			}
		}
		take := func(t *rapid.T) reading {
			if len(open) == 0 {
				t.Skip("nothing is being read")
			}
			i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
			r := open[i]
			open = slices.Delete(open, i, i+1)
			return r
		}
		t.Repeat(map[string]func(*rapid.T){
			"touch": func(t *rapid.T) {
				number++
				ids := rapid.SliceOfNDistinct(rapid.Int64Range(1, 5), 0, 3, rapid.ID).Draw(t, "ids")
				for _, id := range ids {
					touches = append(touches, &touch{number: number, id: id})
				}
				tr.touch(number, ids...)
			},
			"progress": func(t *rapid.T) {
				number++
				if err := (&Transformer{tracker: tr}).Progress(at(number)); err != nil {
					t.Fatal(err)
				}
			},
			"clock": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "by")))
			},
			"take": func(t *rapid.T) {
				if len(open) > 0 {
					t.Skip("the loop reads one batch at a time")
				}
				keys, _ := tr.take(now, rapid.IntRange(1, 3).Draw(t, "most"))
				begin(keys)
			},
			"old": func(t *rapid.T) {
				if len(open) > 0 {
					t.Skip("the loop reads one batch at a time")
				}
				begin(tr.old(now.Add(-2 * time.Second)))
			},
			"answer": func(t *rapid.T) {
				r := take(t)
				want := slices.ContainsFunc(touches, func(x *touch) bool { return x.id == r.taken.id && !x.done && !slices.Contains(r.touches, x) })
				if !r.dropped && tr.moved(r.taken) != want {
					t.Fatalf("moved is %v", !want)
				}
				low := tr.watermark([]taken{r.taken})
				for _, x := range r.touches {
					x.done = true
				}
				tr.answered([]taken{r.taken})
				if after := tr.watermark(nil); after != low {
					t.Fatalf("the watermark promised %s and is %s", low, after)
				}
			},
			"postpone": func(t *rapid.T) {
				r := take(t)
				tr.postponed(r.taken, now.Add(time.Second), rapid.Bool().Draw(t, "confirm"))
			},
			"hole": func(t *rapid.T) {
				tr.drop()
				if p := tr.watermark(nil); !p.IsZero() {
					t.Fatalf("the watermark of a log with a hole is %s", p)
				}
				if _, known := tr.latest(); known {
					t.Fatal("a position is known of a log with a hole")
				}
				number++
				touches = nil
				for i := range open {
					open[i].dropped = true
				}
				tr.progress(at(number))
			},
			"": func(t *rapid.T) {
				first := number
				pending := map[int64]bool{}
				for _, x := range slices.Backward(touches) {
					if !x.done {
						first = x.number - 1
						pending[x.id] = true
					}
				}
				if got := tr.watermark(nil); got.Offset > uint64(first) {
					t.Fatalf("the watermark %s has passed a touch of transaction %d", got, first+1)
				} else if got.Offset < uint64(first) {
					t.Fatalf("the watermark %s stays behind, all up to %d is answered", got, first)
				}
				if tr.size() != len(pending) {
					t.Fatalf("%d targets are pending, want %d", tr.size(), len(pending))
				}
			},
		})
	})
}

// TestSettle: a target is due when it was quiet for settle; every touch of any of
// its tables starts the wait again, up to ten times settle.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTestTracker(500*time.Millisecond, 100)
		tr.touch(1, 7)
		for range 3 {
			time.Sleep(400 * time.Millisecond)
			if keys, next := tr.take(time.Now(), 10); len(keys) > 0 || time.Until(next) != 100*time.Millisecond {
				t.Fatalf("%v, next in %s", keys, time.Until(next))
			}
			tr.touch(2, 7)
		}
		time.Sleep(500 * time.Millisecond)
		keys, _ := tr.take(time.Now(), 10)
		if len(keys) != 1 || keys[0].id != 7 {
			t.Fatalf("taken %v", keys)
		}
		tr.answered(keys)

		began := time.Now() // never quiet
		for n := 10; ; n++ {
			tr.touch(n, 8)
			time.Sleep(100 * time.Millisecond)
			if keys, _ := tr.take(time.Now(), 10); len(keys) > 0 {
				if waited := time.Since(began); waited != 5*time.Second {
					t.Errorf("waited %s, want ten times settle", waited)
				}
				if tr.touch(1000, 8); !tr.moved(keys[0]) || !tr.overdue(keys[0], time.Now()) {
					t.Error("its reading would be thrown away again and again")
				}
				break
			}
		}
	})
}

func TestSettleAtOnce(t *testing.T) {
	tr := newTestTracker(0, 100)
	tr.touch(1, 7)
	keys, _ := tr.take(tr.now(), 10)
	if len(keys) != 1 {
		t.Fatal("with settle 0 a touch is due at once")
	}
	tr.touch(2, 7)
	if !tr.overdue(keys[0], tr.now()) {
		t.Error("with settle 0 a reading counts though the target was touched meanwhile")
	}
	tr.answered(keys)
	if again, _ := tr.take(tr.now(), 10); len(again) != 1 {
		t.Error("the touch that came meanwhile is lost")
	}
}

// TestPostponed: a target that was told to wait is left alone, until it is touched,
// also when the touch came while it was being read.
func TestPostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, touched := range []string{"not", "while it was read", "later"} {
			tr := newTestTracker(500*time.Millisecond, 100)
			tr.touch(1, 7)
			time.Sleep(time.Second)
			keys, _ := tr.take(time.Now(), 10)
			if touched == "while it was read" {
				tr.touch(2, 7)
			}
			tr.postponed(keys[0], time.Now().Add(15*time.Second), true)
			want := 15 * time.Second
			if touched == "later" {
				tr.touch(2, 7)
			}
			if touched != "not" {
				want = 500 * time.Millisecond
			}
			_, next := tr.take(time.Now(), 10)
			if got := time.Until(next); got != want {
				t.Errorf("touched %s: due in %s, want %s", touched, got, want)
			}
			time.Sleep(time.Until(next))
			if keys, _ = tr.take(time.Now(), 10); len(keys) != 1 {
				t.Fatalf("touched %s: not taken when due", touched)
			}
			if keys[0].confirm != (touched == "not") {
				t.Errorf("touched %s: a read without proof counts as %v", touched, keys[0].confirm)
			}
			if keys[0].first.before != at(0) {
				t.Errorf("touched %s: its first touch was forgotten", touched)
			}
		}
	})
}

// TestTakeOrder: longest waiting first, no more than asked for.
func TestTakeOrder(t *testing.T) {
	tr := newTestTracker(0, 100)
	tr.touch(1, 9, 3)
	tr.touch(2, 5)
	tr.touch(3, 9)
	var got []string
	for range 2 {
		keys, _ := tr.take(tr.now(), 2)
		for _, k := range keys {
			got = append(got, fmt.Sprint(k.id))
		}
		tr.answered(keys)
	}
	if want := []string{"3", "9", "5"}; !slices.Equal(got, want) {
		t.Errorf("taken %v, want %v", got, want)
	}
}

// TestBackPressure: capture waits while there are too many targets; then all that
// are not held count as due, and room lets it go on.
func TestBackPressure(t *testing.T) {
	for _, end := range []string{"answered", "dropped", "stopped"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTestTracker(time.Hour, 3)
				if !tr.touch(1, 1, 2, 3) {
					t.Fatal("stopped")
				}
				added := make(chan bool, 1)
				go func() { added <- tr.touch(2, 4) }()
				synctest.Wait()
				select {
				case <-added:
					t.Fatal("capture did not wait")
				default:
				}
				want := true
				switch end {
				case "answered":
					keys, _ := tr.take(time.Now(), 1)
					if len(keys) != 1 {
						t.Fatal("nothing is due though there is no room")
					}
					tr.answered(keys)
				case "dropped":
					tr.drop()
				case "stopped":
					tr.stop()
					tr.stop() // safe to repeat
					want = false
				}
				if ok := <-added; ok != want {
					t.Errorf("add returned %v", ok)
				}
			})
		})
	}
}

// TestJoin: the answer of a touch that came before a mark was seen clears the mark;
// a reading that had begun before does not.
func TestJoin(t *testing.T) {
	tr := newTestTracker(0, 100)
	key := target{"order", 7}
	if tr.join(key, journal.Dirty{Number: 1, Mark: journal.Mark{Reason: "gap"}}) {
		t.Fatal("joined to nothing")
	}
	tr.touch(1, 7)
	early, _ := tr.take(tr.now(), 10)
	if !tr.join(key, journal.Dirty{Number: 5, Mark: journal.Mark{Reason: "gap"}}) {
		t.Fatal("not joined")
	}
	if early[0].mark != 0 {
		t.Error("a reading that had begun before the mark was seen would clear it")
	}
	tr.postponed(early[0], time.Time{}, false)
	late, _ := tr.take(tr.now(), 10)
	if late[0].mark != 5 {
		t.Error("the mark was not taken along")
	}
}
