// Package shoptesting gives tests a real database server: one for each test binary
// and flavor, started when the first test asks for it.
//
//	func TestMain(m *testing.M) { shoptesting.Main(m) }
//
//	func TestIt(t *testing.T) {
//		server := shoptesting.Default(t)
//		database := shoptesting.Database(t, server)
//		...
//	}
//
// Tests that do not ask for a flavor run on MariaDB, or on the server from the cache
// (fetched by internal/shoptest/fetch.sh) that is named:
//
//	OCTAIL_TEST_SERVER=mysql-9.7 go test ./internal/app
//
// Those that ask for one run on the version that is named:
//
//	OCTAIL_TEST_MARIADB=10.5 OCTAIL_TEST_MYSQL=9.7 go test ./...
package shoptesting

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"octail/internal/shoptest"
)

// shared is the server of one flavor.
type shared struct {
	once   sync.Once
	server *shoptest.Server
	err    error
}

var servers = map[string]*shared{shoptest.MariaDB: {}, shoptest.MySQL: {}}

// Main runs the tests of a package and then stops the servers they used. It does not
// return. A package without it leaves nothing behind either, only less orderly: the
// servers die with the test binary.
func Main(m *testing.M) {
	code := m.Run()
	for flavor, s := range servers {
		if s.server == nil {
			continue
		}
		if err := s.server.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop %s: %v\n", flavor, err)
			code = 1
		}
	}
	os.Exit(code)
}

// MariaDB returns the test binary's MariaDB server. Do not stop it or change its
// global settings: other tests use it too. A missing server fails the test, with
// what to type to get one.
func MariaDB(tb testing.TB) *shoptest.Server {
	tb.Helper()
	return start(tb, shoptest.MariaDB)
}

// MySQL is MariaDB for MySQL.
func MySQL(tb testing.TB) *shoptest.Server {
	tb.Helper()
	return start(tb, shoptest.MySQL)
}

// Default is MariaDB for the flavor that OCTAIL_TEST_SERVER names.
func Default(tb testing.TB) *shoptest.Server {
	tb.Helper()
	return start(tb, Flavor())
}

// chosen is what OCTAIL_TEST_SERVER names; empty for nothing.
func chosen() (flavor, version string) {
	flavor, version, _ = strings.Cut(os.Getenv("OCTAIL_TEST_SERVER"), "-")
	return flavor, version
}

// Flavor is that of the server for tests that ask for none.
func Flavor() string {
	flavor, _ := chosen()
	return cmp.Or(flavor, shoptest.MariaDB)
}

// Wanted reports whether what only a flavor has is to be tried: always, unless
// OCTAIL_TEST_SERVER names another one.
func Wanted(flavor string) bool {
	one, _ := chosen()
	return one == "" || one == flavor
}

// Flavors lists the flavors that tests of several are to run on.
func Flavors() []string {
	return slices.DeleteFunc([]string{shoptest.MariaDB, shoptest.MySQL}, func(flavor string) bool { return !Wanted(flavor) })
}

// Version is the version of a flavor that the tests are to run on; empty for any.
func Version(flavor string) string {
	if one, version := chosen(); one == flavor {
		return version
	}
	return os.Getenv("OCTAIL_TEST_" + strings.ToUpper(flavor))
}

func start(tb testing.TB, flavor string) *shoptest.Server {
	tb.Helper()
	s := servers[flavor]
	if s == nil {
		tb.Fatalf("OCTAIL_TEST_SERVER=%s: no such server; it is mariadb- or mysql- and a version", os.Getenv("OCTAIL_TEST_SERVER"))
	}
	s.once.Do(func() {
		s.server, s.err = shoptest.Start(context.Background(), shoptest.Options{Flavor: flavor, Version: Version(flavor), Parent: Memory()})
	})
	if s.err != nil {
		tb.Fatal(s.err)
	}
	return s.server
}

// Server starts a server for this test alone and stops it at the end: for tests that
// kill it or need other settings.
func Server(tb testing.TB, options shoptest.Options) *shoptest.Server {
	tb.Helper()
	options.Flavor = cmp.Or(options.Flavor, Flavor())
	if options.Version == "" {
		options.Version = Version(options.Flavor)
	}
	options.Parent = cmp.Or(options.Parent, Memory())
	server, err := shoptest.Start(tb.Context(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return server
}

var databases atomic.Int64

// Database creates an empty database (utf8mb4), drops it at the end of the test and
// returns its name.
func Database(tb testing.TB, server *shoptest.Server) string {
	tb.Helper()
	name := fmt.Sprintf("shop_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := server.DB().Exec("CREATE DATABASE `" + name + "` CHARACTER SET utf8mb4"); err != nil {
		tb.Fatalf("create database %s: %v", name, err)
	}
	tb.Cleanup(func() {
		if server.PID() == 0 {
			return // the test killed it
		}
		if _, err := server.DB().Exec("DROP DATABASE `" + name + "`"); err != nil {
			tb.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// Open returns a pool of connections to a database, closed at the end of the test.
func Open(tb testing.TB, server *shoptest.Server, database string) *sql.DB {
	tb.Helper()
	db, err := server.Open(database, false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Shop loads a shop of a generation, with the prefix "oc_", into a fresh database. The
// database is dropped at the end of the test.
func Shop(tb testing.TB, server *shoptest.Server, gen shoptest.Generation, options ...shoptest.LoadOption) (database string, shop *shoptest.Shop) {
	tb.Helper()
	database = Database(tb, server)
	db := Open(tb, server, database)
	if err := shoptest.Load(tb.Context(), db, gen, "oc_", options...); err != nil {
		tb.Fatal(err)
	}
	return database, shoptest.NewShop(db, gen, "oc_", 1)
}
