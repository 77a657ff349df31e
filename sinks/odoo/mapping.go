package odoo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// saleState is how far an order is to be in Odoo. Those between draft and paid include
// all before them, but for sent.
type saleState int

// States, as mappings.status names them.
const (
	draft saleState = iota
	sent
	confirmed
	delivered
	invoiced
	paid
	cancelled
	locked
)

var saleStates = []string{"draft", "sent", "confirmed", "delivered", "invoiced", "paid", "cancelled", "locked"}

func (s saleState) String() string { return saleStates[s] }

// usual are the states of the statuses that OpenCart brings along. Money that went back
// takes an order away as long as nothing was delivered or invoiced; then a person has
// to see to it.
var usual = map[string]saleState{
	"pending": draft, "processing": confirmed, "processed": confirmed, "shipped": delivered, "complete": delivered,
	"canceled": cancelled, "cancelled": cancelled, "denied": cancelled, "failed": cancelled, "expired": cancelled, "voided": cancelled,
	"refunded": cancelled, "reversed": cancelled, "chargeback": cancelled, "canceled reversal": confirmed,
}

// The targets of mappings. An id is 0 where there is none.
type (
	payment struct {
		term    int64
		journal int64 // where its payments are booked
	}
	carrier struct {
		id      int64
		product int64 // of the line with the shipping costs
	}
	tax struct {
		id       int64
		rate     decimal.Decimal // percent, or an amount for each piece when fixed
		fixed    bool
		included bool // Odoo's prices are with it
		lines    bool // its amount is a line of its own, without tax
	}
	currency struct {
		id        int64
		pricelist int64
		decimals  int
	}
	store struct{ company, team, warehouse int64 }
)

// unmapped holds an order until a line is added.
func unmapped(kind, what, setting, line, other string) error {
	return sinks.Hold(kind, fmt.Errorf("%s has no counterpart in Odoo; add to mappings.%s of the sink: %s%s", what, setting, line, other))
}

// lookup finds the first of a shop value's keys that a mapping has.
func lookup[T any](mapping map[string]T, keys ...string) (T, bool) {
	for _, key := range keys {
		if key = fold(key); key == "" {
			continue
		}
		for name, target := range mapping {
			if fold(name) == key {
				return target, true
			}
		}
	}
	var none T
	return none, false
}

// mapStatus is the state of a status, by id, by name, or by OpenCart's usual names.
func (s *sink) mapStatus(_ context.Context, status document.Status) (saleState, error) {
	id, name := strconv.FormatInt(status.ID, 10), ""
	if status.Name != nil {
		name = *status.Name
	}
	if target, ok := lookup(s.cfg.Mappings.Status, id, name); ok {
		return saleState(slices.Index(saleStates, fold(target))), nil
	}
	if state, ok := usual[fold(name)]; ok {
		return state, nil
	}
	return 0, unmapped("status", fmt.Sprintf("the order status %q (id %s)", name, id), "status", fmt.Sprintf("%q: confirmed", id),
		" (or another of "+strings.Join(saleStates, ", ")+")")
}

var (
	termList      = list{model: "account.payment.term", fields: []string{"name", "company_id"}}
	journalList   = list{model: "account.journal", fields: []string{"name", "code", "type", "company_id", "sequence"}}
	carrierList   = list{model: "delivery.carrier", fields: []string{"name", "product_id", "company_id"}}
	taxList       = list{model: "account.tax", domain: []any{[]any{"type_tax_use", "=", "sale"}}, fields: []string{"name", "amount", "amount_type", "price_include", "include_base_amount", "company_id", "country_id", "sequence"}}
	currencyList  = list{model: "res.currency", fields: []string{"name", "active", "decimal_places"}, all: true}
	pricelistList = list{model: "product.pricelist", fields: []string{"name", "currency_id", "company_id", "sequence", "item_ids"}}
)

// mapPayment is the term and journal of a payment method. company is whose; 0: the
// configured one.
func (s *sink) mapPayment(ctx context.Context, company int64, p *document.Payment) (payment, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil || p == nil {
		return payment{}, err
	}
	target, ok := lookup(s.cfg.Mappings.Payment, p.Method, p.Code, p.Name, "default")
	if !ok {
		term, _, err := s.find(ctx, termList, pickNamed(p.Name, c))
		return payment{term: term.ID}, err
	}
	var out payment
	for _, part := range []struct {
		list list
		name string
		to   *int64
		what string
	}{{termList, target.Term, &out.term, "payment term"}, {journalList, target.Journal, &out.journal, "journal"}} {
		if part.name == "" {
			continue
		}
		r, ok, err := s.find(ctx, part.list, pickNamed(part.name, c))
		if err != nil {
			return payment{}, err
		}
		if !ok {
			return payment{}, sinks.Hold("payment", fmt.Errorf("mappings.payment: Odoo has no %s %q in the company %q; correct the line of %q", part.what, part.name, c.name, p.Method))
		}
		*part.to = r.ID
	}
	return out, nil
}

// mapCarrier is the delivery method of a shipping method; of none it is the product of
// shipping costs alone. One that Odoo does not have is made.
func (s *sink) mapCarrier(ctx context.Context, company int64, sh *document.Shipping) (carrier, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return carrier{}, err
	}
	product, err := s.service(ctx, svcShipping)
	if err != nil || sh == nil {
		return carrier{product: product}, err
	}
	target, mapped := lookup(s.cfg.Mappings.Carrier, sh.Method, sh.Code, sh.Name)
	if !mapped {
		target = sh.Name
	}
	r, ok, err := s.find(ctx, carrierList, pickNamed(target, c))
	switch {
	case err != nil:
		return carrier{}, err
	case ok:
		return carrier{r.ID, r.Product.ID}, nil
	case mapped:
		return carrier{}, sinks.Hold("shipping", fmt.Errorf("mappings.carrier: Odoo has no delivery method %q in the company %q; correct the line", target, c.name))
	}
	has, err := s.has(ctx, "delivery.carrier", "product_id")
	if err != nil || !has {
		return carrier{product: product}, err
	}
	made := &record{xid: s.xid("carrier_" + word(sh.Method)), cells: map[string]string{"name": sh.Name, "product_id/.id": strconv.FormatInt(product, 10), "delivery_type": "fixed"}}
	if err := s.loadOwn(ctx, "delivery.carrier", made); err != nil {
		return carrier{}, err
	}
	return carrier{made.id, product}, nil
}

// mapTax is the tax of a row of the shop's.
func (s *sink) mapTax(ctx context.Context, company int64, t document.TotalTax, title string) (tax, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return tax{}, err
	}
	rate, err := decimal.NewFromString(cmp.Or(t.Rate, "0"))
	if err != nil {
		return tax{}, sinks.Mark(sinks.Permanent, fmt.Errorf("the tax row's rate is not a number"))
	}
	fixed := t.Type == "fixed"
	key := rate.String() + "%"
	if fixed {
		key = "fixed " + rate.String()
	}
	target, mapped := lookup(s.cfg.Mappings.Tax, title, key)
	if s.cfg.Orders.Tax == "lines" || mapped && fold(target) == "lines" {
		return tax{rate: rate, fixed: fixed, lines: true}, nil
	}
	r, ok, err := s.find(ctx, taxList, func(rows []row) (row, bool) {
		if mapped {
			return pickNamed(target, c)(rows)
		}
		return pickTax(rows, rate, fixed, c)
	})
	if err != nil {
		return tax{}, err
	}
	if !ok {
		return tax{}, unmapped("tax", fmt.Sprintf("the tax %q (%s)", title, key), "tax", fmt.Sprintf("%q: \"name of a sales tax\"", key), "")
	}
	amount, _ := decimal.NewFromString(string(r.Amount))
	return tax{id: r.ID, rate: amount, fixed: r.Kind == "fixed", included: r.Included}, nil
}

func pickTax(rows []row, rate decimal.Decimal, fixed bool, c *company) (row, bool) {
	kind := "percent"
	if fixed {
		kind = "fixed"
	}
	var fit []row
	for _, r := range rows {
		amount, err := decimal.NewFromString(string(r.Amount))
		if err == nil && amount.Equal(rate) && string(r.Kind) == kind && c.may(r.Company.ID) {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		return row{}, false
	}
	slices.SortStableFunc(fit, func(a, b row) int {
		return cmp.Or(first(b.Included, a.Included), first(b.Country.ID == c.country, a.Country.ID == c.country), cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID))
	})
	return fit[0], true
}

// first sorts the true before the false.
func first(b, a bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// mapCurrency is the currency of a code, and the pricelist that gives it to an order.
func (s *sink) mapCurrency(ctx context.Context, company int64, code string) (currency, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return currency{}, err
	}
	cur, ok, err := s.find(ctx, currencyList, func(rows []row) (row, bool) {
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Name)) == fold(code) && r.Active }))
	})
	if err != nil {
		return currency{}, err
	}
	if !ok {
		return currency{}, sinks.Hold("currency", fmt.Errorf("the currency %q is not active in Odoo; an administrator activates it in Invoicing > Configuration > Currencies", code))
	}
	target, mapped := lookup(s.cfg.Mappings.Currency, code)
	p, ok, err := s.find(ctx, pricelistList, func(rows []row) (row, bool) {
		if mapped {
			return pickNamed(target, c)(rows)
		}
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return r.Currency.ID == cur.ID && c.may(r.Company.ID) }))
	})
	switch {
	case err != nil:
		return currency{}, err
	case !ok && mapped:
		return currency{}, sinks.Hold("currency", fmt.Errorf("mappings.currency: Odoo has no pricelist %q in the company %q; correct the line of %q", target, c.name, code))
	case ok:
		return currency{cur.ID, p.ID, cur.Places}, nil
	}
	made := &record{xid: s.xid("pricelist_" + word(strings.ToUpper(code))), cells: map[string]string{"name": "octail " + strings.ToUpper(code), "currency_id/.id": strconv.FormatInt(cur.ID, 10), "sequence": "1000"}}
	if err := s.loadOwn(ctx, "product.pricelist", made); err != nil {
		return currency{}, err
	}
	return currency{cur.ID, made.id, cur.Places}, nil
}

// mapStore is who sells for a store of the shop, and from where.
func (s *sink) mapStore(ctx context.Context, st document.Store) (store, error) {
	b, err := s.known(ctx)
	if err != nil {
		return store{}, err
	}
	out := store{company: b.company.id, warehouse: b.warehouse.id}
	keys := []string{strconv.FormatInt(st.ID, 10), st.Name, "default"}
	target, _ := lookup(s.cfg.Mappings.Store, keys...)
	c := &b.company
	if target.Company != "" {
		i := slices.IndexFunc(b.companies, func(c company) bool { return named(target.Company, row{ID: c.id, Name: rpc.Text(c.name)}) })
		if i < 0 {
			return store{}, sinks.Hold("store", fmt.Errorf("mappings.store: the user may work for %s, and not for %q", companyNames(b.companies), target.Company))
		}
		c = &b.companies[i]
		out.company, out.warehouse = c.id, 0
	}
	if out.team, err = s.teamOf(ctx, cmp.Or(target.Team, s.cfg.Orders.Team)); err != nil {
		return store{}, err
	}
	house, _ := lookup(s.cfg.Mappings.Warehouse, keys...)
	if house = cmp.Or(target.Warehouse, house); house != "" || out.warehouse == 0 {
		w, err := s.warehouse(ctx, c, house, "mappings.store")
		if err != nil {
			return store{}, err
		}
		out.warehouse = w.id
	}
	return out, nil
}

func (s *sink) teamOf(ctx context.Context, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	return s.team(ctx, name)
}
