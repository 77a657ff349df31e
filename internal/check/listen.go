package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// listen tries the address of the status page and the socket of the commands. While
// our own agent runs, it has them.
func (c *checker) listen(ctx context.Context) error {
	http := &c.Config.HTTP
	if http.Listen == "" && http.Socket == "" { // no configuration of a file
		return nil
	}
	if running(c.Config.Journal.Path) {
		c.ok("http", "the running agent listens at %s", http.Listen)
		return nil
	}
	bad := c.tryListen(ctx, http.Listen)
	bad = c.trySocket(http.Socket) || bad
	if !bad {
		c.ok("http", "octail can listen at %s and at %s", http.Listen, http.Socket)
	}
	return nil
}

func (c *checker) tryListen(ctx context.Context, address string) (bad bool) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		_ = l.Close()
		return false
	}
	host, port, _ := net.SplitHostPort(address)
	other := c.httpLine("listen: " + net.JoinHostPort(host, next(port)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		c.fail("http", "ss -ltnp 'sport = :"+port+"'   # who listens there; or another port:\n"+other, "another program listens at %s (http.listen)", address)
	case errors.Is(err, syscall.EACCES):
		c.fail("http", c.httpLine("listen: "+net.JoinHostPort(host, "8765")), "this user may not listen at %s (http.listen): ports below 1024 are root's", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		c.fail("http", "ip -brief address   # this machine's addresses\n"+c.httpLine("listen: 127.0.0.1:"+port), "this machine does not have the address %s (http.listen)", host)
	default:
		c.fail("http", c.httpLine("listen: 127.0.0.1:8765"), "nothing can listen at %s (http.listen: %s)", address, firstLine(err))
	}
	return true
}

// next is a port beside one that is taken.
func next(port string) string {
	if n, err := strconv.Atoi(port); err == nil && n < 65535 {
		return strconv.Itoa(n + 1)
	}
	return "8766"
}

func (c *checker) httpLine(text string) string {
	return "# in " + c.configFile() + ":\nhttp:\n  " + text
}

func (c *checker) trySocket(path string) (bad bool) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Type() != fs.ModeSocket {
		c.fail("http", c.httpLine("socket: "+filepath.Join(filepath.Dir(c.Config.Journal.Path), "octail.sock")), "%s, where octail's socket should be (http.socket), is something else", path)
		return true
	}
	if Answered(path) { // not by our own agent, which does not run
		c.fail("http", c.httpLine("socket: "+strings.TrimSuffix(c.Config.Journal.Path, filepath.Ext(c.Config.Journal.Path))+".sock"),
			"another octail listens at %s (http.socket), as journals in one folder share it unless each has a socket of its own", path)
		return true
	}
	dir := filepath.Dir(path)
	if dir == filepath.Dir(c.Config.Journal.Path) { // looked at by disk
		return false
	}
	there, err := existing(dir)
	if err == nil {
		err = tryWrite(there)
	}
	if err == nil {
		return false
	}
	c.fail("http", fmt.Sprintf("install -d -m 0755 -o %s %s", owner(), dir), "octail's socket cannot be made in %s (http.socket: %s)", dir, reason(err))
	return true
}

// Answered reports whether somebody listens at a unix socket; one that a dead agent has
// left is nobody's.
func Answered(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
