package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// record is one record to be created or updated by its external id.
type record struct {
	xid   string            // with the prefix
	key   int64             // the id of a record that is not ours, which is written instead of xid's; 0: xid's
	cells map[string]string // by column, as Odoo's import writes them: "country_id/.id", "active"
	// under are the records of a one2many below it, each with an external id of its own.
	// Those that are in Odoo and not here stay.
	under map[string][]record // by the field: child_ids, order_line
	item  *item               // whose it is; nil: nobody's alone
	id    int64               // its id in Odoo; 0: it was not taken, item.err says why
}

// quiet is the context of all that octail writes: no mails, no followers, no log of
// each field.
var quiet = map[string]any{"tracking_disable": true, "mail_create_nosubscribe": true, "mail_notrack": true}

// What load says when another transaction was faster. It swallows the failure, so that
// Odoo does not repeat it by itself (addons base, models.py, load).
var swallowed = []string{"could not serialize access", "deadlock detected", "could not obtain lock"}

// conflictTries and conflictWait: how often a swallowed failure is tried again at once.
const (
	conflictTries = 5
	conflictWait  = 200 * time.Millisecond
)

// load creates or updates records of a model by their external ids, in one transaction
// for each set of columns, and sets their ids. What Odoo refuses is taken out, fails its
// item with the reason, and the others are loaded without it. An error is about all:
// nobody knows what came of it, and the same load again is safe. extra is added to the
// context quiet; nil: nothing.
func (s *sink) load(ctx context.Context, model string, records []*record, extra map[string]any) error {
	sets := map[string][]*record{}
	var order []string
	for _, r := range records {
		key := strings.Join(r.columns(), "\x00")
		if sets[key] == nil {
			order = append(order, key)
		}
		sets[key] = append(sets[key], r)
	}
	for _, key := range order {
		if err := s.loadSet(ctx, model, sets[key], extra); err != nil {
			return err
		}
	}
	return nil
}

// columns of a record, sorted, "id" or ".id" first, those of what is under it behind.
func (r *record) columns() []string {
	out := []string{"id"}
	if r.key != 0 {
		out[0] = ".id"
	}
	for name := range r.cells {
		out = append(out, name)
	}
	slices.Sort(out[1:])
	seen := map[string]bool{}
	var under []string
	for field, list := range r.under {
		for _, u := range list {
			for _, name := range u.columns() {
				if name = field + "/" + name; !seen[name] {
					seen[name] = true
					under = append(under, name)
				}
			}
		}
	}
	slices.Sort(under)
	return append(out, under...)
}

// rows writes a record as rows of a table with columns.
func (r *record) rows(columns []string) [][]any {
	n := 1
	for _, list := range r.under {
		n = max(n, len(list))
	}
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = make([]any, len(columns))
		for j, c := range columns {
			rows[i][j] = r.cell(i, c)
		}
	}
	return rows
}

func (r *record) cell(row int, column string) any {
	if v, ok := r.cells[column]; ok || column == "id" || column == ".id" {
		switch {
		case row > 0:
			return ""
		case column == "id":
			return r.xid
		case column == ".id":
			return r.key
		}
		return v
	}
	for field, list := range r.under {
		name, found := strings.CutPrefix(column, field+"/")
		if !found || row >= len(list) {
			continue
		}
		if name == "id" {
			return list[row].xid
		}
		return list[row].cells[name]
	}
	return ""
}

// loaded is load's answer.
type loaded struct {
	IDs      ids `json:"ids"`
	Messages []struct {
		Type    string `json:"type"`
		Record  *int   `json:"record"`
		Field   any    `json:"field"`
		Message string `json:"message"`
	} `json:"messages"`
}

// ids are false when anything was refused.
type ids []int64

func (s *sink) loadSet(ctx context.Context, model string, records []*record, extra map[string]any) error {
	columns := records[0].columns()
	context := map[string]any{}
	if columns[0] == ".id" {
		context["active_test"] = false // else it does not find what is archived
	}
	for k, v := range quiet {
		context[k] = v
	}
	for k, v := range extra {
		context[k] = v
	}
	for tries := 1; len(records) > 0; {
		var rows [][]any
		for _, r := range records {
			rows = append(rows, r.rows(columns)...)
		}
		var got loaded
		err := s.rpc.Call(ctx, model, "load", rpc.Args{Named: map[string]any{"fields": columns, "data": rows}, Context: context}, &got)
		if err != nil {
			return fmt.Errorf("load %d records of %s: %w", len(records), model, err)
		}
		if len(got.IDs) == len(records) {
			for i, r := range records {
				r.id = got.IDs[i]
			}
			return nil
		}
		if got.swallowed() {
			if tries++; tries > conflictTries {
				return sinks.Mark(sinks.Retryable, fmt.Errorf("load %d records of %s: other transactions were faster %d times", len(records), model, conflictTries))
			}
			if err := sleep(ctx, conflictWait*time.Duration(tries)); err != nil {
				return err
			}
			continue
		}
		left := got.refuse(model, records)
		if len(left) == len(records) {
			return sinks.Mark(sinks.Retryable, fmt.Errorf("load %d records of %s: Odoo took none and names none", len(records), model))
		}
		records = left
	}
	return nil
}

func (l *loaded) swallowed() bool {
	return slices.ContainsFunc(l.Messages, func(m struct {
		Type    string `json:"type"`
		Record  *int   `json:"record"`
		Field   any    `json:"field"`
		Message string `json:"message"`
	}) bool {
		return slices.ContainsFunc(swallowed, func(s string) bool { return strings.Contains(m.Message, s) })
	})
}

// errRefused: Odoo's words are beside it.
var errRefused = errors.New("Odoo refuses the record; what it says is in the answer (octail trace, octail dead list)")

// refuse fails the records that messages name, and returns the others.
func (l *loaded) refuse(model string, records []*record) []*record {
	why := map[int]string{}
	for _, m := range l.Messages {
		if m.Record != nil && *m.Record < len(records) && why[*m.Record] == "" {
			why[*m.Record] = m.Message
		}
	}
	if len(why) == 0 && len(records) == 1 && len(l.Messages) > 0 {
		why[0] = l.Messages[0].Message
	}
	var left []*record
	for i, r := range records {
		text, bad := why[i]
		if !bad {
			left = append(left, r)
			continue
		}
		err := sinks.WithExchange(sinks.Mark(sinks.Permanent, fmt.Errorf("load %s of %s: %w", r.xid, model, errRefused)),
			sinks.Exchange{Request: "POST " + model + "/load " + r.xid, Answer: text})
		if r.item != nil {
			r.item.fail(err)
		}
	}
	return left
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *ids) UnmarshalJSON(b []byte) error {
	*i = nil
	if string(b) == "false" || string(b) == "null" {
		return nil
	}
	var list []int64
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*i = list
	return nil
}
