package shoptest

import (
	"strings"

	"github.com/shopspring/decimal"
)

// Catalogue returns the products Load puts into a new shop. Their ids are 1, 2, 3, ...
// in this order. Between them they have everything a product can have: options of every
// kind, values with prices, weights and own stock, special prices and discounts with
// and without dates, attributes, related products, codes, a download, a variant.
func Catalogue() []Product {
	all := []int64{0}
	both := []int64{0, 1}
	list := []Product{
		good("MUG-01", "Stoneware Mug 12\"", "Steingutbecher 12\"", "12.5000", 120, 2),
		good("PLATE-01", "Dinner Plate", "Essteller", "8.3250", 80, 3),
		good("PLATE-02", "Dessert Plate & Bowl", "Dessertteller & Schale", "6.9900", 60, 3),
		good("POT-01", "Tea Pot", "Teekanne", "49.0000", 15, 1),
		good("LAMP-01", "Desk Lamp \"Lumen\"", "Schreibtischlampe „Lumen“", "89.9000", 25, 6),
		good("LAMP-02", "Floor Lamp", "Stehlampe", "179.0000", 8, 5),
		good("BULB-01", "LED Bulb <E27>", "LED-Lampe <E27>", "4.4900", 500, 5),
		good("CABLE-01", "Textile Cable", "Textilkabel", "3.2000", 300, 5),
		good("NOTE-01", "Notebook A5", "Notizbuch A5", "9.9500", 200, 4),
		good("PEN-01", "Fountain Pen", "Füllfederhalter", "34.0000", 40, 4),
		good("INK-01", "Ink Bottle", "Tintenfass", "7.5000", 90, 4),
		good("CASE-01", "Pen Case", "Stifteetui", "18.7500", 35, 4),
		good("APRON-01", "Linen Apron", "Leinenschürze", "29.0000", 45, 1),
		good("TOWEL-01", "Tea Towel", "Geschirrtuch", "5.8000", 150, 1),
		good("BOARD-01", "Cutting Board", "Schneidebrett", "22.4000", 30, 1),
		good("KNIFE-01", "Bread Knife", "Brotmesser", "41.6600", 20, 1),
		good("BOOK-01", "Pottery at Home (PDF)", "Töpfern zu Hause (PDF)", "14.0000", 1000, 7),
		good("GIFT-01", "Gift Box", "Geschenkbox", "2.5000", 400, 8),
		good("OLD-01", "Last Season's Vase", "Vase der letzten Saison", "15.0000", 0, 8),
		good("MUG-01-BLUE", "Stoneware Mug 12\", blue", "Steingutbecher 12\", blau", "13.5000", 40, 2),
	}
	amount := decimal.RequireFromString
	mug, plate, pot, lamp, floor, note, pen, apron, board, book, old, blue :=
		&list[0], &list[1], &list[3], &list[4], &list[5], &list[8], &list[9], &list[12], &list[14], &list[16], &list[18], &list[19]

	mug.Options = []ProductOption{
		{OptionID: 4, Required: true, Values: []ProductOptionValue{
			{OptionValueID: 6, Quantity: 40, Subtract: true}, {OptionValueID: 7, Quantity: 40, Subtract: true, Price: amount("1")},
			{OptionValueID: 8, Quantity: 40, Subtract: true, Price: amount("-0.5"), Weight: amount("0.02")}}},
		{OptionID: 3, Value: "Your name"},
		{OptionID: 2, Values: []ProductOptionValue{{OptionValueID: 4, Quantity: 1000, Price: amount("2.9"), Weight: amount("0.05")}, {OptionValueID: 5, Quantity: 500, Subtract: true, Price: amount("1.25")}}},
	}
	mug.Codes = map[string]string{"SKU": "MUG-001", "EAN": "4006381333931"}
	mug.Images = []string{"catalog/demo/mug-side.jpg", "catalog/demo/mug-top.jpg"}
	mug.Attributes = []ProductAttribute{{1, 1, "Stoneware"}, {1, 2, "Steingut"}, {2, 1, "Dishwasher & microwave"}, {2, 2, "Spülmaschine & Mikrowelle"}}
	mug.Related = []int64{2, 3}
	mug.Rewards = []ProductReward{{1, 10}, {2, 5}}
	mug.Specials = []ProductPrice{{GroupID: 1, Priority: 1, Price: amount("11.25"), From: "2020-01-01", Until: "2099-12-31"}}
	mug.Filters, mug.Stores = []int64{1}, both

	plate.Discounts = []ProductPrice{{GroupID: 1, Quantity: 6, Priority: 1, Price: amount("7.5")}, {GroupID: 1, Quantity: 12, Priority: 1, Price: amount("15"), Percent: true}}
	pot.Specials = []ProductPrice{{GroupID: 1, Priority: 1, Price: amount("20"), Percent: true, From: "2020-01-01"}, {GroupID: 2, Priority: 1, Price: amount("36")}}
	lamp.Options = []ProductOption{
		{OptionID: 1, Required: true, Values: []ProductOptionValue{{OptionValueID: 1, Quantity: 5, Subtract: true}, {OptionValueID: 2, Quantity: 10, Subtract: true, Price: amount("10")},
			{OptionValueID: 3, Quantity: 10, Subtract: true, Price: amount("25"), Weight: amount("0.4"), Points: 20}}},
		{OptionID: 5},
	}
	lamp.Length, lamp.Width, lamp.Height = amount("20"), amount("15.5"), amount("45")
	lamp.ManufacturerID, lamp.Filters = 3, []int64{2}
	floor.ManufacturerID, floor.Available = 3, ""
	floor.Specials = []ProductPrice{{GroupID: 1, Priority: 1, Price: amount("149"), From: "2020-01-01", Until: "2020-12-31"}} // over
	note.Options = []ProductOption{{OptionID: 6}, {OptionID: 7}}
	note.Discounts = []ProductPrice{{GroupID: 1, Quantity: 10, Priority: 1, Price: amount("8.9"), From: "2020-01-01", Until: "2099-12-31"}}
	pen.Options = []ProductOption{{OptionID: 3, Required: true}}
	pen.Related, pen.Points = []int64{11, 12}, 340
	apron.Subtract = false
	board.WeightClassID, board.Weight = 2, amount("1450")
	book.Shipping, book.Subtract, book.TaxClassID, book.Weight = false, false, 10, decimal.Zero
	old.Enabled, old.StockStatusID = false, 5
	blue.MasterID, blue.Variant = 1, `{"1":"2"}` // the mug's colour is blue
	for i := range list {
		if list[i].Stores == nil {
			list[i].Stores = all
		}
	}
	return list
}

// good is a plain product. Kitchen goods also are in the category of all kitchen goods.
func good(model, english, german, price string, quantity int, category int64) Product {
	p := Product{
		Model: model, Codes: map[string]string{"SKU": model}, Quantity: quantity, Minimum: 1,
		Subtract: true, Shipping: true, Enabled: true, StockStatusID: 7, ManufacturerID: 1, TaxClassID: 9, WeightClassID: 1, LengthClass: 1,
		Price: decimal.RequireFromString(price), Available: "2026-01-01", Weight: decimal.RequireFromString("0.35"), SortOrder: 1,
		Image: "catalog/demo/" + strings.ToLower(model) + ".jpg", Keyword: strings.ToLower(model),
		Texts:      []Text{productText(1, english), productText(2, german)},
		Categories: []int64{category},
	}
	if category == 2 || category == 3 {
		p.Categories = []int64{1, category}
	}
	return p
}

func productText(language int64, name string) Text {
	return Text{LanguageID: language, Name: name, MetaTitle: name, Tags: "demo",
		Description: "<p>" + escape(name) + " – <b>made to last</b>.</p>"}
}

// catalogueCategories are the categories of a new shop, with ids 1, 2, 3, ...
func catalogueCategories() []Category {
	c := func(parent int64, keyword, english, german string) Category {
		text := func(language int64, name string) Text { return Text{LanguageID: language, Name: name, MetaTitle: name} }
		return Category{ParentID: parent, Enabled: true, Top: parent == 0, SortOrder: 1, Stores: []int64{0}, Keyword: keyword,
			Texts: []Text{text(1, english), text(2, german)}}
	}
	list := []Category{
		c(0, "kitchen", "Kitchen", "Küche"),
		c(1, "mugs", "Mugs & Cups", "Becher & Tassen"),
		c(1, "plates", "Plates", "Teller"),
		c(0, "office", "Office", "Büro"),
		c(0, "lamps", "Lamps", "Lampen"),
		c(5, "desk-lamps", "Desk Lamps", "Schreibtischlampen"),
		c(0, "downloads", "Downloads", "Downloads"),
		c(0, "outlet", "Outlet", "Restposten"),
	}
	list[0].Filters = []int64{1}
	list[7].Stores = []int64{0, 1}
	return list
}

// catalogueCustomers are the customers of a new shop, with ids 1, 2 and 3.
func catalogueCustomers() []struct {
	Person
	addresses []Address
} {
	berlin := Address{FirstName: "Alice", LastName: "Example", Address1: "1 Sample Street", City: "Berlin", Postcode: "10115", CountryID: 81, ZoneID: 1256}
	paris := Address{FirstName: "Alice", LastName: "Example", Company: "Fern & Sons", Address1: "2 Rue de l'Exemple", Address2: "2e étage", City: "Paris", Postcode: "75001",
		CountryID: 74, ZoneID: 1131, CustomField: `{"2":"2"}`}
	london := Address{FirstName: "Bob", LastName: "O'Neil", Company: `Trade "Ltd"`, Address1: "3 Example Road", City: "London", Postcode: "SW1A 1AA", CountryID: 222, ZoneID: 3553}
	return []struct {
		Person
		addresses []Address
	}{
		{Person{FirstName: "Alice", LastName: "Example", Email: "alice@example.com", Telephone: "+49 000 0000001", Newsletter: true}, []Address{berlin, paris}},
		{Person{FirstName: "Bob", LastName: "O'Neil", Email: "bob@example.com", Telephone: "+44 0000 000002", GroupID: 2, CustomField: `{"1":"GB000000000"}`}, []Address{london}},
		{Person{FirstName: "Cécile", LastName: "Grün", Email: "cecile@example.com", Telephone: "+33 000 000003", LanguageID: 2}, nil},
	}
}
