package odoo

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/transform/document"
)

// With orders.confirm: state the load that makes an order confirms it too, a moment before
// its total can be read. Whoever is killed in that moment leaves a confirmed order that
// nobody has looked at. What the sink has accepted was looked at; so of an order of which
// it has accepted nothing, whatever keeps it from being accepted, the total is compared
// here, and one with another total is made a quotation again.

// first tells whether the sink has accepted no revision of an entity yet.
func (i *item) first() bool {
	return !i.Again && i.Kind != document.Deleted && (i.Kind == document.Created || i.unknown())
}

// confirmsInLoad tells whether the load that makes an order is to confirm it as well
// (column state, key "sale"): it keeps the date, and skips what other modules do on a
// confirmation. Written later, the state makes no transfers. Not for an order that was
// accepted before and is made anew: nothing would tell that its total is still to be read.
func (s *sink) confirmsInLoad(ctx context.Context, o *saleOrder) (bool, error) {
	if s.cfg.Orders.Confirm != confirmState || !o.isNew || !o.item.first() {
		return false, nil
	}
	g, err := s.goal(ctx, o)
	return g.confirmed, err
}

// takeBack makes quotations again of orders that were confirmed by the load that made
// them, are not accepted, and have not the shop's total: nobody is to deliver those. It
// leaves alone what somebody else has written into, and what is delivered or invoiced.
func (s *sink) takeBack(ctx context.Context, orders []*saleOrder) error {
	if s.cfg.Orders.Confirm != confirmState {
		return nil
	}
	var stuck, unread []*saleOrder
	for _, o := range orders {
		class, _ := sinks.ClassOf(o.item.err)
		_, held := sinks.HeldFor(o.item.err)
		if o.item.err == nil || class != sinks.Permanent && !held || o.linked || !o.item.first() {
			continue // accepted, or it comes again soon and is looked at then
		}
		c := *o
		c.item = &item{Delivery: o.item.Delivery}
		stuck = append(stuck, &c)
		if c.held == nil {
			unread = append(unread, &c)
		}
	}
	if len(unread) > 0 {
		if err := s.findOrders(ctx, unread); err != nil {
			return err
		}
	}
	is, err := s.known(ctx)
	if err != nil {
		return err
	}
	var walks []*walk
	for _, o := range stuck {
		want, ok := totalOf(o.doc)
		foreign := o.held != nil && slices.ContainsFunc(o.held.lines, func(l *heldLine) bool { return l.name == "" && l.Creator.ID != is.user })
		if o.failed() || o.held == nil || !o.held.confirmed() || !ok || o.held.total().Equal(want) || foreign || o.writer != 0 && o.writer != is.user {
			continue
		}
		walks = append(walks, &walk{saleOrder: o, goal: goalOf(cancelled, nil)})
	}
	if err := s.look(ctx, walks); err != nil {
		return err
	}
	var ids []int64
	for _, w := range walks {
		if !w.failed() && w.goal.next(w.have) == stepCancel {
			ids = append(ids, w.id)
		}
	}
	for _, method := range []string{"action_cancel", "action_draft"} {
		err := s.all(ctx, "sale.order", method, ids, func(id int64, err error) {
			s.log.Warn("an order whose total is not the shop's stays confirmed in Odoo: cancel it there", "order", id, "error", err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// totalOf is the total that an order is to have in Odoo; ok is false when the shop's
// cannot be read.
func totalOf(o *document.Order) (total decimal.Decimal, ok bool) {
	total, ok = decimalOf(o.Total)
	rate, known := decimalOf(o.Currency.Rate)
	return total.Mul(rate).Round(int32(o.Currency.Decimals)), ok && known
}
