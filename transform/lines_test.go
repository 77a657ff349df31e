package transform

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"octail/transform/document"
)

// sold makes the next document's lines as readOrders does, from lines as their rows
// give them; catalogue stands for the product of today.
func sold(rows []document.Line, before []document.Line, highest int64, catalogue string) ([]document.Line, int64) {
	ol := &orderLines{lines: slices.Clone(rows), highest: highest}
	for i := range ol.lines {
		ol.lines[i].Options = slices.Clone(ol.lines[i].Options)
	}
	if before != nil {
		ol.find(before)
	}
	for i := range ol.lines { // what lookUp does
		if l := &ol.lines[i]; l.Line == 0 {
			l.SKU, l.Codes = catalogue, map[string]string{}
			for k := range l.Options {
				option, value := int64(len(l.Options[k].Name)), int64(l.Options[k].Value[0])
				l.Options[k].OptionID, l.Options[k].OptionValueID = &option, &value
			}
		}
	}
	ol.number()
	return ol.lines, ol.highest
}

// readBack is a document's lines as the next comparison finds them.
func readBack(t *rapid.T, lines []document.Line) []document.Line {
	var o document.Order
	if err := json.Unmarshal(document.Encode(&document.Order{Lines: lines}).JSON, &o); err != nil {
		t.Fatal(err)
	}
	return o.Lines
}

func bytesOf(lines []document.Line) string {
	return string(document.Encode(&document.Order{Lines: lines}).JSON)
}

// rowsOf are the rows that would have made these lines.
func rowsOf(lines []document.Line) []document.Line {
	var out []document.Line
	for _, l := range lines {
		l.Line, l.SKU, l.Codes = 0, "", nil
		l.Options = slices.Clone(l.Options)
		for i := range l.Options {
			l.Options[i].OptionID, l.Options[i].OptionValueID = nil, nil
		}
		out = append(out, l)
	}
	return out
}

var someLines = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) document.Line {
	l := document.Line{ProductID: rapid.Int64Range(1, 3).Draw(t, "product"), Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity"),
		Price: rapid.SampledFrom([]string{"1.0000", "2.0000"}).Draw(t, "price"), Tax: rapid.SampledFrom([]string{"0.1000", "0.2000"}).Draw(t, "tax"), Options: []document.LineOption{}}
	for _, o := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bb", "ccc"}), 0, 2).Draw(t, "options") {
		l.Options = append(l.Options, document.LineOption{Name: o, Value: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "value"), Type: "select"})
	}
	slices.SortFunc(l.Options, func(a, b document.LineOption) int { return len(a.Name) - len(b.Name) })
	return l
}), 0, 6)

// TestLinesKeepTheirNumbers edits an order again and again.
func TestLinesKeepTheirNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var before []document.Line
		highest := int64(0)
		for round := range rapid.IntRange(1, 6).Draw(t, "edits") {
			rows := someLines.Draw(t, "lines")
			if round > 0 && rapid.Bool().Draw(t, "change a little") { // what staff mostly does
				rows = rapid.Permutation(append(rowsOf(before), rows[:min(len(rows), 1)]...)).Draw(t, "order")
			}
			var previous []document.Line
			if round > 0 {
				previous = readBack(t, before)
			}
			catalogue := fmt.Sprint("sku of edit ", round)
			now, top := sold(rows, previous, highest, catalogue)

			if again, _ := sold(rows, previous, highest, catalogue); bytesOf(again) != bytesOf(now) {
				t.Fatalf("the same rows gave other lines:\n%s\n%s", bytesOf(now), bytesOf(again))
			}
			if len(now) != len(rows) || top < highest {
				t.Fatalf("%d lines of %d rows, highest number %d after %d", len(now), len(rows), top, highest)
			}
			old, was := map[int64]document.Line{}, map[string]int{}
			for _, l := range before {
				old[l.Line] = l
				was[textKey(&l)]++
			}
			kept := map[string]int{}
			for i, l := range now {
				if i > 0 && now[i-1].Line >= l.Line {
					t.Fatalf("numbers %d, %d", now[i-1].Line, l.Line)
				}
				o, known := old[l.Line]
				switch {
				case !known && l.Line <= highest:
					t.Fatalf("line %d is used again", l.Line)
				case !known && l.SKU != catalogue:
					t.Fatalf("new line %d was not looked up", l.Line)
				case known && (textKey(&o) != textKey(&l) || o.SKU != l.SKU):
					t.Fatalf("line %d was another one: %+v, is %+v", l.Line, o, l)
				case known:
					kept[textKey(&l)]++
				}
				for _, option := range l.Options {
					if option.OptionID == nil {
						t.Fatalf("line %d lost its option ids", l.Line)
					}
				}
			}
			is := map[string]int{}
			for _, l := range now {
				is[textKey(&l)]++
			}
			for key, n := range is {
				if want := min(n, was[key]); kept[key] != want {
					t.Fatalf("%d of the lines %q kept their number, want %d", kept[key], key, want)
				}
			}
			// Reading the same state again, whichever ids its rows have now, changes nothing.
			if same, _ := sold(rowsOf(now), readBack(t, now), top, "another"); bytesOf(same) != bytesOf(now) {
				t.Fatalf("an edit of nothing changed\n%s into\n%s", bytesOf(now), bytesOf(same))
			}
			before, highest = now, top
		}
	})
}

// TestLinesInAnotherOrder: lines that can be told apart keep their numbers in
// whichever order an edit inserts them again.
func TestLinesInAnotherOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines, top := sold(someLines.Draw(t, "lines"), nil, 0, "sku")
		keys := map[string]bool{}
		for _, l := range lines {
			if keys[exactKey(&l)] {
				t.Skip("two lines are alike")
			}
			keys[exactKey(&l)] = true
		}
		rows := rapid.Permutation(rowsOf(lines)).Draw(t, "order")
		if now, _ := sold(rows, readBack(t, lines), top, "other"); bytesOf(now) != bytesOf(lines) {
			t.Fatalf("\n%s became\n%s", bytesOf(lines), bytesOf(now))
		}
	})
}

// TestLinesAfterARename: an option's texts are renamed in the catalogue and staff
// saves the order: by its ids it is the same line.
func TestLinesAfterARename(t *testing.T) {
	option := func(name, value string) document.LineOption {
		return document.LineOption{Name: name, Value: value, Type: "select"}
	}
	row := func(options ...document.LineOption) document.Line {
		return document.Line{ProductID: 42, Quantity: 1, Price: "1.0000", Options: options}
	}
	before, top := sold([]document.Line{row(option("Colour", "Red")), row(option("Size", "M"))}, nil, 0, "old")
	// Names of the same length have the same id here, values that begin alike too.
	now, _ := sold([]document.Line{row(option("Size", "L")), row(option("Coulor", "Rouge"))}, before, top, "new")
	if len(now) != 2 || now[0].Line != 1 || now[0].SKU != "old" || now[0].Options[0].Value != "Rouge" || now[1].Line != 3 || now[1].SKU != "new" {
		t.Errorf("lines after a rename and another choice: %+v", now)
	}
	typed := func(value string) document.Line {
		zero := int64(0)
		one := int64(1)
		return document.Line{Options: []document.LineOption{{OptionID: &one, OptionValueID: &zero, Name: "Engraving", Value: value}}}
	}
	a, b := typed("Mia"), typed("Tom")
	if idKey(&a) == idKey(&b) {
		t.Error("two typed texts count as the same choice")
	}
}

// TestManyLines is an order of 5,000 lines of one product, rewritten backwards with
// one line more.
func TestManyLines(t *testing.T) {
	var rows []document.Line
	for i := range 5000 {
		rows = append(rows, document.Line{ProductID: 42, Quantity: 1, Price: "1.0000", Options: []document.LineOption{{Name: "Text", Value: fmt.Sprint(i), Type: "text"}}})
	}
	before, top := sold(rows, nil, 0, "old")
	slices.Reverse(rows)
	rows = slices.Insert(rows, 2500, document.Line{ProductID: 43, Options: []document.LineOption{}})
	now, top := sold(rows, before, top, "new")
	if len(now) != 5001 || top != 5001 || now[5000].ProductID != 43 || now[5000].Line != 5001 {
		t.Fatalf("%d lines, highest %d, last %+v", len(now), top, now[len(now)-1])
	}
	for i, l := range now[:5000] {
		if l.Line != int64(i+1) || l.Options[0].Value != fmt.Sprint(i) || l.SKU != "old" {
			t.Fatalf("line %d: %+v", i+1, l)
		}
	}
}
