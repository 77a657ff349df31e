package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Record is one thing that a target was given, in the order in which it was.
type Record struct {
	ID       string // "order/12@3"
	Subject  string // "order/12"
	Revision int64
	Sequence int64
	Deleted  bool
	Stored   bool // the target keeps it; false: it was refused, or was there already
	Document []byte
	Facts    Facts

	Target string // of states: the record that it was written to
	Gone   bool   // that was removed since
	Older  bool   // the target had a newer one already
}

// event is what the ledger knows of an event's form.
type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence string `json:"sequence"`
	Revision int64  `json:"revision"`
	Data     struct {
		Document json.RawMessage `json:"document"`
	} `json:"data"`
}

// Lines reads what a file sink wrote: an event a line. A last line without an end is not
// there yet. A file that is not there is empty.
func Lines(path string) ([]Record, error) {
	return read(path, func(line []byte) (Record, error) {
		r, err := recordOf(line)
		r.Stored = true
		return r, err
	})
}

// Request is what a receiver writes down of a request, a line of JSON each.
type Request struct {
	ID     string          `json:"id"`     // by which it knows a repeated one
	Stored bool            `json:"stored"` // it keeps it
	Event  json.RawMessage `json:"event"`
}

// Requests reads what a receiver of webhooks wrote down.
func Requests(path string) ([]Record, error) {
	return read(path, func(line []byte) (Record, error) {
		var q Request
		if err := json.Unmarshal(line, &q); err != nil {
			return Record{}, err
		}
		r, err := recordOf(q.Event)
		r.Stored = q.Stored
		return r, err
	})
}

func read(path string, parse func([]byte) (Record, error)) (out []Record, err error) {
	err = eachLine(path, func(line []byte) error {
		r, err := parse(line)
		out = append(out, r)
		return err
	})
	return out, err
}

func recordOf(raw []byte) (Record, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return Record{}, err
	}
	if e.ID == "" || e.Subject == "" || e.Revision == 0 {
		return Record{}, fmt.Errorf("not an event: %.80s", raw)
	}
	r := Record{ID: e.ID, Subject: e.Subject, Revision: e.Revision, Deleted: strings.HasSuffix(e.Type, ".deleted"), Document: e.Data.Document}
	if _, err := fmt.Sscan(strings.TrimLeft(e.Sequence, "0"), &r.Sequence); err != nil {
		return Record{}, fmt.Errorf("%s: sequence %q", e.ID, e.Sequence)
	}
	entity, _, _ := strings.Cut(e.Subject, "/")
	var err error
	r.Facts, err = FactsOf(entity, e.Data.Document)
	return r, err
}

// document has the fields of all entities that are compared; each has some of them.
type document struct {
	Status   struct{ ID int64 }
	Enabled  bool
	Total    string
	Price    string
	Quantity json.Number
	Customer struct {
		First string `json:"first_name"`
		Last  string `json:"last_name"`
		Email string
		Phone string
	}
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Email    string
	Phone    string
	Comment  string
	Model    string
	Shipping *address `json:"shipping_address"`
	Address  []address
	Lines    []struct {
		Name, Model, Price, Total string
		Quantity                  int64
		Options                   []struct{ Name, Value string }
	}
	Totals    []struct{ Code, Title, Value string }
	Addresses []address
	Images    []string
	Texts     map[string]struct{ Name string }
}

type address struct {
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Address1 string `json:"address_1"`
	City     string
	Postcode string
}

// FactsOf takes from a document what is compared.
func FactsOf(entity string, raw []byte) (Facts, error) {
	var d document
	if len(raw) == 0 || entity == "" {
		return Facts{}, nil
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return Facts{}, fmt.Errorf("%s: %w", entity, err)
	}
	g := &gathered{}
	switch entity {
	case "order":
		g.facts = Facts{Status: d.Status.ID, Total: d.Total, Lines: len(d.Lines)}
		for _, t := range []string{d.Customer.First, d.Customer.Last, d.Customer.Email, d.Customer.Phone, d.Comment} {
			g.add(t)
		}
		if a := d.Shipping; a != nil {
			for _, t := range []string{a.First, a.Last, a.Address1, a.City, a.Postcode} {
				g.add(t)
			}
		}
		for _, l := range d.Lines {
			g.add(l.Name, l.Model, fmt.Sprint(l.Quantity), l.Price, l.Total)
			for _, o := range l.Options {
				g.add(o.Name, o.Value)
			}
		}
		for _, t := range d.Totals {
			g.add(t.Code, t.Title, t.Value)
		}
	case "customer":
		g.facts = Facts{Status: flag(d.Enabled), Lines: len(d.Addresses)}
		for _, t := range []string{d.First, d.Last, d.Email, d.Phone} {
			g.add(t)
		}
		for _, a := range d.Addresses {
			g.add(a.First, a.Last, a.Address1, a.City, a.Postcode)
		}
	case "product":
		g.facts = Facts{Status: flag(d.Enabled), Total: d.Price, Lines: len(d.Images)}
		g.add(d.Model)
		for _, t := range d.Texts {
			g.add(t.Name)
		}
		for _, image := range d.Images {
			g.add(image)
		}
	case "stock":
		g.facts = Facts{Total: d.Quantity.String()}
	case "category":
		g.facts = Facts{Status: flag(d.Enabled)}
		for _, t := range d.Texts {
			g.add(t.Name)
		}
	}
	return g.sum(), nil
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}
