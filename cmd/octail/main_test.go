package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"octail/internal/shoptest/shoptesting"
)

// asOctail makes the test binary behave as the program: processes of their own
// for what concerns signals, locks and exit codes.
const asOctail = "OCTAIL_TEST_AS_OCTAIL"

func TestMain(m *testing.M) {
	if os.Getenv(asOctail) != "" {
		main()
	}
	shoptesting.Main(m)
}

// process prepares octail as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asOctail+"=1")
	return cmd
}

// octail runs one command line inside the test.
func octail(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{}, args...) // nil would stand for the flags of this test program
	code = execute(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// has fails the test unless text holds all parts.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// writeConfig writes a configuration whose database nobody answers for.
func writeConfig(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`
shop:
  name: main-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "${OCTAIL_TEST_PASSWORD}", database: opencart}
journal: {path: %q}
http: {listen: "127.0.0.1:0", socket: %q}
sinks: [{name: log, type: file, path: %q}]
%s`, filepath.Join(dir, "octail.db"), filepath.Join(dir, "s"), filepath.Join(dir, "events.jsonl"), more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OCTAIL_TEST_PASSWORD", "secret")
	return path
}

// TestUsage: wrong usage is exit code 2, says what is wrong and where to look, and
// prints nothing a script would take for an answer.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args  string
		parts []string
	}{
		{"stat", []string{`octail: unknown command "stat"`, "Did you mean this?", "\tstatus\n", "`octail --help` shows what there is."}},
		{"frobnicate", []string{`octail: unknown command "frobnicate"`, "`octail --help`"}},
		{"status --jsn", []string{"octail: unknown flag: --jsn\n", "`octail status --help` shows what there is."}},
		{"--nosuch status", []string{"unknown flag: --nosuch", "--help`"}},
		{"trace order -1", []string{"-1 is no id: ids are above 0", "`octail trace --help`"}},
		{"dead list --id abc", []string{`--id is a number, or some with commas between them: "abc" is none`}},
		{"dead discard --id 1,x", []string{`"x" is none`}},
		{"status --json=ja", []string{`invalid argument "ja" for "--json" flag: write true or false`}},
		{"init a b", []string{"name one folder of a shop", "octail init /var/www/shop"}},
		{"status extra", []string{`octail status` + "`" + ` takes no argument, and got "extra"`, "`octail status --help`"}},
		{"check /etc/octail/config.yaml", []string{"`octail check` takes no argument"}},
		{"run now", []string{"`octail run` takes no argument"}},
		{"version 1", []string{"`octail version` takes no argument"}},
		{"--config", []string{"flag needs an argument: --config"}},
		{"trace", []string{"name one entity", "`octail trace --help`"}},
		{"trace order 1 2", []string{"name one entity"}},
		{"trace orders 1042", []string{`"orders" is no kind of entity: choose one of`, "order", "customer"}},
		{"dashboards", []string{"name one folder to write into", "`octail dashboards --help`"}},
		{"dashboards one two", []string{"name one folder to write into"}},
		{"demo --duration 20", []string{`invalid argument "20" for "--duration"`, "missing unit", "`octail demo --help`"}},
		{"demo --duration -1s", []string{"--duration -1s"}},
		{"demo --rate -1", []string{"--rate -1"}},
		{"demo --rate NaN", []string{"--rate NaN"}},
		{"demo --rate fast", []string{`invalid argument "fast" for "--rate" flag: it takes a number`}},
		{"demo --opencart 1.4", []string{`--opencart "1.4": choose 1.5, 2.3, 3.0, 4.0 or 4.1`}},
		{"completion tcsh", []string{`no completion for "tcsh": choose one of bash, fish, powershell, zsh`}},
		{"help frobnicate", []string{`there is no command "frobnicate"`, "`octail --help`"}},
		{"help trace order", []string{`there is no command "trace order"`}},
		{"--config nowhere.yaml status", []string{"there is no configuration file nowhere.yaml", "README", "--config"}},
		{"--config nowhere.yaml run", []string{"there is no configuration file nowhere.yaml"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, stdout, stderr := octail(t, strings.Fields(c.args)...)
			if code != 2 || stdout != "" {
				t.Errorf("exit code %d\n%s", code, stdout)
			}
			has(t, stderr, c.parts...)
			if !strings.HasPrefix(stderr, "octail: ") || strings.Contains(stderr, "Usage:") {
				t.Errorf("not the short message:\n%s", stderr)
			}
		})
	}
}

// TestEmpty: a flag or argument that is given and empty chooses nothing, least of all
// everything; no command does anything by it.
func TestEmpty(t *testing.T) {
	config := writeConfig(t, "")
	for _, args := range [][]string{
		{"sync", "order", "--id", ""}, {"sync", "order", "--id="}, {"sync", "order", "--since", ""}, {"sync", "order", "--status", " "}, {"sync", "order", "--store", ""}, {"sync", "order", "--force", "--sink", ""},
		{"dead", "discard", "--reason", "refused", "--sink", ""}, {"dead", "retry", "--id", ""}, {"dead", "list", "--entity", ""},
		{"reconcile", "--repair", "--sink", ""}, {"links", "--export", "links.csv", "--sink", ""}, {"erase", "customer", "17", "--email", ""}, {"init", "shop", "--name", ""},
		{"trace", ""}, {"trace", "order", " "}, {"pause", ""}, {"backup", ""}, {"link", "log", "", "1"}, {"dashboards", ""}, {"init", ""},
	} {
		code, stdout, stderr := octail(t, append([]string{"--config", config}, args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, "empty") {
			t.Errorf("%q: %d %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := octail(t, "--config", "", "status"); code != 2 || !strings.Contains(stderr, "--config is given, but empty") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestHelp: the commands, the README's table of them and the help are the same.
func TestHelp(t *testing.T) {
	code, text, stderr := octail(t, "help")
	if code != 0 || stderr != "" {
		t.Fatal(code, stderr)
	}
	for _, args := range [][]string{nil, {"--help"}, {"-h"}} {
		if code, same, _ := octail(t, args...); code != 0 || same != text {
			t.Errorf("octail %s: %d\n%s", args, code, same)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Commands\n")
	section, _, _ = strings.Cut(section, "Exit codes:")
	var commands []string
	for _, c := range newRoot(nil, nil).Commands() {
		commands = append(commands, c.Name())
		if !strings.Contains(text, "\n  "+c.Name()+" ") {
			t.Errorf("octail help does not list %s", c.Name())
		}
		if !strings.Contains(section, "`octail "+c.Name()) && !strings.Contains(section, "`"+c.Name()+"`") {
			t.Errorf("the README's commands do not name %s", c.Name())
		}
		code, of, _ := octail(t, "help", c.Name())
		_, flag, _ := octail(t, c.Name(), "--help")
		if code != 0 || of != flag || !strings.Contains(of, "Usage:\n  octail "+c.Name()) {
			t.Errorf("help %s: %d\n%s\n%s", c.Name(), code, of, flag)
		}
	}
	for _, m := range regexp.MustCompile("`octail ([a-z]+)").FindAllStringSubmatch(section, -1) {
		if !slices.Contains(commands, m[1]) {
			t.Errorf("the README names a command %s, which is not there", m[1])
		}
	}
}

// TestCompletion: the scripts are there and, where the shell is, without mistakes;
// arguments complete to what they may be.
func TestCompletion(t *testing.T) {
	for shell, part := range map[string]string{"bash": "complete -o default -F __start_octail octail", "zsh": "#compdef octail", "fish": "complete -c octail"} {
		code, script, stderr := octail(t, "completion", shell)
		if code != 0 || stderr != "" {
			t.Errorf("%s: %d %s", shell, code, stderr)
		}
		has(t, script, part)
		if program, err := exec.LookPath(shell); err == nil {
			cmd := exec.Command(program, "-n")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		}
	}
	if code, text, _ := octail(t, "completion"); code != 0 || !strings.Contains(text, "bash") {
		t.Errorf("octail completion: %d %s", code, text)
	}
	for line, want := range map[string][]string{
		"st":     {"status"},
		"trace ": {"order", "customer", "product", "stock", "category"},
		"help ": {"backup", "check", "completion", "dashboards", "dead", "demo", "erase", "init", "link", "links", "pause", "reconcile", "reload", "resume", "run", "status", "sync", "trace", "unlink",
			"version"},
		"dead ":      {"list", "retry", "discard"},
		"pause ":     nil,
		"completion": {"completion"},
		"status ":    nil,
		"status --j": {"--json"},
		"check --o":  {"--offline"},
	} {
		args := strings.Split(line, " ")
		code, out, _ := octail(t, append([]string{"__complete"}, args...)...)
		var got []string
		for l := range strings.Lines(out) {
			if name, _, _ := strings.Cut(strings.TrimSpace(l), "\t"); !strings.HasPrefix(name, ":") {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if code != 0 || !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

func TestVersion(t *testing.T) {
	code, text, _ := octail(t, "version")
	if code != 0 || !regexp.MustCompile(`^octail dev \(go1\.\d+[^ ]*, \w+/\w+\)\n$`).MatchString(text) {
		t.Errorf("%d %q", code, text)
	}
	var v map[string]string
	if code, same, _ := octail(t, "--version"); code != 0 || same != text {
		t.Errorf("--version: %d %s, version says %s", code, same, text)
	}
	code, text, _ = octail(t, "version", "--json")
	if err := json.Unmarshal([]byte(text), &v); err != nil || code != 0 || v["version"] != "dev" || v["go"] == "" || v["platform"] == "" {
		t.Errorf("%d %s", code, text)
	}
}

// TestSilentLibraries: what libraries log by themselves is not among a command's
// messages.
func TestSilentLibraries(t *testing.T) {
	octail(t, "version")
	if slog.Default().Enabled(t.Context(), slog.LevelError) {
		t.Error("slog's default logger, which go-mysql uses, still writes")
	}
}

// TestFailuresAreNoUsage: an error of a command without a code of its own is a
// failure, not wrong usage.
func TestFailuresAreNoUsage(t *testing.T) {
	path := writeConfig(t, "")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "octail.db"), bytes.Repeat([]byte("no journal "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"trace", "order", "1"}, {"run"}} {
		code, stdout, stderr := octail(t, append([]string{"--config", path}, args...)...)
		if code != 1 || stdout != "" || !strings.Contains(stderr, "octail.db") || strings.Contains(stderr, "--help") {
			t.Errorf("%s with a damaged journal: %d\n%s%s", args, code, stdout, stderr)
		}
	}
}
