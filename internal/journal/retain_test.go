package journal_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

const day = 24 * time.Hour

// sequences lists what is left.
func sequences(t testing.TB, j *journal.Journal) []int64 {
	t.Helper()
	var out []int64
	for _, e := range all(t, j) {
		out = append(out, e.Sequence)
	}
	return out
}

func registered(t testing.TB, j *journal.Journal, name string, cursor int64) {
	t.Helper()
	must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "file", 0, 0))
	check(t, j.Advance(t.Context(), name, map[string]int64{journal.Live: cursor}))
}

// TestRetain: what goes and what stays, rule by rule.
func TestRetain(t *testing.T) {
	make := func(t *testing.T) *journal.Journal {
		j := open(t, newPath(t))
		add(t, j, order(1), `{"v":1}`)    // 1: replaced by 3
		add(t, j, order(2), `{"v":1}`)    // 2: newest
		add(t, j, order(1), `{"v":2}`)    // 3: newest
		add(t, j, order(3), `{"v":1}`)    // 4: replaced by 5
		remove(t, j, order(3), `{"v":1}`) // 5: of a deleted entity
		add(t, j, order(4), `{"v":1}`)    // 6: replaced by 7
		add(t, j, order(4), `{"v":2}`)    // 7: newest
		return j
	}
	later := time.Now().Add(31 * day)
	for _, c := range []struct {
		name    string
		now     time.Time
		bytes   int64
		cursors map[string]int64
		want    []int64
	}{
		{"old and passed by all", later, 0, map[string]int64{"log": 7, "erp": 7}, []int64{2, 3, 7}},
		{"no sinks", later, 0, nil, []int64{2, 3, 7}},
		{"young", time.Now().Add(29 * day), 0, map[string]int64{"log": 7}, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"one sink is behind", later, 0, map[string]int64{"log": 7, "erp": 4}, []int64{2, 3, 5, 6, 7}},
		{"one sink has had nothing", later, 0, map[string]int64{"log": 7, "erp": 0}, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"young, over the limit", time.Now().Add(time.Minute), 1, map[string]int64{"log": 7}, []int64{2, 3, 7}},
		{"over the limit, a sink is behind", time.Now().Add(time.Minute), 1, map[string]int64{"log": 3}, []int64{2, 3, 4, 5, 6, 7}},
		{"one sink has begun later and had nothing", later, 0, map[string]int64{"log": 7, "begins behind 4": -1}, []int64{2, 3, 5, 6, 7}},
		{"one sink never ran", later, 0, map[string]int64{"log": 7, "never ran": -1}, []int64{2, 3, 7}},
		{"a sink that is not configured any more is behind", later, 0, map[string]int64{"log": 7, "removed": 1}, []int64{2, 3, 7}},
		{"under the limit", time.Now().Add(time.Minute), 1 << 30, map[string]int64{"log": 7}, []int64{1, 2, 3, 4, 5, 6, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := make(t)
			var names []string
			for name, at := range c.cursors {
				switch {
				case at >= 0:
					registered(t, j, name, at)
				case name == "begins behind 4":
					must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "file", 4, 0))
				}
				if name != "removed" {
					names = append(names, name)
				}
			}
			removed := must[int64](t)(j.Retain(t.Context(), c.now, 30*day, c.bytes, names))
			if got := sequences(t, j); !reflect.DeepEqual(got, c.want) || removed != int64(7-len(c.want)) {
				t.Errorf("%d removed, %v left, want %v", removed, got, c.want)
			}
			counts := must[journal.Counts](t)(j.Counts(t.Context()))
			if counts.Events != int64(len(c.want)) || counts.Documents != 4 {
				t.Errorf("%+v", counts)
			}
			if gone := must[int64](t)(j.Removed(t.Context())); (gone > 0) != (removed > 0) || gone > 6 {
				t.Errorf("removed up to %d", gone)
			}
			// Numbers go on where they were, and so do revisions.
			if next := add(t, j, order(3), `{"v":3}`); next != 8 {
				t.Errorf("the next sequence is %d", next)
			}
			if e := must[journal.Stored](t)(j.Event(t.Context(), 8)); e.Revision != 3 || e.Kind != document.Created {
				t.Errorf("%s is %s", e.EventID(), e.Kind)
			}
			closeIt(t, j)
			again := open(t, j.Path())
			if again.Last() != 8 || again.Birth() != "" {
				t.Errorf("last %d, mark %q", again.Last(), again.Birth())
			}
		})
	}
}

// TestRetainReplacedLater: an event that was kept as the newest of its entity goes
// when it is replaced and old, at the latest half a day later.
func TestRetainReplacedLater(t *testing.T) {
	j := open(t, newPath(t))
	add(t, j, order(1), `{"v":1}`)
	now := time.Now().Add(31 * day)
	if n := must[int64](t)(j.Retain(t.Context(), now, 30*day, 0, nil)); n != 0 {
		t.Fatalf("%d removed", n)
	}
	add(t, j, order(1), `{"v":2}`)
	for range 13 {
		now = now.Add(time.Hour)
		must[int64](t)(j.Retain(t.Context(), now, 30*day, 0, nil))
	}
	if got := sequences(t, j); !reflect.DeepEqual(got, []int64{2}) {
		t.Errorf("%v left", got)
	}
}

// TestRetainNothingWaits: random histories and cursors. Never goes the newest of a
// living entity, nothing that a sink has still to get, nothing young; all else does.
func TestRetainRandom(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		j := open(t, newPath(t))
		newest, dead := map[document.Key]int64{}, map[document.Key]bool{}
		keys := map[int64]document.Key{}
		for i := range int64(250) {
			key := order(random.Int64N(40) + 1)
			keys[i+1], dead[key] = key, false
			if newest[key] > 0 && random.IntN(8) == 0 {
				dead[key] = true
				remove(t, j, key, fmt.Sprintf(`{"v":%d}`, i))
			} else {
				add(t, j, key, fmt.Sprintf(`{"v":%d,"text":%q}`, i, strings.Repeat("z", random.IntN(2000))))
			}
			newest[key] = i + 1
		}
		before := all(t, j)
		low := random.Int64N(251)
		registered(t, j, "log", low)
		registered(t, j, "erp", 250)
		age := time.Duration(1+random.IntN(2)) * day
		must[int64](t)(j.Retain(t.Context(), time.Now().Add(36*time.Hour), age, 0, []string{"log", "erp"}))
		left := map[int64]journal.Stored{}
		for _, e := range all(t, j) {
			left[e.Sequence] = e
		}
		for _, e := range before {
			key := keys[e.Sequence]
			stays := newest[key] == e.Sequence && !dead[key] || e.Sequence > low || age > 36*time.Hour
			got, ok := left[e.Sequence]
			if ok != stays {
				t.Errorf("seed %d: event %d of %s: there %v, want %v (passed %d)", seed, e.Sequence, key, ok, stays, low)
			}
			if ok && !reflect.DeepEqual(got, e) { // most are packed now
				t.Errorf("seed %d: event %d reads back as %+v", seed, e.Sequence, got)
			}
		}
	}
}

// TestRetainNeeds: whatever is appended, delivered, delivered again and cleaned up in
// whichever order, and however small the journal is to be: nothing goes that is the
// newest of a living entity or that a configured sink has still to get, and what trace
// shows of an entity is its newest revisions without a gap.
func TestRetainNeeds(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 2))
		j := open(t, newPath(t))
		var model []journal.Stored // every event there ever was
		newest := map[document.Key]journal.Stored{}
		at := map[string]int64{"live": 0, "two queues": 0, "back": 0}
		for name := range at {
			must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "file", 0, 0))
		}
		now, gone := time.Now(), 0
		there := map[int64]bool{} // before each round
		for range 60 {
			for range random.IntN(12) {
				key := order(random.Int64N(15) + 1)
				data := fmt.Sprintf(`{"v":%d,"text":%q}`, len(model), strings.Repeat("z", random.IntN(3000)))
				var sequence int64
				if e, ok := newest[key]; ok && e.Kind != document.Deleted && random.IntN(6) == 0 {
					sequence = remove(t, j, key, data)
				} else {
					sequence = add(t, j, key, data)
				}
				newest[key] = must[journal.Stored](t)(j.Event(t.Context(), sequence))
				model = append(model, newest[key])
				there[sequence] = true
			}
			last := int64(len(model))
			move := func(name string, queues ...string) {
				to := at[name] + random.Int64N(last-at[name]+1)
				cursors := map[string]int64{}
				for _, q := range queues {
					cursors[q] = min(last, to+random.Int64N(5))
				}
				cursors[queues[0]] = to
				check(t, j.Advance(t.Context(), name, cursors))
				at[name] = to
			}
			switch random.IntN(4) {
			case 0: // its target has lost its end
				at["live"] = random.Int64N(at["live"] + 1)
				check(t, j.SetBack(t.Context(), "live", at["live"]))
			case 1:
				move("live", journal.Live, journal.Taken)
			case 2:
				move("two queues", journal.Bulk, journal.Live)
			}
			sinks := []string{"live", "two queues"}
			if random.IntN(6) == 0 { // back in the configuration, for this round
				sinks = append(sinks, "back")
				if random.IntN(2) == 0 {
					move("back", journal.Live)
				}
			}
			passed := last
			for _, name := range sinks {
				passed = min(passed, at[name])
			}
			now = now.Add(time.Duration(random.IntN(20)) * time.Hour)
			limit := []int64{0, 1, 1 << 30}[random.IntN(3)]
			removed := must[int64](t)(j.Retain(t.Context(), now, day, limit, sinks))

			left := map[int64]bool{}
			for _, e := range all(t, j) {
				left[e.Sequence] = true
				if want := model[e.Sequence-1]; !reflect.DeepEqual(e, want) {
					t.Fatalf("seed %d: event %d reads back as %+v, want %+v", seed, e.Sequence, e, want)
				}
			}
			if len(left) != len(there)-int(removed) {
				t.Fatalf("seed %d: %d events left of %d, it says that %d went", seed, len(left), len(there), removed)
			}
			upTo := must[int64](t)(j.Removed(t.Context()))
			for sequence := range there {
				e := model[sequence-1]
				isNewest := newest[e.Key].Sequence == sequence && e.Kind != document.Deleted
				young := e.Added.After(now.Add(-day)) && limit == 0
				if !left[sequence] && (isNewest || young || sequence > passed || sequence > upTo) {
					t.Fatalf("seed %d: event %d is gone: newest %v, young %v, the slowest sink has passed %d, said to be removed up to %d", seed, sequence, isNewest, young, passed, upTo)
				}
				if left[sequence] && limit == 1 && !isNewest && sequence <= passed {
					t.Fatalf("seed %d: event %d is still there", seed, sequence)
				}
			}
			there, gone = left, gone+int(removed)
			for key, e := range newest {
				revisions := must[[]journal.Stored](t)(j.Revisions(t.Context(), key))
				for i, r := range revisions {
					if r.Revision != e.Revision-int64(i) || r.Key != key {
						t.Fatalf("seed %d: trace shows %s in place %d behind %s", seed, r.EventID(), i, e.EventID())
					}
				}
			}
		}
		if gone == 0 {
			t.Errorf("seed %d: nothing was ever removed", seed)
		}
	}
}

// TestPack: old events take less room and read back the same, also by who opens
// the file later; young ones are left alone.
func TestPack(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	for i := range int64(450) { // more than one step
		size := 3000
		if i%10 == 0 {
			size = 20 // not worth it
		}
		add(t, j, order(i+1), fmt.Sprintf(`{"v":%d,"text":%q}`, i, strings.Repeat("same ", size/5)))
	}
	before := all(t, j)
	size := func() int64 {
		must[int64](t)(j.Retain(t.Context(), time.Now(), day, 0, nil)) // moves nothing
		closeIt(t, j)
		j = open(t, path)
		return must[os.FileInfo](t)(os.Stat(path)).Size()
	}
	young := size()
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(50*time.Minute), day, 0, nil))
	if got := all(t, j); !reflect.DeepEqual(got, before) {
		t.Error("young events changed")
	}
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(2*time.Hour), day, 0, nil))
	for range 2 {
		if got := all(t, j); !reflect.DeepEqual(got, before) {
			t.Error("packed events read back differently")
		}
		closeIt(t, j)
		j = open(t, path)
	}
	add(t, j, order(1), `{"v":1}`)
	if old := size(); old > young { // the room is used again, not given back
		t.Errorf("%d bytes, %d before", old, young)
	}
	if counts := must[journal.Counts](t)(j.Counts(t.Context())); counts.Events != 451 {
		t.Errorf("%+v", counts)
	}
}

// TestRetainForgetsTheMemory: what was removed is not handed out from the memory.
func TestRetainForgetsTheMemory(t *testing.T) {
	j := open(t, newPath(t))
	for i := range 20 {
		add(t, j, order(1), fmt.Sprintf(`{"v":%d}`, i))
	}
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(2*day), day, 0, nil))
	if got := sequences(t, j); !reflect.DeepEqual(got, []int64{20}) {
		t.Errorf("%v", got)
	}
	add(t, j, order(2), `{"v":1}`)
	if got := sequences(t, j); !reflect.DeepEqual(got, []int64{20, 21}) {
		t.Errorf("%v", got)
	}
}

// TestRetainTombstones: the last document of a deleted entity stays while a sink that
// wants states has not passed it: it would never learn of the deletion.
func TestRetainTombstones(t *testing.T) {
	j := open(t, newPath(t))
	k := document.Key{Entity: document.OrderEntity, ID: 7}
	must[journal.Sink](t)(j.RegisterSink(t.Context(), "erp", "odoo", 0, 0))
	for _, kind := range []string{document.Created, document.Deleted} {
		known, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
		if err != nil {
			t.Fatal(err)
		}
		must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: k, Kind: kind, Time: time.Now(), Origin: document.FromShop, Schema: 1, Prior: known[k.ID], Data: []byte("{}"), Fields: []byte{}}}}))
	}
	later := time.Now().Add(time.Hour)
	if n := must[int64](t)(j.Retain(t.Context(), later, 0, 0, nil, "erp")); n != 1 {
		t.Errorf("%d removed", n)
	}
	if err := j.Advance(t.Context(), "erp", map[string]int64{journal.Live: 2, journal.Bulk: 2}); err != nil {
		t.Fatal(err)
	}
	if n := must[int64](t)(j.Retain(t.Context(), later.Add(24*time.Hour), 0, 0, nil, "erp")); n != 1 {
		t.Errorf("%d removed after it was passed", n)
	}
}
