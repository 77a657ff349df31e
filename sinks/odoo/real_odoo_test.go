//go:build odoo

package odoo

import (
	"log/slog"
	"strconv"
	"testing"

	"octail/internal/config"
	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// server is a database of a real Odoo.
type server struct {
	*odootest.Odoo
	version string
}

func realServer(t *testing.T, version string) server {
	t.Helper()
	n, err := strconv.Atoi(version)
	if err != nil {
		t.Fatal(err)
	}
	return server{odootest.Database(t, n), version}
}

// both runs a test on each version.
func both(t *testing.T, try func(*testing.T, server)) {
	t.Helper()
	eachVersion(t, everywhere, func(t *testing.T, version int) { try(t, realServer(t, strconv.Itoa(version))) })
}

func (r server) settings(url string) string {
	return "url: " + url + "\ndatabase: " + r.Database + "\nlogin: " + r.Login + "\napi_key: " + r.Key + "\n"
}

// sql runs a statement in the database.
func (r server) sql(t *testing.T, statement string) [][]string {
	t.Helper()
	return r.SQL(t, statement)
}

// sinkOf opens a sink with settings.
func sinkOf(t *testing.T, settings string) *sink {
	t.Helper()
	into := Plugin.Settings()
	if _, err := config.Decode("sink.yaml", []byte(settings), into); err != nil {
		t.Fatal(err)
	}
	opened, err := Plugin.Open(into, sinks.Env{Name: "erp", Shop: "rpc", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened.(*sink)
}

func realSink(t *testing.T, r server) *sink { return sinkOf(t, r.settings(r.URL)) }

// admin is a client that may do all.
func (r server) admin(t *testing.T) *rpc.Client {
	t.Helper()
	c, err := rpc.New(rpc.Options{URL: r.URL, Database: r.Database, Login: r.AdminLogin, Key: r.AdminKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
