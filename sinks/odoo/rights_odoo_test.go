//go:build odoo

package odoo

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/sinks"
	"octail/transform/document"
)

// apiGroups are the groups that the README asks for, and what a check says that lacks one.
func apiGroups(version string) map[string]string {
	groups := map[string]string{
		"sales_team.group_sale_manager": salesAdmin,
		"stock.group_stock_manager":     inventoryAdmin,
		"account.group_account_invoice": billing,
		"product.group_product_manager": productCreate,
	}
	if version == "14" {
		delete(groups, "product.group_product_manager")
	} else {
		groups["account.group_account_invoice"] = invoicing
	}
	return groups
}

// apiSettings make use of all that wants a right, but for the stock.
const (
	apiSettings = `customers: {groups: tag}
products: {specials: true}
mappings: {status: {"1": draft, "2": confirmed, "3": delivered, "8": invoiced, "9": paid}}
`
	apiPush  = "stock: push\n"
	apiCount = "stock.group_stock_manager" // wanted for it
)

// apiSink is a sink as a user with groups.
func apiSink(t *testing.T, r server, settings string, groups []string, links sinks.Links) *sink {
	t.Helper()
	into := Plugin.Settings()
	text := fmt.Sprintf("url: %s\ndatabase: %s\nlogin: %s\npassword: %s\n%s", r.URL, r.Database, r.user(t, append([]string{"base.group_user"}, groups...)), userPassword, settings)
	if _, err := config.Decode("sink.yaml", []byte(text), into); err != nil {
		t.Fatal(err)
	}
	opened, err := Plugin.Open(into, sinks.Env{Name: "erp", Shop: "api-user", Links: links, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened.(*sink)
}

// TestAPIUser: a user with the groups of the README, and no others, brings all there is
// into Odoo; octail check is content with it, and names each group that is taken away.
func TestAPIUser(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		groups := apiGroups(r.version)
		var all, names []string
		for name := range groups {
			all = append(all, name)
			if name != apiCount {
				names = append(names, name)
			}
		}
		for name, shown := range groups {
			settings, others := apiSettings, names
			if name == apiCount {
				settings += apiPush
			} else {
				others = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
			}
			err := apiSink(t, r, settings, others, nil).Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the group "+shown+" (") {
				t.Errorf("without %s: %v", name, err)
			}
		}
		apiUser(t, r, names, all)
	})
}

// apiUser delivers one of everything: the stock as a user with counting groups.
func apiUser(t *testing.T, r server, groups, counting []string) {
	b := tillOn(t, r.Odoo, "")
	if r.version == "14" { // the README says why
		r.sql(t, "DELETE FROM account_edi_format_account_journal_rel")
	}
	b.sink = apiSink(t, r, apiSettings, groups, b.links)
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}

	tee := b.mug(42)
	tee.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
	price := "8.0000"
	mug := b.mug(40)
	mug.Specials = []document.Special{{CustomerGroupID: 1, Reduction: document.Reduction{Price: &price}}}
	group := "Wholesale"
	address := document.Address{FirstName: "Ann", LastName: "Example", Address1: "1 High Street", City: "Testville"}
	b.deliver(t,
		shopCategory(1, 0, "Mugs"), productDelivery(mug), productDelivery(b.mug(41)), productDelivery(tee),
		created(document.CustomerEntity, 1, document.Customer{ID: 1, Group: document.Named{ID: 2, Name: &group}, FirstName: "Ann", LastName: "Example", Email: "ann1@example.com", Enabled: true, Addresses: []document.Address{address}}),
	)
	counter := apiSink(t, r, apiSettings+apiPush, counting, b.links)
	if err := counter.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := counter.Deliver(t.Context(), []sinks.Delivery{created(document.StockEntity, 40, document.Stock{ProductID: 40, Quantity: 7, SubtractStock: true})}); err != nil {
		t.Error(inFull(err))
	}
	if got := b.one(t, productModel, b.at(t, document.ProductEntity, 40).id, "qty_available")["qty_available"]; got != 7.0 {
		t.Errorf("counted %v, want 7", got)
	}

	// Step by step, then another at once; a guest's is cancelled.
	order := two(1, 1)
	order.comment = "Please wrap it"
	for _, step := range []struct {
		status int64
		want   string
	}{{1, stateDraft}, {2, stateSale}, {3, stateSale}, {8, stateSale}, {9, stateSale}} {
		order.status = step.status
		doc := order.order()
		doc.History[1].Comment = fmt.Sprint("Comment ", step.status)
		d := created(document.OrderEntity, order.id, doc)
		d.Again = true // its history is another one
		b.deliver(t, d)
		b.is(order, step.want)
	}
	atOnce := two(2, 3)
	atOnceDoc := atOnce.order()
	atOnceDoc.Status.ID = 9
	atOnceDoc.History = append(atOnceDoc.History, document.HistoryStep{Status: atOnceDoc.Status, At: atOnceDoc.PlacedAt})
	guest := two(3, 2)
	guest.customer = 0
	b.deliver(t, created(document.OrderEntity, atOnce.id, atOnceDoc), created(document.OrderEntity, guest.id, guest.order()))
	less := guest
	less.lines = []sold{{1, 40, 1, "101"}}
	b.put(less)
	b.demands("an edited order", b.is(less, stateSale), map[int64]int64{40: 1})
	cancelled := guest
	name := "Canceled"
	doc := cancelled.order()
	doc.Status = document.Status{ID: 7, Name: &name}
	doc.History[1].Status = doc.Status
	b.deliver(t, created(document.OrderEntity, guest.id, doc))
	b.is(guest, stateCancel)
	undone := order.order()
	undone.Status = doc.Status
	err := b.Deliver(t.Context(), []sinks.Delivery{created(document.OrderEntity, order.id, undone)})
	todo := slices.DeleteFunc(b.rows(t, "mail.activity", nil, "res_model"), func(a map[string]any) bool { return a["res_model"] != "sale.order" })
	if !errors.Is(err, errUndo) || len(todo) != 1 {
		t.Errorf("an order that is delivered and cancelled: %v, %d to-dos", err, len(todo))
	}

	for _, x := range []sale{order, atOnce} {
		h := b.is(x, stateSale)
		for _, p := range b.rows(t, "stock.picking", h.Pickings, "state") {
			if p["state"] != "done" {
				t.Errorf("order %d: a transfer is %v", x.id, p["state"])
			}
		}
		if len(h.Pickings) == 0 || len(h.Invoices) != 1 {
			t.Fatalf("order %d: %d transfers, %d invoices", x.id, len(h.Pickings), len(h.Invoices))
		}
		if m := b.one(t, "account.move", h.Invoices[0], "state", "payment_state"); m["state"] != "posted" || m["payment_state"] != "paid" && m["payment_state"] != "in_payment" {
			t.Errorf("order %d: its invoice is %v", x.id, m)
		}
	}
	notes := 0
	for _, m := range b.rows(t, "mail.message", nil, "model", "body") {
		if m["model"] == "sale.order" && strings.Contains(fmt.Sprint(m["body"]), "Comment ") {
			notes++
		}
	}
	if notes != 5 {
		t.Errorf("%d notes of the shop's comments, want 5", notes)
	}
}
