// Package mirror is a sink that keeps the records of sinks/sinktest/receiver equal to
// the shop: all that a sink can be, on as little ground as possible. The engine is
// tested with it, and who writes a sink may begin with it. It is in no program that is
// shipped: sinks/all lists it in builds with the tag failpoints alone.
package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"octail/sinks"
	"octail/transform/document"
)

// Plugin is the entry for the catalogue.
var Plugin = sinks.Define("mirror", "a receiver for tests that holds states", defaults(), needs, open)

// sink writes to one receiver.
type sink struct {
	cfg    Config
	client *client
	links  sinks.Links // nil: none are kept
}

var (
	_ sinks.Sink     = (*sink)(nil)
	_ sinks.Checker  = (*sink)(nil)
	_ sinks.Comparer = (*sink)(nil)
	_ sinks.Eraser   = (*sink)(nil)
)

func open(cfg *Config, env sinks.Env) (sinks.Sink, error) {
	c, err := newClient(cfg, env)
	if err != nil {
		return nil, err
	}
	return &sink{cfg: *cfg, client: c, links: env.Links}, nil
}

// needs are the settings: so that a test can have a sink of any kind.
func needs(c *Config) sinks.Needs {
	n := sinks.Needs{States: true, Batch: c.Batch, Parallel: c.Parallel, Parents: c.Parents, Fields: c.Fields}
	if len(c.Takes) > 0 {
		n.Entities = c.Takes
	}
	return n
}

// Check implements sinks.Checker: it asks the target for a sign of life.
func (s *sink) Check(ctx context.Context) error {
	a, err := s.client.do(ctx, http.MethodGet, "/ping", nil)
	if err != nil {
		return err
	}
	var ok struct{ OK bool }
	if json.Unmarshal(a.Body, &ok) != nil || !ok.OK {
		return fmt.Errorf("%s is not a receiver: it does not answer /ping as one does. Correct url", s.cfg.URL)
	}
	return nil
}

// Deliver implements sinks.Sink. Each record is accepted or refused for itself.
func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	failed := map[int]error{}
	var calls []call
	for i := range batch {
		c, err := s.prepare(ctx, i, &batch[i])
		if err != nil {
			failed[i] = fmt.Errorf("%s: %w", batch[i].EventID(), err)
			continue
		}
		calls = append(calls, c)
	}
	whole := s.send(ctx, calls, func(c call, err error) {
		if err != nil {
			failed[c.index] = fmt.Errorf("%s: %w", c.record.ID, err)
		}
	})
	switch {
	case whole != nil && len(failed) == 0:
		return whole
	case whole != nil:
		for _, c := range calls {
			failed[c.index] = whole
		}
	case len(failed) == 0:
		return nil
	}
	switch {
	case len(batch) == 1:
		return failed[0]
	}
	return &sinks.BatchError{Failed: failed}
}

// call is one record to be written.
type call struct {
	index  int // in the batch
	key    document.Key
	link   sinks.Link // the target's record, as far as it is known
	record record
}

// prepare makes the record of a delivery: its parents are named as the target knows
// them, and what the shop calls its own way is mapped.
func (s *sink) prepare(ctx context.Context, i int, d *sinks.Delivery) (call, error) {
	if d.Existing {
		held, err := s.client.held(ctx, []string{d.Key.String()})
		if err != nil {
			return call{}, err
		}
		if r := held[d.Key.String()]; r == nil || r.Deleted {
			return call{}, sinks.ErrAbsent
		}
	}
	c := call{index: i, key: d.Key, record: record{Subject: d.Key.String(), ID: d.EventID(), Revision: d.Revision, Sequence: d.Sequence, Deleted: d.Kind == document.Deleted, Again: d.Again}}
	var err error
	if c.record.Document, err = document.DocumentOf(d.Data); err != nil {
		return c, sinks.Mark(sinks.Permanent, errDocument)
	}
	if c.link, err = s.link(ctx, d.Key); err != nil {
		return c, err
	}
	c.record.Target = c.link.Target
	if c.record.Deleted {
		return c, nil
	}
	if d.Entity == document.OrderEntity {
		if c.record.Payment, err = s.payment(c.record.Document); err != nil {
			return c, err
		}
	}
	if c.record.Parents, err = s.parents(ctx, d); err != nil {
		return c, err
	}
	return c, nil
}

// payment is the target's name of an order's payment method.
func (s *sink) payment(doc []byte) (string, error) {
	var order struct{ Payment *document.Payment }
	if err := json.Unmarshal(doc, &order); err != nil {
		return "", sinks.Mark(sinks.Permanent, errDocument)
	}
	if order.Payment == nil {
		return "", nil
	}
	names := s.cfg.Mappings.Payment
	for _, name := range []string{order.Payment.Method, order.Payment.Code} {
		if to, ok := names[name]; ok {
			return to, nil
		}
	}
	if len(names) == 0 || order.Payment.Method == "" {
		return order.Payment.Method, nil
	}
	return "", sinks.Hold("payment", fmt.Errorf("payment method %q has no mapping: add it to mappings.payment of the sink and reload", order.Payment.Method))
}

// parents names what an order or a product refers to by the target's ids; one that is
// not in the target stays without.
func (s *sink) parents(ctx context.Context, d *sinks.Delivery) (map[string]string, error) {
	keys, err := document.Parents(d.Entity, d.Data)
	if err != nil {
		return nil, sinks.Mark(sinks.Permanent, errDocument)
	}
	out := map[string]string{}
	for _, key := range keys {
		if !slices.Contains(s.cfg.Parents[d.Entity], key.Entity) {
			continue
		}
		l, err := s.link(ctx, key)
		if err != nil {
			return nil, err
		}
		out[key.String()] = l.Target
	}
	return out, nil
}

// link is what is known of a key's record in the target.
func (s *sink) link(ctx context.Context, key document.Key) (sinks.Link, error) {
	if s.links == nil {
		return sinks.Link{}, nil
	}
	l, _, err := s.links.Link(ctx, key)
	return l, err
}

// send writes the records: one by one, or all in a request, as the settings have it. It
// returns what failed as a whole: of that nobody knows which record is the cause.
func (s *sink) send(ctx context.Context, calls []call, done func(call, error)) error {
	if s.cfg.Batch > 1 && len(calls) > 1 {
		return s.writeAll(ctx, calls, done)
	}
	for _, c := range calls {
		done(c, s.write(ctx, c))
	}
	return nil
}

// write writes one record. One that we had found before and that somebody removed is
// made anew; one that a person has named is not.
func (s *sink) write(ctx context.Context, c call) error {
	err := s.accepted(ctx, c, s.client.write(ctx, c.record))
	if !errors.Is(err, errLost) {
		return err
	}
	if c.record.Target = ""; s.links != nil {
		if err := s.links.Lost(ctx, c.key); err != nil {
			return err
		}
	}
	return s.accepted(ctx, c, s.client.write(ctx, c.record))
}

func (s *sink) writeAll(ctx context.Context, calls []call, done func(call, error)) error {
	records := make([]record, len(calls))
	for i, c := range calls {
		records[i] = c.record
	}
	outcomes, err := s.client.writeAll(ctx, records)
	for i, o := range outcomes {
		err := s.accepted(ctx, calls[i], o)
		if errors.Is(err, errLost) {
			err = s.write(ctx, calls[i])
		}
		done(calls[i], err)
	}
	return err
}

// errDocument: what JSON says of it may repeat the document.
var errDocument = errors.New("the document cannot be read")

// errLost: the record that the sink has found before is not in the target any more.
var errLost = errors.New("the record is not in the target any more")

// accepted looks at what came of a record, and remembers the target's id of it.
func (s *sink) accepted(ctx context.Context, c call, o outcome) error {
	switch {
	case o.err == nil && s.links != nil && o.target != c.link.Target:
		if err := s.links.Found(ctx, c.key, o.target); err != nil {
			return err
		}
	case o.err != nil && o.status == http.StatusNotFound && c.link.Person && c.record.Target != "":
		return sinks.Mark(sinks.Permanent, fmt.Errorf("%w: the record it is linked with is not in the target, or is another entity's: octail unlink it, or link it with another", o.err))
	case o.err != nil && o.status == http.StatusNotFound && c.record.Target != "":
		return errLost
	}
	return o.err
}

// Erase implements sinks.Eraser.
func (s *sink) Erase(ctx context.Context, d sinks.Delivery) error {
	_, err := s.client.do(ctx, http.MethodDelete, "/"+d.Key.String()+"/personal", nil)
	return err
}

// Compare implements sinks.Comparer.
func (s *sink) Compare(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	keys := make([]string, len(batch))
	for i := range batch {
		keys[i] = batch[i].Key.String()
	}
	held, err := s.client.held(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []sinks.Difference
	for i := range batch {
		d, r := &batch[i], held[keys[i]]
		deleted := d.Kind == document.Deleted
		switch there := r != nil && !r.Deleted; {
		case there && deleted:
			out = append(out, sinks.Difference{Index: i})
		case !there && !deleted:
			out = append(out, sinks.Difference{Index: i, Missing: true})
		case there:
			doc, err := document.DocumentOf(d.Data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", d.Key, errDocument)
			}
			fields, err := s.differ(d.Entity, doc, r.Document)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", d.Key, err)
			}
			if len(fields) > 0 {
				out = append(out, sinks.Difference{Index: i, Fields: fields})
			}
		}
	}
	return out, nil
}

// differ names the fields that the sink reads and that differ.
func (s *sink) differ(entity string, ours, theirs []byte) ([]string, error) {
	a, err := document.FieldsOf(ours)
	if err != nil {
		return nil, errDocument
	}
	b, err := document.FieldsOf(theirs)
	if err != nil {
		return nil, errAnswer
	}
	names := s.cfg.Fields[entity]
	if names == nil {
		names = slices.Sorted(maps.Keys(a))
		for name := range b {
			if _, ok := a[name]; !ok {
				names = append(names, name)
			}
		}
	}
	var out []string
	for _, name := range names {
		if !equal(a[name], b[name]) {
			out = append(out, name)
		}
	}
	return out, nil
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	s.client.http.Close()
	return nil
}
