package odoo

import (
	"strconv"
	"strings"
)

// External ids: octail_<shop>.<kind>_<key>. They are made of the shop's keys alone, so
// that a lost journal finds what is there. A name is never used for two models.

// xid is the external id of a name.
func (s *sink) xid(name string) string { return s.prefix + "." + name }

func categoryName(id int64) string { return "cat_" + strconv.FormatInt(id, 10) }
func customerName(id int64) string { return "c_" + strconv.FormatInt(id, 10) }
func guestName(order int64) string { return "g_" + strconv.FormatInt(order, 10) }
func productName(id int64) string  { return "p_" + strconv.FormatInt(id, 10) }  // product.product of a simple product
func templateName(id int64) string { return "pt_" + strconv.FormatInt(id, 10) } // product.template of one with variants
func orderName(id int64) string    { return "o_" + strconv.FormatInt(id, 10) }

// lineName is that of a line of an order, by the document's line number.
func lineName(order, line int64) string {
	return orderName(order) + "_l" + strconv.FormatInt(line, 10)
}

// totalName is that of the n-th total of a code (from 1), as a line of an order.
func totalName(order int64, code string, n int) string {
	return orderName(order) + "_t_" + word(code) + "_" + strconv.Itoa(n)
}

// serviceName is that of the product behind what is no product in the shop: shipping,
// coupon, rounding.
func serviceName(code string) string { return "svc_" + word(code) }

// word is text as part of a name: a total's code may be anything an extension likes.
func word(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, code)
}
