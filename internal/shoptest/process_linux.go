package shoptest

import "syscall"

// processAttributes puts a program in a process group of its own, so that Ctrl-C
// at a terminal reaches it only through us, and lets the kernel kill it when the
// thread that started it ends.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
