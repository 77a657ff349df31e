package odoo

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// currency is a currency, with the pricelist that gives it to an order.
type currency struct {
	id        int64
	pricelist int64
	decimals  int
	rounding  decimal.Decimal // what amounts are multiples of: 0.01, or 0.05 where it is cash; 0: nobody knows
}

var (
	currencyList  = list{model: "res.currency", fields: []string{"name", "active", "decimal_places", "rounding"}, all: true}
	pricelistList = list{model: "product.pricelist", tongue: true, fields: []string{"name", "currency_id", "company_id", "sequence", "item_ids"}}
)

// mapCurrency is the currency of a code, and its pricelist: the one mappings.currency
// names, one that is there, or octail's own, which is made. company is whose; 0: the
// sink's.
func (s *sink) mapCurrency(ctx context.Context, company int64, code string) (currency, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return currency{}, err
	}
	cur, err := s.findCurrency(ctx, c, code)
	if err != nil || cur.pricelist != 0 {
		return cur, err
	}
	cur.pricelist, err = s.makePricelist(ctx, c, cur.id, code)
	return cur, err
}

// findCurrency is mapCurrency without making a pricelist: it is 0 then.
func (s *sink) findCurrency(ctx context.Context, c *company, code string) (currency, error) {
	cur, ok, err := s.find(ctx, currencyList, func(rows []row) (row, bool) {
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Name)) == fold(code) && r.Active }))
	})
	if err != nil {
		return currency{}, err
	}
	if !ok {
		return currency{}, hold("currency", "the currency %q is not active in Odoo; an administrator activates it there (Invoicing > Configuration > Currencies, or Accounting > Configuration > Currencies), together with its rate", code)
	}
	target, mapped := lookup(s.cfg.Mappings.Currency, code)
	look := s.find
	if !mapped && s.made(ownPricelist(c, code)) != 0 {
		look = s.recall // there is one of octail's, and none is missed
	}
	p, ok, err := look(ctx, pricelistList, func(rows []row) (row, bool) {
		if mapped {
			return pickNamed(target, c)(rows)
		}
		return pickPricelist(rows, cur.ID, c)
	})
	switch {
	case err != nil:
		return currency{}, err
	case mapped && !ok:
		return currency{}, hold("currency", "mappings.currency of %q: Odoo has no pricelist %q%s, by name or id; correct the line", code, target, inCompany(c))
	case mapped && p.Currency.ID != cur.ID:
		return currency{}, hold("currency", "mappings.currency of %q: the pricelist %q is in %s; name one in %s, or remove the line, and octail takes one that fits or makes one", code, target, p.Currency.Name, code)
	}
	return currency{cur.ID, p.ID, cur.Places, number(cur.Step)}, nil
}

// pickPricelist takes one without rules where it can, since rules would put discounts on
// lines that have the shop's prices; then Odoo's own order.
func pickPricelist(rows []row, currency int64, c *company) (row, bool) {
	fit := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Currency.ID != currency || !c.may(r.Company.ID) })
	if len(fit) == 0 {
		return row{}, false
	}
	return slices.MinFunc(fit, func(a, b row) int {
		return cmp.Or(cmp.Compare(min(1, len(a.Items)), min(1, len(b.Items))), cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID))
	}), true
}

// makePricelist makes one without rules. Odoo offers the first pricelist to everybody
// who has none, so that octail's come last, and the company's own currency is there
// before another is.
func (s *sink) makePricelist(ctx context.Context, c *company, id int64, code string) (int64, error) {
	sequence := 1000
	if fold(code) != fold(c.currency) {
		sequence++
		if _, err := s.mapCurrency(ctx, c.id, c.currency); err != nil {
			return 0, err
		}
	}
	code = strings.ToUpper(code)
	return s.ensure(ctx, "product.pricelist", ownPricelist(c, code), map[string]string{
		"name": "octail " + code, "currency_id/.id": strconv.FormatInt(id, 10), "company_id/.id": strconv.FormatInt(c.id, 10), "sequence": strconv.Itoa(sequence),
	})
}

// ownMoney says once that the shop's prices are in another currency than the company's
// books: orders have their own, but a product's price is a number.
func (s *sink) ownMoney(ctx context.Context, o *saleOrder) error {
	c, err := s.companyBy(ctx, o.store.company)
	if err != nil {
		return err
	}
	if base := o.doc.Currency.Base; base != "" && fold(base) != fold(c.currency) && slices.Contains(s.entities, document.ProductEntity) {
		s.once("money "+base+" "+c.currency, func() {
			s.log.Warn("the shop's own currency is not the company's in Odoo: the prices of products are the shop's numbers there; orders are right. Give the company the shop's currency, or leave product out of entities",
				"shop", base, "company", c.currency)
		})
	}
	return nil
}

// ownPricelist is the name of the one that octail makes.
func ownPricelist(c *company, code string) string {
	return "pricelist_" + word(strings.ToUpper(code)) + "_" + strconv.FormatInt(c.id, 10)
}
