package odoo

import (
	"context"
	"fmt"
	"maps"

	"octail/sinks/odoo/rpc"
)

// current is what a contact says now.
type current struct {
	ID       int64    `json:"id"`
	Name     rpc.Text `json:"name"`
	Email    rpc.Text `json:"email"`
	Phone    rpc.Text `json:"phone"`
	Ref      rpc.Text `json:"ref"`
	Language rpc.Text `json:"lang"`
	VAT      rpc.Text `json:"vat"`
	Company  rpc.Text `json:"company_name"`
	Street   rpc.Text `json:"street"`
	Street2  rpc.Text `json:"street2"`
	City     rpc.Text `json:"city"`
	Zip      rpc.Text `json:"zip"`
	Country  rpc.Ref  `json:"country_id"`
	State    rpc.Ref  `json:"state_id"`
	Parent   rpc.Ref  `json:"parent_id"`
	Comment  rpc.Text `json:"comment"`
	Active   bool     `json:"active"`
	Tags     []int64  `json:"category_id"`
}

var currentFields = []string{"name", "email", "phone", "ref", "lang", "vat", "company_name", "street", "street2", "city", "zip", "country_id", "state_id", "parent_id", "comment", "active", "category_id"}

// cells of what it says, as they would be loaded.
func (c *current) cells() map[string]string {
	return map[string]string{
		"name": string(c.Name), "email": string(c.Email), "phone": string(c.Phone), "ref": string(c.Ref), "lang": string(c.Language),
		"vat": string(c.VAT), "company_name": string(c.Company), "street": string(c.Street), "street2": string(c.Street2),
		"city": string(c.City), "zip": string(c.Zip), "country_id/.id": reference(c.Country.ID), "state_id/.id": reference(c.State.ID),
	}
}

// currents reads contacts, archived ones too. One that is gone is not in the answer.
func (s *sink) currents(ctx context.Context, ids []int64) (map[int64]*current, error) {
	var got []*current
	err := s.rpc.SearchRead(ctx, partnerModel, rpc.Find{
		Domain: []any{[]any{"id", "in", ids}}, Fields: currentFields, Context: map[string]any{"active_test": false},
	}, &got)
	if err != nil {
		return nil, fmt.Errorf("read %d contacts: %w", len(ids), err)
	}
	out := map[int64]*current{}
	for _, c := range got {
		out[c.ID] = c
	}
	return out, nil
}

// readForeign reads what the contacts say that octail did not make, in one call. Who has
// one that is gone is looked for once more.
func (s *sink) readForeign(ctx context.Context, parties []*party) error {
	for {
		var ids []int64
		for _, p := range parties {
			if p.item.err == nil && p.contact.id != 0 && !p.contact.own {
				ids = append(ids, p.contact.id)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		are, err := s.currents(ctx, ids)
		if err != nil {
			return err
		}
		var lost []*party
		for _, p := range parties {
			if p.item.err != nil || p.contact.id == 0 || p.contact.own {
				continue
			}
			if p.is = are[p.contact.id]; p.is != nil {
				continue
			}
			if err := s.lose(ctx, p); err != nil {
				return err
			}
			if p.item.err == nil {
				lost = append(lost, p)
			}
		}
		if parties = lost; len(lost) == 0 {
			return nil
		}
		if err := s.matchContacts(ctx, lost); err != nil {
			return err
		}
	}
}

// wants are the cells of a contact that is there. What octail made says what the shop
// says. What it adopted, or a person tied, keeps its name, and what it says where the
// shop says nothing.
func (s *sink) wants(ctx context.Context, p *party) (map[string]string, error) {
	cells, err := s.contactCells(ctx, p)
	if err == nil && !p.contact.own {
		p.is.keep(cells, emptyAddress(p.person.address))
	}
	return cells, err
}

// keep puts into the cells what stays as it is.
func (c *current) keep(cells map[string]string, homeless bool) {
	is := c.cells()
	address := map[string]string{}
	for _, column := range addressColumns {
		address[column] = is[column]
		delete(is, column)
	}
	for column, old := range is {
		switch column {
		case "email", "phone":
			if cells[column] == "" {
				cells[column] = old
			}
		default: // a person's word
			if old != "" {
				cells[column] = old
			}
		}
	}
	if homeless {
		maps.Copy(cells, address)
	}
	if c.Parent.ID != 0 { // the one above has these for it
		cells["vat"], cells["company_name"] = is["vat"], is["company_name"]
	}
}
