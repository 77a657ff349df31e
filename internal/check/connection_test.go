package check_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/check"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

const identified = "IDENTIFIED BY 'correct horse ''battery'' \\\\ staple'"

// TestRefused: the server answers, but does not let octail in. The remedy does.
func TestRefused(t *testing.T) {
	cases := []struct {
		name string
		only string
		sql  []string
		says string
		undo string
	}{
		{"wrong password", "", []string{"ALTER USER {account} IDENTIFIED BY 'another'"}, "refuses the login", ""},
		{"no such account", "", []string{"DROP USER {account}"}, "refuses the login", ""},
		{"account of localhost", "", []string{"DROP USER {account}", "CREATE USER {user}@'localhost' " + identified}, "skip_name_resolve", "DROP USER {user}@'localhost'"},
		{"locked", "", []string{"ALTER USER {account} ACCOUNT LOCK"}, "is locked", ""},
		{"unix_socket", onMariaDB, []string{"ALTER USER {account} IDENTIFIED VIA unix_socket"}, "plugin unix_socket", ""},
		{"expired password", "", []string{"ALTER USER {account} PASSWORD EXPIRE"}, "password", ""},
	}
	for _, flavor := range flavors {
		i := install(t, sound(t, flavor), shoptest.V4)
		for _, c := range cases {
			if c.only != "" && c.only != flavor {
				continue
			}
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				i.t = t
				user := "'" + i.config.Shop.MySQL.User + "'"
				for _, s := range c.sql {
					i.sql(strings.ReplaceAll(s, "{user}", user))
				}
				r := i.run()
				wants(t, r, "error connection")
				if r.Unreachable || r.ExitCode() != 1 || len(r.LeftOut) < 20 {
					t.Errorf("%+v", r)
				}
				if f := found(t, r, "connection"); !strings.Contains(f.Message+f.Remedy, c.says) {
					t.Errorf("nothing of %q: %+v", c.says, f)
				}
				wants(t, i.essential(), "error connection")
				f := found(t, r, "connection")
				f.Remedy = strings.Replace(f.Remedy, "ALTER USER "+user+"@'localhost'", "ALTER USER "+i.account, 1) // where the server did not name it
				i.apply(f)
				wants(t, i.run())
				if c.undo != "" {
					i.sql(strings.ReplaceAll(c.undo, "{user}", user))
				}
			})
		}
	}
}

// TestAuthSocket: MySQL keeps an account's plugin unless told otherwise.
func TestAuthSocket(t *testing.T) {
	i := install(t, sound(t, onMySQL), shoptest.V4)
	i.sql("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'", "ALTER USER {account} IDENTIFIED WITH auth_socket")
	defer i.sql("UNINSTALL PLUGIN auth_socket")
	f := found(t, i.run(), "connection")
	if !strings.Contains(f.Remedy, "ALTER USER "+i.account+" IDENTIFIED WITH caching_sha2_password BY") {
		t.Error(f.Remedy)
	}
	i.sql("ALTER USER {account} IDENTIFIED WITH caching_sha2_password BY 'correct horse ''battery'' \\\\ staple'")
	wants(t, i.run())
}

// TestNoPassword: the remedy says that none was sent.
func TestNoPassword(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	i.config.Shop.MySQL.Password = ""
	if f := found(t, i.run(), "connection"); !strings.Contains(f.Remedy, "shop.mysql.password is empty") {
		t.Error(f.Remedy)
	}
}

// TestDatabase: a database that is not there, or not for us, keeps no other check
// from being tried.
func TestDatabase(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			database := i.config.Shop.MySQL.Database
			i.config.Shop.MySQL.Database = "no_such_shop"
			r := i.run() // the account has nothing to do with it: not told from one that is not there
			wants(t, r, "error database")
			if r.Server.Flavor != flavor {
				t.Errorf("%+v", r.Server)
			}
			i.apply(found(t, r, "database"))
			if i.config.Shop.MySQL.Database != database {
				t.Errorf("the remedy gave %q", i.config.Shop.MySQL.Database)
			}
			wants(t, i.run())
			i.sql("GRANT SELECT ON *.* TO {account}")
			i.config.Shop.MySQL.Database = "no_such_shop"
			r = i.run()
			wants(t, r, "error database")
			if f := found(t, r, "database"); !strings.Contains(f.Message, "there is no database") {
				t.Errorf("%+v", f)
			}
			i.config.Shop.MySQL.Database = database
			i.sql("REVOKE SELECT ON *.* FROM {account}", "REVOKE SELECT ON {db}.* FROM {account}")
			r = i.run()
			wants(t, r, "error database")
			i.apply(found(t, r, "database"))
			wants(t, i.run())
		})
	}
}

// TestTLS: what the setting asks for and what the server can.
func TestTLS(t *testing.T) {
	t.Run("server without", func(t *testing.T) {
		i := install(t, sound(t, onMariaDB), shoptest.V4)
		i.tls = &tls.Config{InsecureSkipVerify: true}
		r := i.run()
		wants(t, r, "error tls")
		if !strings.Contains(found(t, r, "tls").Remedy, "\n    tls: off") {
			t.Error(found(t, r, "tls").Remedy)
		}
		i.tls = nil
		wants(t, i.run())
		i.config.Shop.MySQL.Address = strings.Replace(i.config.Shop.MySQL.Address, "127.0.0.1", "0.0.0.0", 1) // this machine, but nobody knows
		r = i.run()
		wants(t, r, "warning tls")
		if f := found(t, r, "tls"); !strings.Contains(f.Message, "the server has no certificate") || !strings.Contains(f.Remedy, "\nssl_cert = ") {
			t.Errorf("%+v", f)
		}
		wants(t, i.essential())
	})
	t.Run("server with", func(t *testing.T) {
		i := install(t, sound(t, onMySQL), shoptest.V4)
		i.sql("ALTER USER {account} REQUIRE SSL")
		r := i.run()
		wants(t, r, "error connection")
		if f := found(t, r, "connection"); !strings.Contains(f.Remedy, "tls: required") {
			t.Errorf("%+v", f)
		}
		i.tls = &tls.Config{InsecureSkipVerify: true}
		r = i.run()
		wants(t, r)
		if !strings.Contains(textOf(r), "the connection is encrypted (TLS_") {
			t.Error(textOf(r))
		}
		for _, c := range []*tls.Config{{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}, {ServerName: "shop.example"}} {
			i.tls = c
			r = i.run()
			wants(t, r, "error tls")
			if r.Unreachable || !strings.Contains(found(t, r, "tls").Message, "certificate") {
				t.Errorf("%+v", r)
			}
		}
	})
	t.Run("server demands", func(t *testing.T) {
		i := install(t, sound(t, onMySQL), shoptest.V4)
		i.sql("SET GLOBAL require_secure_transport = ON")
		defer i.sql("SET GLOBAL require_secure_transport = OFF")
		r := i.run()
		wants(t, r, "error connection")
		i.apply(found(t, r, "connection"))
		if i.config.Shop.MySQL.TLS.Mode != "required" {
			t.Errorf("the remedy gave %+v", i.config.Shop.MySQL.TLS)
		}
		i.tls = &tls.Config{InsecureSkipVerify: true}
		wants(t, i.run())
	})
}

// TestSocket: over the socket, as most shops will.
func TestSocket(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			i.config.Shop.MySQL.Address = "unix:" + i.server.Socket()
			r := i.run()
			wants(t, r, "error connection") // the account is that of 127.0.0.1
			i.apply(found(t, r, "connection"))
			wants(t, i.run())
			i.sql("DROP USER '" + i.config.Shop.MySQL.User + "'@'localhost'")
		})
	}
}

// TestUnreachable: nobody answers.
func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	deaf := filepath.Join(dir, "deaf.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: deaf, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	closed := listen(t, nil)
	free := closed.Addr().String()
	_ = closed.Close()
	silent := listen(t, func(net.Conn) {}).Addr().String()
	full := listen(t, refusal(1040, "Too many connections")).Addr().String()
	hangup := listen(t, func(c net.Conn) { _ = c.Close() }).Addr().String()

	for _, c := range []struct{ name, address, says string }{
		{"refused", free, "nothing listens at host 127.0.0.1, port " + free[len("127.0.0.1:"):]},
		{"unknown host", "db.invalid:3306", "the host db.invalid of the database server is not known"},
		{"silent", silent, "gives no answer in time"},
		{"full", full, "takes no connection at present (error 1040: Too many connections)"},
		{"hangs up", hangup, "cannot be reached"},
		{"no socket", "unix:" + filepath.Join(dir, "none.sock"), "there is no socket"},
		{"dead socket", "unix:" + deaf, "nobody listens on the socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &installation{t: t}
			i.config.Shop.MySQL.Address, i.config.Shop.MySQL.User, i.config.Shop.MySQL.Password = c.address, "octail", password
			i.config.Journal.Path, i.config.Journal.MaxBytes = filepath.Join(dir, "octail.db"), 1<<20
			patience := 5 * time.Minute
			if c.address == silent {
				patience = 200 * time.Millisecond
			}
			for name, r := range map[string]check.Report{
				"run":       i.look(check.Run(t.Context(), check.WithPatience(i.deps(), patience))),
				"essential": i.look(check.Essential(t.Context(), check.WithPatience(i.deps(), patience))),
			} {
				wants(t, r, "error connection")
				if !r.Unreachable || r.ExitCode() != 3 {
					t.Errorf("%s: exit %d, unreachable %v", name, r.ExitCode(), r.Unreachable)
				}
				if f := found(t, r, "connection"); !strings.Contains(f.Message, c.says) || f.Remedy == "" {
					t.Errorf("%s: nothing of %q: %+v", name, c.says, f)
				}
			}
		})
	}
}

// TestHostRefused: answers that the server gives before the login.
func TestHostRefused(t *testing.T) {
	for _, c := range []struct {
		answer       func(net.Conn)
		says, remedy string
	}{
		{refusal(1130, "Host '10.0.0.5' is not allowed to connect to this MariaDB server"), "refuses the login", "CREATE USER IF NOT EXISTS 'octail'@'10.0.0.5'"},
		{refusal(1129, "Host '10.0.0.5' is blocked because of many connection errors"), "too many broken connections", "FLUSH HOSTS;"},
	} {
		i := &installation{t: t}
		i.config.Shop.MySQL.Address, i.config.Shop.MySQL.User, i.config.Shop.MySQL.Password = listen(t, c.answer).Addr().String(), "octail", password
		i.config.Journal.Path = filepath.Join(t.TempDir(), "octail.db")
		r := i.run()
		wants(t, r, "error connection")
		if f := found(t, r, "connection"); r.Unreachable || !strings.Contains(f.Message, c.says) || !strings.Contains(f.Remedy, c.remedy) {
			t.Errorf("%+v", f)
		}
	}
}

// TestLost: the server goes away in the middle.
func TestLost(t *testing.T) {
	server, err := shoptest.Start(context.Background(), shoptest.Options{Args: soundArgs, Parent: shoptesting.Memory()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	i := installAs(t, server, shoptest.V4, "shop")
	i.openJournal(nil)
	i.here()
	r := check.Run(t.Context(), check.WithClock(i.deps(), func() time.Time {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		return time.Now()
	}))
	wants(t, r, "error connection")
	if !r.Unreachable || r.ExitCode() != 3 {
		t.Errorf("%+v", r)
	}
}

// TestCancelled: a check that was given up ends at once.
func TestCancelled(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := check.Run(ctx, i.deps()); !r.Unreachable || r.Server.Flavor != "" {
		t.Errorf("the server was asked all the same: %+v", r)
	}
}

// TestUnknownPlugin: the account logs in by something octail has not learnt.
func TestUnknownPlugin(t *testing.T) {
	i := &installation{t: t}
	i.config.Shop.MySQL.Address, i.config.Shop.MySQL.User, i.config.Shop.MySQL.Password = listen(t, switchPlugin).Addr().String(), "octail", password
	i.config.Journal.Path = filepath.Join(t.TempDir(), "octail.db")
	r := i.run()
	wants(t, r, "error connection")
	if f := found(t, r, "connection"); r.Unreachable || !strings.Contains(f.Message, "a plugin that octail does not know") || !strings.Contains(f.Remedy, "ALTER USER 'octail'@'localhost' IDENTIFIED BY '<password>';") {
		t.Errorf("%+v", f)
	}
}

// switchPlugin greets and asks for a login by PAM.
func switchPlugin(c net.Conn) {
	greeting := "\x0a11.8.0-MariaDB\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x21\x02\x00\xff\x81\x15" + strings.Repeat("\x00", 10) + "123456789012\x00mysql_native_password\x00"
	send := func(sequence byte, body string) {
		_, _ = c.Write(append([]byte{byte(len(body)), 0, 0, sequence}, body...))
	}
	send(0, greeting)
	_, _ = c.Read(make([]byte, 4096))
	send(2, "\xfedialog\x00Password: ")
}

// listen accepts connections and hands them to answer.
func listen(t *testing.T, answer func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if answer == nil {
		return l
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			answer(c)
		}
	}()
	return l
}

// refusal greets with an error packet.
func refusal(code uint16, message string) func(net.Conn) {
	body := append([]byte{0xff, byte(code), byte(code >> 8)}, message...)
	packet := append([]byte{byte(len(body)), 0, 0, 0}, body...)
	return func(c net.Conn) {
		_, _ = c.Write(packet)
		_ = c.Close()
	}
}
