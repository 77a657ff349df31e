package journal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
)

// TestExcess: a journal that stays too large says for whom, and what to do.
func TestExcess(t *testing.T) {
	const limit = 1 << 20
	text := make([]string, 20) // what does not compress
	for i := range text {
		text[i] = strings.Repeat("z", 100_000)
	}
	for _, c := range []struct {
		name     string
		entities int // that twenty revisions of 100 kB belong to
		sinks    map[string]int64
		sink     string // that is named
		behind   int64
		says     string
	}{
		{"all have everything", 1, map[string]int64{"log": 20, "erp": 20}, "", 0, ""},
		{"no sinks", 1, nil, "", 0, ""},
		{"one is behind", 1, map[string]int64{"log": 20, "erp": 3}, "erp", 17, "sink erp is 17 events behind, since 20"},
		{"one has had nothing", 1, map[string]int64{"log": 20, "new": -1}, "new", 20, "sink new is 20 events behind"},
		{"two are behind", 1, map[string]int64{"log": 2, "erp": 3}, "log", 18, "sink log is 18 events behind"},
		{"one is a little behind", 1, map[string]int64{"log": 19}, "", 0, ""},
		{"documents alone", 20, map[string]int64{"log": 20}, "none", 0, "with the newest documents alone"},
		{"documents alone, and one is behind", 20, map[string]int64{"log": 3}, "none", 0, "with the newest documents alone"},
		{"documents alone are too large, and one is far behind", 15, map[string]int64{"log": -1}, "log", 20, "sink log is 20 events behind"},
		{"one that is not configured is behind", 1, map[string]int64{"log": 20, "removed": 3}, "", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := open(t, newPath(t))
			var names []string
			for name := range c.sinks {
				must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "file", 0, 0))
				if name != "removed" {
					names = append(names, name)
				}
			}
			for i, s := range text {
				add(t, j, order(int64(i%c.entities+1)), fmt.Sprintf(`{"v":%d,"text":%q}`, i, s))
			}
			for name, at := range c.sinks {
				if at >= 0 {
					check(t, j.Advance(t.Context(), name, map[string]int64{journal.Live: at}))
				}
			}
			must[int64](t)(j.Retain(t.Context(), time.Now(), day, limit, names)) // too young to be compressed
			x := must[*journal.Excess](t)(j.Excess(t.Context(), limit, names))
			if c.sink == "" {
				if x != nil {
					t.Fatal(x)
				}
				return
			}
			if x == nil {
				t.Fatal("nothing said")
			}
			if c.sink == "none" {
				c.sink = ""
			}
			if x.Sink != c.sink || x.Behind != c.behind || x.Limit != limit || x.Bytes <= limit || x.Oldest.IsZero() != (c.sink == "") {
				t.Errorf("%+v", x)
			}
			if !strings.Contains(x.String(), c.says) || !strings.Contains(x.Remedy(), "raise journal.max_bytes") || !strings.Contains(x.Remedy(), c.sink) {
				t.Errorf("%s: %s", x, x.Remedy())
			}
			if x := must[*journal.Excess](t)(j.Excess(t.Context(), 64<<20, names)); x != nil {
				t.Errorf("within the limit: %s", x)
			}
		})
	}
}
