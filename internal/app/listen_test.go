package app

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/config"
)

// TestListenBesideAnother: an agent does not take the socket of another one away, and
// takes the place of one that is dead.
func TestListenBesideAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	a := &Agent{cfg: &config.Config{HTTP: config.HTTP{Socket: path}}}
	first, err := a.listen()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.listen(); err == nil || !strings.Contains(err.Error(), "another octail listens at "+path) || !strings.Contains(err.Error(), "http.socket") {
		t.Errorf("beside another: %v", err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the first one's socket is gone: %v", err)
	} else {
		c.Close()
	}
	first[0].Listener.(*net.UnixListener).SetUnlinkOnClose(false)
	first[0].Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	again, err := a.listen()
	if err != nil {
		t.Fatal(err)
	}
	again[0].Close()
}
