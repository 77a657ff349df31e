package odootest

import (
	"crypto/rand"
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Odoo is a database of a test's own, and who may enter it.
type Odoo struct {
	Version  int    // 19 or 14
	URL      string // of the server, without a slash at the end
	Database string

	// The user a connector works as: no administrator, with the groups named in
	// sinks/odoo/README.md (users.py in this folder) and no others.
	Login, Password, Key string

	// The administrator, for what tests prepare and look at.
	AdminLogin, AdminPassword, AdminKey string

	server *server
}

// Versions are those the run is about: what OCTAIL_TEST_ODOO says (numbers with spaces or
// commas between them), else 19. A test of what both versions do ranges over them.
func Versions() []int {
	var out []int
	for _, word := range strings.FieldsFunc(os.Getenv("OCTAIL_TEST_ODOO"), func(r rune) bool { return r == ' ' || r == ',' }) {
		if v, err := strconv.Atoi(word); err == nil {
			out = append(out, v)
		}
	}
	if out == nil {
		out = []int{19}
	}
	return out
}

// Full tells whether the run is about figures (`make test-odoo FULL=1`) and not about what
// fits into CI.
func Full() bool { return os.Getenv("OCTAIL_TEST_ODOO_FULL") != "" }

// Database returns a fresh database of Odoo 19 or 14 in the shared server: sales, stock,
// accounting with a chart of accounts, contacts, CRM and delivery are installed, no demo
// data. It is dropped when the test ends. An Odoo process of its own serves it, so tests do not
// wait for each other; see forks.py for why that is cheap. A version that was not built
// fails the test and says how to build it.
func Database(tb testing.TB, version int) *Odoo {
	tb.Helper()
	return database(tb, version)
}

// WithVAT is Database with the module base_vat installed, which checks tax numbers.
func WithVAT(tb testing.TB, version int) *Odoo {
	tb.Helper()
	return database(tb, version, "vat")
}

func database(tb testing.TB, version int, template ...string) *Odoo {
	tb.Helper()
	s := join(tb, version)
	if !s.forks() {
		return private(tb, version, template...).Odoo
	}
	o := clone(tb, s, template...)
	url, end, err := s.fork(o.Database)
	if err != nil {
		tb.Fatalf("a process for the database: %v", err)
	}
	tb.Cleanup(end)
	o.URL = url
	return o
}

func clone(tb testing.TB, s *server, template ...string) *Odoo {
	tb.Helper()
	name := "t" + strings.ToLower(rand.Text()[:12])
	if _, err := s.run(tb.Context(), "", "clone", append([]string{name}, template...)...); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.drop(name); err != nil {
			tb.Error(err)
		}
	})
	return &Odoo{
		Version: s.version, Database: name,
		Login: "connector", Password: "connector", Key: s.keys["connector"],
		AdminLogin: "admin", AdminPassword: "admin", AdminKey: s.keys["admin"],
		server: s,
	}
}

// SQL runs a statement in the database, beside Odoo, and returns the rows: values as
// PostgreSQL prints them, NULL as an empty string. It is for looking at what Odoo has
// stored; what is changed this way Odoo may not notice.
func (o *Odoo) SQL(tb testing.TB, query string) [][]string {
	tb.Helper()
	text, err := o.server.run(tb.Context(), query, "sql", o.Database)
	if err != nil {
		tb.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		tb.Fatalf("read the rows of %s: %v", query, err)
	}
	return rows
}
