//go:build odoo

package odooshop

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// How long TestKilled is: `make kill-odoo` has 100 kills during 500 orders.
var (
	kills  = flag.Int("kills", 12, "how often TestKilled kills agent or Odoo")
	orders = flag.Int("orders", 60, "orders that are placed meanwhile")
)

// TestKilled kills agent and Odoo at random while a shop is in use. In the end Odoo has
// every order once, confirmed, with its lines and its total, and nothing twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB})
	database := shoptesting.Database(t, server)
	db := shoptesting.Open(t, server, database)
	if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
		t.Fatal(err)
	}
	odoo := odootest.Private(t, 19)
	prepare(t, odoo.Odoo, "EUR", "GBP", "JPY")
	shop := shoptest.NewShop(db, shoptest.V4, "oc_", 11)
	a := between(t, server, database, "UTC", "[customer, product, category]", odoo.Odoo, "release: any", "mappings: {status: {1: confirmed, 2: confirmed}}")
	a.start()
	quiet(a, db, 5*time.Minute) // what was there before a first start is the snapshot's business

	random := rand.New(rand.NewPCG(5, 6))
	var registered []int64
	done, began := 0, time.Now()
	place := func(upTo int) {
		for ; done < upTo; done++ {
			c, err := shop.RandomCheckout(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if done%4 == 3 { // one in four is a customer's
				id, err := shop.Register(t.Context(), c.Guest)
				if err != nil {
					t.Fatal(err)
				}
				registered = append(registered, id)
				c.CustomerID = id
			}
			if _, err := shop.Order(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	killed := map[string]int{}
	for i := range *kills {
		place(*orders * (i + 1) / *kills)
		time.Sleep(time.Duration(50+random.IntN(4000)) * time.Millisecond)
		if i%2 == 0 {
			killed["agent"]++
			a.kill()
			a.start()
			continue
		}
		killed["Odoo"]++
		odoo.Kill()
		if random.IntN(3) == 0 { // both at once
			killed["agent"]++
			a.kill()
			a.start()
		}
		odoo.Start(t)
	}
	var j judged
	end := time.Now().Add(3*time.Minute + time.Duration(*orders)*3*time.Second)
	for {
		if j = judge(t, db, odoo.Odoo, "sale"); j.clean() || time.Now().After(end) {
			break
		}
		time.Sleep(2 * time.Second)
	}
	st, err := a.status()
	t.Logf("%d orders, %d of them customers', killed %v in %s: %s", done, len(registered), killed, time.Since(began).Round(time.Second), j)
	if !j.clean() {
		out, _ := a.run("dead", "list")
		t.Errorf("not equal: %v %s %q\n%s", err, st.Sentence, st.Reasons, out)
	}
	var people int
	for _, row := range odoo.SQL(t, "SELECT COUNT(*) FROM res_partner p JOIN ir_model_data d ON d.model = 'res.partner' AND d.res_id = p.id AND d.module = 'octail_main-shop' WHERE d.name LIKE 'c\\_%'") {
		_, _ = fmt.Sscan(row[0], &people)
	}
	if people < len(registered) {
		t.Errorf("%d of %d customers are in Odoo", people, len(registered))
	}
}
