//go:build !linux

package shoptest_test

import "syscall"

// alive says whether a process exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
