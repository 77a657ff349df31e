package document

import (
	"bytes"
	"encoding/json"
)

// Maybe is a value that this OpenCart version may not have at all (then the
// field is left out) and that may be null.
type Maybe[T any] struct {
	Known bool
	Value *T
}

// Some is a known value.
func Some[T any](v T) Maybe[T] { return Maybe[T]{true, &v} }

// None is a known null.
func None[T any]() Maybe[T] { return Maybe[T]{Known: true} }

// IsZero makes omitzero leave an unknown value out.
func (m Maybe[T]) IsZero() bool { return !m.Known }

// MarshalJSON implements json.Marshaler.
func (m Maybe[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the caller may still ask for it
	err := e.Encode(m.Value)
	return b.Bytes(), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Maybe[T]) UnmarshalJSON(b []byte) error {
	m.Known = true
	return json.Unmarshal(b, &m.Value)
}

// Status is an order status. Name is null for status 0.
type Status struct {
	ID   int64   `json:"id"`
	Name *string `json:"name" octail:"decoration"`
}

// Named is a reference to a row with a looked-up name: customer group, tax
// class, stock status.
type Named struct {
	ID   int64   `json:"id"`
	Name *string `json:"name" octail:"decoration"`
}

// Country of an address. The codes are null when only a name is known.
type Country struct {
	Code  *string `json:"code"`
	Code3 *string `json:"code3"`
	Name  string  `json:"name" octail:"decoration"`
}

// Zone is a state, county or province.
type Zone struct {
	Code *string `json:"code"`
	Name string  `json:"name" octail:"decoration"`
}

// Address of an order or a customer. ID and Default are set for customers only.
type Address struct {
	ID           *int64        `json:"id,omitzero"`
	Default      *bool         `json:"default,omitzero"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	Company      string        `json:"company"`
	Address1     string        `json:"address_1"`
	Address2     string        `json:"address_2"`
	City         string        `json:"city"`
	Postcode     string        `json:"postcode"`
	Country      *Country      `json:"country"`
	Zone         *Zone         `json:"zone"`
	TaxID        *string       `json:"tax_id,omitzero"`
	CustomFields []CustomField `json:"custom_fields,omitzero"`
}

// CustomField is one answered custom field. Value is the stored text, or a list
// of them; Text, for fields with choices, the names of the chosen ones.
type CustomField struct {
	ID    int64           `json:"id"`
	Name  *string         `json:"name" octail:"decoration"`
	Value json.RawMessage `json:"value"`
	Text  json.RawMessage `json:"text,omitzero" octail:"decoration"`
}

// Measure is a decimal amount with its unit, e.g. 12.50000000 kg.
type Measure struct {
	Value string `json:"value" octail:"decimal"`
	Unit  string `json:"unit"`
}

// SEOURL is a search-engine friendly address of a product or category. Before 3.0 it
// is the same in all stores and languages.
type SEOURL struct {
	StoreID  *int64        `json:"store_id,omitzero"`
	Language Maybe[string] `json:"language,omitzero"` // null when its id is unknown
	Keyword  string        `json:"keyword"`
}
