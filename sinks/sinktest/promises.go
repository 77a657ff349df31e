package sinktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"octail/internal/config"
	"octail/sinks"
	"octail/transform/document"
)

// settings: a key that there is not is refused, and two sinks share none.
func settings(h *harness) {
	p := h.c.Plugin
	if p.Type == "" || p.Summary == "" {
		h.Error("the plugin has no type or no summary")
	}
	address := ""
	if h.server != nil {
		address = h.server.URL
	}
	written := h.target.Settings(address)
	if _, err := config.Decode("sink.yaml", []byte(strings.TrimRight(written, "\n")+"\nno_such_setting: 1\n"), p.Settings()); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		h.Errorf("an unknown setting is taken: %v", err)
	}
	a, b := p.Settings(), p.Settings()
	if reflect.TypeOf(a).Kind() != reflect.Pointer || reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() {
		h.Error("two sinks share their settings")
	}
	if _, err := config.Decode("sink.yaml", []byte(written), a); err != nil {
		h.Error(err)
	}
	if !reflect.DeepEqual(b, p.Settings()) {
		h.Error("the settings of one sink have changed the defaults of the next")
	}
	for _, format := range []string{"%v", "%+v", "%#v"} {
		h.quiet("the printed settings", fmt.Sprintf(format, a))
	}
	if j, err := json.Marshal(a); err == nil {
		h.quiet("the settings as JSON", string(j))
	}
}

// needs: what a sink declares is possible.
func needs(h *harness) {
	n := h.needs
	if n.Batch < 0 || n.Parallel < 0 {
		h.Errorf("less than none: %+v", n)
	}
	if !n.States && (n.Parallel > 1 || n.Parents != nil || n.Fields != nil) {
		h.Errorf("a log has one call at a time, no parents and all fields: %+v", n)
	}
	if n.Entities != nil && len(n.Entities) == 0 {
		h.Error("it takes nothing")
	}
	known := func(what string, kinds ...string) {
		for _, kind := range kinds {
			if !slices.Contains(document.Entities, kind) {
				h.Errorf("%s: there is no kind %q", what, kind)
			}
		}
	}
	known("entities", n.Entities...)
	for kind, parents := range n.Parents {
		known("parents", append(parents, kind)...)
	}
	for kind, fields := range n.Fields {
		known("fields", kind)
		there := document.Encode(documentOf(kind, 1, 1)).Fields
		for _, name := range fields {
			if !slices.ContainsFunc(there, func(f document.Field) bool { return f.Name == name }) && !optional[name] {
				h.Errorf("fields: there is no %q in documents of kind %s", name, kind)
			}
		}
	}
	if _, ok := h.sink.(sinks.Resumer); ok && n.States {
		h.Error("only a log can be resumed")
	}
}

// optional are fields that not every shop has.
var optional = map[string]bool{"marketing": true, "transaction_id": true, "subscription_id": true, "master_id": true, "image_url": true, "image_urls": true, "variant": true, "language": true, "fax": true, "custom_fields": true, "approved": true}

// checkChangesNothing: neither of an empty target nor of one that holds something.
func checkChangesNothing(h *harness) {
	checker, ok := h.sink.(sinks.Checker)
	if !ok {
		return
	}
	check := func() {
		h.Helper()
		before := h.held()
		err := survives(func() error { return checker.Check(h.Context()) })
		if err != nil {
			h.Errorf("check: %v", err)
		}
		h.silent(err, nil)
		if after := h.held(); !slices.Equal(before, after) {
			h.Errorf("check has changed the target from %v to %v", before, after)
		}
		if shower, ok := h.sink.(sinks.Shower); ok {
			if shower.Shown() == "" {
				h.Error("nothing is shown by a good check")
			}
			h.quiet("what the check shows", shower.Shown())
		}
	}
	check()
	h.good(revision(h.kind(), 1, 1))
	h.reopen()
	checker = h.sink.(sinks.Checker)
	check()
}

// delivers: each kind that it takes, as many at once as it says.
func delivers(h *harness) {
	var all []sinks.Delivery
	for _, kind := range h.kinds() {
		for n := range int64(3) {
			d := revision(kind, 1+n, 1)
			h.good(d)
			all = append(all, d)
		}
	}
	size := h.needs.Batch
	if size == 0 {
		size = 300
	}
	var batch []sinks.Delivery
	for n := range int64(size) {
		batch = append(batch, revision(h.kind(), 100+n, 1))
	}
	h.good(batch...)
	h.holds(held(append(all, batch...)...)...)
}

// redelivery: what comes again after a kill is there once. A log that can tell what its
// target holds is given what is behind that.
func redelivery(h *harness) {
	var all []sinks.Delivery
	for n := range int64(5) {
		all = append(all, revision(h.kind(), 1+n%3, 1+n/3))
	}
	for _, d := range all[:4] {
		h.good(d)
	}
	h.holds(held(all[:4]...)...)
	h.reopen()
	again := all[2:]
	if resumer, ok := h.sink.(sinks.Resumer); ok {
		last, ok, err := resumer.Resume(h.Context())
		if err != nil || !ok || last.Sequence != all[3].Sequence || last.ID != all[3].EventID() || last.Source != "octail://"+shop {
			h.Fatalf("it resumes at %+v, %v, %v, and the last event taken is %s", last, ok, err, all[3].EventID())
		}
		again = all[4:]
	}
	for _, d := range again {
		d.Attempt = 2
		h.good(d)
	}
	h.holds(held(all...)...)
	if h.needs.States {
		d := all[4]
		d.Again = true
		h.good(d)
		h.holds(held(all...)...)
	}
}

// olderAfterNewer: a state never goes back.
func olderAfterNewer(h *harness) {
	if !h.needs.States {
		return // a log has an order, which the engine keeps
	}
	older, newer := revision(h.kind(), 1, 1), revision(h.kind(), 1, 2)
	h.good(newer)
	_ = h.try(h.Context(), older) // taken or refused
	h.holds(held(newer)...)
}

// deletes: what is gone in the shop, twice, and what the target never had.
func deletes(h *harness) {
	for _, kind := range h.kinds() {
		first, gone, unknown := revision(kind, 1, 1), deleted(kind, 1, 2), deleted(kind, 2, 5)
		all := slices.DeleteFunc(h.target.Held(), func(Held) bool { return h.needs.States })
		h.good(first)
		h.good(gone)
		if _, ok := h.sink.(sinks.Resumer); !ok {
			h.good(gone)
		}
		h.good(unknown)
		back := revision(kind, 1, 3)
		h.good(back)
		if !h.needs.States {
			h.holds(append(all, held(first, gone, unknown, back)...)...)
		} else if !slices.Contains(h.target.Held(), held(back)[0]) {
			h.Errorf("%s was deleted and is there again, and the target holds %v", back.Key, h.target.Held())
		}
	}
}

// existing: what is to be written only where the target has it is not made there, or
// written like any other by a sink that cannot tell.
func existing(h *harness) {
	if !h.needs.States {
		return
	}
	for _, kind := range h.kinds() {
		first, next, unknown := revision(kind, 1, 1), revision(kind, 1, 2), revision(kind, 2, 2)
		next.Existing, unknown.Existing = true, true
		before := h.held()
		switch err := h.try(h.Context(), unknown); {
		case errors.Is(err, sinks.ErrAbsent):
			if after := h.held(); !slices.Equal(before, after) {
				h.Errorf("%s is said to be absent, and the target holds %v", unknown.Key, after)
			}
		case err != nil:
			h.Errorf("%s: %v", unknown.Key, err)
		}
		h.good(first)
		h.good(next)
		if !slices.Contains(h.target.Held(), held(next)[0]) {
			h.Errorf("%s is there and is to be written, and the target holds %v", next.Key, h.target.Held())
		}
	}
}

// atOnce: as many calls as it says.
func atOnce(h *harness) {
	if h.needs.Parallel < 2 {
		return
	}
	var all []sinks.Delivery
	var group sync.WaitGroup
	for n := range int64(h.needs.Parallel) {
		mine := []sinks.Delivery{revision(h.kind(), 1+n, 1), revision(h.kind(), 1+n, 2)}
		all = append(all, mine...)
		group.Go(func() {
			for _, d := range mine {
				if err := h.try(h.Context(), d); err != nil {
					h.Errorf("%s: %v", d.EventID(), err)
				}
			}
		})
	}
	group.Wait()
	h.holds(held(all...)...)
}

// strange: whatever comes, no panic, and the sink goes on.
func strange(h *harness) {
	for _, batch := range [][]sinks.Delivery{nil, {}} {
		if err := h.try(h.Context(), batch...); err != nil {
			h.Errorf("of an empty batch: %v", err)
		}
	}
	if !h.needs.States { // a log writes what it is given
		return
	}
	for n, data := range []string{"", "{", "null", "[]", `{"document":null}`, `{"document":[]}`, `{"document":"Quillfeather"}`, `{"erased":true}`, `{"document":{}}`,
		`{"document":{"id":"Quillfeather","lines":7,"customer":[],"payment":"Snodgrass","addresses":{}}}`, `{"document":{"lines":[null],"customer":null,"addresses":[null],"totals":[null]}}`} {
		for _, kind := range append(h.kinds(), "pigeon") {
			for _, what := range []string{document.Updated, document.Deleted, "moulted"} {
				d := revision(h.kind(), int64(1000+n), 1)
				d.Entity, d.Kind, d.Data = kind, what, []byte(data)
				_ = h.try(h.Context(), d) // any error, or none
			}
		}
	}
	last := revision(h.kind(), 1, 1)
	h.good(last)
	if got := h.target.Held(); !slices.Contains(got, held(last)[0]) {
		h.Errorf("afterwards it takes nothing: %v", got)
	}
}

// compares: what is equal, missing, different, and deleted in the shop alone.
func compares(h *harness) {
	comparer, ok := h.sink.(sinks.Comparer)
	if !ok {
		return
	}
	equal, differs, missing, gone := revision(h.kind(), 1, 1), revision(h.kind(), 2, 1), revision(h.kind(), 3, 1), revision(h.kind(), 4, 1)
	h.good(equal)
	h.good(differs)
	h.good(gone)
	other := revision(h.kind(), 2, 9) // other content
	other.Revision = 1
	lost := gone
	lost.Kind = document.Deleted
	batch := []sinks.Delivery{equal, other, missing, lost}
	before := h.held()
	for range 2 {
		diffs, err := comparer.Compare(h.Context(), batch)
		h.silent(err, batch)
		if err != nil {
			h.Fatal(err)
		}
		found := map[int]sinks.Difference{}
		for _, d := range diffs {
			found[d.Index] = d
		}
		_, same := found[0]
		_, deleted := found[3]
		if len(found) != len(diffs) || same || !found[2].Missing || found[1].Missing || len(found[1].Fields) == 0 || !deleted || found[3].Missing {
			h.Errorf("of one that is equal, one that differs, one that is missing and one that should be gone it says %+v", diffs)
		}
	}
	if after := h.held(); !slices.Equal(before, after) {
		h.Error("comparing has changed the target")
	}
	if diffs, err := comparer.Compare(h.Context(), nil); err != nil || len(diffs) > 0 {
		h.Errorf("of nothing: %v, %v", diffs, err)
	}
}

// erases: what is there, again, and what is not.
func erases(h *harness) {
	eraser, ok := h.sink.(sinks.Eraser)
	if !ok {
		return
	}
	d := revision(h.kind(), 1, 1)
	h.good(d)
	for _, d := range []sinks.Delivery{d, d, revision(h.kind(), 2, 1)} {
		err := survives(func() error { return eraser.Erase(h.Context(), d) })
		h.silent(err, []sinks.Delivery{d})
		if err != nil {
			h.Errorf("erase %s: %v", d.Key, err)
		}
	}
}

// endedContext: what is over before it begins is not begun for long.
func endedContext(h *harness) {
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	d := revision(h.kind(), 1, 1)
	err := h.soon("a delivery whose context has ended", func() error { return h.deliver(ctx, h.sink, []sinks.Delivery{d}) })
	if err != nil {
		if class, _ := sinks.ClassOf(err); class != sinks.Retryable {
			h.Errorf("that its context has ended is %s", class)
		}
		h.good(d)
	}
	h.holds(held(d)...)
}

// oneRefused: one bad among good ones is named, and the others are taken.
func oneRefused(h *harness) {
	if h.target.Refuse == nil {
		return
	}
	const bad = 2
	var batch []sinks.Delivery
	for n := range int64(min(5, max(1, h.needs.Batch))) {
		batch = append(batch, revision(h.kind(), 1+n, 1))
	}
	if len(batch) == 1 {
		batch = []sinks.Delivery{revision(h.kind(), bad, 1)}
	}
	h.target.Refuse(document.Key{Entity: h.kind(), ID: bad}.String())
	err := h.try(h.Context(), batch...)
	if err == nil {
		h.Fatal("what the target refuses counts as delivered")
	}
	if len(batch) > 1 {
		var part *sinks.BatchError
		if !errors.As(err, &part) || len(part.Failed) != 1 || part.Failed[bad-1] == nil {
			h.Fatalf("of %d, one of which is refused: %v", len(batch), err)
		}
		err = part.Failed[bad-1]
	}
	if class, _ := sinks.ClassOf(err); class != sinks.Permanent {
		h.Errorf("what is refused for good is %s", class)
	}
	h.holds(held(slices.Concat(batch[:min(bad-1, len(batch)-1)], batch[min(bad, len(batch)):])...)...)
	h.target.Refuse("")
	h.good(batch...)
	h.holds(held(batch...)...)
}

// paced: each request has waited for its turn.
func paced(h *harness) {
	for n := range int64(3) {
		h.good(revision(h.kind(), 1+n, 1))
	}
	if checker, ok := h.sink.(sinks.Checker); ok {
		if err := checker.Check(h.Context()); err != nil {
			h.Error(err)
		}
	}
	if turns, asked := h.paced.Load(), h.requests(); int(turns) < asked {
		h.Errorf("%d requests have waited for %d turns: Env.Pace comes before each", asked, turns)
	}
}

// bodyOf is what a request holds.
func bodyOf(r interface{ Read([]byte) (int, error) }) []byte {
	var b bytes.Buffer
	_, _ = b.ReadFrom(r)
	return b.Bytes()
}
