package check_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/journal"
)

// TestListen: what would keep the status page and the commands from octail, found
// before it starts. It needs no database.
func TestListen(t *testing.T) {
	taken := listen(t, nil)
	defer taken.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, "dead")})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	other, err := net.Listen("unix", filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, c := range []struct{ name, listen, socket, says, remedy string }{
		{"free", "127.0.0.1:0", filepath.Join(dir, "state", "s"), "", ""},
		{"left by a dead agent", "127.0.0.1:0", filepath.Join(dir, "dead"), "", ""},
		{"folder to be made", "127.0.0.1:0", filepath.Join(dir, "run", "octail", "s"), "", ""},
		{"port taken", taken.Addr().String(), filepath.Join(dir, "s"), "another program listens at " + taken.Addr().String(), "ss -ltnp"},
		{"no such address", "192.0.2.1:8765", filepath.Join(dir, "s"), "does not have the address 192.0.2.1", "listen: 127.0.0.1:8765"},
		{"no socket", "127.0.0.1:0", filepath.Join(dir, "file"), "is something else", "socket: " + filepath.Join(dir, "state", "octail.sock")},
		{"another octail's", "127.0.0.1:0", filepath.Join(dir, "other"), "another octail listens at " + filepath.Join(dir, "other"), "socket: " + filepath.Join(dir, "state", "octail.sock")},
		{"no folder", "127.0.0.1:0", filepath.Join(dir, "file", "s"), "octail's socket cannot be made", "install -d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &installation{t: t}
			i.config.Shop.MySQL.Address = "127.0.0.1:1"
			i.config.Journal.Path, i.config.Journal.MaxBytes = filepath.Join(dir, "state", "octail.db"), 1<<20
			i.config.HTTP = config.HTTP{Listen: c.listen, Socket: c.socket}
			r := i.run()
			if c.says == "" {
				wants(t, r, "error connection")
				return
			}
			wants(t, r, "error connection", "error http")
			if f := found(t, r, "http"); !strings.Contains(f.Message, c.says) || !strings.Contains(f.Remedy, c.remedy) {
				t.Errorf("%+v", f)
			}
		})
	}
	t.Run("our own agent", func(t *testing.T) {
		i := &installation{t: t}
		i.config.Shop.MySQL.Address = "127.0.0.1:1"
		i.config.Journal.Path, i.config.Journal.MaxBytes = filepath.Join(dir, "state", "octail.db"), 1<<20
		i.config.HTTP = config.HTTP{Listen: taken.Addr().String(), Socket: filepath.Join(dir, "s")}
		j, err := journal.Open(t.Context(), i.config.Journal.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		wants(t, check.Run(t.Context(), i.deps()), "error connection")
	})
}
