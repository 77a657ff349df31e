package shoptest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// newShop loads a shop with the prefix x_ into a fresh database.
func newShop(t *testing.T, server *shoptest.Server, gen shoptest.Generation, options ...shoptest.LoadOption) (database string, shop *shoptest.Shop) {
	t.Helper()
	database = shoptesting.Database(t, server)
	db := shoptesting.Open(t, server, database)
	if err := shoptest.Load(context.Background(), db, gen, "x_", options...); err != nil {
		t.Fatal(err)
	}
	return database, shoptest.NewShop(db, gen, "x_", 1)
}

// cart is two mugs in blue (option value 2, own stock) with a gift wrap (4, no
// stock), and a pen with an engraving.
var cart = []shoptest.Item{
	{ProductID: 1, Quantity: 2, Options: []shoptest.Choice{{ProductOptionID: 1, ValueID: 2}, {ProductOptionID: 3, ValueID: 4}}},
	{ProductID: 10, Quantity: 1, Options: []shoptest.Choice{{ProductOptionID: 8, Text: `For "Mia" & Tom`}}},
}

// otherWrites are the flows in which a generation does not write as its neighbour does:
// 1.5 and 2.3 as 3.0, 4.0 as 4.1.
var otherWrites = map[shoptest.Generation]map[string]string{
	shoptest.V1: {
		"add the first address": "+address",
		"cancel":                "~order +order_history",
		"confirm":               "~order +order_history ~product ~product_option_value ~product +coupon_history ~customer",
		"delete the draft":      "-order -order_product -order_option -order_total",
		"delete the order":      "~product ~product_option_value -order -order_product -order_option -order_total -order_history",
		"draft": "~customer +order +order_product +order_option +order_option +order_product +order_option +order_total +order_total +order_total +order_total " +
			"+order_total +order_total",
		"edit a customer": "~customer -address +address +address +address",
		"edit the lines": "~product ~product_option_value ~product ~order -order_product -order_option +order_product ~product +order_option ~product_option_value +order_option" +
			" -order_total +order_total +order_total +order_total +order_total +order_total +order_total ~order",
		"order by staff": "~customer +order +order_product +order_option +order_total +order_total +order_total +order_total +order_total ~order +order_history ~product",
		"register in a group that needs an approval": "+customer +address ~customer +customer_ip ~customer",
		"register": "+customer +address ~customer +customer_ip",
		"send an order elsewhere": "~product ~order -order_product -order_option +order_product ~product +order_option -order_total +order_total +order_total +order_total +order_total " +
			"+order_total",
	},
	shoptest.V2: {
		"add the first address": "+address",
		"edit a customer":       "~customer -address +address +address +address",
		"edit the lines": "~order +order_history ~product ~product_option_value ~product -coupon_history ~order -order_product -order_option +order_product +order_option " +
			"+order_option -order_total +order_total +order_total +order_total +order_total +order_total +order_total +coupon_history ~product " +
			"~product_option_value ~order +order_history",
		"register in a group that needs an approval": "+customer +address ~customer +customer_ip ~customer",
		"register": "+customer +address ~customer +customer_ip",
		"send an order elsewhere": "~order +order_history ~product ~order -order_product -order_option +order_product +order_option -order_total +order_total +order_total +order_total " +
			"+order_total +order_total ~product ~order +order_history",
	},
	shoptest.V40: {
		"confirm step shown again": "~order +order_history -order_product -order_option +order_product +order_option -order_total +order_total +order_total +order_total +order_total +order_total",
		"copy a product":           "+product ~product +product_description +product_description +product_to_category +product_to_store +product_option +product_option +product_discount",
		"create a product": "+product ~product +product_description +product_description +product_to_category +product_to_category +product_to_store +product_discount " +
			"+product_discount +seo_url",
		"delete a product": "-product -product_description -product_discount -product_to_category -product_to_store -seo_url",
		"delete the draft": "~order +order_history -order -order_product -order_option -order_total -order_history",
		"delete the order": "~order +order_history -order -order_product -order_option -order_total -order_history",
		"disable a product": "~product -product_description +product_description +product_description -product_to_category +product_to_category +product_to_category " +
			"-product_to_store +product_to_store -product_discount +product_discount +product_discount -seo_url +seo_url",
		"save a product": "~product -product_description +product_description +product_description -product_to_category +product_to_category +product_to_category -product_filter " +
			"+product_filter -product_to_store +product_to_store +product_to_store -product_related -product_related +product_related +product_related " +
			"+product_related +product_related -product_attribute +product_attribute +product_attribute +product_attribute +product_attribute -product_option " +
			"-product_option_value +product_option +product_option_value +product_option_value +product_option_value +product_option +product_option " +
			"+product_option_value +product_option_value -product_special +product_special -product_image +product_image +product_image -product_reward " +
			"+product_reward +product_reward -seo_url +seo_url",
	},
}

// flow is something a visitor or staff does, and what it writes, as was seen in the
// binlogs of real shops of each generation.
type flow struct {
	name   string
	do     func(context.Context, *shoptest.Shop) error
	v3, v4 string
}

// flows are done one after the other in one shop: what one leaves, another needs.
func flows() []flow {
	var customer, address, order, draft, product, category int64
	guest := shoptest.Person{FirstName: "Mira", LastName: "O'Neil", Email: "mira@example.com", Telephone: "+49 000 1"}
	home := shoptest.Address{FirstName: "Mira", LastName: "O'Neil", Address1: "1 Sample Street", City: "Berlin", Postcode: "10115", CountryID: 81, ZoneID: 1256}
	away := shoptest.Address{FirstName: "Mira", LastName: "O'Neil", Address1: "77 Moved Road", City: "Newtown", Postcode: "80331", CountryID: 81, ZoneID: 1255}
	lines := "+order_product +order_option +order_option +order_product +order_option "
	return []flow{
		{"register", func(ctx context.Context, s *shoptest.Shop) (err error) {
			customer, err = s.Register(ctx, guest)
			return err
		}, "+customer +customer_ip", "+customer +customer_ip"},
		{"register in a group that needs an approval", func(ctx context.Context, s *shoptest.Shop) error {
			trader := guest
			trader.GroupID = 2
			id, err := s.Register(ctx, trader)
			if err != nil {
				return err
			}
			return s.ApproveCustomer(ctx, id)
		}, "+customer +customer_approval +customer_ip ~customer -customer_approval", "+customer +customer_approval +customer_ip ~customer -customer_approval"},
		{"add the first address", func(ctx context.Context, s *shoptest.Shop) (err error) {
			address, err = s.AddAddress(ctx, customer, home, false)
			return err
		}, "+address ~customer", "+address"},
		{"add another default address", func(ctx context.Context, s *shoptest.Shop) error {
			_, err := s.AddAddress(ctx, customer, away, true)
			return err
		}, "+address ~customer", "+address ~address"},
		{"edit an address", func(ctx context.Context, s *shoptest.Shop) error {
			return s.EditAddress(ctx, customer, address, away)
		}, "~address", "~address"},
		{"edit the account", func(ctx context.Context, s *shoptest.Shop) error {
			p := guest
			p.LastName = "Weiß"
			return s.EditAccount(ctx, customer, p)
		}, "~customer", "~customer"},
		{"edit a customer", func(ctx context.Context, s *shoptest.Shop) error {
			p := guest
			p.Telephone = "+49 000 2"
			return s.EditCustomer(ctx, customer, p)
		}, "~customer -address +address +address", "~customer"},
		{"draft", func(ctx context.Context, s *shoptest.Shop) (err error) {
			order, err = s.Draft(ctx, shoptest.Checkout{CustomerID: customer, Items: cart, Coupon: "TEN"})
			return err
		}, "+order " + lines + "+order_total +order_total +order_total +order_total +order_total +order_total",
			"+order " + lines + "+order_total +order_total +order_total +order_total +order_total +order_total"},
		{"confirm", func(ctx context.Context, s *shoptest.Shop) error { return s.Confirm(ctx, order) },
			"+coupon_history ~product ~product_option_value ~product ~order +order_history ~statistics",
			"~statistics ~statistics +coupon_history ~product ~product_option_value ~product ~order +order_history"},
		{"next status", func(ctx context.Context, s *shoptest.Shop) error {
			return s.SetStatus(ctx, order, 2, "Being packed", true)
		},
			"~order +order_history ~statistics", "~order +order_history"},
		{"first status that is complete", func(ctx context.Context, s *shoptest.Shop) error { return s.SetStatus(ctx, order, 3, "Shipped", false) },
			"~order +order_history ~statistics", "~statistics ~order +order_history"},
		{"invoice", func(ctx context.Context, s *shoptest.Shop) error {
			_, err := s.Invoice(ctx, order)
			return err
		}, "~order", "~order"},
		{"edit the lines", func(ctx context.Context, s *shoptest.Shop) error {
			return s.EditLines(ctx, order, cart[:1])
		},
			"~order +order_history ~product ~product_option_value ~product -coupon_history" +
				" ~order -order_product -order_option +order_product +order_option +order_option -order_total +order_total +order_total +order_total +order_total +order_total +order_total" +
				" +coupon_history ~product ~product_option_value ~order +order_history ~statistics -order_history",
			"~product ~product_option_value ~product -coupon_history ~order +order_history" +
				" ~order -order_product -order_option +order_product +order_option +order_option -order_total +order_total +order_total +order_total +order_total +order_total +order_total" +
				" ~statistics ~statistics +coupon_history ~product ~product_option_value ~statistics ~order +order_history"},
		{"cancel", func(ctx context.Context, s *shoptest.Shop) error { return s.Cancel(ctx, order, "") },
			"~order +order_history ~product ~product_option_value -coupon_history ~statistics",
			"~statistics ~statistics ~product ~product_option_value -coupon_history ~order +order_history"},
		{"delete the order", func(ctx context.Context, s *shoptest.Shop) error { return s.DeleteOrder(ctx, order) },
			"~order +order_history -order -order_product -order_option -order_total -order_history",
			"-order_product -order_option -order_total -order_history -order"},
		{"draft of a guest", func(ctx context.Context, s *shoptest.Shop) (err error) {
			draft, err = s.Draft(ctx, shoptest.Checkout{Guest: guest, Address: home, Items: cart[1:]})
			return err
		}, "+order +order_product +order_option +order_total +order_total +order_total +order_total +order_total",
			"+order +order_product +order_option +order_total +order_total +order_total +order_total +order_total"},
		{"confirm step shown again", func(ctx context.Context, s *shoptest.Shop) error {
			_, err := s.ShowConfirmAgain(ctx, draft, shoptest.Checkout{Guest: guest, Address: home, Items: cart[1:]})
			return err
		}, "+order +order_product +order_option +order_total +order_total +order_total +order_total +order_total",
			"-order_product -order_option +order_product +order_option -order_total +order_total +order_total +order_total +order_total +order_total"},
		{"delete the draft", func(ctx context.Context, s *shoptest.Shop) error {
			return s.DeleteOrder(ctx, draft)
		},
			"~order +order_history -order -order_product -order_option -order_total -order_history",
			"-order_product -order_option -order_total -order"},
		{"create a product", func(ctx context.Context, s *shoptest.Shop) (err error) {
			p := shoptest.Catalogue()[1]
			p.Keyword = "new"
			product, err = s.CreateProduct(ctx, p)
			return err
		}, "+product ~product +product_description +product_description +product_to_store +product_discount +product_discount +product_to_category +product_to_category +seo_url +product_to_layout",
			"+product ~product +product_description +product_description +product_code +product_to_category +product_to_category +product_to_store +product_discount +product_discount +seo_url"},
		{"save a product", func(ctx context.Context, s *shoptest.Shop) error {
			return s.SaveProduct(ctx, 1, func(p *shoptest.Product) { p.Quantity++ })
		}, "~product -product_description +product_description +product_description -product_to_store +product_to_store +product_to_store" +
			" -product_attribute +product_attribute +product_attribute +product_attribute +product_attribute" +
			" -product_option -product_option_value +product_option +product_option_value +product_option_value +product_option_value +product_option +product_option +product_option_value +product_option_value" +
			" -product_special +product_special -product_image +product_image +product_image -product_to_category +product_to_category +product_to_category -product_filter +product_filter" +
			" -product_related -product_related +product_related +product_related +product_related +product_related -product_reward +product_reward +product_reward -seo_url +seo_url -product_to_layout +product_to_layout",
			"~product -product_description +product_description +product_description -product_code +product_code +product_code -product_to_category +product_to_category +product_to_category" +
				" -product_filter +product_filter -product_to_store +product_to_store +product_to_store -product_related -product_related +product_related +product_related +product_related +product_related" +
				" -product_attribute +product_attribute +product_attribute +product_attribute +product_attribute" +
				" -product_option -product_option_value +product_option +product_option_value +product_option_value +product_option_value +product_option +product_option +product_option_value +product_option_value" +
				" -product_discount +product_discount -product_image +product_image +product_image -product_reward +product_reward +product_reward -seo_url +seo_url"},
		{"disable a product", func(ctx context.Context, s *shoptest.Shop) error { return s.DisableProduct(ctx, product) },
			"~product -product_description +product_description +product_description -product_to_store +product_to_store -product_discount +product_discount +product_discount" +
				" -product_to_category +product_to_category +product_to_category -seo_url +seo_url -product_to_layout +product_to_layout",
			"~product -product_description +product_description +product_description -product_code +product_code -product_to_category +product_to_category +product_to_category" +
				" -product_to_store +product_to_store -product_discount +product_discount +product_discount -seo_url +seo_url"},
		{"delete a product", func(ctx context.Context, s *shoptest.Shop) error { return s.DeleteProduct(ctx, product) },
			"-product -product_description -product_discount -product_to_category -product_to_layout -product_to_store -seo_url",
			"-product -product_code -product_to_category -product_description -product_discount -product_to_store -seo_url"},
		{"import stock", func(ctx context.Context, s *shoptest.Shop) error { return s.ImportStock(ctx, 5, 1, 2, 3, 4) }, "~product", "~product"},
		{"view a product", func(ctx context.Context, s *shoptest.Shop) error { return s.View(ctx, 1) }, "~product", ""},
		{"create a category", func(ctx context.Context, s *shoptest.Shop) (err error) {
			category, err = s.CreateCategory(ctx, shoptest.Category{ParentID: 4, Enabled: true, Stores: []int64{0}, Keyword: "paper", Texts: []shoptest.Text{{LanguageID: 1, Name: "Paper"}}})
			return err
		}, "+category ~category +category_description +category_path +category_path +category_to_store +seo_url +category_to_layout",
			"+category +category_description +category_path +category_path +category_to_store +seo_url"},
		{"save a category", func(ctx context.Context, s *shoptest.Shop) error {
			return s.SaveCategory(ctx, category, func(c *shoptest.Category) { c.SortOrder++ })
		},
			"~category -category_description +category_description -category_path +category_path ~category_path -category_to_store +category_to_store -seo_url +seo_url -category_to_layout +category_to_layout",
			"~category -category_description +category_description -category_path +category_path +category_path -seo_url +seo_url -category_to_store +category_to_store"},
		{"move a category with one below it", func(ctx context.Context, s *shoptest.Shop) error { return s.MoveCategory(ctx, 5, 4) },
			"~category -category_description +category_description +category_description +category_path ~category_path +category_path ~category_path ~category_path" +
				" -category_to_store +category_to_store -seo_url +seo_url -category_to_layout +category_to_layout",
			"~category -category_description +category_description +category_description -category_path +category_path +category_path -category_path +category_path +category_path +category_path" +
				" -seo_url +seo_url ~seo_url -category_to_store +category_to_store"},
		{"delete a category", func(ctx context.Context, s *shoptest.Shop) error { return s.DeleteCategory(ctx, category) },
			"-category_path -category -category_description -category_to_store -category_to_layout -seo_url",
			"-category -category_description -category_to_store -seo_url -category_path"},
		{"delete an address", func(ctx context.Context, s *shoptest.Shop) error { return s.DeleteAddress(ctx, customer, address) }, "-address", "-address"},
		{"order by staff", func(ctx context.Context, s *shoptest.Shop) (err error) {
			order, err = s.StaffOrder(ctx, shoptest.Checkout{CustomerID: customer, Items: cart[1:]})
			return err
		}, "+order +order_product +order_option +order_total +order_total +order_total +order_total +order_total ~product ~order +order_history ~statistics",
			"+order +order_product +order_option +order_total +order_total +order_total +order_total +order_total ~statistics ~statistics ~product ~order +order_history"},
		{"send an order elsewhere", func(ctx context.Context, s *shoptest.Shop) error { return s.MoveOrder(ctx, order, home) },
			"~order +order_history ~product ~order -order_product -order_option +order_product +order_option -order_total +order_total +order_total +order_total +order_total +order_total" +
				" ~product ~order +order_history ~statistics -order_history",
			"~product ~order +order_history ~order -order_product -order_option +order_product +order_option -order_total +order_total +order_total +order_total +order_total +order_total" +
				" ~statistics ~statistics ~product ~order +order_history"},
		{"add points", func(ctx context.Context, s *shoptest.Shop) error { return s.AddReward(ctx, customer, order, 10) }, "+customer_reward", "+customer_reward"},
		{"copy a product", func(ctx context.Context, s *shoptest.Shop) error {
			_, err := s.CopyProduct(ctx, 9)
			return err
		}, "+product ~product +product_description +product_description +product_to_store +product_option +product_option +product_discount +product_to_category +product_to_layout",
			"+product ~product +product_description +product_description +product_code +product_to_category +product_to_store +product_option +product_option +product_discount"},
		{"set a currency's rate", func(ctx context.Context, s *shoptest.Shop) error {
			return s.SetCurrencyRate(ctx, "GBP", decimal.RequireFromString("0.87"))
		}, "~currency", "~currency"},
		{"delete a customer", func(ctx context.Context, s *shoptest.Shop) error { return s.DeleteCustomer(ctx, customer) },
			"-customer -customer_reward -customer_ip -address", "-customer -customer_reward -customer_ip -address"},
		{"rename a status", func(ctx context.Context, s *shoptest.Shop) error { return s.RenameStatus(ctx, 2, "In process") },
			"-order_status +order_status +order_status", "-order_status +order_status +order_status"},
	}
}

func TestWriteOrder(t *testing.T) {
	for _, server := range []*shoptest.Server{shoptesting.MariaDB(t), shoptesting.MySQL(t)} {
		t.Run(server.Flavor(), func(t *testing.T) {
			t.Parallel() // each server has a binlog of its own
			for _, gen := range shoptest.Generations {
				database, shop := newShop(t, server, gen)
				for _, f := range flows() {
					t.Run(gen.String()+"/"+f.name, func(t *testing.T) {
						// A new date_modified is a change only in another second.
						if err := server.Exec(t.Context(), database, "UPDATE x_order SET date_modified = date_modified - INTERVAL 1 MINUTE"); err != nil {
							t.Fatal(err)
						}
						got := written(t, server, database, func() {
							if err := f.do(context.Background(), shop); err != nil {
								t.Fatal(err)
							}
						})
						want, own := otherWrites[gen][f.name]
						switch {
						case own:
						case gen <= shoptest.V2: // what 3.0 writes, without statistics
							want = strings.ReplaceAll(strings.ReplaceAll(f.v3, "seo_url", "url_alias"), " ~statistics", "")
						case gen == shoptest.V3:
							want = f.v3
						default:
							want = f.v4
						}
						if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
							t.Errorf("writes (-want +got):\n%s", diff)
						}
					})
				}
			}
		})
	}
}

// TestGiftWrites orders a gift voucher: it comes after the lines and before the totals.
// V4 has none.
func TestGiftWrites(t *testing.T) {
	ctx := context.Background()
	server := shoptesting.MariaDB(t)
	checkout := shoptest.Checkout{CustomerID: 1, Items: []shoptest.Item{{ProductID: 11, Quantity: 1}}, Gifts: []shoptest.Gift{{ToName: "Gina", Amount: decimal.NewFromInt(25)}}}
	database, shop := newShop(t, server, shoptest.V3)
	got := written(t, server, database, func() {
		if _, err := shop.Draft(ctx, checkout); err != nil {
			t.Fatal(err)
		}
	})
	want := "+order +order_product +order_voucher +voucher ~order_voucher +order_total +order_total +order_total +order_total +order_total"
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	_, shop = newShop(t, server, shoptest.V4)
	if _, err := shop.Draft(ctx, checkout); err == nil {
		t.Error("V4 took a gift voucher")
	}
}
