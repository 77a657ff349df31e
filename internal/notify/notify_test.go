package notify

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// manager listens as systemd does.
func manager(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", "")
	t.Setenv("WATCHDOG_PID", "")
	return l
}

func read(t *testing.T, l *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 4096)
	_ = l.SetReadDeadline(time.Now().Add(5 * time.Minute))
	n, err := l.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestMessages(t *testing.T) {
	for _, address := range []string{filepath.Join(t.TempDir(), "notify"), "@octail-test-" + strconv.Itoa(os.Getpid())} {
		l := manager(t, address)
		s := FromEnv()
		if os.Getenv("NOTIFY_SOCKET") != "" {
			t.Error("left in the environment")
		}
		for want, send := range map[string]func() error{
			"READY=1": s.Ready, "RELOADING=1": s.Reloading, "STOPPING=1": s.Stopping, "WATCHDOG=1": s.Alive,
			"STATUS=All is well. READY=1 é": func() error { return s.Status("All is well.\nREADY=1 é") },
		} {
			if err := send(); err != nil {
				t.Fatal(err)
			}
			if got := read(t, l); got != want {
				t.Errorf("%s: got %q, want %q", address, got, want)
			}
		}
		l.Close()
		if err := s.Ready(); err == nil {
			t.Error("nobody listens, and no error")
		}
	}
}

func TestWatchdog(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"60000000", "", time.Minute}, {"60000000", strconv.Itoa(os.Getpid()), time.Minute}, {"60000000", "1", 0}, {"", "", 0}, {"x", "", 0}, {"-5", "", 0},
	} {
		manager(t, filepath.Join(t.TempDir(), "notify"))
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := FromEnv().Watchdog(); got != c.want {
			t.Errorf("%+v gave %s", c, got)
		}
	}
}

// TestNobody: outside of a service nothing is sent, and nothing fails.
func TestNobody(t *testing.T) {
	for _, address := range []string{"", "vsock:2:1234", "relative"} {
		t.Setenv("NOTIFY_SOCKET", address)
		s := FromEnv()
		if s != nil || s.Ready() != nil || s.Status("x") != nil || s.Watchdog() != 0 {
			t.Errorf("%q is taken for a service manager", address)
		}
	}
}
