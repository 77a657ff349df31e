package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Kinds of events.
const (
	Created = "created"
	Updated = "updated"
	Deleted = "deleted"
)

// Origins: who caused a revision.
const (
	FromShop      = "shop"
	FromSnapshot  = "snapshot"
	FromSync      = "sync"
	FromReconcile = "reconcile"
)

// Scrubbed is the data of an event whose content was erased, because it spoke of a
// person who is to be forgotten.
const Scrubbed = `{"erased":true}`

// Event is one new revision of one entity.
type Event struct {
	Key
	Shop     string // shop.name
	Birth    string // the journal's birth mark, "" for the shop's first journal
	Sequence int64  // place in the journal, from 1
	Revision int64  // of the entity, from 1
	Kind     string // Created, Updated or Deleted
	Time     time.Time
	Origin   string
	Schema   int
	Data     []byte // the JSON object {"changed":...,"previous":...,"document":...}, or Scrubbed
}

// EventID is the de-duplication key, e.g. "order/1042@3" or "order/1042@3~k3f9".
func (e *Event) EventID() string {
	id := e.Key.String() + "@" + strconv.FormatInt(e.Revision, 10)
	if e.Birth != "" {
		id += "~" + e.Birth
	}
	return id
}

// AppendJSON appends the whole event as a CloudEvents 1.0 object in structured
// mode, on one line. The same event gives the same bytes, for ever.
func (e *Event) AppendJSON(b []byte) []byte {
	b = append(b, `{"specversion":"1.0","id":"`...)
	b = append(b, e.EventID()...)
	b = append(b, `","source":"octail://`...)
	b = append(b, e.Shop...)
	b = append(b, `","type":"octail.`...)
	b = append(b, e.Entity...)
	b = append(b, '.')
	b = append(b, e.Kind...)
	b = append(b, `","subject":"`...)
	b = append(b, e.Key.String()...)
	b = append(b, `","time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, `","datacontenttype":"application/json","dataschema":"octail:`...)
	b = append(b, e.Entity...)
	b = append(b, ':')
	b = strconv.AppendInt(b, int64(e.Schema), 10)
	b = append(b, `","sequence":"`...)
	b = append(b, Sequence(e.Sequence)...)
	b = append(b, `","revision":`...)
	b = strconv.AppendInt(b, e.Revision, 10)
	b = append(b, `,"origin":`...)
	b = AppendString(b, e.Origin)
	b = append(b, `,"data":`...)
	b = append(b, e.Data...)
	return append(b, '}')
}

// Sequence is a journal place as text that sorts like the number.
func Sequence(n int64) string { return fmt.Sprintf("%012d", n) }

// AppendData appends the data object of an event. previous holds the former
// JSON values of the changed fields that existed before, by name; nil leaves
// "previous" out.
func AppendData(b []byte, changed []string, previous map[string][]byte, doc []byte) []byte {
	b = append(b, `{"changed":[`...)
	for i, name := range changed {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, name)
	}
	b = append(b, ']')
	if previous != nil {
		b = append(b, `,"previous":{`...)
		first := true
		for _, name := range changed { // sorted
			value, ok := previous[name]
			if !ok {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = AppendString(b, name)
			b = append(b, ':')
			b = append(b, value...)
		}
		b = append(b, '}')
	}
	b = append(b, `,"document":`...)
	b = append(b, doc...)
	return append(b, '}')
}

// DocumentOf cuts the document out of an event's data object.
func DocumentOf(data []byte) ([]byte, error) {
	var d struct {
		Document json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("read event data: %w", err)
	}
	return d.Document, nil
}

// FieldsOf splits a document into the JSON values of its top-level fields.
func FieldsOf(doc []byte) (map[string][]byte, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(doc, &raw); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	out := make(map[string][]byte, len(raw))
	for k, v := range raw {
		out[k] = v
	}
	return out, nil
}

// Erased reports whether an event's data is of a person who is to be forgotten: a
// customer, or an order of one.
func Erased(data []byte) bool {
	if !bytes.Contains(data, []byte(`"erased":true`)) {
		return false
	}
	var d struct {
		Document struct {
			Erased   bool `json:"erased"`
			Customer struct {
				Erased bool `json:"erased"`
			} `json:"customer"`
		} `json:"document"`
	}
	return json.Unmarshal(data, &d) == nil && (d.Document.Erased || d.Document.Customer.Erased)
}
