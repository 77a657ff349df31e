// Package odootest gives tests a real Odoo, 19 or 14, and a database of their own in it.
//
// odoo.sh, in this folder, builds Odoo from Debian's packages in a folder of the cache;
// `make test-odoo` has it do so before the tests. All test processes of a machine share one
// server of each version: the first that asks starts it, and it ends by itself some seconds
// after the last process has ended, however that one ended. Each database has an Odoo
// process of its own, forked from one that has read the models (forks.py), so tests may run
// in parallel. A test that kills Odoo takes one for itself, see Private.
//
// Tests that use this package are in files that begin with `//go:build odoo`, so that
// `make test` needs no Odoo and `make test-odoo` leaves none of them out. Nothing here is
// shared with the sink that it judges.
package odootest
