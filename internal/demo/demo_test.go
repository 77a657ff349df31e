package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"octail/internal/shoptest"
	"octail/transform/document"
)

// screen is a terminal that several write to and one looks at.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	on   func(line string) // called for each write; may be nil
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on != nil {
		s.on(string(b))
	}
	return s.text.Write(b)
}

// nothingLeft has the demo use a folder of its own for temporary files, and looks
// into it afterwards.
func nothingLeft(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "d-") // short: the path of a socket is at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 0 {
			t.Errorf("left behind: %v %v", entries, err)
		}
		os.RemoveAll(dir)
	})
}

// TestDemo plays it for a moment on each generation.
func TestDemo(t *testing.T) {
	for _, g := range shoptest.Generations {
		t.Run(fmt.Sprint(g), func(t *testing.T) {
			nothingLeft(t)
			patience = 5 * time.Minute
			out := &screen{}
			// On a busy machine the first order may take longer than that.
			for d := 2 * time.Second; d < patience && !strings.Contains(out.text.String(), "  octail  order/"); d *= 4 {
				out = &screen{}
				whole, err := Run(t.Context(), Options{Generation: g, Duration: d, Rate: 30, Version: "test", Out: out})
				if err != nil || !whole {
					t.Fatalf("%v %v\n%s", whole, err, &out.text)
				}
			}
			for _, part := range []string{"starting a private MariaDB", "here are the visitors", "  shop    ", "  octail  order/", "the shop closes", "OK: every confirmed order arrived whole, once\n"} {
				if !strings.Contains(out.text.String(), part) {
					t.Errorf("no %q in\n%s", part, &out.text)
				}
			}
		})
	}
}

// TestInterrupted: Ctrl-C before the shop is open ends it, and nothing stays.
func TestInterrupted(t *testing.T) {
	nothingLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &screen{on: func(line string) {
		if strings.Contains(line, "loading an") {
			cancel()
		}
	}}
	whole, err := Run(ctx, Options{Generation: shoptest.V4, Rate: 1, Version: "test", Out: out})
	if whole || err == nil || err.Error() != "ended before the shop was open" {
		t.Errorf("%v %v\n%s", whole, err, &out.text)
	}
}

func order(lines int, total string, status int64) document.Order {
	o := document.Order{Total: total}
	o.Status.ID = status
	for range lines {
		o.Lines = append(o.Lines, document.Line{Options: []document.LineOption{{}}})
	}
	return o
}

// TestCompare: every way an order can be not whole is seen.
func TestCompare(t *testing.T) {
	want := shoptest.OrderTruth{ID: 7, Total: decimal.RequireFromString("101.0000"), Lines: 2, Options: 2, Status: 1}
	gone := want
	gone.Deleted = true
	for _, c := range []struct {
		name string
		want shoptest.OrderTruth
		got  arrived
		why  string
	}{
		{"whole", want, arrived{"updated", order(2, "101.0000", 1), 3}, ""},
		{"other scale", want, arrived{"created", order(2, "101", 1), 1}, ""},
		{"not there", want, arrived{}, "did not arrive"},
		{"total", want, arrived{"created", order(2, "101.0001", 1), 1}, "total 101.0001 instead of 101"},
		{"no total", want, arrived{"created", order(2, "", 1), 1}, "total  instead of 101"},
		{"lines", want, arrived{"created", order(1, "101", 1), 1}, "1 lines instead of 2"},
		{"status", want, arrived{"created", order(2, "101", 5), 1}, "status 5 instead of 1"},
		{"deleted here", want, arrived{"deleted", order(2, "101", 1), 2}, "deleted in the events, not in the shop"},
		{"deleted there", gone, arrived{"updated", order(2, "101", 1), 2}, "deleted in the shop, not in the events"},
		{"deleted", gone, arrived{"deleted", order(2, "101", 1), 2}, ""},
		{"deleted before it was read", gone, arrived{}, ""},
	} {
		if why := compare(c.want, c.got); why != c.why {
			t.Errorf("%s: %q, want %q", c.name, why, c.why)
		}
	}
	fewer := order(2, "101", 1)
	fewer.Lines[1].Options = nil
	if why := compare(want, arrived{"created", fewer, 1}); why != "1 options instead of 2" {
		t.Errorf("options: %q", why)
	}
}

// TestSum: repeats, gaps and phantoms are failures too.
func TestSum(t *testing.T) {
	truth := shoptest.Truth{Orders: []shoptest.OrderTruth{{ID: 7, Total: decimal.RequireFromString("5"), Lines: 1, Options: 1, Status: 1}}}
	line := func(id, sequence int64, order int64) string {
		doc := `{"id":` + fmt.Sprint(order) + `,"total":"5.0000","currency":{"code":"EUR","rate":"1","decimals":2},"status":{"id":1,"name":"Pending"},"lines":[{"options":[{}]}]}`
		return fmt.Sprintf(`{"id":"order/%d@%d","type":"octail.order.created","subject":"order/%d","time":"2026-11-22T01:03:22Z","sequence":"%012d","origin":"shop","data":{"changed":["id"],"document":%s}}`, order, id, order, sequence, doc)
	}
	for _, c := range []struct {
		name  string
		lines []string
		whole bool
		part  string
	}{
		{"whole", []string{line(1, 1, 7)}, true, "1 arrived whole, 0 did not, 0 phantoms, 0 repeated events, 0 gaps\n"},
		{"nothing", nil, false, "order 7: did not arrive"},
		{"repeat", []string{line(1, 1, 7), line(1, 2, 7)}, false, "1 repeated events"},
		{"gap", []string{line(1, 2, 7)}, false, "1 gaps"},
		{"phantom", []string{line(1, 1, 7), line(1, 2, 8)}, false, "order 8: delivered, and never confirmed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			d := &demo{Options: Options{Out: &out}, began: time.Now(), seen: newArrivals()}
			d.seen.show(d)
			for _, l := range c.lines {
				if !json.Valid([]byte(l)) {
					t.Fatal(l)
				}
				if err := d.seen.take([]byte(l + "\n")); err != nil {
					t.Fatal(err)
				}
			}
			whole := d.sum(truth)
			if whole != c.whole || strings.Contains(out.String(), "FAILED") == c.whole || !strings.Contains(out.String(), c.part) {
				t.Errorf("%v\n%s", whole, &out)
			}
		})
	}
	if err := newArrivals().take([]byte("{\n")); err == nil {
		t.Error("half a line is taken for an event")
	}
}
