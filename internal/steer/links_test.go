package steer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"octail/internal/journal"
	"octail/internal/steer"
	"octail/transform/document"
)

func TestLink(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	lanes := running(d)
	park(t, d, "erp", "product/42", "")
	park(t, d, "erp", "order/7", "product/42")
	park(t, d, "erp", "order/8", "")
	bury(t, d, "erp", "product/42")
	l, err := d.Link(ctx, "erp", "product/42", "4711")
	check(t, err)
	has(t, l.Text(), "product/42 is the record 4711 of erp from now on.", "The journal has no product/42 yet.", "2 entities that waited are tried now", "It has 1 dead letter: `octail dead retry --sink erp --entity product/42`")
	if got := fmt.Sprint(due(t, d, "erp")); got != "[order/7 product/42]" || fmt.Sprint(lanes["erp"].told) != "[wake]" {
		t.Error(got, lanes["erp"].told)
	}
	l, err = d.Link(ctx, "erp", "product/43", "4711")
	check(t, err)
	has(t, l.Text(), "Linked to the same record: product/42", "`octail unlink erp product/42`")
	l, err = d.Link(ctx, "erp", "product/43", "4712")
	check(t, err)
	has(t, l.Text(), "product/43 is the record 4712 of erp from now on (it was 4711).")
	l, err = d.Link(ctx, "erp", "product/43", "4712")
	check(t, err)
	has(t, l.Text(), "was linked to the record 4712 of erp already")
	check(t, d.Journal.LinksFor("erp").Found(ctx, key(t, "product/44"), "4713"))
	l, err = d.Link(ctx, "erp", "product/44", "4713")
	check(t, err)
	has(t, l.Text(), "as the sink had found itself")
	if stored, _, err := d.Journal.Link(ctx, "erp", key(t, "product/44")); !stored.Person || err != nil {
		t.Errorf("%+v %v", stored, err)
	}
	l, err = d.Unlink(ctx, "erp", "product/44")
	check(t, err)
	has(t, l.Text(), "product/44 is not linked to 4713 of erp any more")
	l, err = d.Unlink(ctx, "erp", "product/44")
	check(t, err)
	has(t, l.Text(), "was not linked")

	for _, c := range [][]string{
		{"wms", "product/42", "1", `no sink "wms"`}, {"old", "product/42", "1", `no sink "old"`}, {"erp", "product 42", "1", "product/42"},
		{"erp", "product/0", "1", "product/42"}, {"erp", "invoice/1", "1", "customer"}, {"erp", "product/42", "", "empty"}, {"erp", "product/42", " 1", "space"},
		{"erp", "product/42", "1\n2", "control characters"}, {"erp", "product/42", strings.Repeat("x", 256), "too long"},
	} {
		_, err := d.Link(ctx, c[0], c[1], c[2])
		wrong(t, err, c[3])
	}
	_, err = d.Unlink(ctx, "wms", "product/42")
	wrong(t, err, `no sink "wms"`)
	_, err = d.Unlink(ctx, "old", "product/42") // its links may be removed
	check(t, err)
}

// TestImport: a file is imported as a whole, or each wrong line is named.
func TestImport(t *testing.T) {
	const head = "sink,entity,key,target\n"
	for name, c := range map[string]struct {
		file, sink string
		wrong      []string
		want       string
	}{
		"good":               {head + "erp,product,42,4711\nlog,order,7,\"a,\"\"b\"\"\"\n", "", nil, `[erp product/42 4711 true] [log order/7 a,"b" true]`},
		"of a spreadsheet":   {"\uFEFF" + strings.ReplaceAll(head+"erp,product,42,4711\n", "\n", "\r\n"), "", nil, `[erp product/42 4711 true]`},
		"one sink":           {head + "erp,product,42,4711\n", "erp", nil, `[erp product/42 4711 true]`},
		"formulas":           {head + "erp,product,42,'=1+1\nerp,product,43,'-7\nerp,product,44,''=x\nerp,product,45,'x\n", "", nil, `[erp product/42 =1+1 true] [erp product/43 -7 true] [erp product/44 '=x true] [erp product/45 'x true]`},
		"nothing to import":  {head, "", nil, ""},
		"empty":              {"", "", []string{"the file is empty"}, ""},
		"no header":          {"erp,product,42,4711\n", "", []string{"line 1: the first line has to be sink,entity,key,target"}, ""},
		"semicolons":         {"sink;entity;key;target\n", "", []string{"line 1", "with commas"}, ""},
		"another sink":       {head + "erp,product,42,4711\nlog,product,42,4711\n", "erp", []string{`line 3: it is for sink "log", not for erp`}, ""},
		"unknown sink given": {head, "wms", []string{`no sink "wms"`}, ""},
		"all that is wrong": {head + "erp,product,42,4711\nwms,product,42,1\nerp,invoice,1,1\nerp,product,x,1\nerp,product,-1,1\nerp,product,43\nerp,product,44,\nerp,product,42,4712\n", "", []string{
			"nothing was imported", `line 3: there is no sink "wms" in the configuration: choose one of erp, log, new`, `line 4: "invoice/1" is no entity`, `line 5: "product/x"`, `line 6: "product/-1"`, "line 7: it has 3 cells, not 4",
			"line 8: the id of the target's record is empty", "line 9: product/42 of sink erp is in line 2 already"}, ""},
		"an open quote": {head + "erp,product,42,\"4711\nerp,product,43,1\n", "", []string{"nothing was imported", "quote"}, ""},
		"very wrong":    {head + strings.Repeat("x\n", 30), "", []string{"line 2: it has 1 cell", "and 10 more"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			running(d)
			in, err := d.Import(t.Context(), strings.NewReader(c.file), c.sink)
			if c.wrong != nil {
				wrong(t, err, c.wrong...)
			} else {
				check(t, err)
			}
			var got []string
			for _, sink := range d.Sinks {
				links, err := d.Journal.LinksOf(t.Context(), sink, key(t, "category/0"), 100)
				check(t, err)
				for _, l := range links {
					got = append(got, fmt.Sprint([]any{l.Sink, l.Key, l.Target, l.Person}))
				}
			}
			if text := strings.Join(got, " "); text != c.want || err == nil && int(in.Links) != len(got) {
				t.Errorf("%s, want %s (%+v)", text, c.want, in)
			}
		})
	}
}

// TestImportAgain: what is as it was stays the sink's or the person's own.
func TestImportAgain(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	lanes := running(d)
	check(t, d.Journal.SetLink(ctx, journal.Link{Sink: "erp", Key: key(t, "product/1"), Target: "A"}, journal.Link{Sink: "erp", Key: key(t, "product/2"), Target: "B"}))
	park(t, d, "erp", "order/7", "product/3")
	in, err := d.Import(ctx, strings.NewReader("sink,entity,key,target\nerp,product,1,A\nerp,product,2,C\nerp,product,3,D\n"), "")
	check(t, err)
	if text := in.Text(); text != "3 links read: 1 new, 1 changed, 1 as before. 1 entity that waited is tried now." || fmt.Sprint(lanes["erp"].told, lanes["log"].told) != "[wake] []" {
		t.Error(text, lanes["erp"].told, lanes["log"].told)
	}
	for subject, want := range map[string]string{"product/1": "A false", "product/2": "C true", "product/3": "D true"} {
		l, _, err := d.Journal.Link(ctx, "erp", key(t, subject))
		if got := fmt.Sprint(l.Target, " ", l.Person); got != want || err != nil {
			t.Errorf("%s: %s %v", subject, got, err)
		}
	}
}

// TestExport: what is exported and imported elsewhere is the same, and nothing in it is
// a formula.
func TestExport(t *testing.T) {
	from, to := newDesk(t), newDesk(t)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		target := rapid.StringOfN(rapid.RuneFrom([]rune(`=+-@'",;x1 `)), 1, 6, -1).Draw(t, "target")
		if strings.TrimSpace(target) != target {
			target = "x" + target + "x"
		}
		if err := from.Journal.SetLink(ctx, journal.Link{Sink: "erp", Key: document.Key{Entity: "product", ID: 42}, Target: target, Person: true, Time: time.Now()}); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if n, err := from.Export(ctx, &b, ""); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		cell := strings.TrimPrefix(strings.Split(b.String(), "\n")[1], "erp,product,42,")
		if strings.ContainsAny(strings.TrimPrefix(cell, `"`)[:1], "=+-@") {
			t.Fatalf("%q is exported as %s", target, cell)
		}
		if _, err := to.Import(ctx, strings.NewReader(b.String()), ""); err != nil {
			t.Fatal(err)
		}
		if l, _, err := to.Journal.Link(ctx, "erp", document.Key{Entity: "product", ID: 42}); l.Target != target || err != nil {
			t.Fatalf("%q came back as %q, %v", target, l.Target, err)
		}
	})
	check(t, from.Journal.SetLink(ctx, journal.Link{Sink: "log", Key: key(t, "order/1"), Target: "1"}))
	var b strings.Builder
	n, err := from.Export(ctx, &b, "log")
	if err != nil || n != 1 || b.String() != "sink,entity,key,target\nlog,order,1,1\n" {
		t.Error(n, err, b.String())
	}
	_, err = from.Export(ctx, &b, "wms")
	wrong(t, err, `no sink "wms"`)
}

// TestLines: what a target says does nothing to a terminal.
func TestLines(t *testing.T) {
	for text, want := range map[string]string{"a\n b\t c": "a b c", "\x1b[31mred\x07": "\uFFFD[31mred\uFFFD", "\u009b31m": "\uFFFD31m", "bad \xff": "bad \uFFFD", "123456789x12": "123456789…"} {
		if got := steer.Line(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestReset: what a sink found is forgotten on purpose, what a person tied stays unless
// that is meant too; other sinks keep theirs.
func TestReset(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	lanes := running(d)
	check(t, d.Journal.LinksFor("erp").Found(ctx, key(t, "product/44"), "4713"))
	check(t, d.Journal.LinksFor("erp").Found(ctx, key(t, "order/1"), "1"))
	check(t, d.Journal.LinksFor("crm").Found(ctx, key(t, "order/1"), "9"))
	_, err := d.Link(ctx, "erp", "product/42", "4711")
	check(t, err)
	r, err := d.Reset(ctx, "erp", false)
	check(t, err)
	has(t, r.Text(), "2 links of erp forgotten; those that persons tied stay (--persons)", "octail sync order --sink erp --force")
	if r.Links != 2 || !strings.HasSuffix(fmt.Sprint(lanes["erp"].told), "renew]") {
		t.Errorf("%+v %v", r, lanes["erp"].told)
	}
	for subject, want := range map[string]bool{"product/44": false, "order/1": false, "product/42": true} {
		if _, ok, err := d.Journal.Link(ctx, "erp", key(t, subject)); ok != want || err != nil {
			t.Errorf("%s: %v %v", subject, ok, err)
		}
	}
	r, err = d.Reset(ctx, "erp", true)
	check(t, err)
	has(t, r.Text(), "1 link of erp forgotten.")
	if _, ok, err := d.Journal.Link(ctx, "crm", key(t, "order/1")); !ok || err != nil {
		t.Error("another sink's link is gone", err)
	}
	_, err = d.Reset(ctx, "nobody", false)
	wrong(t, err, `no sink "nobody"`)
}
