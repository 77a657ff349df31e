package oracle

import (
	"context"
	"database/sql"
	"testing"

	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// shop is a recording that is being replayed into a database of its own.
type shop struct {
	*shoptesting.Recording
	db *sql.DB
}

// openShop loads the state before the recording.
func openShop(t *testing.T, recording, database, parameters string) *shop {
	t.Helper()
	server := shoptesting.MariaDB(t)
	r := shoptesting.Load(t, server, recording, database)
	db, err := sql.Open("mysql", server.DSN(database)+parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &shop{r, db}
}

// oracle opens an oracle on the shop.
func (s *shop) oracle(t *testing.T) *Oracle {
	t.Helper()
	o, err := New(context.Background(), s.db, "oc_")
	if err != nil {
		t.Fatal(err)
	}
	return o
}
