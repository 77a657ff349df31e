package oracle

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Oracle makes documents from rows. Make one with New.
type Oracle struct {
	// Drafts makes documents of orders that were never confirmed, too (`capture.drafts: true`).
	Drafts bool
	// Zone is the zone of the times of a shop that has no setting for it (before 3.0); nil is UTC.
	Zone *time.Location

	db     *sql.DB // nil in unit tests
	prefix string
	source source
	ref    *reference
	latest map[subject]map[string]any
	sold   map[int64]*sold
}

// subject names one entity.
type subject struct {
	entity string
	key    int64
}

// New opens an oracle on the shop in the database that db is connected to, and reads its reference data.
func New(ctx context.Context, db *sql.DB, prefix string) (*Oracle, error) {
	o := &Oracle{db: db, prefix: prefix}
	o.Reset()
	return o, o.Refresh(ctx)
}

// Refresh reads schema and reference data again. Call it when the shop may have changed.
func (o *Oracle) Refresh(ctx context.Context) error {
	if o.db != nil {
		d, err := openDatabase(ctx, o.db, o.prefix)
		if err != nil {
			return fmt.Errorf("oracle: %w", err)
		}
		o.source = d
	}
	ref, err := readReference(ctx, o.source)
	if err != nil {
		return fmt.Errorf("oracle: %w", err)
	}
	if o.Zone != nil && !ref.ownZone {
		ref.zone = o.Zone
	}
	o.ref = ref
	return nil
}

// Reset forgets every document made so far.
func (o *Oracle) Reset() {
	o.latest = map[subject]map[string]any{}
	o.sold = map[int64]*sold{}
}

// Forget forgets one entity: its next document is a first one.
func (o *Oracle) Forget(entity string, key int64) {
	delete(o.latest, subject{entity, key})
	if entity == "order" {
		delete(o.sold, key)
	}
}

// Previous is the latest document made of an entity, nil when there is none.
func (o *Oracle) Previous(entity string, key int64) map[string]any {
	return o.latest[subject{entity, key}]
}

// Document makes the whole document of an entity (order, customer, product, stock, category) from its rows; tables
// that the rows do not hold are read from the database. Its values are string, bool, int64, nil, []any and
// map[string]any; the Oracle keeps it, so do not change it. The document is nil, without an error, when the entity is
// not for the outside: an order that was never confirmed.
func (o *Oracle) Document(ctx context.Context, entity string, rows Rows) (map[string]any, error) {
	key, err := rows.key(entity)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entity, err)
	}
	if entity == "order" && o.isDraft(rows["order"][0], key) {
		return nil, nil
	}
	level := rows["stock"]
	if rows, err = read(ctx, o.source, entity, key, rows); err != nil {
		return nil, err
	}
	var doc map[string]any
	switch entity {
	case "order":
		doc, err = o.order(rows)
	case "customer":
		doc, err = o.ref.customer(rows)
	case "product":
		doc, err = o.ref.product(rows)
	case "stock":
		doc, err = o.ref.stock(rows, level)
	case "category":
		doc, err = o.ref.category(rows)
	}
	if err != nil {
		return nil, fmt.Errorf("%s/%d: %w", entity, key, err)
	}
	o.latest[subject{entity, key}] = doc
	return doc, nil
}

// isDraft says that the order has never been confirmed.
func (o *Oracle) isDraft(order Row, key int64) bool {
	return order.integer("order_status_id") == 0 && o.latest[subject{"order", key}] == nil && !o.Drafts
}

// key finds the key of an entity in its root row. Of stock an expected file may hold only the quantity.
func (rows Rows) key(entity string) (int64, error) {
	children, ok := aggregates[entity]
	if !ok {
		return 0, fmt.Errorf("unknown entity")
	}
	table, column := children[0].table, children[0].column
	if entity == "stock" && len(rows["stock"]) > 0 {
		table = "stock"
	}
	root, err := rows.root(table)
	if err != nil {
		return 0, err
	}
	key := root.integer(column)
	if key == 0 {
		return 0, fmt.Errorf("no %s in table %s", column, table)
	}
	return key, nil
}
