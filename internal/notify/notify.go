// Package notify tells systemd how the service is, by the protocol of sd_notify(3).
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Service is the service manager that started this process. A nil one is nobody.
type Service struct {
	address  *net.UnixAddr
	watchdog time.Duration
}

// FromEnv finds the service manager, nil when there is none, and takes it out of the
// environment: it is nobody else's.
func FromEnv() *Service {
	path, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // fails for names that are none
	}
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "@") {
		return nil
	}
	s := &Service{address: &net.UnixAddr{Net: "unixgram", Name: path}} // net makes an abstract name of @
	if n, err := strconv.ParseInt(usec, 10, 64); err == nil && n > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.watchdog = time.Duration(n) * time.Microsecond
	}
	return s
}

// Watchdog is how long the manager waits between two Alive before it restarts the
// service; 0: it does not watch.
func (s *Service) Watchdog() time.Duration {
	if s == nil {
		return 0
	}
	return s.watchdog
}

// Ready says that the service works, at its start and after Reloading.
func (s *Service) Ready() error { return s.send("READY=1") }

// Reloading says that the service takes up changes, until Ready.
func (s *Service) Reloading() error { return s.send("RELOADING=1") }

// Stopping says that the service is about to end.
func (s *Service) Stopping() error { return s.send("STOPPING=1") }

// Alive keeps the manager's watchdog quiet. Whoever calls it has looked.
func (s *Service) Alive() error { return s.send("WATCHDOG=1") }

// Status is one line for people, shown by systemctl status.
func (s *Service) Status(text string) error {
	return s.send("STATUS=" + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) { // a line of its own would be a message
			return ' '
		}
		return r
	}, text))
}

// sendTimeout bounds a message when nobody reads them.
const sendTimeout = time.Second

func (s *Service) send(message string) error {
	if s == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, s.address)
	if err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(sendTimeout)) // fails for closed ones only
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}
