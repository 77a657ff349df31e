package mask

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// keys are the fields of documents that tell who somebody is, where he lives and what
// he wrote.
var keys = map[string]bool{
	"first_name": true, "last_name": true, "email": true, "phone": true, "fax": true, "company": true,
	"address_1": true, "address_2": true, "city": true, "postcode": true, "tax_id": true,
	"comment": true, "to_name": true, "to_email": true,
}

// Values lists the personal values of the document in an event's data, former ones
// included: names, companies, e-mail addresses, phones, addresses (neither zone nor
// country), tax ids, comments, custom fields, what was typed into options of a line, and
// to whom vouchers go. Each once, the longest first.
func Values(data []byte) []string {
	values, _ := personal(data)
	return values
}

// personal returns the values, and of these the numbers of phones. First and last names
// are taken apart too.
func personal(data []byte) (values, phones []string) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var root map[string]any
	if len(data) == 0 || d.Decode(&root) != nil {
		return nil, nil
	}
	c := &collector{}
	c.walk("", root["document"])
	c.walk("", root["previous"])
	slices.SortFunc(c.values, func(a, b string) int {
		if n := len(b) - len(a); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(c.values), c.phones
}

type collector struct{ values, phones []string }

// add takes all texts and numbers below a value.
func (c *collector) add(v any) {
	switch v := v.(type) {
	case string:
		if strings.TrimSpace(v) != "" {
			c.values = append(c.values, v)
		}
	case json.Number:
		c.values = append(c.values, v.String())
	case []any:
		for _, one := range v {
			c.add(one)
		}
	case map[string]any:
		for _, one := range v {
			c.add(one)
		}
	}
}

func (c *collector) walk(key string, v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			c.walk(key, one)
		}
	case map[string]any:
		switch {
		case key == "custom_fields":
			c.field(v)
			return
		case key == "options" && v["option_value_id"] == json.Number("0"): // typed, not chosen
			c.add(v["value"])
		}
		for name, one := range v {
			if keys[name] {
				c.add(one)
				c.parts(name, one)
			} else {
				c.walk(name, one)
			}
		}
	}
}

// field takes a custom field: of one with choices their names, since the value is the
// number of a choice.
func (c *collector) field(f map[string]any) {
	if text, ok := f["text"]; ok {
		c.add(text)
		return
	}
	c.add(f["value"])
}

// parts takes what a target may show alone.
func (c *collector) parts(name string, v any) {
	text, _ := v.(string)
	switch name {
	case "first_name", "last_name", "to_name":
		for _, one := range strings.Fields(text) {
			if utf8.RuneCountInString(one) >= whole {
				c.values = append(c.values, one)
			}
		}
	case "phone", "fax":
		c.phones = append(c.phones, text)
	}
}
