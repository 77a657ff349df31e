package shoptest

// RunVisitors is Run with another number of visitors at the same time.
var RunVisitors = run
