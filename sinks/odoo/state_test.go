package odoo

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestGoalOf(t *testing.T) {
	step := func(s saleState, at string) reached { return reached{state: s, at: at} }
	for name, c := range map[string]struct {
		end     saleState
		history []reached
		want    goal
	}{
		"a quotation":               {draft, nil, goal{end: draft}},
		"sent":                      {sent, nil, goal{end: sent}},
		"confirmed":                 {confirmed, nil, goal{end: confirmed, confirmed: true}},
		"delivered":                 {delivered, nil, goal{end: delivered, confirmed: true, delivered: true}},
		"paid means invoiced":       {paid, nil, goal{end: paid, confirmed: true, invoiced: true, paid: true}},
		"invoiced is not delivered": {invoiced, nil, goal{end: invoiced, confirmed: true, invoiced: true}},
		"locked":                    {locked, nil, goal{end: locked, confirmed: true, lock: true}},
		"cancelled":                 {cancelled, []reached{step(paid, "1")}, goal{end: cancelled}},
		"paid, then shipped": {delivered, []reached{step(paid, "1"), step(delivered, "2")},
			goal{end: delivered, confirmed: true, delivered: true, invoiced: true, paid: true, invoicedAt: "1", paidAt: "1"}},
		"invoiced, then paid": {paid, []reached{step(invoiced, "1"), step(paid, "2"), step(paid, "3")},
			goal{end: paid, confirmed: true, invoiced: true, paid: true, invoicedAt: "1", paidAt: "2"}},
		"back to pending stays confirmed": {draft, []reached{step(confirmed, "1"), step(draft, "2")}, goal{end: draft, confirmed: true}},
		"cancelled and taken up again": {draft, []reached{step(paid, "1"), step(cancelled, "2"), step(draft, "3")},
			goal{end: draft}},
		"cancelled, then paid": {paid, []reached{step(delivered, "1"), step(cancelled, "2"), step(paid, "3")},
			goal{end: paid, confirmed: true, invoiced: true, paid: true, invoicedAt: "3", paidAt: "3"}},
		"once locked": {delivered, []reached{step(locked, "1"), step(delivered, "2")}, goal{end: delivered, confirmed: true, delivered: true}},
	} {
		if got := goalOf(c.end, c.history); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestNext(t *testing.T) {
	deep := func(s standing) standing { s.deep = true; return s }
	is := func(end saleState, before ...saleState) goal {
		var h []reached
		for _, b := range before {
			h = append(h, reached{state: b})
		}
		return goalOf(end, h)
	}
	for name, c := range map[string]struct {
		goal goal
		have standing
		want step
	}{
		"a draft stays":                      {is(draft), standing{state: stateDraft}, stepNone},
		"a draft that a person confirmed":    {is(draft), standing{state: stateSale}, stepNone},
		"send":                               {is(sent), standing{state: stateDraft}, stepSend},
		"sent":                               {is(sent), standing{state: stateSent}, stepNone},
		"never back":                         {is(sent), standing{state: stateSale}, stepNone},
		"confirm":                            {is(confirmed), standing{state: stateDraft}, stepConfirm},
		"confirm what was sent":              {is(confirmed), standing{state: stateSent}, stepConfirm},
		"confirmed and locked":               {is(confirmed), standing{state: stateDone, locked: true}, stepNone},
		"a cancelled one: look first":        {is(confirmed), standing{state: stateCancel}, stepLook},
		"reopen":                             {is(confirmed), deep(standing{state: stateCancel}), stepReopen},
		"not what was delivered":             {is(confirmed), deep(standing{state: stateCancel, shipped: 1}), stepPerson},
		"deliver: look first":                {is(delivered), standing{state: stateSale}, stepLook},
		"deliver":                            {is(delivered), deep(standing{state: stateSale, open: 1}), stepDeliver},
		"services have no transfer":          {is(delivered), deep(standing{state: stateSale}), stepNone},
		"deliver before the invoice":         {is(paid, delivered), deep(standing{state: stateSale, open: 1, billable: true}), stepDeliver},
		"invoice":                            {is(invoiced), deep(standing{state: stateSale, billable: true}), stepInvoice},
		"post":                               {is(invoiced), deep(standing{state: stateSale, drafts: 1}), stepPost},
		"invoiced is not paid":               {is(invoiced), deep(standing{state: stateSale, posted: 1, unpaid: 1}), stepNone},
		"pay":                                {is(paid), deep(standing{state: stateSale, posted: 1, unpaid: 1}), stepPay},
		"paid":                               {is(paid), deep(standing{state: stateSale, posted: 1}), stepNone},
		"lock":                               {is(locked), standing{state: stateSale}, stepLock},
		"lock last":                          {is(locked, paid), deep(standing{state: stateSale, unpaid: 1, posted: 1}), stepPay},
		"never unlocked":                     {is(confirmed), standing{state: stateSale, locked: true}, stepNone},
		"cancel: look first":                 {is(cancelled), standing{state: stateSale}, stepLook},
		"cancel":                             {is(cancelled), deep(standing{state: stateSale, open: 1}), stepCancel},
		"cancel with the draft of a bill":    {is(cancelled), deep(standing{state: stateSale, drafts: 1}), stepCancel},
		"unlock, then cancel":                {is(cancelled), deep(standing{state: stateDone, locked: true}), stepUnlock},
		"delivered: a person":                {is(cancelled), deep(standing{state: stateSale, shipped: 1}), stepPerson},
		"invoiced: a person":                 {is(cancelled), deep(standing{state: stateSale, posted: 1}), stepPerson},
		"locked and delivered: not unlocked": {is(cancelled), deep(standing{state: stateDone, locked: true, shipped: 1}), stepPerson},
		"a person has cancelled it":          {is(cancelled), standing{state: stateCancel, shipped: 1}, stepNone},
	} {
		if got := c.goal.next(c.have); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// world is an Odoo with one order, as far as steps go. It refuses what Odoo refuses.
type world struct {
	standing
	onDelivery bool // its products are invoiced when they are delivered
	chain      int  // transfers that come one after the other
	payments   int
	t          *rapid.T
}

func (w *world) do(s step) {
	ok := true
	switch s {
	case stepReopen:
		ok = w.state == stateCancel && w.shipped == 0 && w.posted == 0
		w.state = stateDraft
	case stepSend:
		ok = w.state == stateDraft
		w.state = stateSent
	case stepConfirm:
		ok = w.state == stateDraft || w.state == stateSent
		w.state, w.open, w.billable = stateSale, w.chain, !w.onDelivery
	case stepDeliver:
		ok = w.state == stateSale && w.open > 0
		w.open--
		w.shipped++
		if w.open == 0 && w.onDelivery {
			w.billable = true
		}
	case stepInvoice:
		ok = w.state == stateSale && w.billable
		w.billable = false
		w.drafts++
	case stepPost:
		ok = w.drafts > 0
		w.posted += w.drafts
		w.unpaid += w.drafts
		w.drafts = 0
	case stepPay:
		ok = w.unpaid > 0
		w.payments += w.unpaid
		w.unpaid = 0
	case stepLock:
		ok = w.state == stateSale
		w.locked = true
	case stepUnlock:
		ok = w.locked
		w.locked = false
	case stepCancel:
		ok = !w.locked && w.shipped == 0 && w.posted == 0 && w.state != stateCancel
		w.state, w.open, w.billable, w.drafts = stateCancel, 0, false, 0
	default:
		w.t.Fatalf("step %v is none of Odoo's", s)
	}
	if !ok {
		w.t.Fatalf("%v is refused, or destroys: %+v", s, w.standing)
	}
}

// person does in Odoo what it lets people do, also what octail never does.
func (w *world) person(what int) {
	switch {
	case what == 1 && !w.locked && w.state != stateCancel:
		w.state, w.open, w.billable, w.drafts = stateCancel, 0, false, 0
	case what == 2 && (w.state == stateDraft || w.state == stateSent):
		w.do(stepConfirm)
	case what == 3 && w.state == stateSale:
		w.locked = true
	case what == 4 && w.state == stateSale && w.open > 0:
		w.do(stepDeliver)
	case what == 5 && w.state == stateSale && w.billable:
		w.do(stepInvoice)
	}
}

// TestWalks: whatever the shop says one after the other, whatever people do in Odoo and
// wherever octail is killed, an order comes to rest where it is wanted, nothing that was delivered
// or invoiced is undone, and no bill is paid twice.
func TestWalks(t *testing.T) {
	all := []saleState{draft, sent, confirmed, delivered, invoiced, paid, cancelled, locked}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, onDelivery: rapid.Bool().Draw(t, "on delivery"), chain: rapid.IntRange(0, 3).Draw(t, "transfers")}
		w.state = stateDraft
		var history []reached
		for i, end := range rapid.SliceOfN(rapid.SampledFrom(all), 5, 20).Draw(t, "statuses") {
			history = append(history, reached{state: end, at: string(rune('a' + i))})
			g := goalOf(end, history)
			w.person(rapid.IntRange(0, 7).Draw(t, "a person"))
			kill := rapid.SampledFrom([]int{mostSteps, mostSteps, mostSteps, 0, 1, 2, 3}).Draw(t, "killed after")
			for n := 0; ; n++ {
				if n > mostSteps {
					t.Fatalf("%v does not come to rest: %+v", g, w.standing)
				}
				before := *w
				have := w.standing
				have.deep = n%2 == 1 || g.next(w.standing) == stepLook // what is known is more or less
				st := g.next(have)
				if st == stepLook {
					have.deep = true
					if st = g.next(have); st == stepLook {
						t.Fatal("looking shows nothing")
					}
				}
				if st == stepNone || st == stepPerson {
					w.check(g, st)
					break
				}
				w.do(st)
				if w.shipped < before.shipped || w.posted < before.posted || w.payments < before.payments || w.payments > w.posted {
					t.Fatalf("%v: %+v after %+v", st, w.standing, before.standing)
				}
				if n == kill { // the next revision comes instead
					break
				}
			}
		}
	})
}

func (w *world) check(g goal, last step) {
	destroyed := w.shipped > 0 || w.posted > 0
	switch {
	case last == stepPerson:
		if !destroyed {
			w.t.Fatalf("a person is asked for nothing: %+v %+v", g, w.standing)
		}
		return
	case g.end == cancelled:
		if w.state != stateCancel {
			w.t.Fatalf("not cancelled: %+v", w.standing)
		}
		return
	}
	wrong := slices.Contains([]bool{
		w.state == stateCancel,
		g.confirmed && w.state != stateSale,
		g.end == sent && w.state == stateDraft,
		g.delivered && w.open > 0,
		g.invoiced && (w.billable || w.drafts > 0),
		g.invoiced && w.posted == 0 && !(w.onDelivery && (w.open > 0 || w.chain == 0)),
		g.paid && w.unpaid > 0,
		g.lock && !w.locked,
	}, true)
	if wrong {
		w.t.Fatalf("%+v is not %+v", w.standing, g)
	}
}
