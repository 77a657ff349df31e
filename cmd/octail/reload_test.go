package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"octail/internal/console"
)

func TestReloadCommand(t *testing.T) {
	for _, c := range []struct {
		answer string
		args   string
		code   int
		stdout []string
		stderr []string
	}{
		{`{"report":{"applied":true,"changed":["log.level"],"sinks":[{"name":"log","what":"unchanged"},{"name":"erp","what":"added"}]}}`, "reload", 0,
			[]string{"  sink log: unchanged\n", "  sink erp: added\n", "in use: added sink erp; changed log.level."}, nil},
		{`{"report":{"applied":false,"restart":["shop.name"],"errors":["sink erp: no"]}}`, "reload", 1, nil,
			[]string{"✗ shop.name was changed", "restart octail", "✗ sink erp: no", "goes on as before"}},
		{`{"report":{"applied":false,"mistakes":["config.yaml:7: file /run/key does not exist"],"restart":["shop.name"]}}`, "reload", 2, nil,
			[]string{"✗ config.yaml:7: file /run/key does not exist"}},
		{`{"report":{"applied":false,"restart":["shop.name"]}}`, "reload --json", 1, []string{`"applied": false`, `"shop.name"`}, nil},
		{`{"error":"octail stops just now"}`, "reload", 1, nil, []string{"octail: octail stops just now"}},
		{``, "reload", 3, nil, []string{"went away"}},
	} {
		config, asked := answering(t, c.answer)
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(c.args)...)...)
		if code != c.code || *asked != "POST /api/v1/reload " {
			t.Errorf("%s: exit code %d, asked %q", c.answer, code, *asked)
		}
		has(t, stdout, c.stdout...)
		has(t, stderr, c.stderr...)
		if (stdout == "") != (c.stdout == nil) || (stderr == "") != (c.stderr == nil) {
			t.Errorf("%s: on the wrong output:\n%s---\n%s", c.answer, stdout, stderr)
		}
	}
	if code, _, stderr := octail(t, "--config", writeConfig(t, ""), "reload"); code != exitUnreachable || !strings.Contains(stderr, "the agent is not running") {
		t.Errorf("without an agent: %d %s", code, stderr)
	}
	if code, _, stderr := octail(t, "--config", writeConfig(t, "capture: {setle: 1s}\n"), "reload"); code != exitUsage || !strings.Contains(stderr, "config.yaml:8:") {
		t.Errorf("with a mistake: %d %s", code, stderr)
	}
}

// running is an agent in a process of its own, whose database is away.
type running struct {
	t      *testing.T
	config string // its file
	cmd    *exec.Cmd
	log    *output
	socket *http.Client
	ended  chan error
}

// output is what a process writes, read while it does.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func beginRunning(t *testing.T, config string) *running {
	t.Helper()
	r := &running{t: t, config: config, cmd: process(t, "--config", config, "run"), log: &output{}, ended: make(chan error, 1)}
	r.cmd.Stderr = r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
	})
	socket := filepath.Join(filepath.Dir(config), "s")
	r.socket = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	waitFor(t, r.ended, func() bool {
		_, err := os.Stat(socket)
		return err == nil && strings.Contains(r.log.String(), "cannot be reached")
	})
	return r
}

func (r *running) ask(method, path string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://octail"+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.socket.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %v", path, res.Status, err)
	}
	return string(body)
}

// reload asks the agent itself: the command looks at the file before.
func (r *running) reload() *console.Reload {
	r.t.Helper()
	var m console.Message[console.Reload]
	if err := json.Unmarshal([]byte(r.ask("POST", "/api/v1/reload")), &m); err != nil || m.Report == nil {
		r.t.Fatalf("%v %s", err, m.Error)
	}
	return m.Report
}

func (r *running) write(text string) {
	r.t.Helper()
	writeFile(r.t, r.config, text)
}

func (r *running) succeeded() bool {
	return strings.Contains(r.ask("GET", "/metrics"), "\noctail_config_last_reload_successful 1\n")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wanted are the comments at the top of a broken file of internal/config: which lines
// have which mistakes.
var wanted = regexp.MustCompile(`(?m)^# want: (\d+): (.*)$`)

// TestBrokenConfigs (F62): each broken file is refused with all its mistakes at once,
// each with file and line, by the command and by a running agent, which goes on with
// what it has.
func TestBrokenConfigs(t *testing.T) {
	files, err := filepath.Glob("../../internal/config/testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d broken files (%v)", len(files), err)
	}
	t.Setenv("OCTAIL_TEST_SECRET", "hunter2")
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	config := writeConfig(t, "")
	good := readFile(t, config)
	r := beginRunning(t, config)
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(config) + `:(\d+): \S`)
	mistaken := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text := readFile(t, file)
			writeFile(t, config, text)
			code, stdout, stderr := octail(t, "--config", config, "check", "--offline")
			if code != exitUsage || stdout != "" {
				t.Errorf("check: exit code %d %s", code, stdout)
			}
			answer := r.reload()
			mistakes := strings.Join(answer.Mistakes, "\n")
			mistaken += len(answer.Mistakes)
			if answer.Applied {
				t.Fatal("the agent has taken it")
			}
			// Which mistake is said in which words is internal/config's business, and that
			// of each sink.
			var want []string
			for _, w := range wanted.FindAllStringSubmatch(text, -1) {
				want = append(want, w[1])
			}
			for who, said := range map[string]string{"check": stderr, "the agent": mistakes} {
				var lines []string
				for _, m := range line.FindAllStringSubmatch(said, -1) {
					lines = append(lines, m[1])
				}
				if len(want) == 0 || !slices.Equal(lines, want) {
					t.Errorf("%s names lines %q, want %q:\n%s", who, lines, want, said)
				}
			}
			if strings.Contains(stderr+mistakes, "hunter2") {
				t.Error("a secret is in the message")
			}
		})
	}
	if r.succeeded() {
		t.Error("the metric says that the last one is in use")
	}
	// The same by SIGHUP; and then a good one.
	broken := files[len(files)-1]
	writeFile(t, config, readFile(t, broken))
	before := 0
	waitFor(t, r.ended, func() bool {
		before = strings.Count(r.log.String(), "is not applied")
		return before == mistaken // each mistake is a line
	})
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, r.ended, func() bool { return strings.Count(r.log.String(), "is not applied") > before })
	has(t, r.log.String(), "SIGHUP: ", config+":"+wanted.FindStringSubmatch(readFile(t, broken))[1]+": ")
	has(t, r.ask("GET", "/api/v1/status"), `"name": "log"`)
	r.write(good)
	code, stdout, stderr := octail(t, "--config", config, "reload")
	if code != 0 || !strings.Contains(stdout, "sink log: unchanged") {
		t.Errorf("a good one: %d %s%s", code, stdout, stderr)
	}
	if !r.succeeded() {
		t.Error("the metric says that the good one is not in use")
	}
	if strings.Contains(r.log.String(), "hunter2") {
		t.Error("a secret is in the log")
	}
}

// TestSecretFiles (F63): what is wrong with a secret's file is said with its name, one
// that was rotated is taken, and no value is in a message, the log, a metric or a page.
func TestSecretFiles(t *testing.T) {
	config := writeConfig(t, "")
	t.Setenv("OCTAIL_TEST_PASSWORD", "sesame-password")
	key := filepath.Join(filepath.Dir(config), "key")
	good := strings.Replace(readFile(t, config), "sinks: [", fmt.Sprintf(
		"sinks: [{name: hook, type: webhook, url: \"http://127.0.0.1:1/\", headers: {X-Key: \"${file:%s}\"}}, ", key), 1)
	writeFile(t, config, good)
	writeFile(t, key, "sesame-one\n")
	r := beginRunning(t, config)
	var said strings.Builder
	try := func(code int, part string) {
		t.Helper()
		got, stdout, stderr := octail(t, "--config", config, "reload")
		said.WriteString(stdout + stderr)
		if got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
		has(t, stdout+stderr, part)
		if got, stdout, stderr = octail(t, "--config", config, "check", "--offline"); got != code {
			t.Errorf("check: exit code %d, want %d", got, code)
		}
		said.WriteString(stdout + stderr)
		if code != 0 {
			has(t, stdout+stderr, part)
		}
	}
	try(0, "sink hook: unchanged")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	try(exitUsage, "file "+key+" does not exist")
	writeFile(t, key, "")
	try(exitUsage, "file "+key+" is empty")
	writeFile(t, key, "\n")
	try(exitUsage, "file "+key+" is empty")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(key, 0o700); err != nil {
		t.Fatal(err)
	}
	try(exitUsage, "file "+key+" is not a regular file")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	writeFile(t, key, "sesame-one\nsesame-two\n") // no header may have two lines
	try(exitUsage, "X-Key")
	writeFile(t, key, "sesame-one") // the same without its line end
	try(0, "sink hook: unchanged")
	writeFile(t, key, "sesame-three\r\n")
	try(0, "sink hook: changed")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	try(0, "! "+config+":")
	has(t, said.String(), "file "+key+" can be read")
	waitFor(t, r.ended, func() bool { return strings.Contains(r.log.String(), "file "+key+" can be read") })
	has(t, r.log.String(), "file "+key+" does not exist", "file "+key+" is empty", "changed sink hook")
	for _, path := range []string{"/", "/metrics", "/api/v1/status"} {
		said.WriteString(r.ask("GET", path))
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		r.ended <- err
		if err != nil {
			t.Errorf("the agent ended with %v", err)
		}
	case <-time.After(atMost):
		t.Fatal("the agent does not end")
	}
	for where, text := range map[string]string{"log": r.log.String(), "what was said": said.String()} {
		if strings.Contains(text, "sesame") {
			t.Errorf("a secret is in the %s:\n%s", where, text)
		}
	}
}
