package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// forgottenName is what a person is called who is to be forgotten, as in the documents.
const forgottenName = "erased"

// eraseCustomer takes out of Odoo what is left of a customer who is to be forgotten, after
// the pseudonymised document was written: the addresses of former orders and of the former
// address book, and the notes of a contact that octail made. A contact that was in Odoo
// before, or that a person has tied, is not the shop's to erase: that is logged with its
// id. Called by Erase for a customer.
func (s *sink) eraseCustomer(ctx context.Context, d sinks.Delivery) error {
	return s.eraseParty(ctx, &party{item: &item{Delivery: &d}, name: customerName(d.ID), key: document.Key{Entity: document.CustomerEntity, ID: d.ID}}, 0)
}

// erasePlacer does the same for who placed an order: the guest, or the customer. Called
// by Erase for an order.
func (s *sink) erasePlacer(ctx context.Context, d sinks.Delivery) error {
	it := &item{Delivery: &d}
	doc, ok := read[document.Order](it)
	if !ok {
		return it.err
	}
	if id := doc.Customer.ID; id != nil {
		return s.eraseParty(ctx, &party{item: it, name: customerName(*id), key: document.Key{Entity: document.CustomerEntity, ID: *id}}, 0)
	}
	// The guest may have been taken for a contact that was there: the order tells.
	order, err := s.recordOf(ctx, "sale.order", orderName(d.ID))
	if err != nil {
		return err
	}
	var partner int64
	if order != 0 {
		var is []struct {
			Partner rpc.Ref `json:"partner_id"`
		}
		if err := s.rpc.Read(ctx, "sale.order", []int64{order}, []string{"partner_id"}, nil, &is); err != nil {
			return fmt.Errorf("read who order %d is of: %w", order, err)
		}
		if len(is) == 1 {
			partner = is[0].Partner.ID
		}
	}
	return s.eraseParty(ctx, &party{item: it, name: guestName(d.ID)}, partner)
}

// eraseParty erases a party's contact and addresses; also is a contact that may have
// some of the addresses, 0 for none.
func (s *sink) eraseParty(ctx context.Context, p *party, also int64) error {
	defer s.forgetContacts()
	own, err := s.recordOf(ctx, partnerModel, p.name)
	if err != nil {
		return err
	}
	linked, _, err := s.linkOf(ctx, p.key)
	if err != nil {
		return err
	}
	var above []int64
	for _, id := range []int64{own, linked.id, also} {
		if id != 0 {
			above = append(above, id)
		}
	}
	if len(above) == 0 {
		return nil
	}
	below, err := s.placesBelow(ctx, above)
	if err != nil {
		return err
	}
	var ids []int64
	for name, id := range below {
		if strings.HasPrefix(name, addressesOf(p.name)) {
			ids = append(ids, id)
		}
	}
	empty := map[string]any{"name": forgottenName, "email": false, "phone": false, "street": false, "street2": false, "city": false, "zip": false, "comment": false}
	if len(ids) > 0 {
		if err := s.rpc.Write(ctx, partnerModel, ids, empty, quiet); err != nil {
			return fmt.Errorf("erase %d addresses: %w", len(ids), err)
		}
	}
	if own != 0 {
		empty["vat"], empty["company_name"] = false, false
		if err := s.rpc.Write(ctx, partnerModel, []int64{own}, empty, quiet); err != nil {
			return fmt.Errorf("erase contact %d: %w", own, err)
		}
	}
	for _, id := range above {
		if id != own && (id == linked.id || len(ids) > 0) {
			s.log.Warn("a person to be forgotten has a contact that octail did not make: its addresses from the shop are erased, the contact itself is for a person to decide", "party", p.name, "contact", id)
		}
	}
	return nil
}

// recordOf is the record of an external id of octail's, archived or not; 0: none.
func (s *sink) recordOf(ctx context.Context, model, name string) (int64, error) {
	return s.referenced(ctx, s.prefix, name, model)
}

// referenced is the record of any external id.
func (s *sink) referenced(ctx context.Context, module, name, model string) (int64, error) {
	var ref []json.RawMessage // model, id or false
	err := s.rpc.Call(ctx, "ir.model.data", "check_object_reference", rpc.Args{
		Named: map[string]any{"module": module, "xml_id": name}, Context: map[string]any{"active_test": false},
	}, &ref)
	if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent {
		return 0, nil // unknown, or the record is gone
	}
	if err != nil {
		return 0, fmt.Errorf("look for %s: %w", name, err)
	}
	var of string
	var id rpc.Ref
	if len(ref) != 2 || json.Unmarshal(ref[0], &of) != nil || of != model || json.Unmarshal(ref[1], &id) != nil {
		return 0, nil
	}
	return id.ID, nil
}
