// Package odooshop has the tests of the whole program between a real shop and a real
// Odoo: the recorded shops delivered whole, and agent and Odoo killed in turns. They are
// in files that begin with `//go:build odoo` and run by `make test-odoo`.
//
// What is right is read from the two databases, past the agent and past Odoo: nothing here
// is shared with the sink.
package odooshop
