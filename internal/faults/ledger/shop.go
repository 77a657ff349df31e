package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	_ "github.com/go-sql-driver/mysql" // the driver of the shop's database
)

// Entities are what a shop has.
var Entities = []string{"order", "customer", "product", "stock", "category"}

// Facts are what is compared of one entity, in the shop and in a target.
type Facts struct {
	Status int64  // an order's status id; 1 or 0 of what can be switched off
	Total  string // as stored: an order's total, a product's price, a stock's quantity
	Lines  int    // an order's lines, a customer's addresses, a product's further images
	Texts  string // every text, sorted and joined: names, comment, lines with quantity and total, totals with value
}

// Shop is what a shop holds, by subject ("order/12"). Orders with status 0 are in it: nobody
// must have them who has not had them before.
type Shop map[string]Facts

// Read reads a shop in one consistent snapshot. The source is a database of
// go-sql-driver/mysql, the prefix that of the tables.
func Read(ctx context.Context, source, prefix string) (Shop, error) {
	db, err := sql.Open("mysql", source)
	if err != nil {
		return nil, fmt.Errorf("open the shop: %w", err)
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open the shop: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	r := &reader{ctx: ctx, tx: tx, prefix: prefix, facts: map[string]*gathered{}}
	for _, q := range questions {
		if err := r.ask(q); err != nil {
			return nil, fmt.Errorf("read %s of the shop: %w", q.entity, err)
		}
	}
	shop := Shop{}
	for subject, g := range r.facts {
		if g.root {
			shop[subject] = g.sum()
		}
	}
	return shop, nil
}

// question is a statement whose rows say something of an entity. A root's columns are
// key, status, total and texts; a line's (counted) and a text's are key and texts.
type question struct {
	entity string
	kind   int
	sql    string // {t} is the table t with its prefix
}

const (
	root = iota
	line // counts as a line, its texts joined to one
	text // its texts joined to one, nothing counted
	each // every column is a text of its own
)

var questions = []question{
	{"order", root, "SELECT order_id, order_status_id, total, firstname, lastname, email, telephone, comment, shipping_firstname, shipping_lastname, shipping_address_1, shipping_city, shipping_postcode FROM {order}"},
	{"order", line, "SELECT order_id, name, model, quantity, price, total FROM {order_product}"},
	{"order", text, "SELECT order_id, code, title, value FROM {order_total}"},
	{"order", text, "SELECT order_id, name, value FROM {order_option}"},
	{"customer", root, "SELECT customer_id, status, '', firstname, lastname, email, telephone FROM {customer}"},
	{"customer", line, "SELECT customer_id, firstname, lastname, address_1, city, postcode FROM {address}"},
	{"product", root, "SELECT product_id, status, price, model FROM {product}"},
	{"product", each, "SELECT product_id, name FROM {product_description}"},
	{"product", line, "SELECT product_id, image FROM {product_image}"},
	{"stock", root, "SELECT product_id, 0, quantity FROM {product}"},
	{"category", root, "SELECT category_id, status, '' FROM {category}"},
	{"category", each, "SELECT category_id, name FROM {category_description}"},
}

// gathered is what was found so far of one entity.
type gathered struct {
	root  bool
	facts Facts
	texts []string
}

func (g *gathered) add(parts ...string) {
	if joined := strings.Join(parts, " | "); strings.Trim(joined, " |") != "" {
		g.texts = append(g.texts, joined)
	}
}

func (g *gathered) sum() Facts {
	slices.Sort(g.texts)
	g.facts.Texts = strings.Join(g.texts, "\n")
	return g.facts
}

type reader struct {
	ctx    context.Context
	tx     *sql.Tx
	prefix string
	facts  map[string]*gathered
}

func (r *reader) ask(q question) error {
	before, rest, _ := strings.Cut(q.sql, "{")
	table, after, _ := strings.Cut(rest, "}")
	rows, err := r.tx.QueryContext(r.ctx, before+"`"+r.prefix+table+"`"+after)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var key int64
	values := make([]sql.NullString, len(columns)-1)
	into := []any{&key}
	for i := range values {
		into = append(into, &values[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		subject := fmt.Sprintf("%s/%d", q.entity, key)
		g := r.facts[subject]
		if g == nil {
			g = &gathered{}
			r.facts[subject] = g
		}
		texts := values
		if q.kind == root {
			g.root = true
			if _, err := fmt.Sscan(values[0].String, &g.facts.Status); err != nil {
				return fmt.Errorf("%s: status %q", subject, values[0].String)
			}
			g.facts.Total, texts = values[1].String, values[2:]
		}
		if q.kind == line {
			g.facts.Lines++
		}
		var plain []string
		for _, t := range texts {
			plain = append(plain, unescape(t.String))
		}
		if q.kind == root || q.kind == each {
			for _, t := range plain {
				g.add(t)
			}
			continue
		}
		g.add(plain...)
	}
	return rows.Err()
}

// unescape undoes what OpenCart does to every text that is sent to it.
func unescape(s string) string {
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#039;", "'").Replace(s)
}
