package odoo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

func wantsLine(name string, product, quantity int64, price, text string) wantLine {
	return wantLine{product: product, priceLine: priceLine{name: name, quantity: decimal.NewFromInt(quantity), price: decimal.RequireFromString(price), text: text}}
}

func holds(id int64, name string, product int64, quantity, price, text string) *heldLine {
	total := decimal.RequireFromString(quantity).Mul(decimal.RequireFromString(price))
	return &heldLine{ID: id, name: name, Product: rpc.Ref{ID: product}, Quantity: rpc.Number(quantity), Price: rpc.Number(price), Text: rpc.Text(text), Total: rpc.Number(total.String())}
}

// what an edit does, in short.
func (e *edit) short() string {
	var out []string
	for _, w := range e.lines {
		out = append(out, fmt.Sprintf("%s=%dx%sx%s", strings.TrimPrefix(w.name, "o_7_"), w.product, w.quantity, w.price))
	}
	for _, h := range e.drop {
		out = append(out, "-"+strings.TrimPrefix(h.name, "o_7_"))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLineChanges(t *testing.T) {
	mug, tee := wantsLine("o_7_l1", 1, 2, "5", "Mug"), wantsLine("o_7_l2", 2, 1, "3", "Tee")
	rounding := wantsLine("o_7_rounding", 9, 1, "0.01", "Rounding")
	heldMug, heldTee := holds(1, "o_7_l1", 1, "2.0", "5.0", "Mug"), holds(2, "o_7_l2", 2, "1", "3", "Tee")
	heldRounding := holds(3, "o_7_rounding", 9, "1", "0.02", "Rounding")
	foreign := holds(4, "", 5, "1", "1", "By hand")
	for _, c := range []struct {
		name, state string
		want        []wantLine
		held        []*heldLine
		does        string
	}{
		{"equal", stateSale, []wantLine{mug, tee}, []*heldLine{heldMug, heldTee, foreign}, ""},
		{"the line that rounds alone is none", stateSale, []wantLine{mug, rounding}, []*heldLine{heldMug, heldRounding}, ""},
		{"missing", stateSale, []wantLine{mug, tee, rounding}, []*heldLine{heldMug}, "l2=2x1x3 rounding=9x1x0.01"},
		{"surplus", stateDraft, []wantLine{mug}, []*heldLine{heldMug, heldTee, heldRounding}, "-l2 -rounding"},
		{"surplus that is emptied", stateSale, []wantLine{mug}, []*heldLine{heldMug, holds(2, "o_7_l2", 2, "0", "3", "Tee")}, ""},
		{"emptied line of a quotation", stateDraft, []wantLine{mug}, []*heldLine{heldMug, holds(2, "o_7_l2", 2, "0", "3", "Tee")}, "-l2"},
		{"price", stateSale, []wantLine{wantsLine("o_7_l1", 1, 2, "5.01", "Mug")}, []*heldLine{heldMug}, "l1=1x2x5.01"},
		{"another mapping, quotation", stateDraft, []wantLine{wantsLine("o_7_l1", 8, 2, "5", "Mug")}, []*heldLine{heldMug}, "l1=8x2x5"},
		{"another mapping, confirmed", stateSale, []wantLine{wantsLine("o_7_l1", 8, 2, "5", "Mug")}, []*heldLine{heldMug}, ""},
		{"lines counted anew, confirmed", stateSale, []wantLine{wantsLine("o_7_l1", 2, 1, "3", "Tee")}, []*heldLine{heldMug}, "-l1 l1_p2=2x1x3"},
		{"lines counted anew, again", stateSale, []wantLine{wantsLine("o_7_l1", 2, 1, "3", "Tee")}, []*heldLine{holds(1, "o_7_l1", 1, "0", "5", "Mug"), holds(2, "o_7_l1_p2", 2, "1", "3", "Tee")}, ""},
		{"discount", stateDraft, []wantLine{mug}, []*heldLine{{ID: 1, name: "o_7_l1", Product: rpc.Ref{ID: 1}, Quantity: "2", Price: "5", Text: "Mug", Discount: "10"}}, "l1=1x2x5"},
	} {
		o := &saleOrder{item: &item{Delivery: &sinks.Delivery{}}, doc: &document.Order{ID: 7}, lines: c.want, held: &heldOrder{State: c.state, lines: c.held}}
		e := &edit{order: o}
		o.lineChanges(e)
		if got := e.short(); got != c.does {
			t.Errorf("%s: %q, want %q", c.name, got, c.does)
		}
	}
}

func TestCorrect(t *testing.T) {
	for _, c := range []struct {
		name, total, does string
		held              []*heldLine
		corrected         bool
	}{
		{"a cent", "10.01", "rounding=9x1x-0.01", nil, false},
		{"more to what is there", "10.01", "rounding=3x1x0.01", []*heldLine{holds(3, "o_7_rounding", 3, "1", "0.02", "Rounding")}, false},
		{"too much", "10.11", "held", nil, false},
		{"a second time", "10.01", "held", nil, true},
		{"of a person", "13", "held", []*heldLine{holds(4, "", 5, "1", "3", "By hand")}, false},
	} {
		o := &saleOrder{doc: &document.Order{ID: 7}, rounding: 9, corrected: c.corrected, held: &heldOrder{Amount: rpc.Number(c.total), lines: c.held},
			priced: priced{want: decimal.NewFromInt(10), lines: make([]priceLine, 2), by: reckoning{arithmetic: arithmetic{rounding: decimal.New(1, -2), digits: -1}}}}
		e := &edit{order: o}
		err := o.correct(e)
		got := e.short()
		if kind, ok := sinks.HeldFor(err); ok && kind == "tax" {
			got = "held"
			if x := sinks.ExchangeOf(err); !strings.Contains(x.Answer, c.total) || !strings.Contains(x.Request, "= 10") {
				t.Errorf("%s: the columns are %+v", c.name, x)
			}
		}
		if got != c.does {
			t.Errorf("%s: %q, want %q", c.name, got, c.does)
		}
	}
}

// halves finds the one that spoils a call, and calls no more often than it must.
func TestHalves(t *testing.T) {
	var orders []*saleOrder
	for i := range int64(16) {
		orders = append(orders, &saleOrder{id: i, item: &item{}})
	}
	calls, done := 0, map[int64]bool{}
	err := halves(t.Context(), orders, func(_ context.Context, some []*saleOrder) error {
		calls++
		if slices.ContainsFunc(some, func(o *saleOrder) bool { return o.id == 11 }) {
			return sinks.Mark(sinks.Permanent, errors.New("no"))
		}
		for _, o := range some {
			done[o.id] = true
		}
		return nil
	})
	if err != nil || len(done) != 15 || orders[11].item.err == nil || calls != 9 {
		t.Errorf("%v, %d done, %d calls", err, len(done), calls)
	}
	all := errors.New("the net is down")
	if err := halves(t.Context(), orders[:2], func(context.Context, []*saleOrder) error { return all }); !errors.Is(err, all) || orders[0].item.err != nil {
		t.Errorf("an error about all is %v", err)
	}
}

func TestSameNote(t *testing.T) {
	for _, c := range []struct {
		held, comment string
		same          bool
	}{
		{"<p>Leave at &lt;door&gt; &amp; ring<br>please</p>", "Leave at <door> & ring\r\nplease", true},
		{"Leave at <door> & ring\nplease", "Leave at <door> & ring\nplease", true},
		{"<p>Leave it</p>", "Leave at the door", false},
		{"", "x", false},
	} {
		if got := sameNote(c.held, c.comment); got != c.same {
			t.Errorf("%q and %q: %v", c.held, c.comment, got)
		}
	}
}
