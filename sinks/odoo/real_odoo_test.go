//go:build odoo

package odoo

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// server is a database of a real Odoo.
type server map[string]string

func realServer(t *testing.T, version string) server {
	t.Helper()
	b, err := os.ReadFile(os.Getenv("OCTAIL_ODOO_ENV") + version)
	if err != nil {
		t.Fatal(err)
	}
	env := server{}
	for _, line := range strings.Split(string(b), "\n") {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

func (r server) settings(url string) string {
	return "url: " + url + "\ndatabase: " + r["ODOO_DB"] + "\nlogin: " + r["ODOO_BOT_LOGIN"] + "\napi_key: " + r["ODOO_BOT_API_KEY"] + "\n"
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

// admin is a client that may do all.
func (r server) admin(t *testing.T) *rpc.Client {
	t.Helper()
	c, err := rpc.New(rpc.Options{URL: r["ODOO_URL"], Database: r["ODOO_DB"], Login: r["ODOO_LOGIN"], Key: r["ODOO_API_KEY"]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// sql runs a statement in the database.
func (r server) sql(t *testing.T, statement string) {
	t.Helper()
	c := exec.Command(os.Getenv("OCTAIL_ODOO_TOOL"), "psql", r["ODOO_VERSION"], r["ODOO_DB"], "--dir", os.Getenv("OCTAIL_ODOO_DIR"))
	c.Stdin = strings.NewReader(statement)
	if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "ERROR") {
		t.Fatalf("%s: %v %s", statement, err, out)
	}
}
