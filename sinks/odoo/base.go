package odoo

import "octail/sinks/odoo/rpc"

// base is what an Odoo is and has: asked once, kept until something turns out to be
// otherwise.
type base struct {
	version rpc.Version
	fields  map[string]map[string]bool // by model; asked when first needed
}
