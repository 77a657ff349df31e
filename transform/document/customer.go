package document

// Customer is a registered customer; guests exist only inside their orders.
type Customer struct {
	ID           int64         `json:"id"`
	StoreID      int64         `json:"store_id"`
	Group        Named         `json:"group"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	Email        string        `json:"email"`
	Phone        string        `json:"phone"`
	Fax          *string       `json:"fax,omitzero"`
	Language     Maybe[string] `json:"language,omitzero"`
	Newsletter   bool          `json:"newsletter"`
	Enabled      bool          `json:"enabled"`
	Approved     *bool         `json:"approved,omitzero"`
	CustomFields []CustomField `json:"custom_fields,omitzero"`
	CreatedAt    *string       `json:"created_at"`
	Addresses    []Address     `json:"addresses"`
	Erased       bool          `json:"erased,omitzero"` // a person who is to be forgotten: see transform
}
