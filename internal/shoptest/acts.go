package shoptest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"
)

// visit is one step in the making.
type visit struct {
	*Shop
	town   *town
	report func(Step)
}

func (v *visit) say(kind, entity string, id int64, format string, args ...any) {
	v.report(Step{Kind: kind, Entity: entity, ID: id, Text: fmt.Sprintf(format, args...)})
}

// act is something that happens in a shop. It does nothing when there is nothing to do
// it with.
type act func(context.Context, *visit) error

// acts are the things that happen, each as often as its weight says.
var acts = []struct {
	weight int
	act    act
}{
	{24, guestOrder}, {12, customerOrder}, {2, staffOrder}, {8, abandonedCheckout},
	{14, orderProgress}, {3, orderNote}, {3, orderInvoice}, {3, orderCancel}, {4, orderEdit}, {3, orderMove}, {1, orderDelete},
	{5, registration}, {2, accountEdit}, {2, customerEdit}, {1, customerDelete},
	{4, priceChange}, {2, idleSave}, {2, productCreate}, {1, productDisable}, {1, productDelete}, {2, stockImport},
	{1, categoryCreate}, {1, categoryRename}, {1, categoryMove}, {1, categoryDelete},
	{10, productView}, {8, browsing},
}

func choice(random *rand.Rand) act {
	sum := 0
	for _, a := range acts {
		sum += a.weight
	}
	n := random.IntN(sum)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			return a.act
		}
	}
	return acts[0].act // never reached: the weights add up
}

// think is the pause between two requests of a visitor. It ends with ctx.
func (v *visit) think(ctx context.Context) {
	select {
	case <-time.After(time.Duration(20+v.number(200)) * time.Millisecond):
	case <-ctx.Done():
	}
}

func guestOrder(ctx context.Context, v *visit) error {
	c, err := v.RandomCheckout(ctx)
	if err != nil {
		return err
	}
	return v.place(ctx, c, c.Guest.FirstName+", a guest,")
}

func customerOrder(ctx context.Context, v *visit) error {
	id, ok := v.town.customers.take(v.number)
	if !ok {
		return nil
	}
	defer v.town.customers.put(id)
	c, err := v.RandomCheckout(ctx)
	if err != nil {
		return err
	}
	c.CustomerID, c.Guest = id, Person{}
	if v.number(3) > 0 {
		c.Address = Address{} // the one of his account
	}
	return v.place(ctx, c, fmt.Sprintf("Customer %d", id))
}

// place goes through the confirm step, sometimes twice, and confirms.
func (v *visit) place(ctx context.Context, c Checkout, who string) error {
	if v.gen != V4 && v.number(12) == 0 {
		c.Gifts = []Gift{{FromName: "Hal", FromEmail: "hal@example.com", ToName: "Gina", ToEmail: "gina@example.com", Message: "enjoy", Amount: decimal.NewFromInt(25)}}
	}
	id, err := v.Draft(ctx, c)
	if err != nil {
		return err
	}
	v.think(ctx)
	begun := context.WithoutCancel(ctx)
	if v.number(8) == 0 {
		if id, err = v.ShowConfirmAgain(begun, id, c); err != nil {
			return err
		}
		v.think(ctx)
	}
	if err := v.Confirm(begun, id); err != nil {
		return err
	}
	v.placed(id, who)
	return nil
}

// placed reports a new order and lets others work on it.
func (v *visit) placed(id int64, who string) {
	o := v.truth(id)
	v.say("place", "order", id, "%s places order %d: %s, %s EUR", who, id, count(o.Lines, "line"), o.Total.StringFixed(2))
	v.town.orders.put(id)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func staffOrder(ctx context.Context, v *visit) error {
	c, err := v.RandomCheckout(ctx)
	if err != nil {
		return err
	}
	id, err := v.StaffOrder(ctx, c)
	if err != nil {
		return err
	}
	v.placed(id, "Staff")
	return nil
}

func abandonedCheckout(ctx context.Context, v *visit) error {
	c, err := v.RandomCheckout(ctx)
	if err != nil {
		return err
	}
	id, err := v.Draft(ctx, c)
	if err != nil {
		return err
	}
	v.say("abandon", "order", id, "%s comes as far as the confirm step (draft %d) and leaves", c.Guest.FirstName, id)
	return nil
}

// withOrder works on one confirmed order.
func (v *visit) withOrder(f func(id int64) error) error {
	id, ok := v.town.orders.take(v.number)
	if !ok {
		return nil
	}
	if err := f(id); err != nil {
		return err
	}
	v.town.orders.put(id)
	return nil
}

func orderProgress(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		next := map[int64]struct {
			id            int64
			name, comment string
		}{1: {2, "Processing", "Being packed"}, 2: {3, "Shipped", "Parcel EX" + v.token(6)}, 3: {5, "Complete", ""}}[v.truth(id).Status]
		if next.id == 0 {
			return nil
		}
		if err := v.SetStatus(ctx, id, next.id, next.comment, next.id == 3); err != nil {
			return err
		}
		v.say("status", "order", id, "Staff sets order %d to %s", id, next.name)
		return nil
	})
}

func orderNote(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		if err := v.Note(ctx, id, "The customer called & asked for the parcel"); err != nil {
			return err
		}
		v.say("note", "order", id, "Staff writes a note to order %d", id)
		return nil
	})
}

func orderInvoice(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		number, err := v.Invoice(ctx, id)
		if err != nil {
			return err
		}
		v.say("invoice", "order", id, "Order %d gets invoice number %d", id, number)
		return nil
	})
}

func orderCancel(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		if err := v.Cancel(ctx, id, "Cancelled by the customer"); err != nil {
			return err
		}
		v.say("cancel", "order", id, "Order %d is cancelled", id)
		return nil
	})
}

func orderEdit(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		items, err := v.Items(ctx, id)
		if err != nil || len(items) == 0 {
			return err
		}
		items[0].Quantity++
		what := fmt.Sprintf("%d instead of %d of product %d", items[0].Quantity, items[0].Quantity-1, items[0].ProductID)
		if v.number(2) == 0 {
			more, err := v.RandomItems(ctx)
			if err != nil {
				return err
			}
			items = append(items, more[0])
			what += fmt.Sprintf(", and product %d", more[0].ProductID)
		}
		if err := v.EditLines(ctx, id, items); err != nil {
			return err
		}
		v.say("edit", "order", id, "Staff edits order %d: %s", id, what)
		return nil
	})
}

func orderMove(ctx context.Context, v *visit) error {
	return v.withOrder(func(id int64) error {
		to := v.RandomAddress(v.RandomPerson())
		if err := v.MoveOrder(ctx, id, to); err != nil {
			return err
		}
		v.say("move", "order", id, "Staff sends order %d to %s instead", id, to.City)
		return nil
	})
}

func orderDelete(ctx context.Context, v *visit) error {
	id, ok := v.town.orders.take(v.number)
	if !ok {
		return nil
	}
	if err := v.DeleteOrder(ctx, id); err != nil {
		return err
	}
	v.say("delete", "order", id, "Staff deletes order %d", id)
	return nil
}

func registration(ctx context.Context, v *visit) error {
	p := v.RandomPerson()
	id, err := v.Register(ctx, p)
	if err != nil {
		return err
	}
	v.say("register", "customer", id, "%s registers as customer %d", p.FirstName, id)
	if v.number(4) > 0 {
		if _, err := v.AddAddress(context.WithoutCancel(ctx), id, v.RandomAddress(p), false); err != nil {
			return err
		}
		v.say("address", "customer", id, "Customer %d adds an address", id)
	}
	v.town.customers.put(id)
	return nil
}

// withCustomer works on one customer.
func (v *visit) withCustomer(f func(id int64) error) error {
	id, ok := v.town.customers.take(v.number)
	if !ok {
		return nil
	}
	if err := f(id); err != nil {
		return err
	}
	v.town.customers.put(id)
	return nil
}

func accountEdit(ctx context.Context, v *visit) error {
	return v.withCustomer(func(id int64) error {
		if err := v.EditAccount(ctx, id, v.RandomPerson()); err != nil {
			return err
		}
		v.say("account", "customer", id, "Customer %d changes name and telephone", id)
		return nil
	})
}

func customerEdit(ctx context.Context, v *visit) error {
	return v.withCustomer(func(id int64) error {
		p := v.RandomPerson()
		p.GroupID = int64(1 + v.number(2))
		if err := v.EditCustomer(ctx, id, p); err != nil {
			return err
		}
		v.say("edit", "customer", id, "Staff edits customer %d", id)
		return nil
	})
}

func customerDelete(ctx context.Context, v *visit) error {
	id, ok := v.town.customers.take(v.number)
	if !ok {
		return nil
	}
	if err := v.DeleteCustomer(ctx, id); err != nil {
		return err
	}
	v.say("delete", "customer", id, "Staff deletes customer %d", id)
	return nil
}

// someProduct chooses a product of the catalogue.
func (v *visit) someProduct() int64 { return int64(1 + v.number(len(Catalogue()))) }

func priceChange(ctx context.Context, v *visit) error {
	id := v.someProduct()
	var from, to decimal.Decimal
	err := v.SaveProduct(ctx, id, func(p *Product) {
		from = p.Price
		to = from.Mul(decimal.NewFromInt(int64(90 + v.number(21)))).Shift(-2).Round(2)
		p.Price = to
	})
	if err != nil {
		return err
	}
	v.say("price", "product", id, "Staff changes the price of product %d from %s to %s", id, from.StringFixed(2), to.StringFixed(2))
	return nil
}

func idleSave(ctx context.Context, v *visit) error {
	id := v.someProduct()
	if err := v.SaveProduct(ctx, id, func(*Product) {}); err != nil {
		return err
	}
	v.say("save", "product", id, "Staff saves product %d without a change", id)
	return nil
}

func productCreate(ctx context.Context, v *visit) error {
	p := Catalogue()[v.number(len(Catalogue()))]
	p.Model += "-" + v.token(4)
	p.Keyword, p.MasterID, p.Variant = "", 0, ""
	id, err := v.CreateProduct(ctx, p)
	if err != nil {
		return err
	}
	v.say("create", "product", id, "Staff creates product %d", id)
	v.town.products.put(id)
	return nil
}

func productDisable(ctx context.Context, v *visit) error {
	id, ok := v.town.products.take(v.number)
	if !ok {
		return nil
	}
	if err := v.DisableProduct(ctx, id); err != nil {
		return err
	}
	v.say("disable", "product", id, "Staff takes product %d off sale", id)
	v.town.products.put(id)
	return nil
}

func productDelete(ctx context.Context, v *visit) error {
	id, ok := v.town.products.take(v.number)
	if !ok {
		return nil
	}
	if err := v.DeleteProduct(ctx, id); err != nil {
		return err
	}
	v.say("delete", "product", id, "Staff deletes product %d", id)
	return nil
}

func stockImport(ctx context.Context, v *visit) error {
	var ids []int64
	for id := range Catalogue() {
		if v.number(2) == 0 {
			ids = append(ids, int64(id+1))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := v.ImportStock(ctx, 1+v.number(9), ids...); err != nil {
		return err
	}
	v.say("import", "stock", 0, "An import adds stock to %s", count(len(ids), "product"))
	return nil
}

func categoryCreate(ctx context.Context, v *visit) error {
	name := "Season " + v.token(4)
	id, err := v.CreateCategory(ctx, Category{Enabled: true, Stores: []int64{0}, Keyword: "season-" + v.token(4),
		Texts: []Text{{LanguageID: 1, Name: name, MetaTitle: name}, {LanguageID: 2, Name: name, MetaTitle: name}}})
	if err != nil {
		return err
	}
	v.say("create", "category", id, "Staff creates category %d", id)
	v.town.categories.put(id)
	return nil
}

func categoryRename(ctx context.Context, v *visit) error {
	id := int64(1 + v.number(len(catalogueCategories())))
	name := pick(v.Shop, []string{"Bright & Light", "At Home", "Favourites", "New"})
	if err := v.RenameCategory(ctx, id, name); err != nil {
		return err
	}
	v.say("rename", "category", id, "Staff renames category %d to %s", id, name)
	return nil
}

func categoryMove(ctx context.Context, v *visit) error {
	id, ok := v.town.categories.take(v.number)
	if !ok {
		return nil
	}
	parent := int64(v.number(len(catalogueCategories()) + 1))
	if err := v.MoveCategory(ctx, id, parent); err != nil {
		return err
	}
	v.say("move", "category", id, "Staff moves category %d under category %d", id, parent)
	v.town.categories.put(id)
	return nil
}

func categoryDelete(ctx context.Context, v *visit) error {
	id, ok := v.town.categories.take(v.number)
	if !ok {
		return nil
	}
	if err := v.DeleteCategory(ctx, id); err != nil {
		return err
	}
	v.say("delete", "category", id, "Staff deletes category %d", id)
	return nil
}

func productView(ctx context.Context, v *visit) error {
	id := v.someProduct()
	if err := v.View(ctx, id); err != nil {
		return err
	}
	v.say("view", "", 0, "A visitor looks at product %d", id)
	return nil
}

func browsing(ctx context.Context, v *visit) error {
	items, err := v.RandomItems(ctx)
	if err != nil {
		return err
	}
	if err := v.Browse(ctx, items); err != nil {
		return err
	}
	v.say("browse", "", 0, "A visitor fills a cart and leaves")
	return nil
}
