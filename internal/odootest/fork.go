package odootest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"
)

// forks tells whether the server forks. One that an older odoo.sh began does not, and goes on
// while other checkouts of this machine have tests that use it.
func (s *server) forks() bool {
	conn, err := net.Dial("unix", s.control())
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// control is where the server is asked to fork.
func (s *server) control() string { return filepath.Join(s.tree, "srv", "odoo", "run", "forks") }

// fork has the server fork an Odoo for one database, and returns where it answers. It
// lives until end is called, or this process ends.
func (s *server) fork(database string) (url string, end func(), err error) {
	port, held, err := reserve()
	if err != nil {
		return "", nil, err
	}
	defer held.Close() // from now on it is Odoo's
	conn, err := net.Dial("unix", s.control())
	if err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(ended)
	}()
	end = func() {
		conn.Close()
		<-ended
	}
	if _, err := fmt.Fprintf(conn, "%s %s\n", database, port); err != nil {
		end()
		return "", nil, err
	}
	url = "http://127.0.0.1:" + port
	for deadline := time.Now().Add(ready); ; {
		if err = answers(url); err == nil {
			return url, end, nil
		}
		select {
		case <-ended:
			err = errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
			end()
		}
		return "", nil, fmt.Errorf("%w, see %s", err, filepath.Join(s.tree, "srv", "odoo", "log", "odoo.log"))
	}
}
