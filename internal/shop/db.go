package shop

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Options say how to reach the shop's database.
type Options struct {
	Address  string // host:port, or unix:/path/to/socket
	User     string
	Password string
	Database string
	TLS      *tls.Config // nil: no TLS
	// Plaintext allows to go on without TLS where the server has none.
	Plaintext bool
}

// Open prepares a connection pool; it does not connect.
func Open(o Options) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = o.User, o.Password, o.Database
	if path, ok := strings.CutPrefix(o.Address, "unix:"); ok {
		c.Net, c.Addr = "unix", path
	} else {
		c.Net, c.Addr = "tcp", o.Address
	}
	c.TLS, c.AllowFallbackToPlaintext = o.TLS, o.Plaintext
	c.Timeout, c.WriteTimeout, c.ReadTimeout = 10*time.Second, 10*time.Second, 90*time.Second
	c.ParseTime = false // zero dates and zones are ours to read
	c.Logger = log.New(io.Discard, "", 0)
	// Where the server or the account is set otherwise, a SELECT would open a snapshot in
	// which a connection stays for ever.
	c.Params = map[string]string{"autocommit": "1"}
	c.ConnectionAttributes = "program_name:octail"
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, fmt.Errorf("database options: %w", err)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("database options: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// Encrypted reports whether the server is spoken to over TLS.
func Encrypted(ctx context.Context, db *sql.DB) (bool, error) {
	var name, cipher string
	if err := db.QueryRowContext(ctx, "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
		return false, fmt.Errorf("ask whether the connection is encrypted: %w", err)
	}
	return cipher != "", nil
}

// IsLocal reports whether an address stays on this machine.
func IsLocal(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Failure sorts an error of the database for whoever has to act on it.
type Failure int

// Kinds of failures.
const (
	Unreachable Failure = iota // connection refused or lost, timeout: may work later
	Denied                     // user, password, grants
	Missing                    // a table or column is not as expected: the schema changed
	Refused                    // any other answer of the server, a statement that took too long included
)

// Classify sorts err; use it only on errors of this package and of canal.
func Classify(err error) Failure {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return Unreachable
	}
	switch e.Number {
	case 1044, 1045, 1130, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 3118, 3159, 4151:
		return Denied
	case 1049, 1051, 1054, 1109, 1146, 1412:
		return Missing
	case 1040, 1053, 1079, 1129, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213, 1226, 1290, 1927, 2006, 2013, 3169, 4031:
		return Unreachable
	}
	return Refused
}

// Altered reports whether a snapshot could not be used because a table was altered after
// it was taken: a new one can.
func Altered(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1412
}

// TookTooLong reports whether the server ended a statement for its time: ours, or that of
// the host.
func TookTooLong(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1317 || e.Number == 1969 || e.Number == 3024)
}

// Explain is an error in words for an operator: the server's own text, which
// holds no row data for the statements of this package.
func Explain(err error) string {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return fmt.Sprintf("error %d: %s", e.Number, e.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}
