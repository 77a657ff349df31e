package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// A customer group is a tag or a pricelist of its name in Odoo. The one that a person
// has made is taken, and one that is missing is made.

var tagList = list{model: "res.partner.category", fields: []string{"name"}}

// groupCells adds what a party's group is. Tags of others stay (update_many2many).
func (s *sink) groupCells(ctx context.Context, p *party, cells map[string]string) error {
	switch s.cfg.Customers.Groups {
	case groupsTag:
		id, err := s.groupRecord(ctx, tagList, p)
		cells["category_id/.id"] = reference(id)
		return err
	case groupsPricelist:
		id, err := s.groupRecord(ctx, pricelistList, p)
		cells["property_product_pricelist/.id"] = reference(id)
		return err
	}
	return nil
}

// groupName is what a group is called in Odoo.
func groupName(g document.Named) string {
	if g.Name != nil && oneLine(*g.Name) != "" {
		return oneLine(*g.Name)
	}
	return "Customer group " + strconv.FormatInt(g.ID, 10)
}

// groupNamed finds a tag or pricelist by a group's name; 0: there is none.
func (s *sink) groupNamed(ctx context.Context, l list, name string) (int64, error) {
	b, err := s.known(ctx)
	if err != nil {
		return 0, err
	}
	r, _, err := s.find(ctx, l, func(rows []row) (row, bool) {
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Name)) == fold(name) && b.company.may(r.Company.ID) }))
	})
	return r.ID, err
}

// groupRecord is a party's tag or pricelist.
func (s *sink) groupRecord(ctx context.Context, l list, p *party) (int64, error) {
	name := groupName(p.person.group)
	// Of the name too: a group that is called otherwise now is another one for Odoo.
	key := fmt.Sprintf("group_%d_%s", p.person.group.ID, digest(l.model, fold(name)))
	if id := s.met(l.model, key); id != 0 {
		return id, nil
	}
	id, err := s.groupNamed(ctx, l, name)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		made := &record{xid: s.xid(key), cells: map[string]string{"name": name}, item: p.item}
		if err := s.load(ctx, l.model, []*record{made}, nil); err != nil {
			return 0, err
		}
		id = made.id
	}
	if id != 0 {
		s.saw(l.model, key, id)
	}
	return id, nil
}

// leaveGroups takes the tags away of groups that customers are not in any more.
func (s *sink) leaveGroups(ctx context.Context, parties []*party) error {
	if s.cfg.Customers.Groups != groupsTag {
		return nil
	}
	left := map[int64][]int64{} // contacts by tag
	for _, p := range parties {
		if p.item.err != nil || p.left == nil || groupName(*p.left) == groupName(p.person.group) {
			continue
		}
		tag, err := s.groupNamed(ctx, tagList, groupName(*p.left))
		if err != nil {
			return err
		}
		if tag != 0 {
			left[tag] = append(left[tag], p.contact.id)
		}
	}
	for tag, ids := range left {
		err := s.rpc.Call(ctx, partnerModel, "write", rpc.Args{IDs: ids, Named: map[string]any{"vals": map[string]any{"category_id": []any{[]any{3, tag, 0}}}}, Context: quiet}, nil)
		if err != nil {
			return fmt.Errorf("take a customer group's tag from %d contacts: %w", len(ids), err)
		}
	}
	return nil
}
