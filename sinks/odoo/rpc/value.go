package rpc

import (
	"bytes"
	"encoding/json"
)

// Text is a text field: Odoo writes false for none.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("false")) || bytes.Equal(b, []byte("null")) {
		*t = ""
		return nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	*t = Text(s)
	return err
}

// Ref is a many2one: false, an id, or [id, name].
type Ref struct {
	ID   int64 // 0: none
	Name string
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Ref) UnmarshalJSON(b []byte) error {
	*r = Ref{}
	switch b = bytes.TrimSpace(b); {
	case bytes.Equal(b, []byte("false")), bytes.Equal(b, []byte("null")):
		return nil
	case len(b) > 0 && b[0] == '[':
		return json.Unmarshal(b, &[]any{&r.ID, &r.Name})
	}
	return json.Unmarshal(b, &r.ID)
}

// Number is a number as Odoo wrote it, for exact decimals; "" for false.
type Number string

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); bytes.Equal(b, []byte("false")) || bytes.Equal(b, []byte("null")) {
		*n = ""
		return nil
	}
	var x json.Number
	err := json.Unmarshal(b, &x)
	*n = Number(x)
	return err
}
