package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform/document"
)

// previous is the newest revision that the journal has of a key.
type previous struct {
	journal.Known
	sums   map[string]uint64
	loaded bool
	data   []byte // the event's data object; nil when the journal has none any more
	err    error  // it cannot be read
}

// readPrevious looks up what the journal has of some keys of an entity, orders with
// their documents. It refuses, by shop.ErrTooMuch, to hold more bytes of these than
// most; a negative number: no bound.
func readPrevious(ctx context.Context, j *journal.Journal, e *entity, ids []int64, most int) (out map[int64]*previous, bytes int, err error) {
	known, err := j.Known(ctx, e.name, ids)
	if err != nil {
		return nil, 0, failure{readJournal, err}
	}
	out = make(map[int64]*previous, len(known))
	for id, k := range known {
		p := &previous{Known: k}
		if p.sums, p.err = document.ReadSums(k.Fields); p.err == nil && e.name == document.OrderEntity {
			p.err = p.load(ctx, j)
		}
		if ctx.Err() != nil {
			return nil, bytes, failure{readJournal, ctx.Err()}
		}
		if bytes += len(p.data); most >= 0 && bytes > most {
			return nil, bytes, shop.ErrTooMuch
		}
		out[id] = p
	}
	return out, bytes, nil
}

// exists reports whether the outside knows the entity.
func (p *previous) exists() bool { return p != nil && !p.Deleted }

// load reads the revision's event. Of a deleted entity retention removes it.
func (p *previous) load(ctx context.Context, j *journal.Journal) error {
	if p.loaded {
		return nil
	}
	ev, err := j.Event(ctx, p.Sequence)
	if err != nil && !errors.Is(err, journal.ErrNoEvent) {
		return err
	}
	p.loaded, p.data = true, ev.Data
	return nil
}

// document is the revision's document, nil when the journal has none any more.
func (p *previous) document() ([]byte, error) {
	if p.data == nil {
		return nil, nil
	}
	return document.DocumentOf(p.data)
}

// order decodes the document of an order, nil when the journal has none any more.
func (p *previous) order() (*document.Order, error) {
	raw, err := p.document()
	if err != nil || raw == nil {
		return nil, err
	}
	var o document.Order
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("read the previous document: %w", err)
	}
	return &o, nil
}

// revise journals a document that differs from the newest revision.
func (w *work) revise(ctx context.Context, k target, prior *previous, res *result) {
	enc := document.Encode(res.doc)
	e := w.event(k, prior)
	e.Schema, e.Hash, e.Fields = document.Schema[k.name], enc.Hash, enc.Sums()
	e.Lines, e.Number, e.Email, e.SKU = max(res.lines, e.Prior.Lines), res.number, res.email, res.sku
	if !prior.exists() {
		e.Kind = document.Created
		e.Data = document.AppendData(nil, enc.Names(), nil, enc.JSON)
		w.journal(k, e, "changed")
		return
	}
	var changed []string
	if prior.Hash != enc.Hash {
		changed = enc.Changed(prior.sums)
	}
	if len(changed) == 0 && !w.heldBefore(ctx, k, prior) {
		w.done(k, "unchanged")
		return
	}
	if err := prior.load(ctx, w.t.cfg.Journal); err != nil {
		w.park(k, err)
		return
	}
	before, err := prior.former(k.name, w.t.forgets())
	if err != nil {
		w.park(k, err)
		return
	}
	former := map[string][]byte{}
	for _, name := range changed {
		if raw, ok := before[name]; ok {
			former[name] = raw
		}
	}
	e.Kind = document.Updated
	e.Data = document.AppendData(make([]byte, 0, len(enc.JSON)+512), changed, former, enc.JSON)
	w.journal(k, e, "changed")
}

// heldBefore reports whether the newest revision tells of somebody who is to be forgotten
// in its former values alone: a later one that changes nothing takes its place.
func (w *work) heldBefore(ctx context.Context, k target, prior *previous) bool {
	if w.t.forgets() == nil || k.name != document.OrderEntity && k.name != document.CustomerEntity {
		return false
	}
	if prior.load(ctx, w.t.cfg.Journal) != nil || prior.data == nil {
		return false
	}
	held, err := w.t.HoldsForgotten(k.name, prior.data)
	return err == nil && held
}

// deleted journals that the root row is gone, with the last document known.
func (w *work) deleted(ctx context.Context, k target, prior *previous) {
	if err := prior.load(ctx, w.t.cfg.Journal); err != nil {
		w.park(k, err)
		return
	}
	doc, err := prior.document()
	if err == nil && doc == nil {
		err = fmt.Errorf("the journal has lost event %d, the newest document", prior.Sequence)
	}
	if err != nil {
		w.park(k, err)
		return
	}
	e := w.event(k, prior)
	e.Kind, e.Schema, e.Hash, e.Fields, e.Lines = document.Deleted, prior.Schema, prior.Hash, prior.Known.Fields, prior.Lines
	clean, found, err := forget(k.name, doc, w.t.forgets())
	if err != nil {
		w.park(k, err)
		return
	}
	if found {
		doc, e.Hash, e.Fields = clean.JSON, clean.Hash, clean.Sums()
	}
	e.Number, e.Email, e.SKU = findable(doc)
	e.Data = document.AppendData(nil, nil, nil, doc)
	w.journal(k, e, "deleted")
}

// deletedAgain journals once more that an entity is gone when its last document still
// holds somebody who is to be forgotten since: targets may have kept the record.
func (w *work) deletedAgain(ctx context.Context, k target, prior *previous) (done bool) {
	if prior == nil || !prior.Deleted || w.t.forgets() == nil {
		return false
	}
	err := prior.load(ctx, w.t.cfg.Journal)
	var doc []byte
	if err == nil {
		doc, err = prior.document()
	}
	var found bool
	if err == nil && doc != nil { // retention has not taken it yet
		_, found, err = forget(k.name, doc, w.t.forgets())
	}
	if err != nil {
		w.park(k, err)
		return true
	}
	if found {
		w.deleted(ctx, k, prior)
	}
	return found
}

// event is the next revision of a key, without what is in it.
func (w *work) event(k target, prior *previous) journal.NewEvent {
	s := w.sources[k]
	e := journal.NewEvent{Key: document.Key{Entity: k.name, ID: k.id}, Time: s.time, Origin: s.origin}
	if prior != nil {
		e.Prior = prior.Known
	}
	return e
}

func (w *work) journal(k target, e journal.NewEvent, result string) {
	w.commit.Events = append(w.commit.Events, e)
	w.size += len(e.Data)
	w.differed(w.sources[k], e.Kind)
	w.done(k, result)
}

// findable is what an entity is searched by, out of its document.
func findable(doc []byte) (number, email, sku string) {
	var d struct {
		InvoiceNumber string `json:"invoice_number"`
		Email         string `json:"email"`
		SKU           string `json:"sku"`
		Customer      struct {
			Email string `json:"email"`
		} `json:"customer"`
		Codes struct {
			SKU string `json:"sku"`
		} `json:"codes"`
	}
	if json.Unmarshal(doc, &d) != nil {
		return "", "", ""
	}
	return d.InvoiceNumber, strings.ToLower(d.Email + d.Customer.Email), d.SKU + d.Codes.SKU
}
