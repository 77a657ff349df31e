package setup

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/app"
	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/sinks/all"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { shoptesting.Main(m) }

// shopPassword is the shop's own: it must be in no output.
const shopPassword = "hunter2 'of' \"the\" shop"

// bare is a MariaDB or MySQL as a shop owner finds it.
func bare(t *testing.T, flavor string, args ...string) *shoptest.Server {
	t.Helper()
	return shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: args})
}

// shopOn loads a shop and returns what its config.php says. The account may read
// and write the shop, nothing else.
func shopOn(t *testing.T, s *shoptest.Server, database, host string) Shop {
	t.Helper()
	quotedName := "`" + strings.ReplaceAll(database, "`", "``") + "`"
	if err := s.Exec(t.Context(), "", "CREATE DATABASE "+quotedName+" CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	if err := shoptest.Load(t.Context(), shoptesting.Open(t, s, database), shoptest.V4, "oc_", shoptest.WithoutCatalogue()); err != nil {
		t.Fatal(err)
	}
	account := "'shopuser'@'" + host + "'"
	if err := s.Exec(t.Context(), "", "CREATE USER "+account+" IDENTIFIED BY 'hunter2 ''of'' \"the\" shop'; GRANT ALL ON "+quotedName+".* TO "+account); err != nil {
		t.Fatal(err)
	}
	return Shop{File: "/var/www/shop/config.php", Host: s.Addr(), User: "shopuser", Password: shopPassword, Database: database, Prefix: "oc_", URL: "https://shop.example.com/", Images: "/var/www/shop/image/"}
}

// plan runs octail init as far as the machine allows.
func plan(t *testing.T, o Options, m Machine) *Result {
	t.Helper()
	o.Types, o.Open = all.Types(), app.OpenDB
	r, err := Plan(context.Background(), o, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// debian is where the service runs.
func debian() Machine {
	return Machine{User: "root", Sudo: "sudo ", Systemd: true, Clients: []string{"mariadb", "mysql"}, OptionFolders: []string{"/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d", "/etc/mysql/conf.d"}, Zone: "Europe/Berlin"}
}

// golden compares file and text, in which what differs from run to run has a name.
func golden(t *testing.T, name string, r *Result, names ...string) {
	t.Helper()
	var b bytes.Buffer
	r.Text(&b)
	out := b.String()
	for _, secret := range []string{"hunter2", "shopuser"} {
		if strings.Contains(out+string(r.file), secret) {
			t.Errorf("%s is given away:\n%s\n%s", secret, out, r.file)
		}
	}
	out = strings.NewReplacer(names...).Replace(out + "\n---- " + filepath.Base(r.Config) + "\n" + string(r.file))
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out); diff != "" {
		t.Errorf("%s (-update writes it):\n%s", path, diff)
	}
}

const serviceConfig = "/etc/octail/config.yaml"

// TestMariaDBSocket: the way with the least to do.
func TestMariaDBSocket(t *testing.T) {
	s := bare(t, shoptest.MariaDB, "--skip-log-bin")
	shop := shopOn(t, s, "opencart", "localhost")
	shop.Host = "localhost"
	m := debian()
	m.Sockets = []string{s.Socket()}
	r := plan(t, Options{Shop: &shop, Config: serviceConfig}, m)
	golden(t, "mariadb-socket", r, s.Socket(), "/SOCKET", s.Version(), "10.11.N")
	if r.PasswordFile != "" || !r.Looked || r.OpenCart != "4.1" {
		t.Errorf("%+v", r)
	}
}

// TestMySQL: over TCP, with a password and settings that need no restart.
func TestMySQL(t *testing.T) {
	s := bare(t, shoptest.MySQL, "--binlog-row-image=MINIMAL", "--binlog-row-metadata=MINIMAL", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1")
	shop := shopOn(t, s, "opencart", "127.0.0.1")
	r := plan(t, Options{Shop: &shop, Config: serviceConfig}, debian())
	golden(t, "mysql-tcp", r, s.Addr(), "127.0.0.1:PORT", fmt.Sprint("-P ", s.Port()), "-P PORT", s.Version(), "9.7.N")
}

// TestWrongPrefix: a sound server, on which the shop is not where it should be.
func TestWrongPrefix(t *testing.T) {
	s := bare(t, shoptest.MariaDB, "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1")
	shop := shopOn(t, s, "opencart", "127.0.0.1")
	shop.Prefix = "shop_"
	r := plan(t, Options{Shop: &shop, Config: serviceConfig}, debian())
	golden(t, "wrong-prefix", r, s.Addr(), "127.0.0.1:PORT", fmt.Sprint("-P ", s.Port()), "-P PORT", s.Version(), "10.11.N")

	shop.Password = "another"
	r = plan(t, Options{Shop: &shop, Config: serviceConfig}, debian())
	if r.Looked || !strings.Contains(r.Why, "wrong user or password (error 1045)") || r.server.Flavor != shoptest.MariaDB {
		t.Errorf("%+v", r)
	}
}

// TestNoServer: nobody to ask, here and elsewhere.
func TestNoServer(t *testing.T) {
	shop := Shop{Host: "127.0.0.1:1", User: "shopuser", Password: shopPassword, Database: "opencart", Prefix: "oc_", URL: "https://shop.example.com/"}
	golden(t, "no-server", plan(t, Options{Shop: &shop, Config: serviceConfig}, debian()))

	shop.Host = "db.invalid"
	r := plan(t, Options{Shop: &shop, Config: serviceConfig}, Machine{User: "root"})
	golden(t, "remote", r, r.Why, "the database server at db.invalid:3306 does not answer (CAUSE)")

	// Without config.php.
	prefix := ""
	r = plan(t, Options{Database: "opencart", Address: "127.0.0.1:1", Name: "a-shop", Prefix: &prefix, User: "tail", Config: serviceConfig, Timezone: "Europe/Berlin", PasswordFile: "/etc/octail/secret"}, debian())
	golden(t, "flags", r)
}

// TestRefused: what cannot be is not written.
func TestRefused(t *testing.T) {
	for part, o := range map[string]Options{
		"give --database":    {},
		"the table prefix":   {Database: "a", Prefix: ptr("oc-")},
		"is no port":         {Database: "a", Address: "db.example.com:x"},
		"control characters": {Database: "a\nSQL\nreboot"},
		"shop.name":          {Database: "a", Name: "My Shop"},
		"shop.timezone":      {Database: "a", Timezone: "Berlin"},
		"is no host":         {Database: "a", Address: "a b:1"},
	} {
		o.Types, o.Open, o.Config = all.Types(), app.OpenDB, serviceConfig
		if _, err := Plan(t.Context(), o, Machine{}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v gave %v, want %q", o, err, part)
		}
	}
}

func ptr(s string) *string { return &s }

// TestPaste follows what is printed, word for word, on a shop whose database has a
// hostile name, and octail can run.
func TestPaste(t *testing.T) {
	for _, flavor := range []string{shoptest.MariaDB, shoptest.MySQL} {
		for _, how := range []string{"socket", "tcp"} {
			t.Run(flavor+" "+how, func(t *testing.T) {
				s := bare(t, flavor, "--binlog-row-metadata=MINIMAL")
				shop := shopOn(t, s, "open`cart $(touch /tmp/octail-was-here) ${HOME} \\", map[string]string{"socket": "localhost", "tcp": "127.0.0.1"}[how])
				me, err := user.Current()
				if err != nil {
					t.Fatal(err)
				}
				m := Machine{User: me.Username, Clients: []string{"mariadb", "mysql"}}
				if how == "socket" {
					m.Sockets, shop.Host = []string{s.Socket()}, "localhost"
				}
				folder := t.TempDir()
				o := Options{Shop: &shop, Config: filepath.Join(folder, "octail.yaml")}
				if how == "socket" && flavor == shoptest.MariaDB {
					o.User = me.Username
				}
				r := plan(t, o, m)
				if err := r.Write(false); err != nil {
					t.Fatal(err)
				}
				var b bytes.Buffer
				r.Text(&b)
				paste(t, b.String(), s)
				if _, err := os.Stat("/tmp/octail-was-here"); err == nil {
					t.Fatal("the name of the database was run by the shell")
				}

				cfg, warnings, err := config.Load(r.Config, all.Types())
				if err != nil || len(warnings) > 0 {
					t.Fatal(err, warnings)
				}
				db, tlsConfig, err := app.OpenDB(cfg.Shop.MySQL)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				report := check.Run(t.Context(), check.Deps{Config: cfg, DB: db, TLS: tlsConfig})
				for _, f := range report.Findings {
					if f.Level != check.OK && f.Check != "disk" && f.Check != "http" { // the machine's, not the shop's
						t.Errorf("%+v", f)
					}
				}
			})
		}
	}
}

// paste runs the commands for the shell that are in the text, except those that
// need a systemd or write below /etc.
func paste(t *testing.T, text string, s *shoptest.Server) {
	t.Helper()
	var script []string
	end := ""
	for line := range strings.SplitSeq(text, "\n") {
		_, marker, begins := strings.Cut(line, "<<")
		switch {
		case end == "" && begins && !strings.Contains(line, "tee "):
			end = strings.Trim(marker, "'")
			line = strings.Replace(line, " -u root -p", " -u root", 1) // the test server's root has none
			script = append(script, line)
		case end != "":
			script = append(script, line)
			if line == end {
				end = ""
			}
		}
	}
	if len(script) < 5 {
		t.Fatalf("nothing to paste in\n%s", text)
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", strings.Join(script, "\n"))
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(s.Binaries().Server)+":"+os.Getenv("PATH"), "HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, strings.Join(script, "\n"))
	}
}

// TestTwice: nothing that is there is overwritten, and a password stays.
func TestTwice(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	o := Options{Database: "opencart", Address: "127.0.0.1:1", Config: filepath.Join(folder, "octail.yaml")}
	r := plan(t, o, Machine{User: "root"})
	if err := r.Write(false); err != nil || !r.PasswordMade {
		t.Fatal(err)
	}
	first, err := os.ReadFile(r.PasswordFile)
	if err != nil || len(first) < 30 {
		t.Fatal(err)
	}
	for path, mode := range map[string]fs.FileMode{r.Config: 0o640, r.PasswordFile: 0o640, folder: 0o750 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	if err := os.WriteFile(r.Config, []byte("mine"), 0o640); err != nil {
		t.Fatal(err)
	}
	r = plan(t, o, Machine{User: "root"})
	if err := r.Write(false); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "--force") {
		t.Error(err)
	}
	if data, _ := os.ReadFile(r.Config); string(data) != "mine" {
		t.Errorf("overwritten: %s", data)
	}
	if err := r.Write(true); err != nil || r.PasswordMade {
		t.Error(err)
	}
	second, err := os.ReadFile(r.PasswordFile)
	if err != nil || !bytes.Equal(first, second) {
		t.Error("the password was made anew", err)
	}
	if cfg, _, err := config.Load(r.Config, all.Types()); err != nil || cfg.Shop.MySQL.Password.Reveal() != strings.TrimSpace(string(first)) || cfg.Journal.Path != filepath.Join(folder, "octail.db") {
		t.Errorf("%+v %v", cfg, err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

// TestGreeting: what answers there may be anything.
func TestGreeting(t *testing.T) {
	for _, flavor := range []string{shoptest.MariaDB, shoptest.MySQL} {
		s := bare(t, flavor)
		for _, address := range []string{s.Addr(), "unix:" + s.Socket()} {
			got, err := greeting(t.Context(), address)
			if err != nil || got.Flavor != flavor || !strings.HasPrefix(got.Version, s.Version()) {
				t.Errorf("%s %s: %+v %v", flavor, address, got, err)
			}
		}
	}
	for _, text := range []string{"", "SSH-2.0-OpenSSH_9.2p1\r\n", "\x00\x00\x00\x00\x0a", "\xff\xff\xff\x00\x0a" + strings.Repeat("9", 300), "\x05\x00\x00\x00\x0a\x1b[2J\x00", "\x05\x00\x00\x00\x0a8\x1b[2\x00"} {
		if got, err := greeting(t.Context(), answering(t, text)); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

// answering listens, and says the same to everybody.
func answering(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(text))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}
