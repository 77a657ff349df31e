package odoo

import (
	"context"
	"fmt"
	"strconv"
)

// groupCells adds what the customer group is in Odoo: a tag or a pricelist of its name,
// made when there is none. Tags of others stay.
func (s *sink) groupCells(ctx context.Context, p *party, cells map[string]string) error {
	switch s.cfg.Customers.Groups {
	case groupsTag:
		id, err := s.groupRecord(ctx, "res.partner.category", "tag", p)
		cells["category_id/.id"] = strconv.FormatInt(id, 10)
		return err
	case groupsPricelist:
		id, err := s.groupRecord(ctx, "product.pricelist", "pricelist", p)
		cells["property_product_pricelist/.id"] = strconv.FormatInt(id, 10)
		return err
	}
	return nil
}

// groupRecord is the tag or pricelist of a party's group: the one of the group's name,
// or octail's own.
func (s *sink) groupRecord(ctx context.Context, model, kind string, p *party) (int64, error) {
	group := p.person.group
	name := "Customer group " + strconv.FormatInt(group.ID, 10)
	if group.Name != nil && oneLine(*group.Name) != "" {
		name = oneLine(*group.Name)
	}
	fields := []string{"name"}
	if model == "product.pricelist" {
		fields = append(fields, "company_id")
	}
	b, err := s.known(ctx)
	if err != nil {
		return 0, err
	}
	r, ok, err := s.find(ctx, list{model: model, fields: fields}, func(rows []row) (row, bool) {
		for _, r := range rows {
			if fold(string(r.Name)) == fold(name) && b.company.may(r.Company.ID) {
				return r, true
			}
		}
		return row{}, false
	})
	if err != nil || ok {
		return r.ID, err
	}
	key := fmt.Sprintf("%s_group_%d_%s", kind, group.ID, digest(name))
	if id := s.contacts.get(key).id; id != 0 {
		return id, nil
	}
	made := &record{xid: s.xid(key), cells: map[string]string{"name": name}, item: p.item}
	if err := s.load(ctx, model, []*record{made}, nil); err != nil {
		return 0, err
	}
	if made.id != 0 {
		s.contacts.put(key, contact{id: made.id, own: true})
	}
	return made.id, p.item.err
}
