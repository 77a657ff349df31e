//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// failpoint kills the process at the stop point named in OCTAIL_FAILPOINT, at
// its nth passing: "after-commit:3".
var failpoint = func() func(string) {
	at, nth, _ := strings.Cut(os.Getenv("OCTAIL_FAILPOINT"), ":")
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	var passed atomic.Int64
	return func(name string) {
		if name == at && passed.Add(1) == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
}()
