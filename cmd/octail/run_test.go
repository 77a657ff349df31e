package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRun: an agent whose database is away waits for it, is asked, keeps others
// from its journal, and ends in good order at the first SIGTERM.
func TestRun(t *testing.T) {
	path := writeConfig(t, "")
	var log bytes.Buffer
	agent := process(t, "--config", path, "run")
	agent.Stderr = &log
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- agent.Wait() }()
	defer agent.Process.Kill()
	socket := filepath.Join(filepath.Dir(path), "s")
	waitFor(t, ended, func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})

	waitFor(t, ended, func() bool {
		code, stdout, _ := octail(t, "--config", path, "status")
		return code == 0 && strings.Contains(stdout, "shop      main-shop: waiting") && strings.Contains(stdout, "nothing listens at host 127.0.0.1")
	})
	code, stdout, stderr := octail(t, "--config", path, "trace", "1042")
	if code != 1 || stdout != "" {
		t.Errorf("%d %s", code, stdout)
	}
	has(t, stderr, "nothing known of 1042")

	second := process(t, "--config", path, "run")
	out, _ := second.CombinedOutput()
	if code := second.ProcessState.ExitCode(); code != exitLocked {
		t.Errorf("a second agent: exit code %d\n%s", code, out)
	}
	has(t, string(out), "octail: ", "octail.db")
	if _, err := os.Stat(socket); err != nil {
		t.Errorf("the second agent took the first one's socket: %v", err)
	}

	if err := agent.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the agent ended with %v", err)
		}
	case <-time.After(atMost):
		t.Fatal("the agent does not end")
	}
	lines := 0
	for s := bufio.NewScanner(&log); s.Scan(); lines++ {
		var m struct{ Time, Level, Msg string }
		if err := json.Unmarshal(s.Bytes(), &m); err != nil || m.Msg == "" {
			t.Errorf("not a message of octail's: %s", s.Text())
		}
		if strings.Contains(s.Text(), "secret") {
			t.Errorf("the password is logged: %s", s.Text())
		}
	}
	if lines == 0 {
		t.Error("nothing was logged")
	}
	if code, stdout, _ := octail(t, "--config", path, "status"); code != 1 || !strings.Contains(stdout, "not running") {
		t.Errorf("afterwards: %d %s", code, stdout)
	}
}

// TestRunRefuses: what keeps the agent from starting has its exit code.
func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name, more string
		code       int
		part       string
	}{
		{"mistake", "log: {level: loud}\n", exitUsage, "the configuration has mistakes"},
		{"address in use", "", exitFailure, "Choose another address in http.listen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeConfig(t, c.more)
			if c.more == "" {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				l := listen(t)
				if err := os.WriteFile(path, []byte(strings.Replace(string(data), "127.0.0.1:0", l, 1)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := process(t, "--config", path, "run")
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d", code)
			}
			has(t, string(out), c.part)
		})
	}
}

// TestReaderGoesAway: `octail demo | head` ends the demo as Ctrl-C does.
func TestReaderGoesAway(t *testing.T) {
	gone := false
	r := &reader{Writer: failing{}, gone: func() { gone = true }}
	if _, err := r.Write([]byte("x")); err == nil || !gone {
		t.Errorf("%v %v", err, gone)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// atMost is how long a test waits for what takes a second at most where there is
// nothing else to do.
const atMost = 5 * time.Minute

// waitFor waits until something is so, or fails the test when the agent ends.
func waitFor(t *testing.T, ended chan error, so func() bool) {
	t.Helper()
	limit := time.After(atMost)
	for !so() {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the agent ended: %v", err)
		case <-limit:
			t.Fatalf("not within %s", atMost)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// listen takes an address and returns it.
func listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
