// Package shoptesting gives tests a real database server: one for each test binary
// and flavor, started when the first test asks for it.
//
//	func TestMain(m *testing.M) { shoptesting.Main(m) }
//
//	func TestIt(t *testing.T) {
//		server := shoptesting.MariaDB(t)
//		database := shoptesting.Database(t, server)
//		...
//	}
//
// The tests run against another version from the cache, fetched by
// internal/shoptest/fetch.sh, when it is named:
//
//	OCTAIL_TEST_MARIADB=10.5 OCTAIL_TEST_MYSQL=9.7 go test ./...
package shoptesting

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
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

func start(tb testing.TB, flavor string) *shoptest.Server {
	tb.Helper()
	s := servers[flavor]
	s.once.Do(func() {
		version := os.Getenv("OCTAIL_TEST_" + strings.ToUpper(flavor))
		s.server, s.err = shoptest.Start(context.Background(), shoptest.Options{Flavor: flavor, Version: version})
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
	if options.Version == "" {
		options.Version = os.Getenv("OCTAIL_TEST_" + strings.ToUpper(cmp.Or(options.Flavor, shoptest.MariaDB)))
	}
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
