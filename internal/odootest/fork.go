package odootest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"
)

// fork has the server fork an Odoo for one database, and returns where it answers. It
// lives until end is called, or this process ends.
func (s *server) fork(database string) (url string, end func(), err error) {
	port, held, err := reserve()
	if err != nil {
		return "", nil, err
	}
	defer held.Close() // from now on it is Odoo's
	conn, err := net.Dial("unix", filepath.Join(s.tree, "srv", "odoo", "run", "forks"))
	if err != nil {
		return "", nil, fmt.Errorf("%w: the Odoo that runs was begun by an older odoo.sh; it ends some seconds after its last user", err)
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
