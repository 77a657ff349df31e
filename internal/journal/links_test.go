package journal_test

import (
	"fmt"
	"testing"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestLinks: a person's link is the truth, a sink's a memory.
func TestLinks(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	ctx := t.Context()
	product := func(id int64) document.Key { return document.Key{Entity: "product", ID: id} }
	erp := j.LinksFor("erp")
	is := func(key document.Key, want string) {
		t.Helper()
		l, ok, err := erp.Link(ctx, key)
		if got := fmt.Sprint(l.Target, " ", l.Person, " ", ok); got != want || err != nil || ok && l.Time.IsZero() {
			t.Errorf("%s: %s %v, want %s", key, got, err, want)
		}
	}
	is(product(1), " false false")
	check(t, erp.Found(ctx, product(1), "A"))
	check(t, erp.Found(ctx, product(1), "B"))
	is(product(1), "B false true")
	check(t, j.SetLink(ctx, journal.Link{Sink: "erp", Key: product(1), Target: "C", Person: true}, journal.Link{Sink: "erp", Key: order(7), Target: "C", Person: true},
		journal.Link{Sink: "crm", Key: order(7), Target: "C"}))
	is(product(1), "C true true")
	check(t, erp.Found(ctx, product(1), "D"))
	check(t, erp.Lost(ctx, product(1)))
	is(product(1), "C true true")
	check(t, erp.Found(ctx, product(2), "D"))
	check(t, erp.Lost(ctx, product(2)))
	is(product(2), " false false")
	check(t, erp.Found(ctx, product(3), "E"))

	look := must[*journal.Journal](t)(journal.Look(ctx, path))
	defer closeIt(t, look)
	var keys []string
	var after document.Key
	for {
		page := must[[]journal.Link](t)(look.LinksOf(ctx, "erp", after, 2))
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			keys = append(keys, l.Key.String())
			after = l.Key
		}
	}
	tied := must[[]journal.Link](t)(look.LinkedTo(ctx, "erp", "C", 5))
	if got, want := fmt.Sprint(keys, len(tied), must[[]string](t)(look.LinkedSinks(ctx))), "[order/7 product/1 product/3] 2 [crm erp]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// As the sink itself asks: of its own target, whoever has tied them.
	for target, want := range map[string]string{"C": "[order/7 product/1]", "E": "[product/3]", "D": "[]", "": "[]"} {
		if got := fmt.Sprint(must[[]document.Key](t)(erp.LinkedTo(ctx, target))); got != want {
			t.Errorf("%q is of %s, want %s", target, got, want)
		}
	}
	if !must[bool](t)(j.DeleteLink(ctx, "erp", product(1))) || must[bool](t)(j.DeleteLink(ctx, "erp", product(1))) {
		t.Error("it was not removed once")
	}
	is(product(1), " false false")
}
