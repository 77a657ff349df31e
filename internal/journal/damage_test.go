package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

var flips = flag.Int("flips", 40, "how many bits TestFlippedBit flips")

// furnished makes a closed journal with something in every table.
func furnished(t testing.TB) string {
	t.Helper()
	path := newPath(t)
	j := open(t, path)
	random := rand.New(rand.NewPCG(1, 1))
	text := func(n int) string {
		var b strings.Builder
		for b.Len() < n {
			fmt.Fprintf(&b, "%x ", random.Uint64())
		}
		return b.String()
	}
	for i := range int64(90) {
		key := document.Key{Entity: document.Entities[i%5], ID: i%30 + 1}
		known := must[map[int64]journal.Known](t)(j.Known(t.Context(), key.Entity, []int64{key.ID}))
		e := event(key, known[key.ID], fmt.Sprintf(`{"changed":["v"],"document":{"v":%d,"text":%q}}`, i, text(50+int(i%9)*700)))
		e.Number, e.Email, e.SKU = fmt.Sprint("INV-", i), fmt.Sprint("p", i, "@example.com"), fmt.Sprint("SKU", i)
		if i%13 == 12 {
			e.Kind = document.Deleted
		}
		mark := journal.Mark{Key: order(100 + i), Reason: "snapshot", Origin: document.FromSnapshot, Position: "p", AddedSince: began, Touched: began, Next: began.Add(time.Duration(i) * time.Minute), Error: strings.Repeat("e", int(i%2))}
		must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}, Marks: []journal.Mark{mark}, Position: fmt.Sprint("position ", i)}))
	}
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(90*time.Minute), 24*time.Hour, 0, nil)) // packs
	for _, name := range []string{"log", "erp"} {
		must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "file", 0, 0))
		check(t, j.Advance(t.Context(), name, map[string]int64{journal.Live: 50, journal.Bulk: 20, journal.Taken: 49}))
	}
	check(t, j.SetMeta(t.Context(), "shop", "main-shop"))
	closeIt(t, j)
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path))
	defer db.Close()
	for _, s := range []string{
		"INSERT INTO polled VALUES ('order', 1, -4711)",
		"INSERT INTO accepted VALUES ('erp', 'order', 1, 1, 1, 5, 0, x'0102')",
		"INSERT INTO parked VALUES ('erp', 'order', 2, 'live', 1, 2, 'retryable', 'timeout', 'customer/7', 3, 5, 8, 9, 'no answer')",
		"INSERT INTO attempts VALUES (1, 'erp', 'order', 1, 1, 1, 1, 5, 9, 'ok', 'POST', '200', 0)",
		"INSERT INTO dead VALUES (4, 'erp', 'order', 3, 1, 3, 'permanent', 'refused', 'no such tax', 20, 5, 'POST', '422')",
		"INSERT INTO links VALUES ('erp', 'product', 42, '4711', 'person', 5)",
		"INSERT INTO erased VALUES (x'abcd', 5)",
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// contents tells all that a journal says, by its methods and table by table.
func contents(path string) (string, error) {
	ctx := context.Background()
	j, err := journal.Open(ctx, path)
	if err != nil {
		return "", err
	}
	defer j.Close()
	var b strings.Builder
	say := func(v any, err error) error {
		fmt.Fprintf(&b, "%+v\n", v)
		return err
	}
	for after := int64(0); ; {
		list, err := j.Events(ctx, after, 50, 1<<20)
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			break
		}
		_ = say(list, nil)
		after = list[len(list)-1].Sequence
	}
	for _, entity := range document.Entities {
		ids, err := j.KnownIDs(ctx, entity, 0, 1000)
		if err != nil {
			return "", err
		}
		for id := range int64(60) {
			ids = append(ids, id)
		}
		if err := say(j.Known(ctx, entity, ids)); err != nil {
			return "", err
		}
	}
	for i := 0; i < 90; i += 7 {
		for _, text := range []string{fmt.Sprint("INV-", i), fmt.Sprint("p", i, "@example.com"), fmt.Sprint("SKU", i)} {
			if err := say(j.Find(ctx, text)); err != nil {
				return "", err
			}
		}
	}
	if err := errors.Join(say(j.Due(ctx, began.Add(time.Hour), 1000)), say(j.Due(ctx, began.Add(24*time.Hour), 1000)), say(j.Failing(ctx, 1000)),
		say(j.Position(ctx)), say(j.Meta(ctx, "shop")), say(j.Last(), nil), say(j.Birth(), nil)); err != nil {
		return "", err
	}
	for _, name := range []string{"log", "erp"} {
		s, _, err := j.Sink(ctx, name)
		for _, cursor := range []string{journal.Live, journal.Bulk, journal.Taken} {
			at, _, err2 := j.Cursor(ctx, name, cursor)
			fmt.Fprintf(&b, "%+v %d\n", s, at)
			err = errors.Join(err, err2)
		}
		if err != nil {
			return "", err
		}
	}
	if err := j.Close(); err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer db.Close()
	for _, table := range []string{"accepted", "parked", "attempts", "dead", "links", "erased", "cursors", "sinks", "meta"} {
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			return "", err
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = new(any)
			}
			if err := rows.Scan(row...); err != nil {
				return "", err
			}
			for _, v := range row {
				fmt.Fprintf(&b, "%v|", *v.(*any))
			}
			fmt.Fprintln(&b)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// TestFlippedBit: one bit of the file is not what it was. Either it is noticed, or
// it is in a place that means nothing.
func TestFlippedBit(t *testing.T) {
	path := furnished(t)
	want := must[string](t)(contents(path))
	file := must[[]byte](t)(os.ReadFile(path))
	born := must[[]byte](t)(os.ReadFile(path + ".born"))
	copied := newPath(t)
	random := rand.New(rand.NewPCG(7, 7))
	var atOpen, atReading, harmless int
	for range *flips {
		at, bit := random.IntN(len(file)), random.IntN(8)
		if random.IntN(8) == 0 {
			at = random.IntN(min(len(file), 4096)) // header and tables
		}
		flipped := append([]byte(nil), file...)
		flipped[at] ^= 1 << bit
		for _, end := range []string{"-wal", "-shm", ".lock"} {
			_ = os.Remove(copied + end)
		}
		check(t, os.WriteFile(copied, flipped, 0o600))
		check(t, os.WriteFile(copied+".born", born, 0o600))
		j, err := journal.Open(t.Context(), copied)
		if err == nil {
			err = j.Close()
			var got string
			if err == nil {
				got, err = contents(copied)
			}
			if err == nil && got != want {
				t.Errorf("byte %d bit %d: the journal tells something else and does not notice", at, bit)
				continue
			}
			if err == nil {
				harmless++
			} else {
				atReading++
			}
		} else {
			atOpen++
		}
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("byte %d bit %d: %v", at, bit, err)
		}
	}
	t.Logf("%d flipped: %d noticed at opening, %d at reading, %d harmless", *flips, atOpen, atReading, harmless)
	if atOpen == 0 || atReading == 0 {
		t.Error("the test shows nothing")
	}
}

// TestCutShort: the file is shorter than it was. At most it has lost nothing.
func TestCutShort(t *testing.T) {
	path := furnished(t)
	want := must[string](t)(contents(path))
	file := must[[]byte](t)(os.ReadFile(path))
	copied := newPath(t)
	random, intact := rand.New(rand.NewPCG(3, 3)), 0
	for i := range 40 {
		n := random.IntN(len(file))
		switch i {
		case 0, 1, 2:
			n = []int{1, 100, len(file) - 1}[i]
		case 3, 4, 5:
			n = []int{4096, 8192, len(file) - 4096}[i-3]
		}
		check(t, os.WriteFile(copied, file[:n], 0o600))
		got, err := contents(copied)
		if err == nil && got == want {
			intact++
		} else if !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%d of %d bytes: %v", n, len(file), err)
		}
	}
	if intact > 20 {
		t.Error("the test shows nothing")
	}
}
