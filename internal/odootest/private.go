package odootest

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Own is an Odoo process of a test's own, to be killed and started again, with a database of
// its own. PostgreSQL is the shared server's and goes on.
type Own struct {
	*Odoo

	port   string
	cmd    *exec.Cmd     // nil while it does not run
	exited chan struct{} // closed when it has ended
}

// Private starts an Odoo for one test alone, with a fresh database as Database gives it. It
// ends with the test, and with the test's process.
func Private(tb testing.TB, version int) *Own {
	tb.Helper()
	return private(tb, version)
}

func private(tb testing.TB, version int, template ...string) *Own {
	tb.Helper()
	s := join(tb, version)
	port, held, err := reserve()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { held.Close() })
	o := &Own{Odoo: clone(tb, s, template...), port: port}
	o.URL = "http://127.0.0.1:" + port
	tb.Cleanup(o.Kill)
	o.Start(tb)
	return o
}

// Start starts Odoo again, at the same URL, and returns when it answers. It does nothing
// while Odoo runs.
func (o *Own) Start(tb testing.TB) {
	tb.Helper()
	if err := o.start(); err != nil {
		tb.Fatalf("start an Odoo: %v", err)
	}
}

func (o *Own) start() error {
	if o.cmd != nil {
		return nil
	}
	// odoo.sh becomes Odoo, so the process is Odoo itself. It is to die with its parent,
	// which for the kernel is the thread that started it: that one is kept.
	cmd := exec.Command(o.server.script, "odoo", fmt.Sprint(o.Version), o.port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	started, exited, failed := make(chan error), make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		failed <- fmt.Errorf("it ended (%v), see %s/srv/odoo/log/odoo-%s.log", cmd.Wait(), o.server.tree, o.port)
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	o.cmd, o.exited = cmd, exited
	for deadline := time.Now().Add(ready); ; {
		err := answers(o.URL)
		if err == nil {
			return nil
		}
		select {
		case err := <-failed:
			return err
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer for %v: %w", ready, err)
		}
	}
}

// Kill ends Odoo as kill -9 does, in whatever it is doing, and returns when it is gone.
func (o *Own) Kill() {
	if o.cmd == nil {
		return
	}
	_ = o.cmd.Process.Kill() // it may have ended by itself
	<-o.exited
	o.cmd = nil
}

// drop removes a database.
func (s *server) drop(name string) error {
	_, err := s.run(context.Background(), "", "drop", name)
	return err
}
