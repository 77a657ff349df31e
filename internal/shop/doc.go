// Package shop is the way into the shop's database: every SQL statement that is
// sent there is built here (capture's questions about the binlog apart).
//
// It only ever reads: short SELECTs of named columns inside a read-only
// transaction, never a lock, never "SELECT *". A read can be proven not older
// than a binlog position (Read), which is what keeps a document from being made
// of rows that an already announced commit has not reached yet.
package shop
