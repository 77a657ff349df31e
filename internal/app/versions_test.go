package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// TestTwoShops: two shops of different releases in one database, and the tables of the
// second begin with the first one's prefix. Each agent sees its own and nothing else.
func TestTwoShops(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Args: []string{"--default-time-zone=+00:00"}})
	database := shoptesting.Database(t, server)
	db := shoptesting.Open(t, server, database)
	type tenant struct {
		gen    shoptest.Generation
		prefix string
		agent  *agent
	}
	tenants := []*tenant{{gen: shoptest.V2, prefix: "oc_"}, {gen: shoptest.V40, prefix: "oc_2_"}, {gen: shoptest.V1, prefix: ""}}
	for i, s := range tenants {
		if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
			t.Fatal(err)
		}
		cfg := configure(t, server, database, settings{prefix: s.prefix})
		cfg.Shop.Name = fmt.Sprintf("shop-%d", i)
		if s.gen.Zone() == "" {
			cfg.Shop.Timezone = "UTC"
		}
		s.agent = start(t, server, cfg)
	}
	for _, s := range tenants {
		s.agent.quiet()
	}
	for _, s := range tenants {
		j := s.agent.look()
		before := j.Last()
		shop := use(t, server, database, s.gen, s.prefix, 2*time.Second)
		for _, other := range tenants {
			last := other.agent.look().Last()
			if other.agent.quiet(); other != s && other.agent.look().Last() != last {
				t.Errorf("the shop %q got events of the shop %q", other.prefix, s.prefix)
			}
		}
		if j = s.agent.look(); j.Last() == before || len(shop.Truth().Orders) == 0 {
			t.Errorf("nothing happened in the shop %q", s.prefix)
		}
	}
	for _, s := range tenants {
		compareAll(t, s.agent.look(), server, database, s.prefix)
	}
}

// TestStores: one installation with a second store that has settings of its own, an
// order there in its second language and currency, with a gift voucher, and (4.x) a
// variant of a product.
func TestStores(t *testing.T) {
	t.Parallel()
	for _, gen := range shoptest.Generations {
		t.Run(gen.String(), func(t *testing.T) {
			server := shoptesting.MariaDB(t)
			database, db, shop := openShop(t, server, gen)
			group := "code"
			if gen == shoptest.V1 {
				group = "`group`"
			}
			must(t, db, "INSERT INTO oc_setting (store_id, "+group+", `key`, value, serialized) VALUES (1, 'config', 'config_language', 'de-de', 0), (1, 'config', 'config_language_catalog', 'de-de', 0), (1, 'config', 'config_timezone', 'Asia/Tokyo', 0)",
				"UPDATE oc_setting SET value = 'GBP' WHERE store_id = 1 AND `key` = 'config_currency'")
			cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[]"})
			if gen.Zone() == "" {
				cfg.Shop.Timezone = "UTC"
			}
			a := start(t, server, cfg)
			a.quiet()
			product := int64(9)
			c := shoptest.Checkout{CustomerID: 3, Address: shoptest.Address{FirstName: "Cécile", LastName: "Grün", Address1: "1 Sample Street", City: "Wien", Postcode: "1010", CountryID: 14, ZoneID: 201},
				Currency: "GBP", LanguageID: 2}
			if gen < shoptest.V40 {
				c.Items = []shoptest.Item{{ProductID: product, Quantity: 2}}
			} else {
				product = 20 // the blue mug
				c.Items = []shoptest.Item{{ProductID: product, Quantity: 2}}
			}
			if gen != shoptest.V4 {
				c.Gifts = []shoptest.Gift{{FromName: "A", FromEmail: "a@example.com", ToName: "Gina & Co", ToEmail: "gina@example.com", Amount: decimal.NewFromInt(25)}}
			}
			id, err := shop.Order(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			must(t, db, "UPDATE oc_order SET store_id = 1, store_name = 'Example &amp; Outlet', store_url = 'http://outlet.example.com/'", "UPDATE oc_customer SET store_id = 1 WHERE customer_id = 3")
			if err := shop.SaveProduct(t.Context(), product, func(p *shoptest.Product) { p.Stores = []int64{0, 1}; p.Price = decimal.RequireFromString("13.37") }); err != nil {
				t.Fatal(err)
			}
			a.quiet()
			var o struct {
				Store struct {
					ID        int64
					Name, URL string
				}
				Language string
				Currency struct {
					Code, Base, Rate string
					Decimals         int
				}
				Lines []struct {
					ProductID int64  `json:"product_id"`
					MasterID  *int64 `json:"master_id"`
					Name      string
				}
				Vouchers []struct {
					ToName string `json:"to_name"`
					Amount string
					Code   string
				}
			}
			read(t, a.look(), "order", id, &o)
			german := map[bool]string{true: "de", false: "de-de"}[gen == shoptest.V1]
			got := []any{o.Store.ID, o.Store.Name, o.Store.URL, o.Language, o.Currency.Code, o.Currency.Base, o.Currency.Rate, o.Currency.Decimals, len(o.Lines), o.Lines[0].ProductID}
			want := []any{int64(1), "Example & Outlet", "http://outlet.example.com/", german, "GBP", "EUR", "0.86250001", 2, 1, product}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			switch {
			case gen >= shoptest.V40:
				if l := o.Lines[0]; l.MasterID == nil || *l.MasterID != 1 || !strings.Contains(l.Name, "blau") {
					t.Errorf("the variant: %+v", l)
				}
			case !strings.HasPrefix(o.Lines[0].Name, "Notizbuch") || o.Lines[0].MasterID != nil:
				t.Errorf("the line: %+v", o.Lines[0])
			}
			if gen == shoptest.V4 && len(o.Vouchers) != 0 ||
				gen != shoptest.V4 && (len(o.Vouchers) != 1 || o.Vouchers[0].ToName != "Gina & Co" || o.Vouchers[0].Amount != "25.0000" || !strings.HasSuffix(o.Vouchers[0].Code, "***")) {
				t.Errorf("vouchers %+v", o.Vouchers)
			}
			var customer struct {
				StoreID int64 `json:"store_id"`
			}
			read(t, a.look(), "customer", 3, &customer)
			var p struct {
				StoreIDs []int64 `json:"store_ids"`
				Texts    map[string]struct{ Name string }
			}
			read(t, a.look(), "product", product, &p)
			if customer.StoreID != 1 || !cmp.Equal(p.StoreIDs, []int64{0, 1}) || len(p.Texts) != 2 || p.Texts[german].Name == "" {
				t.Errorf("customer %+v, product %+v", customer, p)
			}
		})
	}
}

// read decodes the newest document of an entity.
func read(t *testing.T, j *journal.Journal, entity string, id int64, into any) {
	t.Helper()
	revisions, err := j.Revisions(t.Context(), document.Key{Entity: entity, ID: id})
	if err != nil || len(revisions) == 0 {
		t.Fatalf("%s/%d: %d revisions, %v", entity, id, len(revisions), err)
	}
	doc, err := document.DocumentOf(revisions[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(doc, into); err != nil {
		t.Fatal(err)
	}
}

// TestUpgradeInPlace takes a shop from 2.3 over 3.0 to what 4.1 looks like, in place and with the
// agent attached, as OpenCart's upgrade does: new tables and columns, data moved by SQL, old
// ones left behind at first. Documents follow the columns.
func TestUpgradeInPlace(t *testing.T) {
	t.Parallel()
	server := shoptesting.MariaDB(t)
	database, db, shop := openShop(t, server, shoptest.V2)
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	cfg.Shop.Timezone = "UTC"
	a := start(t, server, cfg)
	a.quiet()
	place(t, shop, 3)
	a.quiet()
	compareAll(t, a.look(), server, database, "oc_")
	for _, step := range [][]string{
		{ // 3.0
			"CREATE TABLE oc_seo_url (seo_url_id INT AUTO_INCREMENT PRIMARY KEY, store_id INT NOT NULL, language_id INT NOT NULL, query VARCHAR(255) NOT NULL, keyword VARCHAR(255) NOT NULL) ENGINE=MyISAM",
			"INSERT INTO oc_seo_url (store_id, language_id, query, keyword) SELECT 0, 1, query, CONCAT(keyword, '-new') FROM oc_url_alias",
			"UPDATE oc_url_alias SET keyword = CONCAT(keyword, '-old')",
		},
		{ // 4.0
			"ALTER TABLE oc_address ADD COLUMN `default` TINYINT(1) NOT NULL DEFAULT 0",
			"UPDATE oc_address a JOIN oc_customer c USING (customer_id) SET a.`default` = 1 WHERE a.address_id = c.address_id AND c.customer_id = 1",
			"ALTER TABLE oc_seo_url ADD COLUMN `key` VARCHAR(64) NOT NULL DEFAULT '', ADD COLUMN value VARCHAR(255) NOT NULL DEFAULT ''",
			"UPDATE oc_seo_url SET `key` = IF(query LIKE 'product%', 'product_id', 'path'), value = SUBSTRING_INDEX(query, '=', -1)",
			"ALTER TABLE oc_order MODIFY payment_method TEXT, MODIFY shipping_method TEXT",
			`UPDATE oc_order SET payment_method = CONCAT('{"name":"', payment_method, '","code":"', payment_code, '"}'), shipping_method = CONCAT('{"name":"', shipping_method, '","code":"', shipping_code, '"}') WHERE order_id < 3`,
		},
		{ // 4.1
			"CREATE TABLE oc_product_code (product_code_id INT AUTO_INCREMENT PRIMARY KEY, product_id INT NOT NULL, code VARCHAR(48) NOT NULL, value VARCHAR(255) NOT NULL)",
			"INSERT INTO oc_product_code (product_id, code, value) SELECT product_id, 'SKU', CONCAT(sku, '-new') FROM oc_product WHERE product_id < 10",
			"ALTER TABLE oc_product_discount ADD COLUMN type CHAR(1) NOT NULL DEFAULT 'F', ADD COLUMN special TINYINT(1) NOT NULL DEFAULT 0",
			"INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special, date_start, date_end) SELECT product_id, customer_group_id, 1, priority, price + 1, 'F', 1, date_start, date_end FROM oc_product_special",
		},
		{ // and the old goes
			"ALTER TABLE oc_customer DROP COLUMN approved", "DROP TABLE oc_url_alias", "DROP TABLE oc_product_special", "ALTER TABLE oc_order DROP COLUMN payment_code, DROP COLUMN shipping_code",
		},
	} {
		must(t, db, append([]string{"SET sql_mode = ''"}, step...)...)
		a.quiet()
		compareAll(t, a.look(), server, database, "oc_")
	}
}
