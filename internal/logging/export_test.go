package logging

// IsTerminal is isTerminal for the tests.
var IsTerminal = isTerminal
