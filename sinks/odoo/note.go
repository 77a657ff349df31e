package odoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// once is a context of load in which a record is made when its external id is unknown,
// and else left as it is: Odoo refuses that the model of a message is written again.
var once = map[string]any{"mode": "update", "noupdate": true}

// unsaid is once for a to-do, of which nobody is sent a mail.
var unsaid = map[string]any{"mode": "update", "noupdate": true, "mail_activity_quick_update": true}

// notes writes the comments of the orders' histories as internal notes into their
// chatter, once each, in one call for the batch. Nobody is sent a mail. A comment that
// is edited in the shop becomes another note. Called by the orders' writer once they
// have ids.
func (s *sink) notes(ctx context.Context, orders []*saleOrder) error {
	var records []*record
	for _, o := range orders {
		if o.id == 0 || document.Erased(o.item.Data) {
			continue
		}
		known, err := toldBefore(o)
		if err != nil {
			o.item.fail(sinks.Mark(sinks.Permanent, errDocument))
			continue
		}
		for _, c := range comments(o.doc.History) {
			if known[c.key] {
				continue
			}
			records = append(records, s.message(o, orderName(o.doc.ID)+"_h_"+c.key, c.html, c.at))
		}
	}
	if len(records) == 0 {
		return nil
	}
	return s.load(ctx, "mail.message", records, once)
}

// message is a note in an order's chatter. at is as Odoo writes times; "": now.
func (s *sink) message(o *saleOrder, name, body, at string) *record {
	cells := map[string]string{
		"model": "sale.order", "res_id": strconv.FormatInt(o.id, 10), "body": body,
		"message_type": "comment", "subtype_id/id": "mail.mt_note",
	}
	if at != "" {
		cells["date"] = at
	}
	return &record{xid: s.xid(name), cells: cells, item: o.item}
}

// comment is one of a history, as a note.
type comment struct {
	key  string // by what it says, and when: the history has no ids
	html string
	at   string
}

// comments are those of a history. Equal ones are counted, so that each has a key.
func comments(history []document.HistoryStep) []comment {
	var out []comment
	seen := map[string]int{}
	for _, h := range history {
		text := strings.TrimSpace(h.Comment)
		if text == "" {
			continue
		}
		var at, status string
		if h.At != nil {
			at = *h.At
		}
		if h.Status.Name != nil {
			status = *h.Status.Name
		} else {
			status = strconv.FormatInt(h.Status.ID, 10)
		}
		// Without the name: a status may be renamed.
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", at, h.Status.ID, text))
		key := hex.EncodeToString(sum[:8])
		if seen[key]++; seen[key] > 1 {
			key += "_" + strconv.Itoa(seen[key])
		}
		when := odooTime(at)
		head := "Shop: " + status
		if when != "" {
			head += ", " + when + " UTC"
		}
		out = append(out, comment{key: key, at: when, html: "<p><b>" + html.EscapeString(head) + "</b></p>" + paragraph(text)})
	}
	return out
}

// paragraph is text as HTML that shows nothing but the text.
func paragraph(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return "<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
}

// odooTime is an instant as Odoo writes it, in UTC; "" for what is none.
func odooTime(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}

// toldBefore are the keys of the comments that the revision had which Odoo took last.
// An order that is new there, or that is to be written once more, has none.
func toldBefore(o *saleOrder) (map[string]bool, error) {
	if o.isNew || o.item.Again {
		return nil, nil
	}
	var d struct {
		Changed  []string                   `json:"changed"`
		Previous map[string]json.RawMessage `json:"previous"`
	}
	if err := json.Unmarshal(o.item.Data, &d); err != nil {
		return nil, err
	}
	former := o.doc.History
	for _, name := range d.Changed {
		if name == "history" {
			former = nil
			if raw := d.Previous["history"]; raw != nil {
				if err := json.Unmarshal(raw, &former); err != nil {
					return nil, err
				}
			}
		}
	}
	known := map[string]bool{}
	for _, c := range comments(former) {
		known[c.key] = true
	}
	return known, nil
}

// todoSummary is what octail's to-dos are called.
const todoSummary = "octail"

// tell leaves a note for a person in an order's chatter, and a to-do for who is responsible,
// once for each key. What the sink cannot do is told so, beside the error
// that it returns.
func (s *sink) tell(ctx context.Context, o *saleOrder, key, text string) error {
	name := orderName(o.doc.ID) + "_n_" + word(key)
	there, err := s.there(ctx, name)
	if err != nil || there {
		return err
	}
	// The to-do first: it is gone when somebody has done it, the note stays, so the note
	// is the mark that both were written.
	cells := map[string]string{
		"res_model_id/id": "sale.model_sale_order", "res_id": strconv.FormatInt(o.id, 10),
		"activity_type_id/id": "mail.mail_activity_data_todo", "summary": todoSummary, "note": paragraph(text),
	}
	who, err := s.responsible(ctx, o)
	if err != nil {
		return err
	}
	if who != 0 {
		cells["user_id/.id"] = strconv.FormatInt(who, 10)
	}
	activity := &record{xid: s.xid(name + "_todo"), cells: cells, item: &item{}}
	if err := s.load(ctx, "mail.activity", []*record{activity}, unsaid); err != nil {
		return err
	}
	if activity.id == 0 { // the salesperson may not see the order, or the like: the note is enough
		s.log.Warn("odoo: no to-do for a person, Odoo refuses it", "order", o.doc.Number)
	}
	return s.note(ctx, o, key, text)
}

// responsible is who is to do something about an order: its salesperson, else the leader of
// its sales team; 0: nobody, and the to-do is for whoever looks at the order.
func (s *sink) responsible(ctx context.Context, o *saleOrder) (int64, error) {
	b, err := s.known(ctx)
	if err != nil {
		return 0, err
	}
	var found []struct {
		User rpc.Ref `json:"user_id"`
		Team rpc.Ref `json:"team_id"`
	}
	if err := s.rpc.Read(ctx, "sale.order", []int64{o.id}, []string{"user_id", "team_id"}, nil, &found); err != nil {
		return 0, fmt.Errorf("read the salesperson of an order: %w", err)
	}
	if len(found) == 1 && found[0].User.ID != 0 && found[0].User.ID != b.user {
		return found[0].User.ID, nil
	}
	if len(found) == 0 || found[0].Team.ID == 0 {
		return 0, nil
	}
	team := found[0].Team.ID
	if err := s.rpc.Read(ctx, "crm.team", []int64{team}, []string{"user_id"}, nil, &found); err != nil {
		return 0, fmt.Errorf("read the leader of a sales team: %w", err)
	}
	if len(found) == 0 {
		return 0, nil
	}
	return found[0].User.ID, nil
}

// note leaves a note in an order's chatter, once for each key.
func (s *sink) note(ctx context.Context, o *saleOrder, key, text string) error {
	r := s.message(o, orderName(o.doc.ID)+"_n_"+word(key), "<p><b>octail</b></p>"+paragraph(text), "")
	r.item = &item{}
	if err := s.load(ctx, "mail.message", []*record{r}, once); err != nil {
		return err
	}
	return r.item.err
}

// there tells whether an external id of ours is known.
func (s *sink) there(ctx context.Context, name string) (bool, error) {
	err := s.rpc.Call(ctx, "ir.model.data", "check_object_reference", rpc.Args{Named: map[string]any{"module": s.prefix, "xml_id": name}}, nil)
	if e, ok := rpc.As(err); ok && (e.Kind == rpc.Mistake || e.Kind == rpc.Unknown) {
		return false, nil
	}
	var refused *rpc.Error
	if errors.As(err, &refused) && refused.Kind == rpc.Right { // known, and the record is gone or not for us
		return false, nil
	}
	return err == nil, err
}
