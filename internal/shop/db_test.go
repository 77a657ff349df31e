package shop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestIsLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:3306": true, "localhost:3306": true, "[::1]:3306": true, "127.8.9.1:1": true, "unix:/run/mysqld/mysqld.sock": true,
		"10.0.0.5:3306": false, "db.example:3306": false, "localhost.example:3306": false, "": false, "0.0.0.0:3306": false,
	} {
		if shop.IsLocal(address) != want {
			t.Errorf("%q is local: %v", address, !want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		want shop.Failure
	}{
		{io.ErrUnexpectedEOF, shop.Unreachable}, {context.DeadlineExceeded, shop.Unreachable}, {mysql.ErrInvalidConn, shop.Unreachable},
		{refused(1040), shop.Unreachable}, {refused(1053), shop.Unreachable}, {refused(1205), shop.Unreachable}, {refused(1927), shop.Unreachable}, {refused(4031), shop.Unreachable},
		{refused(1045), shop.Denied}, {refused(1142), shop.Denied}, {refused(1143), shop.Denied}, {refused(3159), shop.Denied}, {refused(4151), shop.Denied},
		{refused(1146), shop.Missing}, {refused(1054), shop.Missing}, {refused(1049), shop.Missing}, {refused(1412), shop.Missing},
		{refused(1064), shop.Refused}, {refused(1194), shop.Refused}, {refused(1969), shop.Refused}, {refused(3024), shop.Refused},
	} {
		if got := shop.Classify(fmt.Errorf("read: %w", c.err)); got != c.want {
			t.Errorf("%v is %d, want %d", c.err, got, c.want)
		}
	}
}

func refused(number uint16) error { return &mysql.MySQLError{Number: number, Message: "told"} }

func TestTookTooLong(t *testing.T) {
	for err, want := range map[error]bool{
		refused(1317): true, refused(3024): true, fmt.Errorf("sum up: %w", refused(1969)): true,
		refused(1205): false, context.DeadlineExceeded: false, errors.New("error 1969: told"): false,
	} {
		if shop.TookTooLong(err) != want {
			t.Errorf("%v took too long: %v", err, !want)
		}
	}
}

func TestExplain(t *testing.T) {
	for err, want := range map[error]string{
		fmt.Errorf("read: %w", refused(1146)):                "error 1146: told",
		fmt.Errorf("read: %w", context.DeadlineExceeded):     "no answer in time",
		errors.New("dial tcp 10.0.0.5:3306: no route to it"): "dial tcp 10.0.0.5:3306: no route to it",
	} {
		if got := shop.Explain(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestOpen: over TCP and the socket, encrypted where the server can.
func TestOpen(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "SELECT 1")
		var have string // of MariaDB; since 11.4 it makes its own certificate, as MySQL does
		_ = server.DB().QueryRow("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME = 'have_ssl'").Scan(&have)
		can := server.Flavor() == onMySQL || have == "YES"
		for _, c := range []struct {
			name      string
			options   shop.Options
			encrypted bool
			fails     bool
		}{
			{"TCP", shop.Options{Address: server.Addr()}, false, false},
			{"socket", shop.Options{Address: "unix:" + server.Socket()}, false, false},
			{"preferred", shop.Options{Address: server.Addr(), TLS: &tls.Config{InsecureSkipVerify: true}, Plaintext: true}, can, false},
			{"required", shop.Options{Address: server.Addr(), TLS: &tls.Config{InsecureSkipVerify: true}}, can, !can},
			{"no database", shop.Options{Address: server.Addr(), Database: "-"}, false, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				o := c.options
				o.User, o.Password, o.Database = account, "x", strings.TrimPrefix(i.database+o.Database, i.database+"-")
				db, err := shop.Open(o)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				encrypted, err := shop.Encrypted(t.Context(), db)
				if encrypted != c.encrypted || (err != nil) != c.fails {
					t.Errorf("encrypted %v, %v", encrypted, err)
				}
				if c.fails {
					return
				}
				var charset string
				if err := db.QueryRow("SELECT @@character_set_results").Scan(&charset); err != nil || charset != "utf8mb4" {
					t.Errorf("character set %s, %v", charset, err)
				}
			})
		}
	})
}

// TestRefusedLogin: no password in any error of a refused login.
func TestRefusedLogin(t *testing.T) {
	server := shoptesting.MariaDB(t)
	for _, o := range []shop.Options{
		{Address: server.Addr(), User: account, Password: "correct horse"},
		{Address: "127.0.0.1:1", User: account, Password: "correct horse"},
		{Address: "unix:/none/mysqld.sock", User: account, Password: "correct horse"},
	} {
		db, err := shop.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.PingContext(t.Context()); err == nil || strings.Contains(err.Error(), "horse") || strings.Contains(shop.Explain(err), "horse") {
			t.Errorf("%v", err)
		}
	}
}
