package config

import (
	"regexp"
	"slices"

	"octail/internal/expression"
)

// Where says which entities a sink is given. What is left out takes all; between keys it is "and", within a list "or". An
// entity that has nothing of what a key asks for (a product has no status) passes that key.
//
// What each key looks at: package filter.
type Where struct {
	Stores         []string    `yaml:"stores"`          // ids or names
	Statuses       []string    `yaml:"statuses"`        // ids, or names in the shop's default language
	CustomerGroups []string    `yaml:"customer_groups"` // ids or names
	Countries      []string    `yaml:"countries"`       // ISO codes of two or three letters
	MinTotal       string      `yaml:"min_total"`       // a decimal number in the shop's currency; "": none
	Expr           Expressions `yaml:"expr"`
}

// Expressions are conditions over the documents, by entity. One that is written without an entity is for orders.
type Expressions map[string]string

var (
	countryCode = regexp.MustCompile(`^[A-Za-z]{2,3}$`)
	amount      = regexp.MustCompile(`^\d{1,15}(\.\d{1,8})?$`)
)

// UnmarshalConfig reads either form.
func (x *Expressions) UnmarshalConfig(v *Value) {
	if v.IsSection() {
		type texts Expressions // without this method
		v.Decode((*texts)(x))
		return
	}
	var text string
	if v.Decode(&text) {
		*x = Expressions{"order": text}
	}
}

func (w *Where) check(s *Section, takes []string) {
	for key, list := range map[string][]string{"stores": w.Stores, "statuses": w.Statuses, "customer_groups": w.CustomerGroups, "countries": w.Countries} {
		if s.Has(key) && len(list) == 0 {
			s.Problem(key, "is empty, so that nothing would pass; name some, or remove the line to let all pass")
		}
		for i, item := range list {
			at := index(key, i)
			switch {
			case key == "countries" && !countryCode.MatchString(item):
				s.Problem(at, "%s must be a country's code of two or three letters, e.g. DE or DEU", s.Quote(at))
			case item == "":
				s.Problem(at, "is empty; write an id or a name")
			}
		}
	}
	if s.Has("min_total") && !amount.MatchString(w.MinTotal) {
		s.Problem("min_total", `%s must be an amount in the shop's currency, e.g. "50.00"`, s.Quote("min_total"))
	}
	for entity, text := range w.Expr {
		key := "expr"
		if s.Has(join("expr", entity)) {
			key = join("expr", entity)
		}
		switch {
		case !slices.Contains(entities, entity):
			s.Problem(key, "unknown entity %s%s", shown(entity), instead(entity, entities))
			continue
		case takes != nil && !slices.Contains(takes, entity):
			s.Problem(key, "is about %s, which entities leaves out; remove it, or add %s to entities", entity, entity)
		}
		switch _, err := expression.Compile(entity, text); {
		case err == nil:
		case s.written(key) == text:
			s.Problem(key, "%s", err)
		default: // the message could repeat what was replaced in it
			s.Problem(key, "is no expression that can be used, once ${...} in it is replaced")
		}
	}
}
