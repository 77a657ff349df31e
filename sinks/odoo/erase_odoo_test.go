//go:build odoo

package odoo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// leftOf finds a word in all text of all tables of a database: "table.column: so often".
func leftOf(t *testing.T, o *odootest.Odoo, word string) []string {
	t.Helper()
	rows := o.SQL(t, fmt.Sprintf(`CREATE TEMP TABLE hits (at text, n bigint);
DO $$ DECLARE c record; n bigint; BEGIN
	FOR c IN SELECT k.table_name AS t, k.column_name AS f FROM information_schema.columns k JOIN information_schema.tables b USING (table_schema, table_name)
		WHERE k.table_schema = 'public' AND b.table_type = 'BASE TABLE' AND k.data_type IN ('text', 'character varying', 'jsonb', 'json') LOOP
		EXECUTE format('SELECT count(*) FROM %%I WHERE %%I::text ILIKE %%L', c.t, c.f, '%%%s%%') INTO n;
		IF n > 0 THEN INSERT INTO hits VALUES (c.t || '.' || c.f, n); END IF;
	END LOOP;
END $$;
SELECT at, n FROM hits ORDER BY at`, word))
	var out []string
	for _, r := range rows {
		if len(r) == 2 {
			out = append(out, r[0]+": "+r[1])
		}
	}
	return out
}

// personal is an order of somebody whose words are all over it.
func personal(x sale) *document.Order {
	o := x.order()
	o.Customer.FirstName, o.Customer.LastName, o.Customer.Email, o.Customer.Phone = "Zebulon", "Quillfeather", fmt.Sprintf("quillfeather%d@example.com", x.customer), "+1 555 7946"
	o.BillingAddress = &document.Address{FirstName: "Zebulon", LastName: "Quillfeather", Company: "Quillfeather Ltd", Address1: "12 Quillfeather Lane", City: "Quillfeather Town", Postcode: "Quillfeather 1"}
	ship := *o.BillingAddress
	ship.Address1 = "13 Quillfeather Lane"
	o.ShippingAddress = &ship
	o.Comment = "leave it with Quillfeather's neighbour"
	o.History[1].Comment = "Quillfeather called"
	o.Lines[0].Options = []document.LineOption{{Name: "Engraving", Value: "For Quillfeather", Type: "text"}}
	return o
}

// forgottenOrder is its next revision, without the person.
func forgottenOrder(o *document.Order) *document.Order {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	out := new(document.Order)
	if err := json.Unmarshal(raw, out); err != nil {
		panic(err)
	}
	out.Customer.FirstName, out.Customer.LastName, out.Customer.Email, out.Customer.Phone, out.Customer.Erased = "", "erased", "", "", true
	for _, a := range []*document.Address{out.BillingAddress, out.ShippingAddress} {
		*a = document.Address{LastName: "erased", Country: a.Country}
	}
	out.Comment = ""
	for i := range out.History {
		out.History[i].Comment = ""
	}
	for i := range out.Lines {
		for k := range out.Lines[i].Options {
			out.Lines[i].Options[k].Value = ""
		}
	}
	return out
}

// TestErase: of a person who is forgotten nothing is left in what octail wrote, however
// far the orders are, and what comes again brings nothing back.
func TestErase(t *testing.T) {
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		o := tillDatabase(t, version)
		b := tillOn(t, o, "customers: {match: []}\n")
		(&bench{t: t, sink: b.sink, odoo: o, admin: b.admin}).plainInvoices()
		sales := []sale{two(101, 2), two(102, 3), two(103, 3), two(104, 1), two(105, 3), two(106, 2), two(107, 3)}
		for i := range sales {
			sales[i].customer = 7
		}
		sales[5].customer = 0
		customer := &document.Customer{ID: 7, Group: document.Named{ID: 1}, FirstName: "Zebulon", LastName: "Quillfeather", Email: "quillfeather7@example.com", Phone: "+1 555 7946", Enabled: true,
			Addresses: []document.Address{{FirstName: "Zebulon", LastName: "Quillfeather", Address1: "14 Quillfeather Lane", City: "Testville"}, {FirstName: "Zebulon", LastName: "Quillfeather", Address1: "15 Quillfeather Lane", City: "Testville"}}}
		batch := []sinks.Delivery{created(document.CustomerEntity, 7, customer)}
		orders := map[int64]*document.Order{}
		for _, x := range sales {
			orders[x.id] = personal(x)
			batch = append(batch, created(document.OrderEntity, x.id, orders[x.id]))
		}
		b.deliver(t, batch...)
		// What is delivered is invoiced, or locked, afterwards; one is edited after its delivery.
		for id, status := range map[int64]int64{103: 8, 105: 9} {
			orders[id].Status.ID = status
			name := fmt.Sprint("Status ", status)
			orders[id].Status.Name = &name
			orders[id].History = append(orders[id].History, document.HistoryStep{Status: orders[id].Status, At: orders[id].PlacedAt})
			b.deliver(t, delivery(document.OrderEntity, id, document.Updated, orders[id], []string{"status", "history"}, nil))
		}
		// One is edited after its delivery: a note and a to-do for a person name what was typed,
		// and its dead letter does not keep the person.
		orders[107] = personal(edited(sales[6]))
		if err := b.Deliver(t.Context(), []sinks.Delivery{delivery(document.OrderEntity, 107, document.Updated, orders[107], []string{"lines"}, nil)}); err == nil {
			t.Fatal("a delivered order was edited")
		}
		if before := leftOf(t, o, "Quillfeather"); len(before) == 0 {
			t.Fatal("nothing is to be erased")
		} else {
			t.Log("before:", before)
		}
		gone := &document.Customer{ID: 7, Group: document.Named{ID: 1}, LastName: "erased", Enabled: true, Erased: true, Addresses: []document.Address{{LastName: "erased"}}}
		again := []sinks.Delivery{delivery(document.CustomerEntity, 7, document.Updated, gone, []string{"first_name", "last_name", "email", "phone", "addresses"}, nil)}
		for _, x := range sales {
			again = append(again, delivery(document.OrderEntity, x.id, document.Updated, forgottenOrder(orders[x.id]),
				[]string{"billing_address", "comment", "customer", "history", "lines", "shipping_address"}, nil))
		}
		for round := range 3 {
			for _, d := range again {
				d.Again = round == 2
				err := b.Deliver(t.Context(), []sinks.Delivery{d})
				if class, _ := sinks.ClassOf(err); d.ID == 107 && err != nil && class == sinks.Permanent {
					continue // and so Erase is not called
				}
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				if err := b.Erase(t.Context(), d); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			}
			for _, word := range []string{"Quillfeather", "555 7946", "Zebulon"} {
				if left := leftOf(t, o, word); len(left) > 0 {
					t.Errorf("round %d: %s is left in %s", round, word, strings.Join(left, ", "))
				}
			}
		}
		for _, x := range sales {
			if h := b.see(x.id); len(h) != 1 || h[0].Amount != "287.4" || h[0].locked() != (x.id == 105) {
				t.Errorf("order %d: %v", x.id, h)
			}
		}
		if diffs, err := b.Compare(t.Context(), again[:7]); err != nil || len(diffs) > 0 {
			t.Errorf("afterwards %+v, %v", diffs, err)
		}
		if strings.Contains(b.log.String(), "Quill") {
			t.Error("the log names the person")
		}
	})
}

// TestEraseDone: what a to-do said is forgotten too when somebody has marked it as done.
func TestEraseDone(t *testing.T) {
	for _, version := range everywhere {
		t.Run(fmt.Sprint(version), func(t *testing.T) { eraseDone(t, tillDatabase(t, version)) })
	}
}

func eraseDone(t *testing.T, o *odootest.Odoo) {
	b := tillOn(t, o, "customers: {match: []}\n")
	docs := map[int64]*document.Order{}
	for _, x := range []sale{two(101, 3), two(102, 2)} {
		x.customer = 0
		docs[x.id] = personal(x)
		b.deliver(t, created(document.OrderEntity, x.id, docs[x.id]))
	}
	// One is edited after its delivery, the other gets another address before it.
	docs[101].Lines[0].Quantity++
	if err := b.Deliver(t.Context(), []sinks.Delivery{delivery(document.OrderEntity, 101, document.Updated, docs[101], []string{"lines"}, nil)}); err == nil {
		t.Fatal("a delivered order was edited")
	}
	ship := *docs[102].ShippingAddress
	ship.Address1 = "14 Quillfeather Lane"
	docs[102].ShippingAddress = &ship
	b.deliver(t, delivery(document.OrderEntity, 102, document.Updated, docs[102], []string{"shipping_address"}, nil))
	done := 0
	for _, a := range b.rows(t, "mail.activity", nil, "res_model", "note") {
		id := int64(a["id"].(float64))
		if err := b.admin.Call(t.Context(), "mail.activity", "action_feedback", rpc.Args{IDs: []int64{id}, Named: map[string]any{"feedback": "told Quillfeather"}}, nil); err != nil {
			t.Fatal(err)
		}
		done++
	}
	if done == 0 { // before 16 there is one of the new address too
		t.Fatal("there is no to-do")
	}
	t.Log("before:", leftOf(t, o, "Quillfeather"))
	for id, doc := range docs {
		d := delivery(document.OrderEntity, id, document.Updated, forgottenOrder(doc), []string{"billing_address", "comment", "customer", "history", "lines", "shipping_address"}, nil)
		if err := b.Deliver(t.Context(), []sinks.Delivery{d}); err != nil && id != 101 {
			t.Error(inFull(err))
		}
		for range 2 {
			if err := b.Erase(t.Context(), d); err != nil {
				t.Error(err)
			}
		}
	}
	left := slices.DeleteFunc(leftOf(t, o, "Quillfeather"), func(at string) bool {
		return strings.HasPrefix(at, "mail_compose_message.") // of a wizard: Odoo empties these by itself
	})
	if len(left) > 0 {
		t.Errorf("left in %s", strings.Join(left, ", "))
	}
}
