package transform

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func testReference() *reference {
	ref := newReference(&texts{}, time.UTC)
	ref.fields = map[int64]fieldDefinition{1: {"VAT ID", false}, 2: {"Delivery", true}}
	ref.fieldValues = map[int64]string{1: "At the door", 2: "With a neighbour"}
	return ref
}

func TestCustomFields(t *testing.T) {
	for stored, want := range map[string]string{
		// No answers, in all the ways OpenCart writes them.
		"": `[]`, "[]": `[]`, "{}": `[]`, "null": `[]`, " ": `[]`,
		`{"1":"GB000"}`:                        `[{"id":1,"name":"VAT ID","value":"GB000"}]`,
		`{"2":"1","1":"a&amp;b"}`:              `[{"id":1,"name":"VAT ID","value":"a&b"},{"id":2,"name":"Delivery","value":"1","text":"At the door"}]`,
		`{"2":["2","1"]}`:                      `[{"id":2,"name":"Delivery","value":["2","1"],"text":["With a neighbour","At the door"]}]`,
		`{"2":{"10":"2","9":"1"}}`:             `[{"id":2,"name":"Delivery","value":["1","2"],"text":["At the door","With a neighbour"]}]`,
		`{"2":"99"}`:                           `[{"id":2,"name":"Delivery","value":"99","text":""}]`,
		`{"7":5,"8":1.50,"9":true,"10":null}`:  `[{"id":7,"name":null,"value":"5"},{"id":8,"name":null,"value":"1.50"},{"id":9,"name":null,"value":"true"},{"id":10,"name":null,"value":""}]`,
		`{"account":{"1":"x"},"address":{}}`:   `[{"id":1,"name":"VAT ID","value":"x"}]`,
		`{"b":{"1":"second"},"a":{"1":"one"}}`: `[{"id":1,"name":"VAT ID","value":"second"}]`, // the last by name, always
		`{"01":"second","1":"one"}`:            `[{"id":1,"name":"VAT ID","value":"second"}]`,
		`["zero","one"]`:                       `[{"id":0,"name":null,"value":"zero"},{"id":1,"name":"VAT ID","value":"one"}]`,
		// PHP's own format, from before 2.1.
		`a:0:{}`:                                   `[]`,
		`a:2:{i:2;s:1:"1";i:1;s:7:"a&amp;b";}`:     `[{"id":1,"name":"VAT ID","value":"a&b"},{"id":2,"name":"Delivery","value":"1","text":"At the door"}]`,
		`a:1:{i:2;a:2:{i:0;s:1:"2";i:1;s:1:"1";}}`: `[{"id":2,"name":"Delivery","value":["2","1"],"text":["With a neighbour","At the door"]}]`,
		`a:1:{i:2;a:0:{}}`:                         `[{"id":2,"name":"Delivery","value":[],"text":[]}]`,
		`a:2:{s:7:"account";a:1:{i:1;s:1:"x";}s:7:"address";a:0:{}}`: `[{"id":1,"name":"VAT ID","value":"x"}]`,
		"a:1:{i:1;s:3:\"a\xffb\";}":                                  `[{"id":1,"name":"VAT ID","value":"a` + "\uFFFD" + `b"}]`,
		// Broken.
		`{"1":"GB0`: `[]`, `a:1:{i:1;s:2:"x";}`: `[]`, `a:1:{i:1;s:1:"x";`: `[]`, `"x"`: `[]`, `17`: `[]`,
		"{\"1\":\"a\xffb\"}": `[{"id":1,"name":"VAT ID","value":"a` + "\uFFFD" + `b"}]`,
	} {
		for range 5 { // no map's order may show
			b, err := json.Marshal(testReference().customFields(stored))
			if err != nil {
				t.Fatal(err)
			}
			if string(b) != jsonOf(t, want) {
				t.Errorf("%q:\n got %s\nwant %s", stored, b, want)
			}
		}
	}
}

// jsonOf is JSON as json.Marshal escapes it.
func jsonOf(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(json.RawMessage(s))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCustomFieldsNeverPanic: any stored text gives fields that are valid JSON.
func TestCustomFieldsNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stored := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune(`{}[]":,012a \`)), 0, 40, -1)).Draw(t, "stored")
		for _, f := range testReference().customFields(stored) {
			if !json.Valid(f.Value) || f.Text != nil && !json.Valid(f.Text) {
				t.Fatalf("%q gave %s, %s", stored, f.Value, f.Text)
			}
		}
	})
}
