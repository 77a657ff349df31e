package receiver

import (
	"encoding/json"
	"strings"
	"time"
)

// Request is what a sink says of one entity.
type Request struct {
	Subject  string            `json:"subject"` // order/1042
	ID       string            `json:"id"`      // order/1042@3, or order/1042@3~k3f9
	Revision int64             `json:"revision"`
	Sequence int64             `json:"sequence"`
	Deleted  bool              `json:"deleted,omitempty"`
	Again    bool              `json:"again,omitempty"`   // write it although it is there
	Target   string            `json:"target,omitempty"`  // the record it belongs to; "": by subject
	Payment  string            `json:"payment,omitempty"` // as the target calls it
	Parents  map[string]string `json:"parents,omitempty"` // subject -> the target's id of it, "" when the sink knows none
	Document json.RawMessage   `json:"document,omitempty"`
}

// Record is what the receiver holds of one entity.
type Record struct {
	Target string `json:"target"` // the record's own id
	Request
	Contact string    `json:"contact,omitempty"` // of the person, kept beside the document; see Erase
	Stored  int       `json:"stored"`            // how often it was written
	Time    time.Time `json:"time"`              // of the last time
}

// birth is the birth mark of the journal that an event's id comes from.
func birth(id string) string {
	_, mark, _ := strings.Cut(id, "~")
	return mark
}

// contact is what the receiver keeps of a person beside the document.
func contact(document []byte) string {
	var d struct {
		Email    string `json:"email"`
		Customer struct {
			Email string `json:"email"`
		} `json:"customer"`
	}
	if json.Unmarshal(document, &d) != nil {
		return ""
	}
	return d.Email + d.Customer.Email
}

// event is a CloudEvent as octail sends it.
type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence int64  `json:"sequence,string"`
	Revision int64  `json:"revision"`
	Data     struct {
		Document json.RawMessage `json:"document"`
	} `json:"data"`
}

func (e *event) request() Request {
	return Request{Subject: e.Subject, ID: e.ID, Revision: e.Revision, Sequence: e.Sequence, Deleted: strings.HasSuffix(e.Type, ".deleted"), Document: e.Data.Document}
}
