package odoo

import (
	"context"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"octail/transform/document"
)

// mostDescription bounds a description in Odoo: it is copied into every line of an order that
// is written by hand there.
const mostDescription = 4000

// Values of products.description.
const (
	descriptionSale = "sale"
	descriptionNone = "none"
)

// clean is text as one line of Odoo: without control characters, which its database does
// not take, and not empty where it was not.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text))
}

var (
	unseenHTML = regexp.MustCompile(`(?is)<(script|style|head|title)\b.*?</(script|style|head|title)\s*>|<!--.*?-->`)
	breakHTML  = regexp.MustCompile(`(?i)<\s*(br|/p|/div|/li|/tr|/h[1-6]|/ul|/ol|/table|hr)\b[^>]*>`)
	tagHTML    = regexp.MustCompile(`(?s)</?[a-zA-Z!][^>]*>`)
	spaces     = regexp.MustCompile(`[ \t\x{a0}]+`)
	lineBreaks = regexp.MustCompile(` ?\n[ \n]*`)
)

// textOf is HTML as text, a paragraph on a line, bounded.
func textOf(markup string) string {
	text := strings.NewReplacer("\r", " ", "\n", " ").Replace(markup)
	text = unseenHTML.ReplaceAllString(text, " ")
	text = breakHTML.ReplaceAllString(text, "\n")
	text = tagHTML.ReplaceAllString(text, "")
	text = html.UnescapeString(text)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(lineBreaks.ReplaceAllString(spaces.ReplaceAllString(text, " "), "\n"))
	if runes := []rune(text); len(runes) > mostDescription {
		text = string(runes[:mostDescription]) + "..."
	}
	return text
}

// sorted are the values of a map in the order of its keys.
func sorted[V any](m map[string]V) []V {
	var out []V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// mainLanguage is the language of the shop whose texts Odoo shows where it has no
// translation: the setting's, else English, else the first. languages are those that are
// installed in Odoo, by the shop's code.
func mainLanguage(texts map[string]document.ProductText, setting string, languages map[string]string) string {
	codes := slices.DeleteFunc(slices.Sorted(maps.Keys(texts)), func(code string) bool { return clean(texts[code].Name) == "" })
	odoo := textLanguages(texts, languages)
	for _, fits := range []func(string) bool{
		func(code string) bool { return strings.EqualFold(code, setting) },
		func(code string) bool { return odoo[code] == "en_US" },
		func(code string) bool { return strings.HasPrefix(strings.ToLower(code), "en") },
		func(code string) bool { return odoo[code] != "" },
		func(string) bool { return true },
	} {
		if i := slices.IndexFunc(codes, fits); i >= 0 {
			return codes[i]
		}
	}
	return ""
}

// textCells are a product's name and description in one language.
func (s *sink) textCells(t document.ProductText) map[string]string {
	cells := map[string]string{"name": clean(t.Name)}
	if s.cfg.Products.Description == descriptionSale {
		cells["description_sale"] = textOf(t.Description)
	}
	return cells
}

// translate writes the texts of products in the languages that are installed in Odoo and
// that the shop has, a call for each.
func (s *sink) translate(ctx context.Context, wares []*ware) error {
	languages, err := s.languages(ctx)
	if err != nil {
		return err
	}
	byLanguage := map[string][]*record{}
	models := map[*record]string{}
	for _, w := range wares {
		if !w.differs("texts") {
			continue
		}
		main := mainLanguage(w.doc.Texts, s.cfg.Products.Language, languages)
		for code, odoo := range textLanguages(w.doc.Texts, languages) {
			if odoo == "en_US" && code == main || w.item.Kind == document.Created && w.doc.Texts[code] == w.doc.Texts[main] {
				continue // it is what was written without a language
			}
			cells := s.textCells(w.doc.Texts[code])
			if text, has := cells["description_sale"]; has && text == "" {
				// To empty a text in one language empties it in all.
				if text = s.textCells(w.doc.Texts[main])["description_sale"]; text == "" {
					delete(cells, "description_sale")
				} else {
					cells["description_sale"] = text
				}
			}
			r := &record{xid: w.record.xid, key: w.record.key, cells: cells, item: w.item}
			models[r] = productModel
			if w.template() {
				models[r] = templateModel
			}
			byLanguage[odoo] = append(byLanguage[odoo], r)
		}
	}
	for _, odoo := range slices.Sorted(maps.Keys(byLanguage)) {
		for _, model := range []string{productModel, templateModel} {
			of := slices.DeleteFunc(slices.Clone(byLanguage[odoo]), func(r *record) bool { return models[r] != model })
			if err := s.load(ctx, model, of, map[string]any{"lang": odoo}); err != nil {
				return err
			}
		}
	}
	return nil
}

// textLanguages are the shop's languages with a name, and the language of Odoo for each:
// no two have the same.
func textLanguages(texts map[string]document.ProductText, languages map[string]string) map[string]string {
	out := map[string]string{}
	taken := map[string]bool{}
	for _, exact := range []bool{true, false} {
		for _, code := range slices.Sorted(maps.Keys(texts)) {
			key := strings.ReplaceAll(fold(code), "_", "-")
			if !exact {
				key, _, _ = strings.Cut(key, "-")
			}
			odoo := languages[key]
			if odoo != "" && !taken[odoo] && out[code] == "" && clean(texts[code].Name) != "" {
				out[code], taken[odoo] = odoo, true
			}
		}
	}
	return out
}
