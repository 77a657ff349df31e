package odoo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

var _ sinks.Eraser = (*sink)(nil)

// Erase implements sinks.Eraser: what the pseudonymised documents do not overwrite by
// themselves is the addresses of former orders, and what was written to the shop: in the
// notes, in the order's comment, in the texts of its lines, and of its invoices.
func (s *sink) Erase(ctx context.Context, d sinks.Delivery) error {
	switch d.Entity {
	case document.CustomerEntity:
		return s.eraseCustomer(ctx, d)
	case document.OrderEntity:
		if err := s.erasePlacer(ctx, d); err != nil {
			return err
		}
		return s.eraseOrder(ctx, d)
	}
	return nil
}

// eraseRefused erases what a delivery that failed says is to be forgotten: a person does
// not wait until an order is mapped, or until somebody has looked at its dead letter.
// When that fails, the delivery is tried again.
func (s *sink) eraseRefused(ctx context.Context, it *item) {
	class, _ := sinks.ClassOf(it.err)
	_, held := sinks.HeldFor(it.err)
	if class != sinks.Permanent && !held || !document.Erased(it.Data) {
		return
	}
	if err := s.Erase(ctx, *it.Delivery); err != nil {
		it.err = fmt.Errorf("erase: %w", err)
	}
}

// erasing is an order of somebody who is to be forgotten, in Odoo.
type erasing struct {
	ID       int64    `json:"id"`
	State    string   `json:"state"`
	Lock     bool     `json:"locked"`
	Note     rpc.Text `json:"note"`
	Lines    []int64  `json:"order_line"`
	Invoices []int64  `json:"invoice_ids"`
	Pickings []int64  `json:"picking_ids"`
}

// eraseOrder takes the customer's words out of an order that octail made.
func (s *sink) eraseOrder(ctx context.Context, d sinks.Delivery) error {
	id, err := s.recordOf(ctx, "sale.order", orderName(d.ID))
	if err != nil || id == 0 {
		return err
	}
	fields, err := s.existing(ctx, "sale.order", []string{"state", "note", "order_line", "invoice_ids"}, "locked", "picking_ids")
	if err != nil {
		return err
	}
	var is []*erasing
	if err := s.rpc.Read(ctx, "sale.order", []int64{id}, fields, nil, &is); err != nil || len(is) == 0 {
		return wrapErase(id, err)
	}
	if is[0].Note != "" {
		if err := s.rpc.Write(ctx, "sale.order", []int64{id}, map[string]any{"note": false}, quiet); err != nil {
			return wrapErase(id, err)
		}
	}
	texts, err := s.forgottenTexts(ctx, d, is[0])
	if err != nil {
		return err
	}
	if err := s.eraseTexts(ctx, is[0], texts); err != nil {
		return wrapErase(id, err)
	}
	if err := s.eraseInvoices(ctx, is[0], texts); err != nil {
		return wrapErase(id, err)
	}
	if err := s.eraseMoves(ctx, is[0], texts); err != nil {
		return wrapErase(id, err)
	}
	return s.eraseNotes(ctx, is[0])
}

func wrapErase(id int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("take what was written to the shop out of order %d: %w", id, err)
}

// wording is the text of a line as it is, and without the person.
type wording struct{ was, now string }

// forgottenTexts are the texts of octail's lines of an order, by the line's id: without
// the person they are those of the document, and of lines that the shop has no more the
// first row.
func (s *sink) forgottenTexts(ctx context.Context, d sinks.Delivery, is *erasing) (map[int64]wording, error) {
	it := &item{Delivery: &d}
	doc, ok := read[document.Order](it)
	if !ok {
		return nil, it.err
	}
	o := &saleOrder{item: it, doc: doc, id: is.ID, named: true, held: &heldOrder{ID: is.ID, Lines: is.Lines}}
	if err := s.readLines(ctx, []*saleOrder{o}); err != nil {
		return nil, err
	}
	said := map[string]string{}
	for i := range doc.Lines {
		said[lineName(doc.ID, doc.Lines[i].Line)] = printable(new(builder).lineText(&doc.Lines[i]))
	}
	out := map[int64]wording{}
	for _, l := range o.held.lines {
		name, _, _ := strings.Cut(l.name, "_p") // of another product, see asHeld
		text, known := said[name]
		switch {
		case strings.HasPrefix(name, orderName(doc.ID)+"_v_"):
			text = svcVoucher
		case !strings.HasPrefix(name, orderName(doc.ID)+"_l"):
			continue // a total's, or a person's
		case !known || firstLine(string(l.Text)) != firstLine(text):
			text = firstLine(string(l.Text))
		}
		out[l.ID] = wording{string(l.Text), text}
	}
	return out, nil
}

// eraseTexts writes the texts of lines, in a locked order too.
func (s *sink) eraseTexts(ctx context.Context, is *erasing, texts map[int64]wording) error {
	changes := map[int64]string{}
	for id, text := range texts {
		if !sameText(text.was, text.now) {
			changes[id] = text.now
		}
	}
	if len(changes) == 0 {
		return nil
	}
	call := func(method string) error {
		return s.rpc.Call(ctx, "sale.order", method, rpc.Args{IDs: []int64{is.ID}, Context: quiet}, nil)
	}
	lock := ""
	switch {
	case is.Lock:
		lock = "action_lock"
	case is.State == "done":
		lock = "action_done"
	}
	if lock != "" {
		if err := call("action_unlock"); err != nil {
			return err
		}
	}
	for id, text := range changes {
		if err := s.rpc.Write(ctx, "sale.order.line", []int64{id}, map[string]any{"name": text}, quiet); err != nil {
			return err
		}
	}
	if lock != "" {
		return call(lock)
	}
	return nil
}

// eraseInvoices takes the customer's words out of the invoices of an order. One that
// Odoo does not let be changed is a person's to look at.
func (s *sink) eraseInvoices(ctx context.Context, is *erasing, texts map[int64]wording) error {
	if len(is.Invoices) == 0 {
		return nil
	}
	refused := func(err error) error {
		if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent {
			s.log.Warn("Odoo lets no one change the texts of an order's invoices, where a person who is to be forgotten may be named: look at them by hand", "order", is.ID, "invoices", is.Invoices)
			return nil
		}
		return err
	}
	if err := refused(s.rpc.Write(ctx, "account.move", is.Invoices, map[string]any{"narration": false}, quiet)); err != nil {
		return err
	}
	type billed struct {
		ID   int64    `json:"id"`
		Of   []int64  `json:"sale_line_ids"`
		Name rpc.Text `json:"name"`
	}
	var lines []billed
	if err := s.rpc.SearchRead(ctx, "account.move.line", rpc.Find{
		Domain: []any{[]any{"move_id", "in", is.Invoices}, []any{"sale_line_ids", "in", is.Lines}}, Fields: []string{"sale_line_ids", "name"},
	}, &lines); err != nil {
		return err
	}
	for _, l := range lines {
		i := slices.IndexFunc(l.Of, func(id int64) bool { return texts[id].in(string(l.Name)) })
		if i < 0 {
			continue
		}
		if err := refused(s.rpc.Write(ctx, "account.move.line", []int64{l.ID}, map[string]any{"name": texts[l.Of[i]].now}, quiet)); err != nil {
			return err
		}
	}
	return nil
}

// eraseMoves takes the customer's words out of the transfers of an order: older versions
// call a movement what the line is called.
func (s *sink) eraseMoves(ctx context.Context, is *erasing, texts map[int64]wording) error {
	called, err := s.has(ctx, "stock.move", "name")
	if err != nil || !called || len(is.Pickings) == 0 {
		return err
	}
	type moved struct {
		ID   int64    `json:"id"`
		Of   rpc.Ref  `json:"sale_line_id"`
		Name rpc.Text `json:"name"`
	}
	var moves []moved
	if err := s.rpc.SearchRead(ctx, "stock.move", rpc.Find{
		Domain: []any{[]any{"sale_line_id", "in", is.Lines}}, Fields: []string{"sale_line_id", "name"},
	}, &moves); err != nil {
		return err
	}
	for _, m := range moves {
		text := texts[m.Of.ID]
		if !text.in(string(m.Name)) {
			continue
		}
		if err := s.rpc.Write(ctx, "stock.move", []int64{m.ID}, map[string]any{"name": text.now}, quiet); err != nil {
			return err
		}
	}
	return nil
}

// in tells whether a copy of a line's text may have the person still. Odoo writes copies in
// its own way, and what a person has made of one may have it too: all but the text itself.
func (w wording) in(copied string) bool { return w.now != "" && !sameText(copied, w.now) }

// eraseNotes removes the notes that octail wrote into an order's chatter, and what its
// to-dos say. Those of persons, and Odoo's own, stay.
func (s *sink) eraseNotes(ctx context.Context, of *erasing) error {
	id := of.ID
	is, err := s.known(ctx)
	if err != nil {
		return err
	}
	notes, err := s.mine(ctx, "mail.message", is.user, []any{"model", "=", "sale.order"}, []any{"res_id", "=", id}, []any{"message_type", "=", "comment"})
	if err != nil {
		return err
	}
	if len(notes) > 0 {
		if err := s.rpc.Call(ctx, "mail.message", "unlink", rpc.Args{IDs: notes, Context: quiet}, nil); err != nil {
			return fmt.Errorf("remove %d notes of order %d: %w", len(notes), id, err)
		}
	}
	words := map[string]any{"note": false}
	if answered, err := s.has(ctx, "mail.activity", "feedback"); err != nil {
		return err
	} else if answered {
		words["feedback"] = false
	}
	// Odoo makes a to-do of a new address, in the name of who changes it.
	for model, ids := range map[string][]int64{"sale.order": {id}, "stock.picking": of.Pickings} {
		todos, err := s.mine(ctx, "mail.activity", is.user, []any{"res_model", "=", model}, []any{"res_id", "in", idsOf(ids)})
		if err != nil {
			return err
		}
		if len(todos) == 0 {
			continue
		}
		if err := s.rpc.Write(ctx, "mail.activity", todos, words, quiet); err != nil {
			return fmt.Errorf("empty %d to-dos of order %d: %w", len(todos), id, err)
		}
	}
	return s.eraseDone(ctx, of)
}

// eraseDone empties the messages that Odoo writes when somebody marks a to-do as done, with
// what it said in them: of octail's, by its summary, and of Odoo's own about a new address
// of a transfer. They are in the name of who marked it, and are there when the to-do is
// not any more.
func (s *sink) eraseDone(ctx context.Context, of *erasing) error {
	warning, err := s.referenced(ctx, "mail", "mail_activity_data_warning", "mail.activity.type")
	if err != nil {
		return err
	}
	var done []int64
	for _, domain := range [][]any{
		{[]any{"model", "=", "sale.order"}, []any{"res_id", "=", of.ID}, []any{"mail_activity_type_id", "!=", false}, []any{"body", "like", todoSummary}},
		{[]any{"model", "=", "stock.picking"}, []any{"res_id", "in", idsOf(of.Pickings)}, []any{"mail_activity_type_id", "=", warning}},
	} {
		var found []row
		if err := s.rpc.SearchRead(ctx, "mail.message", rpc.Find{Domain: domain, Fields: []string{"id"}}, &found); err != nil {
			return fmt.Errorf("find the to-dos of order %d that are done: %w", of.ID, err)
		}
		for _, m := range found {
			done = append(done, m.ID)
		}
	}
	if len(done) == 0 {
		return nil
	}
	err = s.rpc.Write(ctx, "mail.message", done, map[string]any{"body": "<p>octail</p>"}, quiet)
	if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Permanent {
		s.log.Warn("Odoo lets octail not change what to-dos said that are done, where a person who is to be forgotten may be named: look at them by hand", "order", of.ID, "messages", done)
		return nil
	}
	if err != nil {
		return fmt.Errorf("empty %d to-dos of order %d that are done: %w", len(done), of.ID, err)
	}
	return nil
}

// mine are the records of a model that octail's user made, archived ones too: since Odoo
// 17 a to-do that is done is one.
func (s *sink) mine(ctx context.Context, model string, user int64, domain ...any) ([]int64, error) {
	var found []row
	err := s.rpc.SearchRead(ctx, model, rpc.Find{Domain: append(domain, []any{"create_uid", "=", user}), Fields: []string{"id"}, Context: map[string]any{"active_test": false}}, &found)
	if err != nil {
		return nil, fmt.Errorf("find what octail wrote into %s: %w", model, err)
	}
	var ids []int64
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	return ids, nil
}
