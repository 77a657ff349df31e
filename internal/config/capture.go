package config

import (
	"slices"
	"time"
)

// Ways of capture.
const (
	CaptureBinlog = "binlog" // the database server's log is read
	CapturePoll   = "poll"   // the shop's rows are summed up again and again: for hosts that give no rights to the log
)

// leastPoll bounds how often the shop is swept.
const leastPoll = 100 * time.Millisecond

// entities are the kinds of documents, as in the type of an event.
var entities = []string{"order", "customer", "product", "stock", "category"}

// Capture says how changes in the shop are noticed.
type Capture struct {
	Settle   time.Duration  `yaml:"settle"`
	EditHold time.Duration  `yaml:"edit_hold"`
	Drafts   bool           `yaml:"drafts"`
	Mode     string         `yaml:"mode"`
	Poll     time.Duration  `yaml:"poll"`     // from one sweep to the next, with CapturePoll
	Snapshot []SnapshotItem `yaml:"snapshot"` // in the order of the file; may be empty
}

// SnapshotItem is an entity that is read in full on the very first start. It is written as the bare name, or as
// {order: 30d} for the orders of a window of time.
type SnapshotItem struct {
	Entity string
	Window time.Duration // 0: all
}

func defaultCapture() Capture {
	return Capture{
		Settle:   500 * time.Millisecond,
		EditHold: 15 * time.Second,
		Mode:     CaptureBinlog,
		Poll:     time.Minute,
		Snapshot: []SnapshotItem{{Entity: "customer"}, {Entity: "product"}, {Entity: "stock"}, {Entity: "category"}},
	}
}

// UnmarshalConfig reads either form.
func (i *SnapshotItem) UnmarshalConfig(v *Value) {
	if !v.IsSection() {
		if v.Decode(&i.Entity) {
			v.oneOf(i.Entity, entities...)
		}
		return
	}
	var windows map[string]time.Duration
	if !v.Decode(&windows) {
		return
	}
	if len(windows) != 1 {
		v.Problem("must name one entity, e.g. {order: 30d}")
	}
	for entity, window := range windows {
		i.Entity, i.Window = entity, window
		switch {
		case !slices.Contains(entities, entity):
			v.Problem("unknown entity %s%s", shown(entity), instead(entity, entities))
		case entity != "order":
			v.Problem("only orders can be limited to a window of time; write %s alone", entity)
		case window == 0:
			v.Problem("the window must be longer than 0s; for all orders write order alone")
		}
	}
}

func (c *Capture) check(s *Section) {
	s.oneOf("mode", c.Mode, CaptureBinlog, CapturePoll)
	if c.Poll < leastPoll {
		s.Problem("poll", "must be at least %s; 1m is usual", leastPoll)
	}
	seen := map[string]bool{}
	for i, item := range c.Snapshot {
		if seen[item.Entity] {
			s.Problem(index("snapshot", i), "is in the list twice; keep one")
		}
		seen[item.Entity] = true
	}
}
