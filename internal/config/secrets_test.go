package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secretsConfig = `
shop:
  name: main-shop
  mysql: {address: 127.0.0.1:3306, user: octail, password: "%s", database: opencart}
journal: {path: /var/lib/octail/octail.db}
sinks:
  - {name: log, type: file, path: /tmp/events.jsonl}
`

func writeSecretsConfig(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(secretsConfig, "%s", password, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A command that only looks must work in a shell that does not have the agent's secrets.
func TestLoadWithoutSecrets(t *testing.T) {
	path := writeSecretsConfig(t, "${OCTAIL_TEST_UNSET}")
	if _, _, err := Load(path, testTypes); err == nil {
		t.Error("Load took a config with an unset variable")
	}
	cfg, _, err := LoadWithoutSecrets(path, testTypes)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Journal.Path != "/var/lib/octail/octail.db" {
		t.Errorf("journal.path is %q", cfg.Journal.Path)
	}
	// Anything but a secret stays a mistake.
	broken := writeSecretsConfig(t, "x\", user: ${OCTAIL_TEST_UNSET}, nothing: \"")
	if _, _, err := LoadWithoutSecrets(broken, testTypes); err == nil {
		t.Error("a mistake was overlooked")
	}
}

// Outside of systemd a credential is looked up where the unit takes it from.
func TestCredentialOutsideSystemd(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	before := credentialsFolder
	defer func() { credentialsFolder = before }()
	credentialsFolder = t.TempDir()
	if err := os.WriteFile(filepath.Join(credentialsFolder, "mysql-password"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := Load(writeSecretsConfig(t, "${credential:mysql-password}"), testTypes)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Shop.MySQL.Password.Reveal(); got != "s3cret" {
		t.Error("the credential was not read")
	}
}
