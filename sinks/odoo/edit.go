package odoo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// wantLine is a line of an order as Odoo is to hold it.
type wantLine struct {
	priceLine
	product  int64 // product.product
	sequence int
	shipping bool // the line of the carrier
}

// edit is what has to be done to an order so that Odoo holds what it is to hold.
type edit struct {
	order  *saleOrder
	header map[string]any // as write takes it
	lines  []wantLine     // to be added or changed
	drop   []*heldLine    // ours, and not in the shop any more
}

func (e *edit) empty() bool { return len(e.header)+len(e.lines)+len(e.drop) == 0 }

// settleRounds: what is written, read back and still differs is written once more, since
// Odoo may have filled in by itself what depends on what was written first.
const settleRounds = 3

// errUnsettled: a module or an automation of this Odoo is against it.
var errUnsettled = errors.New("what is written into the order is another thing in Odoo a moment later; look for an automation rule or a module that writes into orders")

// createOrders makes the orders that Odoo does not have, with all their lines.
func (s *sink) createOrders(ctx context.Context, orders []*saleOrder) error {
	fresh := those(orders, func(o *saleOrder) bool { return o.id == 0 })
	byCompany := map[int64][]*saleOrder{}
	for _, o := range fresh {
		byCompany[o.store.company] = append(byCompany[o.store.company], o)
	}
	for company, group := range byCompany {
		err := halves(ctx, group, func(ctx context.Context, group []*saleOrder) error { return s.loadNew(ctx, company, group) })
		if err != nil {
			return err
		}
	}
	for _, o := range fresh {
		if o.id == 0 { // refused: was it there all the time, with another number?
			if err := s.recover(ctx, o); err != nil {
				return err
			}
		}
		if err := s.found(ctx, o); err != nil {
			return err
		}
	}
	return s.reread(ctx, fresh)
}

func (s *sink) loadNew(ctx context.Context, company int64, orders []*saleOrder) error {
	columns, err := s.lineColumns(ctx)
	if err != nil {
		return err
	}
	var records []*record
	var of []*saleOrder
	for _, o := range orders {
		cells, err := s.header(ctx, o)
		if err := aside(o, err); err != nil {
			return err
		}
		if err != nil {
			continue
		}
		records = append(records, &record{xid: s.xid(orderName(o.doc.ID)), item: o.item, cells: cells,
			under: map[string][]record{"order_line": s.lineRecords(o.lines, columns)}})
		of = append(of, o)
	}
	if err := s.load(ctx, "sale.order", records, map[string]any{"allowed_company_ids": []int64{company}}); err != nil {
		return err
	}
	for i, o := range of {
		o.id = records[i].id
	}
	return nil
}

// recover finds an order that Odoo refused to make because it is there, confirmed, under
// a number that a person has changed, and the link to it was lost.
func (s *sink) recover(ctx context.Context, o *saleOrder) error {
	var found []any
	err := s.rpc.Call(ctx, "ir.model.data", "check_object_reference",
		rpc.Args{Named: map[string]any{"module": s.prefix, "xml_id": orderName(o.doc.ID)}}, &found)
	if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent {
		return nil // there is none: it was refused for what is in it
	}
	if err != nil {
		return err
	}
	if id, ok := found[len(found)-1].(float64); ok && len(found) == 2 && found[0] == "sale.order" {
		o.id, o.isNew, o.item.err = int64(id), false, nil
	}
	return nil
}

// lineColumns are the names of columns that not every Odoo has.
type lineColumns struct {
	taxes    string
	delivery bool
}

func (s *sink) lineColumns(ctx context.Context) (c lineColumns, err error) {
	c.taxes = "tax_id/.id"
	ok, err := s.has(ctx, "sale.order.line", "tax_ids")
	if ok {
		c.taxes = "tax_ids/.id"
	}
	if err == nil {
		c.delivery, err = s.has(ctx, "sale.order.line", "is_delivery")
	}
	return c, err
}

// lineRecords are lines as load takes them. Quantity, price, discount and taxes always
// go together: Odoo computes anew what is missing among them.
func (s *sink) lineRecords(lines []wantLine, c lineColumns) []record {
	records := make([]record, len(lines))
	for i, l := range lines {
		taxes := make([]string, len(l.taxes))
		for j, id := range l.taxes {
			taxes[j] = strconv.FormatInt(id, 10)
		}
		cells := map[string]string{
			"product_id/.id":  strconv.FormatInt(l.product, 10),
			"name":            l.text,
			"product_uom_qty": l.quantity.String(),
			"price_unit":      l.price.String(),
			"discount":        "0",
			"sequence":        strconv.Itoa(l.sequence),
			c.taxes:           strings.Join(taxes, ","),
		}
		if c.delivery {
			cells["is_delivery"] = "False"
			if l.shipping {
				cells["is_delivery"] = "True"
			}
		}
		records[i] = record{xid: s.xid(l.name), cells: cells}
	}
	return records
}

// settle writes what differs between what Odoo holds and what it is to hold, until
// nothing does. An equal order is read and not written.
func (s *sink) settle(ctx context.Context, orders []*saleOrder) error {
	for round := 1; ; round++ {
		for _, o := range orders {
			if o.held == nil {
				o.item.fail(sinks.Mark(sinks.Retryable, errNotThere))
			}
		}
		look := those(orders, func(o *saleOrder) bool { return !o.linked && (!o.isNew || !o.held.total().Equal(o.priced.want)) })
		if err := s.readLines(ctx, look); err != nil {
			return err
		}
		var edits []*edit
		for _, o := range look {
			e, err := s.differences(ctx, o)
			if err := aside(o, err); err != nil {
				return err
			}
			if err == nil && !e.empty() {
				edits = append(edits, e)
			}
		}
		if len(edits) == 0 {
			return nil
		}
		if orders = nil; round > settleRounds {
			for _, e := range edits {
				e.order.item.fail(sinks.Mark(sinks.Permanent, errUnsettled))
			}
			return nil
		}
		for _, e := range edits {
			orders = append(orders, e.order)
		}
		if err := s.write(ctx, edits); err != nil {
			return err
		}
		orders = going(orders)
		if err := s.reread(ctx, orders); err != nil {
			return err
		}
	}
}

// differences are what has to be written into an order. Those of one that a person is
// further with than the shop are told to that person.
func (s *sink) differences(ctx context.Context, o *saleOrder) (*edit, error) {
	e := &edit{order: o}
	header, err := s.headerChanges(ctx, o)
	if err != nil {
		return nil, err
	}
	e.header = header
	o.lineChanges(e)
	if len(e.lines)+len(e.drop) == 0 && !o.held.total().Equal(o.priced.want) {
		if err := o.correct(e); err != nil {
			return nil, err
		}
	}
	if e.empty() {
		return e, nil
	}
	return s.guard(ctx, e)
}

// lineChanges finds the lines that differ. The one that rounds is no reason by itself:
// what it has to hold, the total tells.
func (o *saleOrder) lineChanges(e *edit) {
	held := map[string]*heldLine{}
	for _, l := range o.held.lines {
		if l.name != "" {
			held[l.name] = l
		}
	}
	var rounding []wantLine
	for _, w := range o.lines {
		if w.name == roundingName(o.doc.ID) {
			rounding = append(rounding, w)
			continue
		}
		w = o.asHeld(w, held)
		h := held[w.name]
		if h != nil && !o.says("lines", "totals", "vouchers") {
			w.text = string(h.Text) // a person may have described it better
		}
		delete(held, w.name)
		if h == nil || !h.same(&w) {
			e.lines = append(e.lines, w)
		}
	}
	rounds := held[roundingName(o.doc.ID)]
	delete(held, roundingName(o.doc.ID))
	for _, h := range held {
		if o.dropped(h) {
			continue
		}
		e.drop = append(e.drop, h)
	}
	slices.SortFunc(e.drop, func(a, b *heldLine) int { return cmp.Compare(a.ID, b.ID) })
	switch {
	case len(e.lines)+len(e.drop) == 0:
	case len(rounding) > 0:
		e.lines = append(e.lines, rounding...)
	case rounds != nil && !o.dropped(rounds):
		e.drop = append(e.drop, rounds)
	}
}

// dropped tells whether a line counts no more: a confirmed order keeps it, with nothing
// in it.
func (o *saleOrder) dropped(l *heldLine) bool {
	return o.held.confirmed() && number(l.Quantity).IsZero()
}

// asHeld is a line under the name and with the product that it can have in Odoo. The
// product of a line changes only in a quotation. The shop's lines keep their product, so
// that another one is that of a mapping, and what was sold stays what it was; but a shop
// whose journal was lost counts its lines anew, and then the line gets another name.
func (o *saleOrder) asHeld(w wantLine, held map[string]*heldLine) wantLine {
	other := w.name + "_p" + strconv.FormatInt(w.product, 10)
	if held[other] != nil {
		w.name = other
		return w
	}
	h := held[w.name]
	if h == nil || h.Product.ID == w.product || o.held.State == stateDraft || o.held.State == stateSent {
		return w
	}
	if w.kind != goodsLine || sameText(string(h.Text), w.text) {
		w.product = h.Product.ID
		return w
	}
	w.name = other
	return w
}

func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// pricePlaces: what differs further behind is not a price but how it is stored.
const pricePlaces = 8

func (l *heldLine) same(w *wantLine) bool {
	taxes := slices.Clone(w.taxes)
	slices.Sort(taxes)
	return l.Product.ID == w.product && sameText(string(l.Text), w.text) && number(l.Quantity).Equal(w.quantity) &&
		number(l.Discount).IsZero() && number(l.Price).Round(pricePlaces).Equal(w.price.Round(pricePlaces)) && slices.Equal(l.taxes(), taxes)
}

func (l *heldLine) taxes() []int64 {
	taxes := append(slices.Clone(l.Taxes), l.OldTaxes...)
	slices.Sort(taxes)
	return taxes
}

// errDelivered, errInvoiced, errLocked: what a dead letter says.
var (
	errDelivered = errors.New("the order is not what the shop has now, and goods of the lines that differ are delivered; nothing was rewritten, Odoo has a note: change it there by hand, then octail dead discard")
	errInvoiced  = errors.New("the order is not what the shop has now, and it is invoiced; nothing was rewritten, Odoo has a note: change it there by hand, then octail dead discard")
	errLocked    = errors.New("the order is not what the shop has now, and it is locked in Odoo; nothing was rewritten, Odoo has a note: unlock it there and octail dead retry, or change it by hand")
)

// guard keeps an edit from what is delivered, invoiced or locked: nothing is rewritten,
// a person is told. Only what does not change what is sold is told without a dead letter.
func (s *sink) guard(ctx context.Context, e *edit) (*edit, error) {
	o, why := e.order, error(nil)
	delivered, touched := false, map[string]bool{}
	for _, w := range e.lines {
		touched[w.name] = true
	}
	for _, h := range e.drop {
		touched[h.name] = true
	}
	onLines := false
	for _, h := range o.held.lines {
		switch {
		case !number(h.Invoiced).IsZero():
			why = errInvoiced
		case !number(h.Delivered).IsZero():
			delivered = true
			onLines = onLines || touched[h.name] && h.name != ""
		}
	}
	switch {
	case o.held.locked():
		why = errLocked
	case why == nil && delivered:
		why = errDelivered
	case why == nil:
		return e, nil
	}
	if document.Erased(o.item.Data) && e.wordsAlone() {
		return &edit{order: o}, nil // Erase takes the words away, and is called next
	}
	if len(touched) == 0 {
		return &edit{order: o}, s.tell(ctx, o, "header_"+e.key(), "In the shop the addresses, the payment, the shipping or the comment of the order were changed. Here nothing was rewritten, since the order is delivered, invoiced or locked.")
	}
	if errors.Is(why, errDelivered) && !onLines {
		return e, nil
	}
	text := "In the shop this order is another one: " + e.text() + ". Here nothing was rewritten, since the order is delivered, invoiced or locked: change it by hand."
	if err := s.tell(ctx, o, "lines_"+e.key(), text); err != nil {
		return nil, err
	}
	return nil, sinks.Mark(sinks.Permanent, why)
}

// wordsAlone tells whether an edit changes nothing of what is sold: texts, and the header.
func (e *edit) wordsAlone() bool {
	rounding := roundingName(e.order.doc.ID)
	held := map[string]*heldLine{}
	for _, h := range e.order.held.lines {
		held[h.name] = h
	}
	for _, w := range e.lines {
		h := held[w.name]
		if w.name == rounding {
			continue // it goes with the others, see lineChanges
		}
		if h == nil {
			return false
		}
		if w.text = string(h.Text); !h.same(&w) {
			return false
		}
	}
	return !slices.ContainsFunc(e.drop, func(h *heldLine) bool { return h.name != rounding })
}

// text says what an edit would do to the lines.
func (e *edit) text() string {
	var parts []string
	for _, w := range e.lines {
		parts = append(parts, fmt.Sprintf("%s x %s at %s", w.quantity, firstLine(w.text), w.price))
	}
	for _, h := range e.drop {
		parts = append(parts, firstLine(string(h.Text))+" is gone")
	}
	return strings.Join(parts, "; ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// key is the same for the same edit.
func (e *edit) key() string {
	var parts []string
	for name, value := range e.header {
		parts = append(parts, fmt.Sprint(name, "=", value))
	}
	slices.Sort(parts)
	return digest(e.text() + strings.Join(parts, ";"))
}
