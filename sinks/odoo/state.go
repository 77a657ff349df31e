package odoo

// What is left to do with an order so that Odoo has the state the shop wants. Nothing
// here calls Odoo, so that every way through can be tried.

// goal is how far an order has to be in Odoo.
type goal struct {
	end                             saleState // what the shop's present status says
	confirmed                       bool
	delivered, invoiced, paid, lock bool
	invoicedAt, paidAt              string // when the shop said so, RFC 3339; "": it does not tell
	// reached: Odoo was there, and the shop says nothing new of it. What differs now a
	// person did: cancelled it, sent something once more, made a credit note.
	reached bool
}

// reached is one step of a shop's history as Odoo's state.
type reached struct {
	state saleState
	at    string // RFC 3339; "": unknown
}

// goalOf: the present status is where it ends. Deliveries, invoices and payments of the
// history stay: an order that was paid and then shipped is both. What lies before a
// cancellation counts no more.
func goalOf(end saleState, history []reached) goal {
	g := goal{end: end}
	if end == cancelled {
		return g
	}
	for _, r := range history {
		if r.state == cancelled {
			g = goal{end: end}
			continue
		}
		g.reach(r)
	}
	g.reach(reached{state: end})
	g.lock = end == locked
	return g
}

func (g *goal) reach(r reached) {
	switch r.state {
	case confirmed, locked:
	case delivered:
		g.delivered = true
	case paid:
		if g.paidAt == "" && !g.paid {
			g.paidAt = r.at
		}
		g.paid = true
		fallthrough
	case invoiced:
		if g.invoicedAt == "" && !g.invoiced {
			g.invoicedAt = r.at
		}
		g.invoiced = true
	default:
		return
	}
	g.confirmed = true
}

// deep tells whether deliveries and invoices have to be known to reach the goal.
func (g goal) deep() bool {
	return g.end == cancelled || g.delivered || g.invoiced
}

// Odoo's states of an order. stateDone is that of a locked one where locked is no field
// of its own (before 17).
const (
	stateDraft  = "draft"
	stateSent   = "sent"
	stateSale   = "sale"
	stateDone   = "done"
	stateCancel = "cancel"
)

// standing is how far an order is in Odoo.
type standing struct {
	state  string
	locked bool

	// The rest is known when deep is set.
	deep     bool
	open     int  // transfers that are neither done nor cancelled
	shipped  int  // transfers that are done
	billable bool // Odoo would invoice something now
	drafts   int  // invoices that are not posted
	posted   int  // invoices that are
	unpaid   int  // of those, the ones with something left to pay
}

// step is the next thing to do with an order.
type step int

// Steps. stepNone: it is where it has to be.
const (
	stepNone   step = iota
	stepLook        // deliveries and invoices have to be known first
	stepReopen      // cancelled, back to a draft
	stepSend
	stepConfirm
	stepDeliver
	stepInvoice
	stepPost
	stepPay
	stepLock
	stepUnlock
	stepCancel
	stepPerson // it would undo a delivery or an invoice
)

func (s step) String() string {
	return [...]string{"none", "look", "reopen", "send", "confirm", "deliver", "invoice", "post the invoice of", "register the payment of", "lock", "unlock", "cancel", "undo"}[s]
}

// next is the one step that leads from what Odoo has towards the goal. An order never
// goes back but to a draft out of a cancellation, and what was delivered or invoiced is
// never cancelled and never comes back from there.
func (g goal) next(have standing) step {
	switch {
	case g.end == cancelled:
		return g.cancel(have)
	case have.state == stateCancel && g.reached:
		return stepNone
	case have.state == stateCancel && !have.deep:
		return stepLook
	case have.state == stateCancel && (have.shipped > 0 || have.posted > 0):
		return stepPerson
	case have.state == stateCancel:
		return stepReopen
	case have.state == stateDraft || have.state == stateSent:
		switch {
		case g.confirmed:
			return stepConfirm
		case g.end == sent && have.state == stateDraft:
			return stepSend
		}
		return stepNone
	case g.reached:
		return stepNone
	case g.deep() && !have.deep:
		return stepLook
	case g.delivered && have.open > 0:
		return stepDeliver
	case g.invoiced && have.billable:
		return stepInvoice
	case g.invoiced && have.drafts > 0:
		return stepPost
	case g.paid && have.unpaid > 0:
		return stepPay
	case g.lock && !have.locked:
		return stepLock
	}
	return stepNone
}

func (g goal) cancel(have standing) step {
	switch {
	case have.state == stateCancel:
		return stepNone
	case !have.deep:
		return stepLook
	case have.shipped > 0 || have.posted > 0:
		return stepPerson
	case have.locked:
		return stepUnlock
	}
	return stepCancel
}

// short tells whether the goal has an invoice that Odoo cannot make yet: its products
// are invoiced when they are delivered, and the shop has not shipped them.
func (g goal) short(have standing) bool {
	return g.invoiced && have.deep && have.posted+have.drafts == 0 && !have.billable &&
		(have.state == stateSale || have.state == stateDone)
}
