package odoo

import (
	"context"
	"fmt"
	"html"
	"strings"
)

// trial is a party's records on their way: they are refused or taken together.
type trial struct {
	party   *party
	records []*record
}

// try loads the records of parties. Where they are refused with a VAT number they are
// loaded without it, and the number becomes a note in the contact: Odoo checks numbers
// where base_vat is installed, and takes none that is wrong.
func (s *sink) try(ctx context.Context, trials []*trial, extra map[string]any) error {
	refused, err := s.tryOnce(ctx, trials, extra)
	if err != nil {
		return err
	}
	var again []*trial
	why := map[*trial]error{}
	for t, err := range refused {
		if t.records[0].cells["vat"] == "" {
			t.party.item.fail(err)
			continue
		}
		why[t] = err
		if t.records[0].cells["vat"] = ""; t.records[0].key != 0 {
			delete(t.records[0].cells, "vat") // what Odoo has there stays
		}
		again = append(again, t)
	}
	if len(again) == 0 {
		return nil
	}
	refused, err = s.tryOnce(ctx, again, extra)
	if err != nil {
		return err
	}
	for _, t := range again {
		if _, bad := refused[t]; bad {
			t.party.item.fail(why[t])
			continue
		}
		if err := s.noteVAT(ctx, t.party, t.records[0].id); err != nil {
			return err
		}
	}
	return nil
}

// tryOnce loads the records and tells whose were refused, and why.
func (s *sink) tryOnce(ctx context.Context, trials []*trial, extra map[string]any) (map[*trial]error, error) {
	var above, below []*record // contacts first: what is below names them
	stand := map[*trial]*item{}
	for _, t := range trials {
		stand[t] = &item{Delivery: t.party.item.Delivery}
		for n, r := range t.records {
			r.item, r.id = stand[t], 0
			if n == 0 {
				above = append(above, r)
			} else {
				below = append(below, r)
			}
		}
	}
	if len(above) == 0 {
		return nil, nil
	}
	if err := s.load(ctx, partnerModel, append(above, below...), extra); err != nil {
		return nil, err
	}
	refused := map[*trial]error{}
	for _, t := range trials {
		if err := stand[t].err; err != nil {
			refused[t] = err
		}
		for _, r := range t.records {
			r.item = t.party.item
		}
	}
	return refused, nil
}

// noteVAT keeps a number that Odoo refuses as a note in the contact, once.
func (s *sink) noteVAT(ctx context.Context, p *party, id int64) error {
	s.log.Warn("Odoo refuses the customer's VAT number: it is a note in the contact now", "party", p.name, "contact", id)
	are, err := s.currents(ctx, []int64{id})
	if err != nil {
		return err
	}
	is := are[id]
	if is == nil || noted(string(is.Comment), p.person.vat) {
		return nil
	}
	text := "VAT number in the shop: " + html.EscapeString(p.person.vat)
	if is.Comment != "" {
		text = string(is.Comment) + "\n" + text
	}
	if err := s.rpc.Write(ctx, partnerModel, []int64{id}, map[string]any{"comment": text}, quiet); err != nil {
		return fmt.Errorf("write the notes of contact %d: %w", id, err)
	}
	return nil
}

// noted tells whether a number is in a contact's notes: HTML as Odoo has rewritten it.
func noted(notes, number string) bool {
	return strings.Contains(html.UnescapeString(notes), number)
}
