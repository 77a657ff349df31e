package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"octail/canal"
	"octail/internal/config"
	"octail/internal/shop"
)

// connectTimeout bounds the first connection.
const connectTimeout = 15 * time.Second

// Answers of the server to a login. 1045 is also its answer to a user that needs
// TLS and does not use it.
const (
	errNoDatabaseGrant = 1044
	errDenied          = 1045
	errNoDatabase      = 1049
	errHostBlocked     = 1129
	errHostUnknown     = 1130
	errWrongPlugin     = 1698
	errMustChange      = 1820
	errPasswordExpired = 1862
	errAccountLocked   = 3118
	errNeedsTLS        = 3159

	errAccountLockedMariaDB = 4151
)

// connection logs in and asks the server who it is, and who it takes us for.
func (c *checker) connection(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	if err := c.db.PingContext(ctx); err != nil {
		return c.refused(ctx, err)
	}
	err := c.connectedTo(ctx)
	if number(err) == errMustChange { // let in, but to nothing else
		return c.refused(ctx, err)
	}
	return err
}

// connectedTo learns what all other checks need.
func (c *checker) connectedTo(ctx context.Context) error {
	s, err := canal.Inspect(ctx, c.db)
	if number(err) == errUnknownVariable {
		c.fail("connection", "# upgrade the database server, to MySQL 8.0 or MariaDB 10.5 or later", "the database server %s is too old for octail", s.Version)
		return nil
	}
	if err != nil {
		return asked("ask the server for its version", err)
	}
	c.report.Server = s
	var account, client string
	if err := c.db.QueryRowContext(ctx, "SELECT CURRENT_USER(), USER()").Scan(&account, &client); err != nil {
		return asked("ask for the account", err)
	}
	c.client = client[strings.LastIndexByte(client, '@')+1:]
	if strings.HasPrefix(account, "@") && c.account == "" { // the server takes unknown users for it
		c.fail("connection", c.remedyFor(quote(c.settings().User)+"@"+quote(account[1:]), 0),
			"the server has no account for the user %s: it let octail in as the anonymous user, who may do nothing", c.settings().User)
		return nil
	}
	if c.account == "" {
		c.account = quoteAccount(account)
	}
	if c.variables, err = variables(ctx, c.db); err != nil {
		return asked("ask for the server's settings", err)
	}
	c.connected = true
	c.ok("connection", "connected to %s %s at %s as %s", map[string]string{canal.MySQL: "MySQL", canal.MariaDB: "MariaDB"}[s.Flavor],
		strings.SplitN(s.Version, "-", 2)[0], c.settings().Address, c.account)
	return nil
}

// quoteAccount turns octail@127.0.0.1 into 'octail'@'127.0.0.1'.
func quoteAccount(account string) string {
	at := strings.LastIndexByte(account, '@')
	if at < 0 {
		return quote(account)
	}
	return quote(account[:at]) + "@" + quote(account[at+1:])
}

func quote(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'" }

func name(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

// number is the server's error number, 0 for other errors.
func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// refused explains why the first connection failed.
func (c *checker) refused(ctx context.Context, err error) error {
	c.refusal = number(err)
	switch number(err) {
	case 0:
		c.notConnected(err)
		return nil
	case errNoDatabase, errNoDatabaseGrant:
		return c.noDatabase(ctx, err)
	case errDenied, errWrongPlugin, errHostUnknown:
		c.fail("connection", c.accountRemedy(err), "the server refuses the login (%s)", shop.Explain(err))
	case errHostBlocked:
		c.fail("connection", "FLUSH HOSTS;   -- MySQL since 8.4: TRUNCATE TABLE performance_schema.host_cache;", "the server refuses this machine after too many broken connections (%s)", shop.Explain(err))
	case errNeedsTLS:
		c.fail("connection", c.line("mysql", "tls: required"), "the server accepts encrypted connections only (%s)", shop.Explain(err))
	case errAccountLocked, errAccountLockedMariaDB:
		c.fail("connection", c.alter(err, "ACCOUNT UNLOCK"), "octail's account is locked (%s)", shop.Explain(err))
	case errPasswordExpired, errMustChange:
		c.fail("connection", c.alter(err, "IDENTIFIED BY '<password>' PASSWORD EXPIRE NEVER"), "the password of octail's account has expired (%s)", shop.Explain(err))
	default:
		if shop.Classify(err) == shop.Unreachable {
			c.lost(err)
			return nil
		}
		c.fail("connection", askForLog, "the server refuses the connection (%s)", shop.Explain(err))
	}
	return nil
}

var (
	accountPattern = regexp.MustCompile(`'([^']*)'@'([^']*)'`)
	hostPattern    = regexp.MustCompile(`Host '([^']*)'`)
)

// accountIn finds the account in a refusal, as the server sees it: with the host
// that octail comes from, where the account itself may have a pattern.
func (c *checker) accountIn(err error) string {
	user := c.settings().User
	if m := accountPattern.FindStringSubmatch(err.Error()); m != nil {
		return quote(m[1]) + "@" + quote(m[2])
	}
	if m := hostPattern.FindStringSubmatch(err.Error()); m != nil {
		return quote(user) + "@" + quote(m[1])
	}
	if shop.IsLocal(c.settings().Address) {
		return quote(user) + "@'localhost'"
	}
	return quote(user) + "@'%'"
}

// alter is the SQL that changes octail's account.
func (c *checker) alter(err error, how string) string {
	return fmt.Sprintf("ALTER USER %s %s;\n-- if there is no such account, see: SELECT user, host FROM mysql.user WHERE user = %s;", c.accountIn(err), how, quote(c.settings().User))
}

// accountRemedy is the SQL that makes the account that a refusal is about, or puts it
// right.
func (c *checker) accountRemedy(err error) string { return c.remedyFor(c.accountIn(err), number(err)) }

// accountSQL is that of accountSQL, without the rights that polling does not need.
func (c *checker) accountSQL(account, auth string) []string {
	lines := accountSQL(account, auth, c.settings().Database)
	if c.polls() {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "GRANT REPLICATION") })
	}
	return lines
}

func (c *checker) remedyFor(account string, refusal uint16) string {
	s := c.settings()
	var b strings.Builder
	if s.Password.Reveal() == "" && strings.HasPrefix(s.Address, "unix:") && refusal != errWrongPlugin {
		// What such a configuration means, and octail init has printed.
		b.WriteString(strings.Join(c.accountSQL(account, "VIA unix_socket"), "\n"))
		b.WriteString("\n-- on MySQL: IDENTIFIED WITH auth_socket. Or IDENTIFIED BY a password, and the same as shop.mysql.password in " + c.configFile())
		return b.String()
	}
	fmt.Fprintf(&b, "-- with the password that shop.mysql.password has in %s:\n", c.configFile())
	b.WriteString(strings.Join(c.accountSQL(account, "BY '<password>'"), "\n"))
	if s.Password.Reveal() == "" {
		b.WriteString("\n-- octail sent no password: shop.mysql.password is empty.")
	}
	if !strings.HasPrefix(s.Address, "unix:") {
		if !strings.HasSuffix(account, "@'localhost'") {
			b.WriteString("\n-- An account made for 'localhost' does not match: the server sees octail come from the address above (skip_name_resolve, or another machine).")
		}
		b.WriteString("\n-- An account with the plugin unix_socket (auth_socket) gets in over the socket only: address: unix:/run/mysqld/mysqld.sock")
		if refusal == errWrongPlugin {
			fmt.Fprintf(&b, "\n-- The server answers like this also when there is no such account at all. Of one that there is, on MySQL: ALTER USER %s IDENTIFIED WITH caching_sha2_password BY '<password>';", account)
		}
	} else {
		if refusal == errWrongPlugin {
			user := c.settings().User
			return fmt.Sprintf("-- This account lets in the system user of the same name only (unix_socket, auth_socket). Ask as this one:\n-- sudo -u %s octail check", user)
		}
		b.WriteString("\n-- An account with the plugin unix_socket (auth_socket) lets in the system user of the same name only.")
	}
	if c.TLS == nil {
		b.WriteString("\n-- An account that demands encryption (REQUIRE SSL) gives the same answer: then set tls: required below shop.mysql.")
	}
	return b.String()
}

// line is a line of the configuration file in its section below shop.
func (c *checker) line(section, text string) string {
	head := "# in " + c.configFile() + ":\nshop:\n"
	if section != "" {
		head += "  " + section + ":\n  "
	}
	return head + "  " + text
}

// notConnected explains why there was no conversation with the server.
func (c *checker) notConnected(err error) {
	var (
		unknownCA x509.UnknownAuthorityError
		wrongName x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		c.fail("tls", c.line("mysql", "tls: off   # better: give the server a certificate (ssl_cert, ssl_key below [mysqld])"),
			"shop.mysql.tls asks for encryption, but the server at %s has none", c.settings().Address)
	case errors.As(err, &unknownCA), errors.As(err, &wrongName), errors.As(err, &invalid), errors.As(err, &verify):
		c.fail("tls", c.line("mysql", "tls: {ca: /etc/octail/ca.pem}   # the authority that signed the server's certificate; the address must be a name in it"),
			"the server's certificate is not accepted (%s)", firstLine(err))
	case errors.As(err, &alert), errors.As(err, &record):
		c.fail("tls", c.line("mysql", "tls: {ca: /etc/octail/ca.pem, cert: /etc/octail/client.pem, key: /etc/octail/client.key}   # where the server asks its clients for a certificate (REQUIRE X509)"),
			"the encrypted connection to %s cannot be made (%s)", c.settings().Address, firstLine(err))
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrCleartextPassword):
		c.fail("connection", c.alter(err, "IDENTIFIED BY '<password>'"), "octail's account logs in by a plugin that octail does not know (%s)", firstLine(err))
	default:
		c.lost(err)
	}
}

// lost says that the server does not answer (any more).
func (c *checker) lost(err error) {
	c.connected = false
	c.report.Unreachable = true
	address := c.settings().Address
	path, local := strings.CutPrefix(address, "unix:")
	host, port, _ := net.SplitHostPort(address)
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case number(err) != 0:
		c.fail("connection", "# look at the server: its log, and SHOW PROCESSLIST; as administrator",
			"the database server at %s takes no connection at present (%s)", address, shop.Explain(err))
	case local && errors.Is(err, fs.ErrNotExist):
		c.fail("connection", c.socketRemedy(), "there is no socket %s: the database server is not running, or has its socket elsewhere", path)
	case local && errors.Is(err, fs.ErrPermission):
		c.fail("connection", "ls -ld "+path+" $(dirname "+path+")", "this user may not open the socket %s", path)
	case local && errors.Is(err, syscall.ECONNREFUSED):
		c.fail("connection", "systemctl status mariadb mysql   # is it running?", "nobody listens on the socket %s", path)
	case errors.As(err, &dns):
		c.fail("connection", "getent hosts "+host+"   # and see address below shop.mysql in "+c.configFile(), "the host %s of the database server is not known (%s)", host, firstLine(dns))
	case errors.Is(err, syscall.ECONNREFUSED):
		c.fail("connection", "systemctl status mariadb mysql   # is it running?\nss -ltn 'sport = :"+port+"'   # on the server: does it listen on this address? (bind-address, skip-networking, port below [mysqld])",
			"nothing listens at host %s, port %s", host, port)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		c.fail("connection", "# is the address right, and does a firewall let port "+port+" through?", "the database server at host %s, port %s gives no answer in time", host, port)
	default:
		c.fail("connection", "systemctl status mariadb mysql   # is it running?", "the database server at %s cannot be reached (%s)", address, firstLine(err))
	}
}

// socketRemedy names the sockets that do exist.
func (c *checker) socketRemedy() string {
	for _, path := range []string{"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"} {
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == fs.ModeSocket && "unix:"+path != c.settings().Address {
			return c.line("mysql", "address: unix:"+path)
		}
	}
	return "systemctl status mariadb mysql   # is it running?"
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// noDatabase goes on without a database, so that the server's own settings are
// looked at all the same.
func (c *checker) noDatabase(ctx context.Context, refusal error) error {
	s := c.settings()
	db, err := shop.Open(shop.Options{Address: s.Address, User: s.User, Password: s.Password.Reveal(), TLS: c.TLS, Plaintext: s.TLS.Mode == config.TLSPreferred})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, func() { _ = db.Close() })
	c.db = db
	if err := db.PingContext(ctx); err != nil {
		return c.refused(ctx, err)
	}
	if err := c.connectedTo(ctx); err != nil || !c.connected {
		return err
	}
	found, err := shopDatabases(ctx, db)
	if err != nil {
		return err
	}
	var remedy string
	for _, f := range found {
		remedy += c.line("mysql", "database: "+f) + "\n"
	}
	remedy = strings.TrimSuffix(remedy, "\n")
	if number(refusal) == errNoDatabaseGrant {
		if remedy == "" {
			remedy = fmt.Sprintf("GRANT SELECT ON %s.* TO %s;", name(s.Database), c.account)
		}
		c.fail("database", remedy, "%s may not use the database %q, or there is none of that name", c.account, s.Database)
		return nil
	}
	if remedy == "" {
		remedy = c.line("mysql", "database: ...   # what DB_DATABASE says in the shop's config.php")
	}
	c.fail("database", remedy, "there is no database %q on this server", s.Database)
	return nil
}

// shopDatabases lists the databases that hold an OpenCart shop, as far as the
// user may see them.
func shopDatabases(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT TABLE_SCHEMA FROM information_schema.TABLES WHERE RIGHT(TABLE_NAME, CHAR_LENGTH('order_product')) = 'order_product' ORDER BY 1`)
	if err != nil {
		return nil, asked("look for OpenCart tables", err)
	}
	candidates, err := texts(rows)
	if err != nil {
		return nil, asked("look for OpenCart tables", err)
	}
	var out []string
	for _, database := range candidates {
		prefixes, err := shopPrefixes(ctx, db, database)
		if err != nil {
			return nil, err
		}
		if len(prefixes) > 0 {
			out = append(out, database)
		}
	}
	return out, nil
}

// shopPrefixes lists the table prefixes in a database behind which there is an
// OpenCart shop.
func shopPrefixes(ctx context.Context, db *sql.DB, database string) ([]string, error) {
	candidates, err := shop.Prefixes(ctx, db, database)
	if err != nil {
		return nil, asked("look for OpenCart tables", err)
	}
	var out []string
	for _, p := range candidates {
		s, err := shop.ReadSchema(ctx, db, database, p)
		if err != nil {
			return nil, asked("look for OpenCart tables", err)
		}
		if s.IsOpenCart() {
			out = append(out, p)
		}
	}
	return out, nil
}

// texts reads rows of one text column.
func texts(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// A certificate for a server that has none.
const serverKey, serverCert = "/etc/mysql/server-key.pem", "/etc/mysql/server-cert.pem"

// withoutTLS reports whether the server cannot encrypt. MySQL since 8.4 does not say:
// it makes its own certificate.
func (c *checker) withoutTLS() bool {
	have, known := c.variables["have_ssl"]
	return known && !on(strings.Replace(strings.ToUpper(have), "YES", "ON", 1))
}

// encryption looks whether passwords and documents cross a network in clear.
func (c *checker) encryption(ctx context.Context) error {
	rows, err := canal.Show(ctx, c.db, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
	if err != nil {
		return asked("ask whether the connection is encrypted", err)
	}
	switch {
	case len(rows) > 0 && rows[0]["Value"] != "":
		c.ok("tls", "the connection is encrypted (%s)", rows[0]["Value"])
	case shop.IsLocal(c.settings().Address):
		c.ok("tls", "the connection stays on this machine and is not encrypted")
	case c.withoutTLS():
		c.warn("tls", "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=octail -keyout "+serverKey+" -out "+serverCert+"   # on the server\n"+
			"chown mysql: "+serverKey+" "+serverCert+"\n"+c.options(Setting{Name: "ssl_cert", Value: serverCert}, Setting{Name: "ssl_key", Value: serverKey})+"\n"+c.line("mysql", "tls: required"),
			"names, addresses and orders cross the network to %s unencrypted: the server has no certificate", c.settings().Address)
	default:
		c.warn("tls", c.line("mysql", "tls: required"), "names, addresses and orders cross the network to %s unencrypted", c.settings().Address)
	}
	return nil
}
