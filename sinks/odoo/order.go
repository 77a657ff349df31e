package odoo

import (
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

// saleOrder is an order of the shop on its way to Odoo.
type saleOrder struct {
	item *item
	doc  *document.Order

	// What the shop's values are in Odoo.
	want     saleState
	payment  payment
	carrier  carrier
	currency currency
	store    store
	taxes    []tax // index as the tax rows of doc.Totals
	to       addressee
	products map[int64]int64 // line -> product.product
	priced   priced
	lines    []wantLine // as Odoo is to hold them, in order

	id     int64      // in Odoo; 0: it is not there yet
	held   *heldOrder // what Odoo holds, as read last; nil: nothing
	isNew  bool       // it was not in Odoo before this batch
	linked bool       // a person tied it to id: its lines are that person's
	writer int64      // who wrote into it last when it was found: a user of Odoo; 0: it was not there

	rounding  int64 // the product of the line that rounds
	corrected bool  // that line was corrected by what Odoo's total is
	named     bool  // the names of its lines are asked for, whatever they hold
}

// failed tells whether the order is out of the batch.
func (o *saleOrder) failed() bool { return o.item.err != nil }

// going are the orders that have not failed.
func going(orders []*saleOrder) []*saleOrder {
	return those(orders, func(o *saleOrder) bool { return true })
}

// those are the orders that have not failed and for which something is so.
func those(orders []*saleOrder, so func(*saleOrder) bool) []*saleOrder {
	var out []*saleOrder
	for _, o := range orders {
		if o.item.err == nil && so(o) {
			out = append(out, o)
		}
	}
	return out
}

// orders writes the orders of a batch. Each step works on all of them at once, and an
// order that fails is left out of the next ones. Any step may be the last, when octail or
// Odoo is killed: whoever comes again compares what Odoo holds with what it is to hold,
// and writes what differs. Nothing returns without an error that was not read back.
func (s *sink) orders(ctx context.Context, items []*item) error {
	var orders, gone []*saleOrder
	for _, it := range items {
		doc, ok := read[document.Order](it)
		if !ok {
			continue
		}
		o := &saleOrder{item: it, doc: doc}
		if it.deleted() {
			gone = append(gone, o)
		} else {
			orders = append(orders, o)
		}
	}
	if err := s.ordersGone(ctx, gone); err != nil {
		return err
	}
	if err := s.leaveAbsent(ctx, orders); err != nil {
		return err
	}
	if err := s.writeOrders(ctx, orders); err != nil {
		return err
	}
	for _, o := range orders {
		if errors.Is(o.item.err, errStale) {
			if err := s.forgetGoods(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// leaveAbsent takes out the orders that are to be written only where Odoo has them, and
// which it has not.
func (s *sink) leaveAbsent(ctx context.Context, orders []*saleOrder) error {
	asked := those(orders, func(o *saleOrder) bool { return o.item.Existing })
	if len(asked) == 0 {
		return nil
	}
	if err := s.findOrders(ctx, asked); err != nil {
		return err
	}
	for _, o := range asked {
		if o.item.err == nil && o.held == nil {
			o.item.fail(sinks.ErrAbsent)
		}
	}
	return nil
}

// writeOrders takes orders through the steps.
func (s *sink) writeOrders(ctx context.Context, orders []*saleOrder) error {
	if err := s.stepOrders(ctx, orders); err != nil {
		return err
	}
	return s.takeBack(ctx, orders)
}

func (s *sink) stepOrders(ctx context.Context, orders []*saleOrder) error {
	for _, step := range []func(context.Context, []*saleOrder) error{
		s.mapOrders, s.findOrders, s.addressees, s.goods, s.priceOrders, s.createOrders, s.settle, s.bring, s.verifyOrders,
	} {
		if orders = going(orders); len(orders) == 0 {
			return nil
		}
		if err := step(ctx, orders); err != nil {
			return err
		}
	}
	return nil
}

// mapOrders finds what the shop's values are in Odoo; an order with one that has no
// counterpart is held.
func (s *sink) mapOrders(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		if err := aside(o, s.mapOrder(ctx, o)); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) mapOrder(ctx context.Context, o *saleOrder) (err error) {
	if o.want, err = s.mapStatus(ctx, o.doc.Status); err != nil {
		return err
	}
	if o.store, err = s.mapStore(ctx, o.doc.Store); err != nil {
		return err
	}
	if o.currency, err = s.mapCurrency(ctx, o.store.company, o.doc.Currency.Code); err != nil {
		return err
	}
	if err := s.ownMoney(ctx, o); err != nil {
		return err
	}
	if o.payment, err = s.mapPayment(ctx, o.store.company, o.doc.Payment); err != nil {
		return err
	}
	if o.carrier, err = s.mapCarrier(ctx, o.store.company, o.doc.Shipping); err != nil {
		return err
	}
	o.taxes, err = s.mapTaxes(ctx, o)
	return err
}

// mapTaxes maps the tax rows of an order.
func (s *sink) mapTaxes(ctx context.Context, o *saleOrder) ([]tax, error) {
	taxes := []tax{}
	for _, row := range o.doc.Totals {
		if row.Code != "tax" {
			continue
		}
		t, err := s.mapTaxRow(ctx, o.store.company, row)
		if err != nil {
			return nil, err
		}
		taxes = append(taxes, t)
	}
	return taxes, nil
}

// mapTaxRow is mapTax of a row of totals, of which the shop may not know the rate any
// more.
func (s *sink) mapTaxRow(ctx context.Context, company int64, row document.Total) (tax, error) {
	var of document.TotalTax
	if row.Tax != nil {
		of = *row.Tax
	}
	return s.mapTax(ctx, company, of, row.Title)
}

// aside fails an order with an error that is about it alone; what is left is about all.
func aside(o *saleOrder, err error) error {
	if err == nil {
		return nil
	}
	class, _ := sinks.ClassOf(err)
	if _, held := sinks.HeldFor(err); held || class == sinks.Permanent || errors.Is(err, errStale) {
		o.item.fail(err)
		return nil
	}
	return err
}

// halves does something for all orders at once, and when Odoo refuses that for what is
// wrong with one of them, for each half, until the one is found.
func halves(ctx context.Context, orders []*saleOrder, do func(context.Context, []*saleOrder) error) error {
	if len(orders) == 0 {
		return nil
	}
	err := do(ctx, orders)
	if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Permanent {
		return err
	}
	if len(orders) == 1 {
		orders[0].item.fail(err)
		return nil
	}
	n := len(orders) / 2
	return errors.Join(halves(ctx, orders[:n], do), halves(ctx, orders[n:], do))
}

// findOrders finds the orders that Odoo has already. One that a person has deleted in
// Odoo is new again.
func (s *sink) findOrders(ctx context.Context, orders []*saleOrder) error {
	var ids []int64
	var numbers []string
	for _, o := range orders {
		numbers = append(numbers, o.doc.Number)
		if s.links == nil {
			continue
		}
		link, ok, err := s.links.Link(ctx, o.item.Key)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if o.id, err = strconv.ParseInt(link.Target, 10, 64); err != nil {
			o.item.fail(sinks.Mark(sinks.Permanent, fmt.Errorf("%s is tied to %q, which is no id of Odoo; tie it anew with octail link, or loosen it", o.item.Key, link.Target)))
			continue
		}
		o.linked = link.Person
		ids = append(ids, o.id)
	}
	found, err := s.search(ctx, ids, numbers)
	if err != nil {
		return err
	}
	byID := map[int64]*heldOrder{}
	for _, h := range found {
		byID[h.ID] = h
	}
	for _, o := range orders {
		// In an Odoo that was restored from a backup the id of a link may be another order's
		// now: then it is believed only with the number of ours.
		if h := byID[o.id]; h != nil && (o.linked || string(h.Number) == o.doc.Number) {
			o.held, o.writer = h, h.Writer.ID
			delete(byID, o.id)
		}
	}
	var strange []int64 // with the number of one of ours: whose they are, the external id tells
	for id := range byID {
		strange = append(strange, id)
	}
	byName, err := s.ours(ctx, "sale.order", strange)
	if err != nil {
		return err
	}
	for _, o := range going(orders) {
		if o.held != nil {
			continue
		}
		if o.linked && o.item.deleted() {
			continue
		}
		if o.linked {
			o.item.fail(sinks.Mark(sinks.Permanent, fmt.Errorf("%s is tied to the order with the id %d, which Odoo does not have; tie it anew with octail link, or loosen it", o.item.Key, o.id)))
			continue
		}
		if o.id != 0 {
			if err := s.links.Lost(ctx, o.item.Key); err != nil {
				return err
			}
		}
		o.id, o.isNew = 0, true
		if id, ok := byName[orderName(o.doc.ID)]; ok {
			o.id, o.held, o.writer, o.isNew = id, byID[id], byID[id].Writer.ID, false
		}
		if err := s.found(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// search reads orders by their ids and by the shop's numbers.
func (s *sink) search(ctx context.Context, ids []int64, numbers []string) ([]*heldOrder, error) {
	fields, err := s.orderFields(ctx)
	if err != nil {
		return nil, err
	}
	domain := []any{[]any{"client_order_ref", "in", numbers}}
	if len(ids) > 0 {
		domain = append([]any{"|", []any{"id", "in", ids}}, domain...)
	}
	var found []*heldOrder
	if err := s.rpc.SearchRead(ctx, "sale.order", rpc.Find{Domain: domain, Fields: fields, Context: map[string]any{"active_test": false}}, &found); err != nil {
		return nil, fmt.Errorf("search for %d orders: %w", len(numbers), err)
	}
	return found, nil
}

// found remembers where an order is.
func (s *sink) found(ctx context.Context, o *saleOrder) error {
	if o.id == 0 || s.links == nil || o.linked {
		return nil
	}
	return s.links.Found(ctx, o.item.Key, strconv.FormatInt(o.id, 10))
}

// priceOrders makes the lines that Odoo is to hold.
func (s *sink) priceOrders(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		if err := aside(o, s.priceOrder(ctx, o)); err != nil {
			return err
		}
	}
	return nil
}

// bring leads the orders to the state they are to have.
func (s *sink) bring(ctx context.Context, orders []*saleOrder) error {
	if err := s.advance(ctx, orders); err != nil {
		return err
	}
	// One whose next step is a person's is dated and told of as the others are.
	there := slices.DeleteFunc(slices.Clone(orders), func(o *saleOrder) bool {
		class, _ := sinks.ClassOf(o.item.err)
		return o.item.err != nil && class != sinks.Permanent
	})
	if err := s.dates(ctx, there); err != nil {
		return err
	}
	if err := s.notes(ctx, there); err != nil {
		return err
	}
	for _, o := range going(orders) {
		if err := aside(o, s.tellBack(ctx, o)); err != nil {
			return err
		}
	}
	return nil
}

// tellBack tells a person of an order that is cancelled in Odoo alone, and notes that the
// shop has gone back to before the confirmation, where Odoo has
// no way to.
func (s *sink) tellBack(ctx context.Context, o *saleOrder) error {
	if o.want != cancelled && o.held != nil && o.held.State == stateCancel && o.left() {
		return s.tell(ctx, o, "cancelled_here", "In the shop something was changed in this order, which is cancelled here and not there. It stays so until the shop gives it another status.")
	}
	if o.want > sent || o.held == nil || !o.held.confirmed() {
		return nil
	}
	g, err := s.goal(ctx, o)
	if err != nil || !g.confirmed {
		return err // not confirmed by the shop but by a person, who knows
	}
	return s.note(ctx, o, "back", "In the shop this order is pending again. Here it stays confirmed: cancel it, or leave it as it is.")
}

// dates gives orders the time they were placed: Odoo's confirmation writes its own, and
// gives it to the transfers. Those have to follow: to Odoo a transfer of another date is
// another one, which it does not lower when a person takes something off a line. It dates
// them anew when a promised date is written, also none, by the date the order has then: so
// an order without a promise is written twice in the same call.
//
// In that call octail's own user goes, whom Odoo makes the salesperson of what he writes:
// customers read the name on invoices, and nobody does the to-dos.
func (s *sink) dates(ctx context.Context, orders []*saleOrder) error {
	b, err := s.known(ctx)
	if err != nil {
		return err
	}
	ours := func(o *saleOrder) bool { return s.cfg.Orders.Salesperson == "" && o.held.User.ID == b.user }
	var late []*saleOrder
	for _, o := range orders {
		if at := o.placed(); !o.linked && o.held != nil && (at != "" && at != string(o.held.Date) || ours(o)) {
			late = append(late, o)
		}
	}
	return halves(ctx, late, func(ctx context.Context, late []*saleOrder) error {
		var records []*record
		for _, o := range late {
			cells, times := map[string]string{}, 1
			if at := o.placed(); at != "" {
				cells["date_order"] = at
			}
			if ours(o) {
				cells["user_id/.id"] = ""
			}
			if o.held.confirmed() && o.held.Promised == "" {
				cells["commitment_date"], times = "", 2
			}
			for range times {
				records = append(records, &record{xid: s.xid(orderName(o.doc.ID)), item: o.item, cells: cells})
			}
		}
		return s.load(ctx, "sale.order", records, nil)
	})
}

// placed is when an order was placed, as Odoo writes times; "" when the shop does not know.
func (o *saleOrder) placed() string {
	if o.doc.PlacedAt == nil {
		return ""
	}
	return odooTime(*o.doc.PlacedAt)
}

// errNotThere: an order was deleted in Odoo while it was written.
var errNotThere = errors.New("the order is not in Odoo any more, a moment after it was written")

// verifyOrders is the last look: what is not as it is to be is not acknowledged.
func (s *sink) verifyOrders(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		switch h := o.held; {
		case h == nil:
			o.item.fail(sinks.Mark(sinks.Retryable, errNotThere))
		case !h.total().Equal(o.priced.want):
			o.item.fail(o.unequal())
		case h.State == stateCancel && o.left():
		case o.want == cancelled && h.State != stateCancel, o.want >= confirmed && o.want != cancelled && !h.confirmed():
			o.item.fail(sinks.Mark(sinks.Retryable, fmt.Errorf("the order is %q in Odoo and was to be %s: does a rule or a module of this Odoo change it?", h.State, o.want)))
		}
	}
	return nil
}

// left tells whether a cancellation in Odoo is a person's: the shop says nothing new of
// what Odoo has to do.
func (o *saleOrder) left() bool { return !o.news("lines", "status", "totals", "vouchers") }

// displayed is a number by the setting orders.number; "": Odoo's own sequence.
func (s *sink) displayed(o *saleOrder) string {
	return strings.ReplaceAll(s.cfg.Orders.Number, "{number}", o.doc.Number)
}
