package shop_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

const (
	onMariaDB = shoptest.MariaDB
	onMySQL   = shoptest.MySQL
)

// installation is a database on a real server, and octail's way into it.
type installation struct {
	*shop.Shop
	t        *testing.T
	server   *shoptest.Server
	database string
	admin    *sql.DB // root, in the database
	pool     *sql.DB // octail's own, as an account that may read and no more
	schema   *shop.Schema
}

// each runs a test on both servers.
func each(t *testing.T, test func(t *testing.T, server *shoptest.Server)) {
	t.Helper()
	for _, flavor := range shoptesting.Flavors() {
		t.Run(flavor, func(t *testing.T) {
			if flavor == onMySQL {
				test(t, shoptesting.MySQL(t))
			} else {
				test(t, shoptesting.MariaDB(t))
			}
		})
	}
}

const account = "octail_shop"

// install runs a script in a fresh database.
func install(t *testing.T, server *shoptest.Server, script string) *installation {
	t.Helper()
	i := &installation{t: t, server: server, database: shoptesting.Database(t, server)}
	i.admin = shoptesting.Open(t, server, i.database)
	i.sql(script)
	for _, s := range []string{
		"CREATE USER IF NOT EXISTS " + account + " IDENTIFIED BY 'x'",
		"GRANT SELECT ON `" + i.database + "`.* TO " + account,
		"GRANT REPLICATION CLIENT ON *.* TO " + account,
	} {
		i.sql(s)
	}
	i.open()
	return i
}

// open makes a pool as the agent does, and looks at the schema.
func (i *installation) open() {
	i.t.Helper()
	pool, err := shop.Open(shop.Options{Address: i.server.Addr(), User: account, Password: "x", Database: i.database})
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = pool.Close() })
	server, err := canal.Inspect(i.t.Context(), pool)
	if err != nil {
		i.t.Fatal(err)
	}
	i.pool, i.Shop = pool, shop.New(pool, server, i.database, "oc_")
	i.look()
}

func (i *installation) look() {
	i.t.Helper()
	var err error
	if i.schema, err = i.Schema(i.t.Context()); err != nil {
		i.t.Fatal(err)
	}
}

// sql runs a script as the administrator, with the loose sql_mode of OpenCart.
func (i *installation) sql(script string) {
	i.t.Helper()
	if err := i.server.Exec(context.Background(), i.database, "SET sql_mode = 'NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION';"+script); err != nil {
		i.t.Fatal(err)
	}
}

// position is the server's present one.
func (i *installation) position() canal.Position {
	i.t.Helper()
	s, err := canal.Inspect(i.t.Context(), i.server.DB())
	if err != nil {
		i.t.Fatal(err)
	}
	p, err := canal.Here(i.t.Context(), i.server.DB(), s)
	if err != nil {
		i.t.Fatal(err)
	}
	return p
}

// read selects in a read that is not older than after.
func (i *installation) read(after canal.Position, q shop.Query) (rows []shop.Row, proven bool, err error) {
	i.t.Helper()
	err = i.Read(i.t.Context(), after, i.schema, func(r *shop.Reader) error {
		found, err := r.Select(q)
		rows, proven = found.All(), r.Proven
		return err
	})
	return rows, proven, err
}

// connections counts what octail has open on the server, and lists their ids.
func (i *installation) connections() (ids []int64) {
	i.t.Helper()
	rows, err := i.server.DB().Query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ? AND DB = ?", account, i.database)
	if err != nil {
		i.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			i.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// until waits for what another connection does.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); !reached(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s never came", what)
		}
	}
}

// texts are rows for a comparison.
func texts(rows []shop.Row, columns ...string) string {
	var lines []string
	for _, r := range rows {
		var values []string
		for _, c := range columns {
			if r.Null(c) {
				values = append(values, "NULL")
			} else {
				values = append(values, fmt.Sprintf("%q", r.Raw(c)))
			}
		}
		lines = append(lines, strings.Join(values, " "))
	}
	return strings.Join(lines, "; ")
}

func serverOf(i *installation) canal.Server {
	i.t.Helper()
	s, err := canal.Inspect(i.t.Context(), i.pool)
	if err != nil {
		i.t.Fatal(err)
	}
	return s
}
