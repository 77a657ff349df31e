//go:build !failpoints

package main

// failpoint is nil in every build but the tests' own.
var failpoint func(string)

// patience is the usual.
const patience = 0

// housekeeping is as often as usual.
const housekeeping = 0

// hurry is none.
const hurry = 0
