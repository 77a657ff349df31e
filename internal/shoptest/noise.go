package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// View is a visitor looking at a product. Up to V3 it is counted in the product's row;
// since V3 the session is written.
func (s *Shop) View(ctx context.Context, productID int64) error {
	return s.do(ctx, fmt.Sprintf("view product %d", productID), func(r *request) {
		if s.gen <= V3 {
			r.update("product", set{"viewed", expression("(viewed + 1)")}, "product_id = ?", productID)
		}
		r.writeSession(s.token(26))
	})
}

// Browse is a visitor who puts something into a cart and takes it out again. Nothing
// of it matters to anybody, but it is most of what a shop writes.
func (s *Shop) Browse(ctx context.Context, items []Item) error {
	return s.do(ctx, "browse", func(r *request) {
		session := s.token(26)
		r.writeSession(session)
		r.fillCart(session, 0, 0, items)
		r.replace("customer_online", "ip", fmt.Sprintf("192.0.2.%d", 1+s.number(254)), "customer_id", 0, "url", "http://shop.example.com/", "referer", "", "date_added", now)
		r.writeSession(session)
		r.emptyCart(session, 0, 0)
		if s.gen >= V40 && s.number(20) == 0 {
			r.exec("OPTIMIZE TABLE {session}") // 4.x does that on page views, at random
		}
	})
}

// ImportStock is a program of the merchant that adds to the stock of many products by
// one statement, past OpenCart's code.
func (s *Shop) ImportStock(ctx context.Context, change int, productIDs ...int64) error {
	return s.do(ctx, "import stock", func(r *request) {
		marks := strings.TrimSuffix(strings.Repeat("?,", len(productIDs)), ",")
		args := []any{change}
		for _, id := range productIDs {
			args = append(args, id)
		}
		r.exec("UPDATE {product} SET quantity = quantity + ?, date_modified = NOW() WHERE product_id IN ("+marks+")", args...)
	})
}

// writeSession writes the visitor's session, as every page does.
func (r *request) writeSession(session string) {
	if r.shop.gen < V3 {
		return // it is a file
	}
	data, err := json.Marshal(map[string]string{"language": "en-gb", "currency": "EUR", "token": r.shop.token(32)})
	if err != nil {
		r.fail(err)
	}
	r.replace("session", "session_id", session, "data", string(data), "expire", expression("DATE_ADD(NOW(), INTERVAL 1 HOUR)"))
}

// fillCart puts items into a visitor's cart, or with api into that of a staff page. In V1
// the cart is a serialized text in the customer's own row.
func (r *request) fillCart(session string, customer, api int64, items []Item) {
	if r.shop.gen == V1 {
		r.update("customer", set{"cart", fmt.Sprintf(`a:1:{s:3:"%d::";i:%d;}`, len(items)%10, len(items))}, "customer_id = ?", customer)
		return
	}
	for _, item := range items {
		choices := map[string]string{}
		for _, c := range item.Options {
			value := c.Text
			if c.ValueID != 0 {
				value = fmt.Sprint(c.ValueID)
			}
			choices[fmt.Sprint(c.ProductOptionID)] = value
		}
		option, err := json.Marshal(choices)
		if err != nil {
			r.fail(err)
		}
		if len(choices) == 0 {
			option = []byte("[]")
		}
		if r.shop.gen <= V3 {
			r.insert("cart", "api_id", api, "customer_id", customer, "session_id", session, "product_id", item.ProductID, "recurring_id", 0,
				"option", string(option), "quantity", item.Quantity, "date_added", now)
			continue
		}
		if r.shop.gen == V40 {
			r.insert("cart", "api_id", api, "customer_id", customer, "session_id", session, "product_id", item.ProductID, "subscription_plan_id", 0,
				"option", string(option), "quantity", item.Quantity, "override", 0, "price", 0, "date_added", now)
			continue
		}
		r.insert("cart", "store_id", 0, "customer_id", customer, "session_id", session, "product_id", item.ProductID, "subscription_plan_id", 0,
			"option", string(option), "quantity", item.Quantity, "override", "[]", "date_added", now)
	}
}

func (r *request) emptyCart(session string, customer, api int64) {
	if r.shop.gen == V1 {
		r.update("customer", set{"cart", "a:0:{}"}, "customer_id = ?", customer)
		return
	}
	if r.shop.gen <= V40 {
		r.delete("cart", "api_id = ? AND customer_id = ? AND session_id = ?", api, customer, session)
		return
	}
	r.delete("cart", "store_id = 0 AND customer_id = ? AND session_id = ?", customer, session)
}
