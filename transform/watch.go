package transform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform/document"
)

// A touch's target is an entity's name or one of these: a reference table whose
// rows are content of other entities, or (refPrefix + part) a piece of the cached
// reference data.
const (
	refPrefix      = "ref:"
	byManufacturer = "of-manufacturer" // products of the manufacturer
	byOption       = "of-option"
	byOptionValue  = "of-option-value"
	byAttribute    = "of-attribute"
	byCategory     = "of-category" // the categories below, and the products in them
	byWeightClass  = "of-weight-class"
	byLengthClass  = "of-length-class"
	byLanguage     = "of-language" // products, categories and customers
)

// IsReference reports whether a target is a piece of the cached reference data.
func IsReference(target string) bool { return strings.HasPrefix(target, refPrefix) }

func isReference(name string) bool { return IsReference(name) }

// WatchList is what capture has to look for, for the schema the shop has.
func WatchList(s *shop.Schema) []canal.Table {
	rules := map[string][]canal.Rule{}
	add := func(table string, r canal.Rule) {
		if s.Has(table) {
			rules[table] = append(rules[table], r)
		}
	}
	for _, e := range allEntities {
		for _, t := range e.tables {
			if leftOver(s, t.name) {
				continue
			}
			add(t.name, canal.Rule{Target: e.name, Key: t.key, Only: present(s, t.name, t.columns)})
		}
		if e.seo.query != "" {
			table, byKey := seoTable(s)
			add(table, seoRule(e, byKey))
		}
	}
	for _, p := range parts {
		for _, t := range p.tables {
			add(t.name, canal.Rule{Target: refPrefix + p.name, Only: present(s, t.name, t.columns)})
		}
	}
	for _, r := range []struct{ table, target, key string }{
		{"manufacturer", byManufacturer, "manufacturer_id"},
		{"option", byOption, "option_id"},
		{"option_description", byOption, "option_id"},
		{"option_value_description", byOptionValue, "option_value_id"},
		{"attribute_description", byAttribute, "attribute_id"},
		{"category_description", byCategory, "category_id"},
		{"category_path", byCategory, "category_id"},
		{"weight_class_description", byWeightClass, "weight_class_id"},
		{"length_class_description", byLengthClass, "length_class_id"},
	} {
		add(r.table, canal.Rule{Target: r.target, Key: r.key, Ignore: []string{"sort_order", "image", "validation"}})
	}
	add("language", canal.Rule{Target: byLanguage, Only: []string{"language_id", "code"}})

	addCascades(s, rules)
	var out []canal.Table
	for table, list := range rules {
		out = append(out, canal.Table{Name: s.Prefix + table, Rules: list})
	}
	slices.SortFunc(out, func(a, b canal.Table) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// Root is the table that has a row for each of a target's keys, and the column with
// them; ok is false for targets that are none of the entities.
func Root(target string) (table, key string, ok bool) {
	if e := entityByName(target); e != nil {
		return e.root, e.id, true
	}
	return "", "", false
}

// addCascades adds what foreign keys, which OpenCart does not have but shops may, change
// along with another table's rows. A row that goes with the row of its own entity needs
// no word: that entity is touched.
func addCascades(s *shop.Schema, rules map[string][]canal.Rule) {
	for grown := true; grown; { // a key may lead to a table that another one leads to
		grown = false
		for _, k := range s.ForeignKeys {
			for _, child := range slices.Clone(rules[k.Table]) {
				covered := slices.ContainsFunc(rules[k.Parent], func(r canal.Rule) bool {
					same := !child.Cascade && r.Key == k.ParentColumn && child.Key == k.Column
					return r.Target == child.Target && (r.Cascade || same)
				})
				if !covered {
					rules[k.Parent] = append(rules[k.Parent], canal.Rule{Target: child.Target, Only: []string{k.ParentColumn}, Cascade: true})
					grown = true
				}
			}
		}
	}
}

// present is which of a table's columns the shop has: when another one comes or goes,
// the table is watched for something else than before (see Changed). Without any, all
// columns matter.
func present(s *shop.Schema, table string, columns []string) []string {
	var out []string
	for _, c := range inUse(s, table, columns) {
		if s.Has(table, c) {
			out = append(out, c)
		}
	}
	return out
}

func seoRule(e *entity, byKey bool) canal.Rule {
	r := canal.Rule{Target: e.name, Ignore: []string{"sort_order"}}
	if byKey {
		r.TextColumns = []string{"key", "value"}
		r.Resolve = func(v []string) (int64, bool) { return e.seo.owner("", v[0], v[1]) }
	} else {
		r.TextColumns = []string{"query"}
		r.Resolve = func(v []string) (int64, bool) { return e.seo.owner(v[0], "", "") }
	}
	return r
}

// Watched is what each table is watched for, as Changed compares it and the journal
// keeps it.
func Watched(tables []canal.Table) map[string]string {
	out := map[string]string{}
	for _, t := range tables {
		out[t.Name] = meaning(t)
	}
	return out
}

// Changed reports whether tables are to be watched that were not, or for something
// else (other columns), and lists the entities whose documents may be others because
// of them.
func Changed(was map[string]string, is []canal.Table) (changed bool, entities []string) {
	concerned := map[string]bool{}
	for _, t := range is {
		if was[t.Name] == meaning(t) {
			continue
		}
		changed = true
		for _, r := range t.Rules {
			if entityByName(r.Target) != nil {
				concerned[r.Target] = true
			} else if !isReference(r.Target) { // names that are content
				concerned[document.ProductEntity], concerned[document.CategoryEntity] = true, true
			}
		}
	}
	return changed, slices.Sorted(maps.Keys(concerned))
}

// meaning is what a table is watched for.
func meaning(t canal.Table) string {
	var all []string
	for _, r := range t.Rules {
		what := fmt.Sprint(r.Target, r.Key, r.Only, r.Ignore, r.TextColumns)
		if r.Cascade {
			what += " cascade"
		}
		all = append(all, what)
	}
	return strings.Join(all, "; ")
}
