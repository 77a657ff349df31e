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
		id, err := s.groupRecord(ctx, tagList, p.person.group, p.item)
		cells["category_id/.id"] = reference(id)
		return err
	case groupsPricelist:
		field, err := s.pricelistField(ctx)
		if err != nil {
			return err
		}
		id, err := s.groupRecord(ctx, pricelistList, p.person.group, p.item)
		cells[field+"/.id"] = reference(id)
		return err
	}
	return nil
}

// pricelistField is where a contact's pricelist is kept: newer versions compute the other
// one, and only while the feature is switched on.
func (s *sink) pricelistField(ctx context.Context) (string, error) {
	const kept = "specific_property_product_pricelist"
	if has, err := s.has(ctx, partnerModel, kept); err != nil || has {
		return kept, err
	}
	return "property_product_pricelist", nil
}

// groupName is what a group is called in Odoo.
func groupName(g document.Named) string {
	if g.Name != nil && oneLine(*g.Name) != "" {
		return oneLine(*g.Name)
	}
	return "Customer group " + strconv.FormatInt(g.ID, 10)
}

// groupRecord is the tag or pricelist of a group; 0: there is none. For an item one that
// is missing is made, and for nil not.
func (s *sink) groupRecord(ctx context.Context, l list, g document.Named, it *item) (int64, error) {
	b, err := s.known(ctx)
	if err != nil {
		return 0, err
	}
	name := groupName(g)
	// Of the name too: a group that is called otherwise now is another one for Odoo.
	key := fmt.Sprintf("group_%d_%s", g.ID, digest(l.model, fold(name)))
	if id := s.met(l.model, key); id != 0 {
		return id, nil
	}
	r, _, err := s.find(ctx, l, func(rows []row) (row, bool) {
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Name)) == fold(name) && b.company.may(r.Company.ID) }))
	})
	if err != nil {
		return 0, err
	}
	if r.ID == 0 && it != nil {
		made := &record{xid: s.xid(key), cells: map[string]string{"name": name}, item: it}
		if err := s.load(ctx, l.model, []*record{made}, nil); err != nil {
			return 0, err
		}
		r.ID = made.id
	}
	if r.ID != 0 {
		s.saw(l.model, key, r.ID)
	}
	return r.ID, nil
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
		tag, err := s.groupRecord(ctx, tagList, *p.left, nil)
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
