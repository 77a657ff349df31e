package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/setup"
)

const configPHP = `<?php
define('HTTP_SERVER', 'https://shop.example.com/');
define('DB_HOSTNAME', '127.0.0.1:1');
define('DB_USERNAME', 'shopuser');
define('DB_PASSWORD', 'hunter2');
define('DB_DATABASE', 'opencart');
define('DB_PREFIX', 'oc_');
`

// TestInit: what is written is a good configuration, and is written once.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.php"), []byte(configPHP), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "octail.yaml")
	code, stdout, stderr := octail(t, "--config", path, "init", dir)
	if code != 0 || stderr != "" {
		t.Fatalf("%d %s", code, stderr)
	}
	has(t, stdout, "Written: "+path, "CREATE USER IF NOT EXISTS 'octail'@'127.0.0.1'", "GRANT SELECT ON", "log_bin = mysql-bin", "octail --config "+path+" check")
	for _, secret := range []string{"hunter2", "shopuser"} {
		if strings.Contains(stdout, secret) {
			t.Errorf("%s is printed", secret)
		}
	}
	if code, stdout, stderr := octail(t, "--config", path, "check", "--offline"); code != 0 || stdout != "✓ "+path+" is a valid configuration\n" || stderr != "" {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = octail(t, "--config", path, "init", dir)
	if code != 1 || stdout != "" {
		t.Errorf("%d %s", code, stdout)
	}
	has(t, stderr, "there is a configuration already, "+path, "--force", "octail check")

	code, stdout, _ = octail(t, "--config", path, "init", "--force", "--json", "--name", "a-shop", filepath.Join(dir, "config.php"))
	var r setup.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 0 || r.Shop != "a-shop" || len(r.SQL) == 0 || len(r.Settings) == 0 || r.PasswordMade || r.Looked || r.PasswordFile != filepath.Join(dir, "mysql-password") {
		t.Errorf("%d %v %s", code, err, stdout)
	}
	password, err := os.ReadFile(r.PasswordFile)
	if err != nil || strings.Contains(stdout, strings.TrimSpace(string(password))) {
		t.Errorf("the password is printed (%v)", err)
	}
}

func TestInitUsage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "octail.yaml")
	for _, c := range []struct {
		args []string
		code int
		part string
	}{
		{nil, 2, "name the folder of the shop"},
		{[]string{"a", "b"}, 2, "name one folder of a shop"},
		{[]string{"--database", "a", "--name", "My Shop"}, 2, "shop.name"},
		{[]string{"--database", "a", "--prefix", "a b"}, 2, "the table prefix"},
		{[]string{"--database", "a", "--address", "db.example.com:x"}, 2, "is no port"},
		{[]string{t.TempDir()}, 1, "has no config.php"},
	} {
		code, stdout, stderr := octail(t, append([]string{"--config", path, "init"}, c.args...)...)
		if code != c.code || stdout != "" {
			t.Errorf("%q: %d %s", c.args, code, stdout)
		}
		has(t, stderr, c.part)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("something was written")
	}
}

// TestCheckAs: another user tries with his own rights.
func TestCheckAs(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "octail")
	copyTo(t, exe)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	path := writeConfig(t, "")
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} { // made for this user alone
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(asOctail, "1")
	for mode, want := range map[os.FileMode]int{0o600: 2, 0o644: 3} { // not to be read; read, and nobody answers
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		p := &program{config: path, stdout: &out, stderr: &errs}
		err := p.checkAs(t.Context(), exe, nobody, false)
		var coded *exitError
		if os.Geteuid() != 0 { // then only root can be somebody else
			if err == nil || !strings.Contains(err.Error(), "may not run") {
				t.Errorf("%v", err)
			}
			continue
		}
		if !errors.As(err, &coded) || coded.code != want || !strings.HasPrefix(out.String(), "(as the service's user nobody)\n") {
			t.Errorf("%o: %v\n%s%s", mode, err, out.String(), errs.String())
		}
	}
	p := &program{config: path, stdout: io.Discard, stderr: io.Discard}
	if err := os.Chmod(exe, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := p.checkAs(t.Context(), exe, nobody, true); err == nil || !strings.Contains(err.Error(), "may not run "+exe) {
		t.Error(err)
	}
}

// copyTo copies this test's program.
func copyTo(t *testing.T, path string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close(), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
}
