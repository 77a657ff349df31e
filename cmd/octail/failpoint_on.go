//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// failpoint kills the process at the stop point named in OCTAIL_FAILPOINT, at
// its nth passing: "after-commit:3"; or blocks there for ever: "after-commit:3:block".
var failpoint = func() func(string) {
	at, nth, _ := strings.Cut(os.Getenv("OCTAIL_FAILPOINT"), ":")
	nth, how, _ := strings.Cut(nth, ":")
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	var passed atomic.Int64
	return func(name string) {
		if name != at || passed.Add(1) != n {
			return
		}
		if how == "block" {
			select {}
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}()

// patience is OCTAIL_PATIENCE: how long a blocked loop is waited for.
var patience, _ = time.ParseDuration(os.Getenv("OCTAIL_PATIENCE"))

// housekeeping is OCTAIL_HOUSEKEEPING: how often old events are looked for.
var housekeeping, _ = time.ParseDuration(os.Getenv("OCTAIL_HOUSEKEEPING"))

// hurry is OCTAIL_HURRY: what the lanes' waits are divided by.
var hurry, _ = strconv.Atoi(os.Getenv("OCTAIL_HURRY"))
