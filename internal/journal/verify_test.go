package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"octail/internal/journal"
)

// readAll reads all events through a journal that is open, until an error.
func readAll(ctx context.Context, j *journal.Journal) (out []journal.Stored, err error) {
	for after := int64(0); ; after = out[len(out)-1].Sequence {
		list, err := j.Events(ctx, after, 7, 1<<20)
		if err != nil || len(list) == 0 {
			return out, err
		}
		out = append(out, list...)
	}
}

// TestFlippedBitOfALargeFile: what Open leaves for later is never delivered damaged
// meanwhile, and Verify finds it.
func TestFlippedBitOfALargeFile(t *testing.T) {
	path := furnished(t)
	want := must[string](t)(contents(path))
	j := must[*journal.Journal](t)(journal.Open(t.Context(), path))
	events := must[[]journal.Stored](t)(readAll(t.Context(), j))
	closeIt(t, j)
	file, born := must[[]byte](t)(os.ReadFile(path)), must[[]byte](t)(os.ReadFile(path+".born"))
	copied := newPath(t)
	random := rand.New(rand.NewPCG(9, 9))
	journal.TakeAsLarge(t)
	var atOpen, atReading, atVerify, harmless int
	for range *flips {
		at, bit := random.IntN(len(file)), random.IntN(8)
		flipped := append([]byte(nil), file...)
		flipped[at] ^= 1 << bit
		for _, end := range []string{"-wal", "-shm", ".lock"} {
			_ = os.Remove(copied + end)
		}
		check(t, os.WriteFile(copied, flipped, 0o600))
		check(t, os.WriteFile(copied+".born", born, 0o600))
		j, err := journal.Open(t.Context(), copied)
		if err != nil {
			atOpen++
		} else {
			var got []journal.Stored
			got, err = readAll(t.Context(), j)
			if n := min(len(got), len(events)); len(got) > n || n > 0 && !reflect.DeepEqual(got, events[:n]) || err == nil && n < len(events) {
				t.Errorf("byte %d bit %d: other events were read, %d in place of %d, error %v", at, bit, len(got), len(events), err)
			}
			switch verified := j.Verify(t.Context()); {
			case err != nil:
				atReading++
			case verified != nil:
				err = verified
				atVerify++
			default:
				harmless++
			}
			if closed := j.Close(); err == nil && closed != nil {
				t.Error(closed)
			}
			if err == nil {
				if text := must[string](t)(contents(copied)); text != want {
					t.Errorf("byte %d bit %d: the journal tells something else and does not notice", at, bit)
				}
			}
		}
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("byte %d bit %d: %v", at, bit, err)
		}
	}
	t.Logf("%d flipped: %d noticed at opening, %d at reading, %d by Verify, %d harmless", *flips, atOpen, atReading, atVerify, harmless)
	if atOpen == 0 || atReading == 0 || atVerify == 0 {
		t.Error("the test shows nothing")
	}
}

// TestMissingEvents: a hole that retention has not made is damage, in the middle and at
// the end; one that it has made is none.
func TestMissingEvents(t *testing.T) {
	for name, c := range map[string]struct {
		lost  string
		first int // events before the hole
	}{
		"in the middle": {"sequence IN (4, 5)", 3},
		"at the end":    {"sequence >= 8", 7},
		"all":           {"true", 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			j := open(t, path)
			for range 9 {
				add(t, j, order(1), `{"v":1}`)
			}
			closeIt(t, j)
			db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path))
			if _, err := db.Exec("DELETE FROM events WHERE " + c.lost); err != nil {
				t.Fatal(err)
			}
			check(t, db.Close())
			journal.TakeAsLarge(t)
			j = open(t, path)
			got, err := readAll(t.Context(), j)
			contains(t, err, "missing")
			if !errors.Is(err, journal.ErrDamaged) || len(got) > c.first {
				t.Errorf("%d events, %v", len(got), err)
			}
		})
	}
}
