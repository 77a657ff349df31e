package odoo

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// tax is a sales tax of Odoo that stands for one of the shop's.
type tax struct {
	id       int64
	rate     decimal.Decimal // percent, or an amount for each piece when fixed
	fixed    bool
	included bool // prices in Odoo are with it
	lines    bool // its amount is a line of its own, without tax; id is 0
}

var taxList = list{
	model: "account.tax", tongue: true, domain: []any{[]any{"type_tax_use", "=", "sale"}},
	fields: []string{"name", "amount", "amount_type", "price_include", "include_base_amount", "company_id", "country_id", "sequence", "tax_scope"},
}

// rate is a shop's tax as far as a tax of Odoo can be told by it.
type rate struct {
	amount decimal.Decimal
	fixed  bool
}

func (r rate) String() string {
	if r.fixed {
		return "fixed " + r.amount.StringFixed(max(2, -r.amount.Exponent()))
	}
	return r.amount.String() + "%"
}

var rateText = regexp.MustCompile(`^(fixed )?([0-9]+(?:\.[0-9]+)?) ?(%)?$`)

// parseRate reads a key of mappings.tax: 20%, 20.0000 or "fixed 2.00".
func parseRate(key string) (rate, bool) {
	m := rateText.FindStringSubmatch(fold(key))
	if m == nil || m[1] != "" && m[3] != "" {
		return rate{}, false
	}
	amount, err := decimal.NewFromString(m[2])
	return rate{amount, m[1] != ""}, err == nil
}

var inTitle = regexp.MustCompile(`([0-9]+(?:[.,][0-9]+)?) ?%`)

// rateOf is what a tax row says of itself; where the shop no longer knows the rate, the
// title may ("VAT (20%)"). ok is false when neither does.
func rateOf(t document.TotalTax, title string) (r rate, ok bool) {
	text := t.Rate
	if text == "" {
		m := inTitle.FindAllStringSubmatch(title, -1)
		if len(m) != 1 {
			return rate{}, false
		}
		text = strings.Replace(m[0][1], ",", ".", 1)
	}
	amount, err := decimal.NewFromString(text)
	return rate{trimmed(amount), t.Type == "fixed"}, err == nil
}

// trimmed is 20 for 20.0000.
func trimmed(d decimal.Decimal) decimal.Decimal {
	for d.Exponent() < 0 {
		shorter := d.Truncate(-d.Exponent() - 1)
		if !shorter.Equal(d) {
			break
		}
		d = shorter
	}
	return d
}

// mapTax is the tax of a tax row of the shop: by title, then by rate and type, then the
// sales tax of Odoo that has them; a fixed one that is not mapped is a line of its own. company is whose; 0: the sink's. A row whose rate is
// not known is the zero TotalTax.
func (s *sink) mapTax(ctx context.Context, company int64, t document.TotalTax, title string) (tax, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return tax{}, err
	}
	shop, known := rateOf(t, title)
	target, mapped := lookup(s.cfg.Mappings.Tax, title)
	for key, to := range s.cfg.Mappings.Tax {
		if r, ok := parseRate(key); !mapped && known && ok && r.fixed == shop.fixed && r.amount.Equal(shop.amount) {
			target, mapped = to, true
		}
	}
	if s.cfg.Orders.Tax == asLines || mapped && fold(target) == asLines {
		return tax{rate: shop.amount, fixed: shop.fixed, lines: true}, nil
	}
	if !mapped && known && shop.fixed {
		// Nothing is to be chosen: price makes a line of every fixed tax.
		return tax{rate: shop.amount, fixed: true, lines: true}, nil
	}
	what, key := fmt.Sprintf("%q, the rate of which the shop no longer knows,", title), title
	if known {
		what, key = fmt.Sprintf("%q (%s)", title, shop), shop.String()
	}
	if !mapped && !known {
		return tax{}, hold("tax", "the tax %s has no line in mappings.tax; add to mappings.tax: %s, or: %s", what, line(key, "\"name of a sales tax\""), line(key, asLines))
	}
	var others []row
	r, ok, err := s.find(ctx, taxList, func(rows []row) (row, bool) {
		if mapped {
			return pickNamed(target, c)(rows)
		}
		best, rest := pickTax(rows, shop, c)
		others = rest
		return best, best.ID != 0
	})
	switch {
	case err != nil:
		return tax{}, err
	case !mapped && !ok && shop.fixed: // an amount on a line of its own in any case, see taxRow
		return tax{rate: shop.amount, fixed: true, lines: true}, nil
	case foreign(r, others, c):
		return tax{}, hold("tax", "Odoo has several sales taxes of %s%s for the shop's tax %s, of other countries than the company's; add the right one to mappings.tax: %s", shop, inCompany(c), what, line(title, strconv.Quote(string(r.Name))))
	case mapped && !ok:
		return tax{}, hold("tax", "mappings.tax of the tax %s: Odoo has no sales tax %q%s, by name or id; correct the line", what, target, inCompany(c))
	case !ok:
		return tax{}, hold("tax", "Odoo has no sales tax of %s%s for the shop's tax %s; an administrator adds one there (Invoicing > Configuration > Taxes, best with \"Included in Price\"), or add to mappings.tax: %s, or: %s",
			shop, inCompany(c), what, line(key, "\"name of a sales tax\""), line(key, asLines))
	case r.Kind != "percent" && r.Kind != "fixed":
		return tax{}, hold("tax", "mappings.tax of the tax %s: the tax %q is computed in a way that octail does not follow (%s); name one that is a percentage of the price or a fixed amount, or write: %s", what, target, r.Kind, line(key, asLines))
	}
	amount, err := decimal.NewFromString(string(r.Amount))
	if err != nil {
		return tax{}, fmt.Errorf("read the amount of tax %d: it is not a number", r.ID)
	}
	if len(others) > 0 {
		s.chose(r, others, shop, c)
	}
	return tax{id: r.ID, rate: amount, fixed: r.Kind == "fixed", included: r.Included}, nil
}

// pickTax takes the tax of a rate that is safest to use, of those that a company may: in
// the price, so that totals round as the shop's do; the company's default; of its
// country; not a base of others; not of services alone; then Odoo's own order. others
// are the ones that it was taken from.
func pickTax(rows []row, shop rate, c *company) (best row, others []row) {
	fit := slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		amount, err := decimal.NewFromString(string(r.Amount))
		return err != nil || !amount.Equal(shop.amount) || r.Kind != "percent" || !c.may(r.Company.ID)
	})
	if len(fit) == 0 {
		return row{}, nil
	}
	slices.SortStableFunc(fit, func(a, b row) int {
		return cmp.Or(
			first(a.Included, b.Included), first(a.ID == c.tax, b.ID == c.tax), first(a.Country.ID == c.country, b.Country.ID == c.country),
			first(!a.Affects, !b.Affects), first(a.Scope != "service", b.Scope != "service"), cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID),
		)
	})
	return fit[0], fit[1:]
}

// foreign tells whether the best of several is no better than one of another country.
func foreign(best row, others []row, c *company) bool {
	if best.Country.ID == 0 || best.Country.ID == c.country {
		return false
	}
	return slices.ContainsFunc(others, func(o row) bool { return o.Country.ID != best.Country.ID })
}

// first sorts what is so before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// chose says once which of several taxes was taken.
func (s *sink) chose(best row, others []row, shop rate, c *company) {
	var names []string
	for _, o := range others {
		names = append(names, string(o.Name))
	}
	s.once(fmt.Sprintf("tax %s %d %d", shop, c.id, best.ID), func() {
		s.log.Info("several sales taxes of Odoo have the shop's rate; name another in mappings.tax if this is not the right one",
			slog.String("rate", shop.String()), slog.String("tax", string(best.Name)), slog.Int64("id", best.ID), slog.String("others", strings.Join(names, ", ")))
	})
}
