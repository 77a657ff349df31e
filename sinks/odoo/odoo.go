// Package odoo is a sink that keeps an Odoo equal to the shop, from outside: customers,
// products, stock and orders, with no module inside Odoo. What it writes is found again
// by external ids, so that whatever is repeated is repeated without harm.
package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"octail/internal/httpx"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// Plugin is the entry for the catalogue.
var Plugin = sinks.Define("odoo", "customers, products, stock and orders in Odoo", defaults(), needs, open)

// sink writes to one database of one Odoo. Deliver runs once at a time (needs); Check
// and Compare may run beside it.
type sink struct {
	cfg    Config
	shop   string
	prefix string // of external ids, the part before the dot
	log    *slog.Logger
	links  sinks.Links // nil: none are kept
	rpc    *rpc.Client

	memory memory // what this Odoo is and has

	entities []string               // that it is given
	newest   map[document.Key]int64 // the revision that was written last; by Deliver alone
	keySeen  time.Time              // when the end of the API key was asked for while delivering
	contacts partners               // where customers are in it
}

var _ sinks.Sink = (*sink)(nil)

func open(cfg *Config, env sinks.Env) (sinks.Sink, error) {
	client, err := rpc.New(rpc.Options{
		URL: cfg.URL.Reveal(), Database: cfg.Database, Key: cfg.APIKey.Reveal(), Login: cfg.Login, Password: cfg.Password.Reveal(),
		Transport: cfg.Transport, Pace: env.Pace,
	})
	if err != nil {
		return nil, err
	}
	given := env.Entities
	if given == nil {
		given = entities(cfg)
	}
	return &sink{cfg: *cfg, shop: env.Shop, prefix: "octail_" + env.Shop, log: env.Log, links: env.Links, rpc: client, entities: given}, nil
}

// needs: one call at a time, since Odoo's transactions on one customer, product or
// sequence would only wait for each other.
func needs(c *Config) sinks.Needs {
	return sinks.Needs{
		States: true, Batch: c.Batch, Parallel: 1,
		Parents: map[string][]string{
			document.OrderEntity:   {document.CustomerEntity, document.ProductEntity},
			document.ProductEntity: {document.CategoryEntity},
			document.StockEntity:   {document.ProductEntity},
		},
		Entities: entities(c),
	}
}

// entities are what it can take: the stock levels only where they are pushed.
func entities(c *Config) []string {
	kinds := []string{document.CategoryEntity, document.ProductEntity, document.CustomerEntity, document.OrderEntity}
	if c.Stock == stockPush {
		kinds = append(kinds, document.StockEntity)
	}
	return kinds
}

// item is one delivery of a batch on its way to Odoo.
type item struct {
	*sinks.Delivery
	err error // why it was not taken; nil so far
}

// fail keeps the first cause.
func (i *item) fail(err error) {
	if i.err == nil {
		i.err = err
	}
}

// deleted tells whether the shop has it no more.
func (i *item) deleted() bool { return i.Kind == document.Deleted }

// revived tells whether the shop has again what it had deleted: it was made anew, or it
// is all new to a sink that was told last that it is gone, or nothing. What is written
// once more is not: a person may have archived it since.
func (i *item) revived() bool {
	if i.Again || i.Revision <= 1 || i.Kind == document.Deleted {
		return false
	}
	if i.Kind == document.Created {
		return true
	}
	return i.unknown()
}

// unknown tells whether an update is all new to the sink: it was told last that the entity
// is gone, or nothing.
func (i *item) unknown() bool {
	var d struct {
		Changed  []string        `json:"changed"`
		Previous json.RawMessage `json:"previous"` // absent when there is nothing before
	}
	return json.Unmarshal(i.Data, &d) == nil && len(d.Changed) > 0 && d.Previous == nil
}

// errDocument: what JSON says of it may repeat the document.
var errDocument = errors.New("the document cannot be read")

// read decodes the document of an item; of one that cannot be read it is marked failed.
func read[D any](i *item) (*D, bool) {
	raw, err := document.DocumentOf(i.Data)
	doc := new(D)
	if err == nil {
		err = json.Unmarshal(raw, doc)
	}
	if err != nil {
		i.fail(sinks.Mark(sinks.Permanent, errDocument))
		return nil, false
	}
	return doc, true
}

// Deliver implements sinks.Sink. Parents come before those who name them. An error of
// one of the writers is about all of its items that have not failed before; what was
// written stays, and is found by whoever writes it again.
func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	items := make([]*item, len(batch))
	kinds := map[string][]*item{}
	for i := range batch {
		items[i] = &item{Delivery: &batch[i]}
		if !s.stale(items[i]) {
			kinds[batch[i].Entity] = append(kinds[batch[i].Entity], items[i])
		}
	}
	for _, writer := range []struct {
		entity string
		write  func(context.Context, []*item) error
	}{
		{document.CategoryEntity, s.categories},
		{document.ProductEntity, s.products},
		{document.StockEntity, s.stocks},
		{document.CustomerEntity, s.customers},
		{document.OrderEntity, s.orders},
	} {
		if of := kinds[writer.entity]; len(of) > 0 {
			err := writer.write(ctx, of)
			if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent && len(of) > 1 {
				// Odoo is against something in one of them, and nobody has found out which.
				for _, i := range of {
					if i.err == nil {
						i.fail(writer.write(ctx, []*item{i}))
					}
				}
				continue
			}
			if err != nil {
				if len(of) > 1 {
					err = httpx.WithoutBodies(err)
				}
				for _, i := range of {
					i.fail(err)
				}
			}
		}
	}
	s.watchKey(ctx)
	failed, outdated := map[int]error{}, false
	for i, it := range items {
		if it.err != nil {
			if s.outdated(it.err) {
				outdated = true
				it.err = sinks.Mark(sinks.Retryable, it.err)
			}
			s.eraseRefused(ctx, it)
			failed[i] = fmt.Errorf("%s: %w", it.EventID(), it.err)
			continue
		}
		s.wrote(it)
	}
	if outdated {
		s.forget()
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(batch) == 1:
		return failed[0]
	}
	return &sinks.BatchError{Failed: failed}
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	s.rpc.Close()
	return nil
}
