package odoo

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"octail/transform/document"
)

// carrier is a delivery method of Odoo.
type carrier struct {
	id      int64 // 0: none, or Odoo has no module for them
	product int64 // of the line with the shipping costs
}

var carrierList = list{model: "delivery.carrier", tongue: true, fields: []string{"name", "product_id", "company_id"}}

// mapCarrier is the delivery method of a shipping method, by method, code or name; one
// that Odoo does not have is made. company is whose; 0: the sink's. Of no shipping it is
// the product of shipping costs alone.
func (s *sink) mapCarrier(ctx context.Context, company int64, sh *document.Shipping) (carrier, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return carrier{}, err
	}
	found, err := s.findCarrier(ctx, c, sh)
	if err != nil || found.product != 0 {
		return found, err
	}
	if found.product, err = s.service(ctx, svcShipping); err != nil || sh == nil || sh.Method == "" {
		return found, err
	}
	has, err := s.has(ctx, carrierList.model, "product_id")
	if err != nil || !has {
		return found, err
	}
	found.id, err = s.ensure(ctx, carrierList.model, ownCarrier(sh), map[string]string{
		"name": carrierName(sh), "product_id/.id": strconv.FormatInt(found.product, 10), "delivery_type": "fixed",
	})
	return found, err
}

// ownCarrier is the name of the one that octail makes.
func ownCarrier(sh *document.Shipping) string { return "carrier_" + word(sh.Method) }

// findCarrier is mapCarrier without making anything: the zero carrier then.
func (s *sink) findCarrier(ctx context.Context, c *company, sh *document.Shipping) (carrier, error) {
	if sh == nil {
		return carrier{}, nil
	}
	target, mapped := lookup(s.cfg.Mappings.Carrier, sh.Method, sh.Code, sh.Name, otherwise)
	look := s.find
	if !mapped && s.made(ownCarrier(sh)) != 0 {
		look = s.recall // there is one of octail's, and none is missed
	}
	r, ok, err := look(ctx, carrierList, func(rows []row) (row, bool) {
		if mapped {
			return pickNamed(target, c)(rows)
		}
		for _, name := range []string{sh.Name, carrierName(sh), sh.Method} {
			if r, ok := pickNamed(name, c)(rows); ok {
				return r, true
			}
		}
		return row{}, false
	})
	if err == nil && mapped && !ok {
		err = hold("shipping", "mappings.carrier of %s: Odoo has no delivery method %q%s, by name or id; correct the line, or add the method in Odoo (Inventory > Configuration > Delivery Methods)", call(sh.Name, sh.Method), target, inCompany(c))
	}
	return carrier{r.ID, r.Product.ID}, err
}

var tags = regexp.MustCompile(`<[^>]*>`)

// carrierName is what people are to read of a delivery method that octail makes. A
// shipping method with several services is one carrier, by the method's name; else the
// text that customers see is the name, without what belongs to one order ("5 kg").
func carrierName(sh *document.Shipping) string {
	name := sh.Name
	if sh.Code != "" && sh.Code != sh.Method && sh.Code != sh.Method+"."+sh.Method {
		name = sh.Method
	}
	name, _, _ = strings.Cut(tags.ReplaceAllString(plain(name), " "), "(")
	if name = strings.Join(strings.Fields(name), " "); name == "" {
		name = sh.Method
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}
