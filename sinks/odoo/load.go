package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"octail/internal/httpx"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// record is one record to be created or updated by its external id.
type record struct {
	xid   string            // with the prefix
	key   int64             // the id of a record that is not ours, which is written instead of xid's; 0: xid's
	cells map[string]string // by column, as Odoo's import writes them: "country_id/.id", "active"; "" empties a field
	// under are the records of a one2many below it, each with an external id of its own.
	// Those that are in Odoo and not here stay. A column that one of a field's has, the
	// others have too: let them have the same ones.
	under map[string][]record // by the field: child_ids, order_line
	item  *item               // whose it is; nil: nobody's alone
	id    int64               // its id in Odoo; 0: it was not taken
	err   error               // why not; item has it too
}

// quiet is the context of all that octail writes: no mails, no followers, no log of
// each field.
var quiet = map[string]any{"tracking_disable": true, "mail_create_nosubscribe": true, "mail_notrack": true}

// What load says when another transaction was faster. It swallows the failure, so that
// Odoo does not repeat it by itself (odoo/orm/models.py, load). The words are
// PostgreSQL's; where that speaks another language, the record is tried once more too,
// because a refusal has to be heard twice.
var swallowed = []string{"could not serialize access", "deadlock detected", "could not obtain lock", "current transaction is aborted"}

// conflictTries and conflictWait: how often a swallowed failure is tried again at once.
const (
	conflictTries = 5
	conflictWait  = 200 * time.Millisecond
)

// mostLoaded bounds one call: a proxy or a worker of Odoo gives up after a minute or two.
const mostLoaded = 500

// load creates or updates records of a model by their external ids, in one transaction
// for each set of columns (and for each mostLoaded of them), and sets their ids. What Odoo
// refuses is taken out, fails its item with the reason, and the others are loaded without
// it. An error is about all: nobody knows what came of it, and the same load again is
// safe. extra is added to the context quiet; nil: nothing.
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
		set := sets[key]
		l := &loading{s: s, model: model, columns: set[0].columns(), context: maps.Clone(quiet)}
		if l.columns[0] == ".id" {
			l.context["active_test"] = false // else it does not find what is archived
		}
		l.context["tz"] = "UTC" // else load takes times for those of the user's time zone
		maps.Copy(l.context, extra)
		for len(set) > 0 {
			n := fitting(set)
			if err := l.all(ctx, set[:n]); err != nil {
				return err
			}
			set = set[n:]
		}
	}
	return nil
}

// fitting is how many of the records go into one call: at least one.
func fitting(records []*record) int {
	rows := 0
	for i, r := range records {
		if rows += r.height(); rows > mostLoaded && i > 0 {
			return i
		}
	}
	return len(records)
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

// name is how a message calls it.
func (r *record) name() string {
	if r.key != 0 {
		return strconv.FormatInt(r.key, 10)
	}
	return r.xid
}

// height is how many rows it takes.
func (r *record) height() int {
	n := 1
	for _, list := range r.under {
		n = max(n, len(list))
	}
	return n
}

// rows writes a record as rows of a table with columns.
func (r *record) rows(columns []string) [][]any {
	rows := make([][]any, r.height())
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
			return strconv.FormatInt(r.key, 10)
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

// loading is a load of records with the same columns.
type loading struct {
	s       *sink
	model   string
	columns []string
	context map[string]any
}

// loaded is load's answer.
type loaded struct {
	IDs      ids       `json:"ids"`
	Messages []message `json:"messages"`
}

// ids are false when anything was refused.
type ids []int64

type message struct {
	Type   string `json:"type"`   // error or warning
	Record *int   `json:"record"` // of those at the top
	Rows   *struct {
		From int `json:"from"`
	} `json:"rows"`
	Text string `json:"message"`
}

// all loads records, without those that are refused. Which ones these are is not always
// what Odoo says: a failure of all of them together is told of the first. So one that is
// named is tried alone, and when none is named the halves are tried.
func (l *loading) all(ctx context.Context, records []*record) error {
	refused, err := l.try(ctx, records)
	switch {
	case err != nil:
		return err
	case refused == nil:
		return nil
	case len(records) == 1:
		return l.again(ctx, records[0])
	case len(refused) == 0:
		half := len(records) / 2
		if err := l.all(ctx, records[:half]); err != nil {
			return err
		}
		return l.all(ctx, records[half:])
	}
	var good []*record
	for i, r := range records {
		if !refused[i] {
			good = append(good, r)
		}
	}
	if len(good) > 0 {
		if err := l.all(ctx, good); err != nil {
			return err
		}
	}
	for i, r := range records {
		if refused[i] {
			if err := l.again(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// again loads one record that was refused before. Now it counts.
func (l *loading) again(ctx context.Context, r *record) error {
	got, err := l.call(ctx, []*record{r})
	if _, said := l.context["active_test"]; err == nil && !got.took(1) && got.stale() && !said {
		// What it names may be archived, a product that the shop sells no more: older
		// versions do not find that. Not always, since all else would find what is archived.
		all := *l
		all.context = maps.Clone(l.context)
		all.context["active_test"] = false
		got, err = all.call(ctx, []*record{r})
	}
	if class, _ := sinks.ClassOf(err); err != nil && class != sinks.Permanent {
		return err
	}
	if err == nil && got.took(1) {
		r.id = got.IDs[0]
		return nil
	}
	if err == nil {
		if err = l.lacks(got); err != nil {
			return err
		}
		class, why := sinks.Permanent, errRefused
		if got.stale() {
			class, why = sinks.Retryable, errStale
			l.s.forget()
		} else if got.passes() {
			class, why = sinks.Retryable, errPasses
		}
		err = sinks.WithExchange(sinks.Mark(class, fmt.Errorf("load %s of %s: %w", r.name(), l.model, why)), l.exchange(r, got))
	}
	r.err = err
	if r.item != nil {
		r.item.fail(err)
	}
	return nil
}

// try loads records at once. refused is nil when all are in Odoo, else none is, and it
// names those that Odoo names.
func (l *loading) try(ctx context.Context, records []*record) (refused map[int]bool, err error) {
	got, err := l.call(ctx, records)
	if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent {
		return map[int]bool{}, nil // too long for a proxy, or one of them is beyond what load catches
	}
	switch {
	case err != nil:
		return nil, err
	case got.took(len(records)):
		for i, r := range records {
			r.id = got.IDs[i]
		}
		return nil, nil
	}
	if err := l.lacks(got); err != nil {
		return nil, err
	}
	return got.named(records), nil
}

// call loads records, and again while other transactions are faster.
func (l *loading) call(ctx context.Context, records []*record) (*loaded, error) {
	var rows [][]any
	for _, r := range records {
		rows = append(rows, r.rows(l.columns)...)
	}
	for tries := 1; ; tries++ {
		got := &loaded{}
		err := l.s.rpc.Call(ctx, l.model, "load", rpc.Args{Named: map[string]any{"fields": l.columns, "data": rows}, Context: l.context}, got)
		if err != nil {
			if len(records) > 1 {
				err = httpx.WithoutBodies(err)
			}
			return nil, fmt.Errorf("load %d records of %s: %w", len(records), l.model, err)
		}
		if l.context["active_test"] == nil && got.stale() {
			// Before 17 Odoo does not find what is archived, and an order may well name a
			// product that is not sold any more.
			l.context = maps.Clone(l.context)
			l.context["active_test"] = false
			continue
		}
		if got.took(len(records)) || !got.swallowed() {
			if len(got.IDs) == 0 && len(got.Messages) == 0 {
				return nil, sinks.Mark(sinks.Retryable, fmt.Errorf("load %d records of %s: Odoo took none and gives no reason", len(records), l.model))
			}
			return got, nil
		}
		if tries == conflictTries {
			return nil, sinks.Mark(sinks.Retryable, fmt.Errorf("load %d records of %s: other transactions were faster %d times", len(records), l.model, tries))
		}
		// Not all who wait wait equally long.
		if err := sleep(ctx, conflictWait*time.Duration(tries)/2+rand.N(conflictWait*time.Duration(tries))); err != nil {
			return nil, err
		}
	}
}

// took tells whether all of n records are in Odoo now.
func (l *loaded) took(n int) bool { return len(l.IDs) == n && !slices.Contains(l.IDs, 0) }

func (l *loaded) swallowed() bool {
	return slices.ContainsFunc(l.Messages, func(m message) bool {
		return slices.ContainsFunc(swallowed, func(s string) bool { return strings.Contains(m.Text, s) })
	})
}

// lacks is the error when the user lacks a right that all of the model need.
func (l *loading) lacks(got *loaded) error {
	for _, m := range got.Messages {
		if rpc.Lacks(m.Text) {
			e := &rpc.Error{Kind: rpc.Denied, Model: l.model, Method: "load", Name: "odoo.exceptions.AccessError", Message: m.Text}
			return sinks.WithExchange(sinks.Mark(e.Kind.Class(), e), sinks.Exchange{Request: "load of " + l.model, Answer: tidy(m.Text)})
		}
	}
	return nil
}

// named are the records that messages name: errors, or what else is said when there are
// none.
func (l *loaded) named(records []*record) map[int]bool {
	starts := map[int]int{}
	row := 0
	for i, r := range records {
		for range r.height() {
			starts[row] = i
			row++
		}
	}
	out := map[int]bool{}
	for _, kind := range []string{"error", "warning"} {
		for _, m := range l.Messages {
			switch {
			case m.Type != kind && m.Type != "":
			case m.Record != nil && *m.Record >= 0 && *m.Record < len(records):
				out[*m.Record] = true
			case m.Rows != nil:
				if i, ok := starts[m.Rows.From]; ok {
					out[i] = true
				}
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// stale tells whether the record names another by an id that Odoo does not have any more.
func (l *loaded) stale() bool {
	return slices.ContainsFunc(l.Messages, func(m message) bool {
		return strings.Contains(m.Text, "No matching record found for database id")
	})
}

// passes tells whether Odoo could not do it for now: its database restarts, is full or is
// being upgraded.
func (l *loaded) passes() bool {
	return slices.ContainsFunc(l.Messages, func(m message) bool { return rpc.Passes(m.Text) })
}

var errPasses = errors.New("it cannot be done in Odoo for now: its database restarts or is full, or Odoo is being upgraded")

// errStale: what octail knows of this Odoo was true a while ago. It is asked again.
var errStale = errors.New("a record in Odoo that it names was deleted there, octail looks for another")

// errRefused: Odoo's words are beside it.
var errRefused = errors.New("refused by Odoo; what it says is in the answer (octail trace, octail dead list)")

// exchange is what was sent of a record, and what Odoo says of it.
func (l *loading) exchange(r *record, got *loaded) sinks.Exchange {
	rows := r.rows(l.columns)
	for _, row := range rows {
		for i, cell := range row {
			// What was made HTML of a person's words is not found again when these are masked.
			if text, ok := cell.(string); ok && strings.ContainsAny(text, "<&") {
				row[i] = "..."
			}
		}
	}
	sent, err := json.Marshal(map[string]any{"fields": l.columns, "data": rows})
	if err != nil {
		sent = nil
	}
	var said []string
	for _, m := range got.Messages {
		said = append(said, m.Text)
	}
	return sinks.Exchange{Request: l.model + "/load\n\n" + string(sent), Answer: tidy(strings.Join(said, "\n"))}
}

// tidy takes out of Odoo's words what would steer a terminal.
func tidy(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
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
	var list []rpc.Ref // false for one that was not written
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, one := range list {
		*i = append(*i, one.ID)
	}
	return nil
}
