package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// report is `octail check --json`.
type report struct {
	Worst       string
	Unreachable bool
	Findings    []struct{ Check, Level, Message, Remedy string }
	LeftOut     []struct{ Check, Reason string } `json:"left_out"`
}

func readReport(t *testing.T, text string) report {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Findings == nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return r
}

// TestCheckOffline looks at good files, files with a warning and files with
// mistakes; it needs no database.
func TestCheckOffline(t *testing.T) {
	good := writeConfig(t, "")
	code, stdout, stderr := octail(t, "--config", good, "check", "--offline")
	if code != 0 || stdout != "✓ "+good+" is a valid configuration\n" || stderr != "" {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
	code, stdout, _ = octail(t, "check", "--offline", "--json", "--config", good)
	if r := readReport(t, stdout); code != 0 || r.Worst != "ok" || len(r.Findings) != 1 || len(r.LeftOut) != 1 {
		t.Errorf("%d %s", code, stdout)
	}

	t.Run("warning", func(t *testing.T) {
		path := writeConfig(t, "")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), "${OCTAIL_TEST_PASSWORD}", "in-clear", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		code, stdout, _ := octail(t, "--config", path, "check", "--offline")
		if code != 0 {
			t.Error(code)
		}
		has(t, stdout, "! "+path+":4: ", "stands in clear", "chmod 0640", "✓ "+path)
		if strings.Contains(stdout, "in-clear") {
			t.Error("the password is printed")
		}
		code, stdout, _ = octail(t, "--config", path, "check", "--offline", "--json")
		if r := readReport(t, stdout); code != 0 || r.Worst != "warning" || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message, "stands in clear") {
			t.Errorf("%d %s", code, stdout)
		}
	})

	t.Run("mistakes", func(t *testing.T) {
		path := writeConfig(t, "captur: {}\nlog: {level: loud}\n")
		code, stdout, stderr := octail(t, "--config", path, "check", "--offline")
		if code != 2 || stdout != "" {
			t.Errorf("%d %s", code, stdout)
		}
		has(t, stderr, "octail: the configuration has mistakes:\n", path+":8: ", "captur", "capture", path+":9: ", "loud")
		code, stdout, _ = octail(t, "--config", path, "check", "--json")
		if r := readReport(t, stdout); code != 2 || r.Worst != "error" || len(r.Findings) != 2 || !strings.HasPrefix(r.Findings[0].Message, path+":8: ") {
			t.Errorf("%d %s", code, stdout)
		}
	})

	t.Run("no file", func(t *testing.T) {
		code, stdout, _ := octail(t, "--config", filepath.Join(t.TempDir(), "none.yaml"), "check", "--json")
		if r := readReport(t, stdout); code != 2 || r.Worst != "error" || len(r.Findings) != 1 {
			t.Errorf("%d %s", code, stdout)
		}
	})
}

// TestCheckUnreachable: exit code 3, and the password is in no line.
func TestCheckUnreachable(t *testing.T) {
	path := writeConfig(t, "")
	code, stdout, stderr := octail(t, "--config", path, "check")
	if code != 3 || stderr != "" {
		t.Errorf("%d %s", code, stderr)
	}
	has(t, stdout, "nothing listens at host 127.0.0.1, port 1", "could not be reached")
	if strings.Contains(stdout, "secret") {
		t.Error("the password is printed")
	}
	code, stdout, _ = octail(t, "--config", path, "check", "--json")
	if r := readReport(t, stdout); code != 3 || !r.Unreachable || r.Worst != "error" {
		t.Errorf("%d %s", code, stdout)
	}
}
