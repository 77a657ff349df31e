package config

// Release says in which statuses an order may be created in the target. The zero value is the default of the sink's kind.
type Release struct {
	Any      bool     `yaml:"-"`
	Statuses []string `yaml:"-"` // ids, or names in the shop's default language
}

// UnmarshalConfig reads any, or a list of statuses.
func (r *Release) UnmarshalConfig(v *Value) {
	if v.IsList() {
		if v.Decode(&r.Statuses) && len(r.Statuses) == 0 {
			v.Problem("is empty, so that no order could ever be created; name statuses, write any, or remove the line for the shop's processing and complete statuses")
		}
		return
	}
	var text string
	if !v.Decode(&text) {
		return
	}
	if text != "any" {
		v.Problem("%s is not possible; write any, or a list of order statuses, e.g. [2, Complete]", v.Quote())
		return
	}
	r.Any = true
}

// IsZero tells whether the default holds.
func (r Release) IsZero() bool { return !r.Any && r.Statuses == nil }
