// Package shoptest runs a real database server with an OpenCart shop in it: for
// the tests of all packages and for `octail demo`.
//
// It has four parts, each usable alone:
//
//   - [Start] runs a private MariaDB or MySQL server: own data directory, own
//     port, nothing left behind.
//   - [Load] creates a shop of one [Generation] of OpenCart in a database, with a
//     small invented catalogue.
//   - [Shop] writes to it as OpenCart does: the same statements in the same order,
//     one transaction a statement. [Run] lets visitors and staff use it.
//   - [FillOrders] writes many orders quickly, for measurements.
//
// Test helpers that need package testing are in the sub-package shoptesting.
package shoptest
