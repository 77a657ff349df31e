package check_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// servers are shared by the tests that leave a server's settings alone.
var servers = map[string]*shoptest.Server{}

func TestMain(m *testing.M) {
	code := m.Run()
	for flavor, s := range servers {
		if err := s.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop %s: %v\n", flavor, err)
			code = 1
		}
	}
	os.Exit(code)
}

// soundArgs are settings with which nothing is to be found on a test server.
var soundArgs = []string{"--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"}

// sound is a server on which nothing is to be found.
func sound(t *testing.T, flavor string) *shoptest.Server {
	t.Helper()
	if servers[flavor] == nil {
		version, args := shoptesting.Version(flavor), slices.Clone(soundArgs)
		if flavor == shoptest.MariaDB {
			args = append(args, "--skip-ssl") // since 11.4 it makes its own certificate
		}
		s, err := shoptest.Start(context.Background(), shoptest.Options{Flavor: flavor, Version: version, Args: args, Parent: shoptesting.Memory()})
		if err != nil {
			t.Fatal(err)
		}
		servers[flavor] = s
	}
	return servers[flavor]
}

var flavors = shoptesting.Flavors()

const password = "correct horse 'battery' \\ staple" // has to be quoted, and must be in no report

// installation is a shop on a real server, the account octail has there and its
// configuration.
type installation struct {
	t       *testing.T
	server  *shoptest.Server
	config  config.Config
	account string // as in a GRANT
	journal *journal.Journal
	tls     *tls.Config
}

var accounts atomic.Int64

// install loads a shop and makes an account that may do all it has to.
func install(t *testing.T, server *shoptest.Server, gen shoptest.Generation) *installation {
	t.Helper()
	return load(t, server, gen, shoptesting.Database(t, server))
}

// installAs is install in a database of a given name, which stays.
func installAs(t *testing.T, server *shoptest.Server, gen shoptest.Generation, database string) *installation {
	t.Helper()
	if _, err := server.DB().Exec("CREATE DATABASE `" + database + "`"); err != nil {
		t.Fatal(err)
	}
	return load(t, server, gen, database)
}

// reinstall is the shop that installAs left in a data directory.
func reinstall(t *testing.T, server *shoptest.Server, database string) *installation {
	t.Helper()
	return newInstallation(t, server, database)
}

func load(t *testing.T, server *shoptest.Server, gen shoptest.Generation, database string) *installation {
	t.Helper()
	if err := shoptest.Load(t.Context(), shoptesting.Open(t, server, database), gen, "oc_", shoptest.WithoutCatalogue()); err != nil {
		t.Fatal(err)
	}
	return newInstallation(t, server, database)
}

func newInstallation(t *testing.T, server *shoptest.Server, database string) *installation {
	t.Helper()
	i := &installation{t: t, server: server, config: config.Config{
		Path: "config.yaml",
		Shop: config.Shop{Name: "test-shop", TablePrefix: "oc_", Timezone: config.TimezoneAuto, MySQL: config.MySQL{
			Address: server.Addr(), User: fmt.Sprintf("octail_%d", accounts.Add(1)), Password: password, Database: database,
		}},
		Journal: config.Journal{Path: filepath.Join(t.TempDir(), "octail.db"), MaxBytes: 1 << 20},
	}}
	i.account = "'" + i.config.Shop.MySQL.User + "'@'127.0.0.1'"
	i.sql("CREATE USER " + i.account + " IDENTIFIED BY 'correct horse ''battery'' \\\\ staple'")
	i.sql("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO " + i.account)
	i.sql("GRANT SELECT ON `" + database + "`.* TO " + i.account)
	t.Cleanup(func() {
		if server.PID() != 0 {
			_, _ = server.DB().Exec("DROP USER IF EXISTS " + i.account)
		}
	})
	return i
}

// sql runs statements as the server's administrator.
func (i *installation) sql(statements ...string) {
	i.t.Helper()
	for _, s := range statements {
		if err := i.server.Exec(context.Background(), "", strings.NewReplacer("{db}", "`"+i.config.Shop.MySQL.Database+"`", "{account}", i.account).Replace(s)); err != nil {
			i.t.Fatal(err)
		}
	}
}

// deps is what a command has in hand at its start: a pool that is not connected.
func (i *installation) deps() check.Deps {
	i.t.Helper()
	m := i.config.Shop.MySQL
	db, err := shop.Open(shop.Options{Address: m.Address, User: m.User, Password: m.Password.Reveal(), Database: m.Database, TLS: i.tls})
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = db.Close() })
	c := i.config
	d := check.Deps{Config: &c, DB: db, TLS: i.tls, Journal: i.journal}
	return check.WithFree(d, func(string) (uint64, error) { return 1 << 40, nil }) // whatever this machine has
}

func (i *installation) run() check.Report {
	i.t.Helper()
	return i.look(check.Run(i.t.Context(), i.deps()))
}
func (i *installation) essential() check.Report {
	i.t.Helper()
	return i.look(check.Essential(i.t.Context(), i.deps()))
}

// look makes sure that no report gives the password away, says the same twice, or
// leaves its reader alone: what has no remedy here says in its message what octail
// does about it.
func (i *installation) look(r check.Report) check.Report {
	i.t.Helper()
	for _, f := range r.Findings {
		if f.Level != check.OK && f.Remedy == "" && !slices.Contains([]string{"position", "identity", "journal"}, f.Check) {
			i.t.Errorf("nothing to do about %+v", f)
		}
	}
	for n, l := range r.LeftOut {
		if slices.Contains(r.LeftOut[:n], l) {
			i.t.Errorf("left out twice: %+v", l)
		}
	}
	if text := textOf(r); strings.Contains(text, "battery") {
		i.t.Errorf("the report holds the password:\n%s", text)
	}
	return r
}

func textOf(r check.Report) string {
	var b strings.Builder
	r.Text(&b)
	return b.String()
}

// openJournal gives the installation a journal that was made with it as it is.
func (i *installation) openJournal(meta map[string]string) {
	i.t.Helper()
	j, err := journal.Open(i.t.Context(), i.config.Journal.Path)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = j.Close() })
	for name, value := range meta {
		if err := j.SetMeta(i.t.Context(), name, value); err != nil {
			i.t.Fatal(err)
		}
	}
	i.journal = j
}

// stream prepares a replication client of the shop with the given server id.
func (i *installation) stream(id uint32) *canal.Canal {
	i.t.Helper()
	m := i.config.Shop.MySQL
	c, err := canal.New(canal.Config{DB: i.server.DB(), Server: i.identity(), Address: m.Address, User: m.User, Password: m.Password.Reveal(), ServerID: id,
		Database: m.Database, Tables: []canal.Table{{Name: "oc_currency", Rules: []canal.Rule{{Target: "currency", Key: "currency_id"}}}}, Log: slog.New(slog.DiscardHandler), Metrics: canal.NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

// deaf is a canal.Handler that wants nothing.
type deaf struct{}

func (deaf) Commit(canal.Transaction) error { return nil }
func (deaf) Progress(canal.Position) error  { return nil }

// position is the server's present one.
func (i *installation) position() canal.Position {
	i.t.Helper()
	p, err := canal.Here(i.t.Context(), i.server.DB(), i.identity())
	if err != nil {
		i.t.Fatal(err)
	}
	return p
}

func (i *installation) identity() canal.Server {
	i.t.Helper()
	s, err := canal.Inspect(i.t.Context(), i.server.DB())
	if err != nil {
		i.t.Fatal(err)
	}
	return s
}

// here stores the server's present position in the journal, as a start does.
func (i *installation) here() {
	i.t.Helper()
	i.store(i.position(), i.identity().Identity)
}

func (i *installation) store(p canal.Position, identity string) {
	i.t.Helper()
	if _, err := i.journal.Append(i.t.Context(), journal.Commit{Position: p.Encode()}); err != nil {
		i.t.Fatal(err)
	}
	if err := i.journal.SetMeta(i.t.Context(), "server", identity); err != nil {
		i.t.Fatal(err)
	}
}

// wants fails the test unless these and no other findings are above ok. Each is
// "level check".
func wants(t *testing.T, r check.Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		if f.Level != check.OK {
			got = append(got, string(f.Level)+" "+f.Check)
		}
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("found %q, want %q:\n%s", got, want, textOf(r))
	}
}

// found returns the one finding of a check that is not ok.
func found(t *testing.T, r check.Report, name string) check.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check == name && f.Level != check.OK {
			return f
		}
	}
	t.Fatalf("no finding of %s:\n%s", name, textOf(r))
	return check.Finding{}
}

// apply carries out a remedy: SQL as the server's administrator, or lines of the
// configuration file.
func (i *installation) apply(f check.Finding) {
	i.t.Helper()
	switch {
	case strings.Contains(f.Remedy, "\nshop:\n"):
		file := struct {
			Shop config.Shop `yaml:"shop"`
		}{i.config.Shop}
		if _, err := config.Decode("remedy", []byte(f.Remedy), &file); err != nil {
			i.t.Fatalf("the remedy is no configuration: %v\n%s", err, f.Remedy)
		}
		i.config.Shop = file.Shop
	default:
		var lines []string
		for line := range strings.SplitSeq(f.Remedy, "\n") {
			if !strings.HasPrefix(line, "--") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			i.t.Fatalf("no SQL in the remedy of %s", f.Check)
		}
		i.sql(strings.ReplaceAll(strings.Join(lines, "\n"), "<password>", "correct horse ''battery'' \\\\ staple"))
	}
}

// optionArgs are the server options of a remedy, as arguments.
func optionArgs(f check.Finding) []string {
	var args []string
	for line := range strings.SplitSeq(f.Remedy, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if name, value, ok := strings.Cut(line, "="); ok {
			args = append(args, "--"+strings.TrimSpace(name)+"="+strings.TrimSpace(value))
		}
	}
	return args
}
