package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fileSettings is what a sink package declares: plain fields and a Validate.
type fileSettings struct {
	Path string `yaml:"path" unit:"path"`
	Sync string `yaml:"sync"`
}

func (c *fileSettings) File() string { return strings.TrimPrefix(c.Path, "-") }

func (c *fileSettings) Validate(s *Section) {
	if c.Path == "" {
		s.Problem("path", "missing; name the file to write, or - for the standard output")
	}
	if c.Sync != "always" && c.Sync != "interval" {
		s.Problem("sync", "%s is not possible; write always or interval", s.Quote("sync"))
	}
}

var testTypes = Types{"file": func() any { return &fileSettings{Sync: "always"} }}

const smallest = `
shop:
  name: main-shop
  mysql: {address: 127.0.0.1:3306, user: octail, password: "${OCTAIL_TEST_SECRET}", database: opencart}
journal: {path: /var/lib/octail/octail.db}
sinks:
  - {name: log, type: file, path: /var/log/octail/events.jsonl}
`

// load parses a good file.
func load(t *testing.T, data string) *Config {
	t.Helper()
	c, warnings, err := Parse("config.yaml", []byte(data), testTypes)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v\n%v", err, warnings)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x: #y")
	want := &Config{
		Path: "config.yaml",
		Shop: Shop{Name: "main-shop", TablePrefix: "oc_", Timezone: "auto", MySQL: MySQL{
			Address: "127.0.0.1:3306", User: "octail", Password: "x: #y", Database: "opencart", TLS: TLS{Mode: "preferred"},
		}},
		Capture: Capture{
			Settle: 500 * time.Millisecond, EditHold: 15 * time.Second, Mode: "binlog", Poll: time.Minute,
			Snapshot: []SnapshotItem{{Entity: "customer"}, {Entity: "product"}, {Entity: "stock"}, {Entity: "category"}},
		},
		Journal:   Journal{Path: "/var/lib/octail/octail.db", Retention: 720 * time.Hour, MaxBytes: 4294967296},
		HTTP:      HTTP{Listen: "127.0.0.1:8765", Socket: "/var/lib/octail/octail.sock"},
		Reconcile: Reconcile{At: TimeOfDay{3, 30, true}, Repair: true},
		Log:       Log{Level: "info", Format: "auto"},
		Sinks: []Sink{{
			Name: "log", Type: "file", Timeout: 30 * time.Second, Line: 7,
			Settings: &fileSettings{Path: "/var/log/octail/events.jsonl", Sync: "always"},
		}},
	}
	if diff := cmp.Diff(want, load(t, smallest)); diff != "" {
		t.Error(diff)
	}
}

func TestEverything(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "a")
	t.Setenv("OCTAIL_TEST_NUMBER", "77")
	t.Setenv("OCTAIL_TEST_BOOL", "true")
	t.Setenv("OCTAIL_TEST_UNIT", "MB")
	t.Setenv("OCTAIL_TEST_EMPTY", "")
	c := load(t, `
shop:
  name: ${OCTAIL_TEST_SECRET}-shop
  table_prefix: "${OCTAIL_TEST_EMPTY}"
  timezone: Europe/Berlin
  image_base: https://shop.example.com/image/
  mysql:
    address: unix:/run/mysqld/mysqld.sock
    user: octail
    password: 0123
    database: 2026
    server_id: "${OCTAIL_TEST_NUMBER}"
    tls: {ca: /etc/octail/ca.pem, cert: /etc/octail/client.crt, key: /etc/octail/client.key}
capture:
  settle: 0s
  edit_hold: 1m30s
  drafts: ${OCTAIL_TEST_BOOL}
  mode: poll
  poll: 90s
  snapshot: [{order: 30d}, product]
journal:
  path: octail.db
  retention: 2w
  max_bytes: ${OCTAIL_TEST_NUMBER}${OCTAIL_TEST_UNIT}
http:
  listen: "[::]:0"
  socket: /run/octail/octail.sock
  token: x${OCTAIL_TEST_NUMBER}y$${z}$$
reconcile:
  at: off
  repair: false
log:
  level: debug
  format: json
sinks:
  - &first
    name: log
    type: file
    entities: &kinds [order, stock]
    timeout: 5s
    path: "-"
    sync: interval
  - {name: log-2, type: file, path: /a, entities: *kinds}
`[1:])
	want := &Config{
		Path: "config.yaml",
		Shop: Shop{Name: "a-shop", Timezone: "Europe/Berlin", ImageBase: "https://shop.example.com/image/", MySQL: MySQL{
			Address: "unix:/run/mysqld/mysqld.sock", User: "octail", Password: "0123", Database: "2026", ServerID: 77,
			TLS: TLS{Mode: "verify", CA: "/etc/octail/ca.pem", Cert: "/etc/octail/client.crt", Key: "/etc/octail/client.key"},
		}},
		Capture: Capture{
			EditHold: 90 * time.Second, Drafts: true, Mode: "poll", Poll: 90 * time.Second,
			Snapshot: []SnapshotItem{{Entity: "order", Window: 720 * time.Hour}, {Entity: "product"}},
		},
		Journal:   Journal{Path: "octail.db", Retention: 336 * time.Hour, MaxBytes: 77e6},
		HTTP:      HTTP{Listen: "[::]:0", Socket: "/run/octail/octail.sock", Token: "x77y${z}$$"},
		Reconcile: Reconcile{},
		Log:       Log{Level: "debug", Format: "json"},
		Sinks: []Sink{
			{Name: "log", Type: "file", Entities: []string{"order", "stock"}, Timeout: 5 * time.Second, Settings: &fileSettings{"-", "interval"}, Line: 35},
			{Name: "log-2", Type: "file", Entities: []string{"order", "stock"}, Timeout: 30 * time.Second, Settings: &fileSettings{"/a", "always"}, Line: 42},
		},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestTLSModes(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	for text, want := range map[string]TLS{
		"off":                           {Mode: "off"},
		"required":                      {Mode: "required"},
		"preferred":                     {Mode: "preferred"},
		"verify":                        {Mode: "verify"},
		"{ca: /etc/octail/ca.pem}":      {Mode: "verify", CA: "/etc/octail/ca.pem"},
		"{cert: /a.crt, key: '/a.key'}": {Mode: "verify", Cert: "/a.crt", Key: "/a.key"},
	} {
		c := load(t, strings.Replace(smallest, "user: octail", "user: octail, tls: "+text, 1))
		if c.Shop.MySQL.TLS != want {
			t.Errorf("tls: %s gave %+v", text, c.Shop.MySQL.TLS)
		}
	}
}

func TestListen(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	for _, listen := range []string{"127.0.0.1:8765", "127.8.9.10:1", "localhost:8765", "'[::1]:8765'", "'[::ffff:127.0.0.1]:8765'"} {
		load(t, smallest+"http: {listen: "+listen+"}\n")
	}
	for _, listen := range []string{"192.0.2.1:8765", "shop.example.com:8765", "'[::]:8765'", "':8765'", "localhost.example.com:1"} {
		_, _, err := Parse("config.yaml", []byte(smallest+"http: {listen: "+listen+"}\n"), testTypes)
		if got := problems(t, err); len(got) != 1 || !strings.Contains(got[0].Message, "http.token") {
			t.Errorf("listen: %s gave %v", listen, err)
		}
		load(t, smallest+"http: {token: abc, listen: "+listen+"}\n")
	}
}

func TestEmptySections(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	if diff := cmp.Diff(load(t, smallest), load(t, smallest+"capture:\nhttp:\nlog: # nothing yet\n")); diff != "" {
		t.Error(diff)
	}
}

func TestByteOrderMark(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	load(t, "\ufeff"+smallest)
	_, _, err := Parse("config.yaml", []byte("shop:\n  name: Caf\xe9\n"), testTypes)
	if got := problems(t, err); len(got) != 1 || got[0].Line != 2 || !strings.Contains(got[0].Message, "save the file as UTF-8") {
		t.Errorf("latin1 gave %v", err)
	}
}

func TestErrorText(t *testing.T) {
	_, _, err := Parse("/etc/octail/config.yaml", []byte("shop:\n\n  mysql: [\n  user: x\nlog: {level: info}\n"), testTypes)
	if got, want := err.Error(), "/etc/octail/config.yaml:3: the list is not closed; end it with ], and put values with [ ] or , in quotes"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, _, err = Parse("c.yaml", []byte(strings.ReplaceAll(strings.ReplaceAll(smallest, "main-shop", "X"), "${OCTAIL_TEST_SECRET}", "")+"log: {level: x}\n"), testTypes)
	want := "c.yaml:3: shop.name: \"X\" must be 1 to 32 of the characters a-z, 0-9 and \"-\", e.g. main-shop\n" +
		"c.yaml:8: log.level: \"x\" is not possible; write one of: debug, info, warn, error"
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLoadUnreadable(t *testing.T) {
	_, _, err := Load(filepath.Join(t.TempDir(), "config.yaml"), testTypes)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read config: ") {
		t.Errorf("a missing file gave %v", err)
	}
	if _, _, err := Load(t.TempDir(), testTypes); err == nil {
		t.Error("a folder was read")
	}
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, slices.Repeat([]byte("#\n"), maxFileBytes/2+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(large, testTypes); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("a large file gave %v", err)
	}
}

func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string, mode fs.FileMode) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("open", hunter2, 0o644)
	write("closed", hunter2, 0o640)
	for _, c := range []struct {
		password string
		mode     fs.FileMode
		want     string
	}{
		{hunter2, 0o640, ""},
		{hunter2, 0o644, "config.yaml:4: shop.mysql.password: stands in clear in a file that every user of this machine can read; chmod 0640 the file, or write ${file:/path} or ${credential:name}"},
		{"${file:closed}", 0o644, ""},
		{"${file:open}", 0o640, "config.yaml:4: shop.mysql.password: file " + dir + "/open can be read by every user of this machine; chmod 0640 it or less"},
		{"${file:" + dir + "/open}", 0o644, "config.yaml:4: shop.mysql.password: file " + dir + "/open can be read by every user of this machine; chmod 0640 it or less"},
		{"", 0o644, ""},
	} {
		write("config.yaml", strings.Replace(smallest, "${OCTAIL_TEST_SECRET}", c.password, 1), c.mode)
		_, warnings, err := Load("config.yaml", testTypes)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range warnings {
			got = append(got, w.String())
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("password %s, mode %o: got %q, want %q", c.password, c.mode, got, c.want)
		}
	}
	// Only secrets are meant.
	load(t, strings.NewReplacer("main-shop", "${file:open}", "${OCTAIL_TEST_SECRET}", "").Replace(
		strings.Replace(smallest, "name: main-shop", `name: "${file:open}"`, 1)))
}

// TestRelativePaths: octail is started in one folder and asked from another, so relative paths begin where the file is.
func TestRelativePaths(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"secret": hunter2, "config.yaml": `
shop:
  name: main-shop
  mysql: {address: 127.0.0.1:3306, user: octail, password: "${file:secret}", database: opencart, tls: {ca: ca.pem, cert: ../client.crt, key: /client.key}}
journal: {path: state/octail.db}
http: {socket: ./s}
sinks:
  - {name: log, type: file, path: events.jsonl}
  - {name: out, type: file, path: "-"}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Dir(dir))
	for _, path := range []string{filepath.Join(dir, "config.yaml"), filepath.Join(filepath.Base(dir), "config.yaml")} {
		c, _, err := Load(path, testTypes)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{c.Journal.Path, c.HTTP.Socket, c.Shop.MySQL.TLS.CA, c.Shop.MySQL.TLS.Cert, c.Shop.MySQL.TLS.Key,
			c.Sinks[0].Settings.(*fileSettings).Path, c.Sinks[1].Settings.(*fileSettings).Path}
		want := []string{dir + "/state/octail.db", dir + "/s", dir + "/ca.pem", filepath.Dir(dir) + "/client.crt", "/client.key", dir + "/events.jsonl", "-"}
		if diff := cmp.Diff(want, got); diff != "" || c.Shop.MySQL.Password != hunter2 {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// slowSettings are of a type whose target takes its time.
type slowSettings struct{}

func (slowSettings) DefaultTimeout() time.Duration { return 2 * time.Minute }

// TestTimeoutOfType: what is written holds, then what the type says, then 30 seconds.
func TestTimeoutOfType(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	types := Types{"slow": func() any { return &slowSettings{} }, "file": testTypes["file"]}
	text := smallest + "  - {name: a, type: slow}\n  - {name: b, type: slow, timeout: 5s}\n"
	c, _, err := Parse("config.yaml", []byte(text), types)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Second} {
		if got := c.Sinks[i].Timeout; got != want {
			t.Errorf("%s: %s, want %s", c.Sinks[i].Name, got, want)
		}
	}
}
