package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// manager is a service manager as far as a service sees it.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{t, conn, path}
}

// start runs a command as its service; it is killed at the end of the test.
func (m *manager) start(cmd *exec.Cmd, watchdog time.Duration) (ended chan error) {
	m.t.Helper()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.path, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	m.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	return ended
}

// next is the next message; "" when none comes in time.
func (m *manager) next(within time.Duration) string {
	b := make([]byte, 4096)
	_ = m.conn.SetReadDeadline(time.Now().Add(within))
	n, _ := m.conn.Read(b)
	return string(b[:n])
}

// wait reads messages until one begins with the text.
func (m *manager) wait(text string) string {
	m.t.Helper()
	var seen []string
	for limit := time.Now().Add(atMost); time.Now().Before(limit); {
		got := m.next(atMost)
		if strings.HasPrefix(got, text) {
			return got
		}
		seen = append(seen, got)
	}
	m.t.Fatalf("no %q among %q", text, seen)
	return ""
}

// TestService: what systemd is told, also while the database is down.
func TestService(t *testing.T) {
	m := newManager(t)
	cmd := process(t, "--config", writeConfig(t, ""), "run")
	ended := m.start(cmd, 300*time.Millisecond)
	if first := m.next(atMost); first != "READY=1" {
		t.Errorf("the first message is %q", first)
	}
	m.wait("WATCHDOG=1")
	if status := m.wait("STATUS=The shop's database is not connected"); strings.Contains(status, "secret") || strings.Contains(status, "\n") {
		t.Error(status)
	}
	m.wait("WATCHDOG=1")
	m.wait("WATCHDOG=1")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.wait("RELOADING=1")
	m.wait("READY=1")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.wait("STOPPING=1")
	if err := <-ended; err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	ended <- nil
}

// TestWatchdog: an agent one of whose loops is blocked does not say that it is
// alive, whatever the others do; and the signal of systemd's watchdog makes it show
// where it stood.
func TestWatchdog(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "octail")
	if out, err := exec.Command("go", "build", "-tags", "failpoints", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := shoptesting.MariaDB(t)
	database := shoptesting.Database(t, server)
	if err := shoptest.Load(t.Context(), shoptesting.Open(t, server, database), shoptest.V4, "oc_"); err != nil {
		t.Fatal(err)
	}
	for where, want := range map[string]string{"after-read": "documents", "after-deliver": "sink log"} {
		t.Run(want, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(path, fmt.Appendf(nil, `
shop:
  name: main-shop
  mysql: {address: %q, user: root, database: %s}
journal: {path: octail.db}
http: {listen: "127.0.0.1:0"}
sinks: [{name: log, type: file, path: events.jsonl, timeout: 1s}]
`, server.Addr(), database), 0o600); err != nil {
				t.Fatal(err)
			}
			m := newManager(t)
			cmd := exec.Command(binary, "--config", path, "run")
			var log strings.Builder
			cmd.Stderr = &log
			cmd.Env = append(os.Environ(), "OCTAIL_FAILPOINT="+where+":1:block", "OCTAIL_PATIENCE=4s")
			ended := m.start(cmd, 600*time.Millisecond)
			m.wait("READY=1")
			m.wait("WATCHDOG=1")
			// On a busy machine others may be late, too, and this one before it is blocked:
			// then it says that it is alive again, and later that it is stuck.
			for limit := time.Now().Add(atMost); ; {
				for !strings.Contains(m.wait("STATUS=Stuck: "), want) {
				}
				for range 5 { // one more may be on its way
					m.next(300 * time.Millisecond)
				}
				alive := ""
				for range 10 {
					if got := m.next(300 * time.Millisecond); strings.HasPrefix(got, "WATCHDOG=1") {
						alive = got
					}
				}
				if alive == "" {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("it says that it is alive: %q", alive)
				}
			}
			if err := cmd.Process.Signal(syscall.SIGABRT); err != nil { // as the watchdog does
				t.Fatal(err)
			}
			err := <-ended
			ended <- err
			if err == nil {
				t.Error("it ended well")
			}
			has(t, log.String(), `a part of octail is stuck`, want, "[select (no cases)]", "failpoint_on.go")
		})
	}
}

// TestServicesConfig: the configurations that are checked as the service's user.
func TestServicesConfig(t *testing.T) {
	for path, want := range map[string]bool{
		"/etc/octail/config.yaml": true, "/etc/octail/second-shop.yaml": true, "/etc/octail/../octail/config.yaml": true,
		"/etc/octail/old/config.yaml": false, "/srv/octail.yaml": false, "config.yaml": false, "/etc/octail.yaml": false,
	} {
		if p := (&program{config: path}); p.isServices() != want {
			t.Errorf("%s is the service's: %v", path, !want)
		}
	}
}
