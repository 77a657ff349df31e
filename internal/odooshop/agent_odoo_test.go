//go:build odoo

package odooshop

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// program is the octail that is tested, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "octail-odooshop-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "octail")
	build := exec.Command("go", "build", "-tags", "failpoints", "-o", path, "octail/cmd/octail")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build octail: %w\n%s", err, out)
	}
	return path, nil
})

// agent is octail between a shop and an Odoo.
type agent struct {
	t      *testing.T
	dir    string
	octail string
	cmd    *exec.Cmd
	exited chan struct{}
	log    *os.File
}

// between writes the configuration of an agent; further are lines of the sink's settings.
func between(t *testing.T, server *shoptest.Server, database, zone, capture string, odoo *odootest.Odoo, further ...string) *agent {
	t.Helper()
	octail, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "octail-odoo-") // a path that a socket's name still fits into
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t, dir: dir, octail: octail}
	text := fmt.Sprintf(`shop:
  name: main-shop
  timezone: %s
  mysql: {address: %q, user: root, password: "", database: %s}
capture: {settle: 50ms, edit_hold: 5s, snapshot: %s}
journal: {path: %q}
http: {listen: "127.0.0.1:0", socket: %q}
log: {format: text}
sinks:
  - name: erp
    type: odoo
    url: %q
    database: %s
    api_key: %s
    timeout: 60s
    %s
`, zone, server.Addr(), database, capture, filepath.Join(dir, "octail.db"), filepath.Join(dir, "s"), odoo.URL, odoo.Database, odoo.Key, strings.Join(further, "\n    "))
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if a.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.kill()
		if t.Failed() {
			t.Logf("the agent's log ends:\n%s", a.tail())
		}
		_ = a.log.Close()
		_ = os.RemoveAll(dir)
	})
	return a
}

// start runs the agent; what it would wait for minutes takes seconds.
func (a *agent) start() {
	a.t.Helper()
	a.cmd = exec.Command(a.octail, "--config", filepath.Join(a.dir, "config.yaml"), "run")
	a.cmd.Env = append(os.Environ(), "OCTAIL_HURRY=30")
	a.cmd.Stdout, a.cmd.Stderr = a.log, a.log
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	cmd, exited := a.cmd, make(chan struct{})
	a.exited = exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
}

// kill ends it as kill -9 does.
func (a *agent) kill() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Kill()
	<-a.exited
	a.cmd = nil
}

// run runs another command of octail beside the agent.
func (a *agent) run(args ...string) (string, error) {
	cmd := exec.Command(a.octail, append([]string{"--config", filepath.Join(a.dir, "config.yaml")}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tail is the end of its log.
func (a *agent) tail() string {
	text, _ := os.ReadFile(a.log.Name())
	return string(text[max(0, len(text)-6000):])
}

// status is what the agent says of itself and of the sink.
type status struct {
	Sentence  string
	Reasons   []string
	Source    struct{ State, Position string }
	Documents struct{ Pending int }
	Journal   struct{ Dirty int }
	Sinks     []struct {
		Pending, Parked, Dead int64
		Stopped, Class        string
		Error                 string `json:"last_error"`
	}
}

func (a *agent) status() (st status, err error) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(a.dir, "s"))
	}}}
	res, err := client.Get("http://octail/api/v1/status")
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	return st, json.NewDecoder(res.Body).Decode(&st)
}

// idle tells whether it has read the shop up to a transaction and delivered all of it.
func (a *agent) idle(gtid string) bool {
	st, err := a.status()
	if err != nil || st.Source.State != "connected" || st.Documents.Pending > 0 || st.Journal.Dirty > 0 || len(st.Sinks) == 0 || !strings.Contains(st.Source.Position, "(GTID "+gtid+")") {
		return false
	}
	return st.Sinks[0].Pending == 0 && st.Sinks[0].Parked == 0
}

// until waits until something is so, and says what the agent says when it never is.
func (a *agent) until(limit time.Duration, what string, so func() bool) {
	a.t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			st, err := a.status()
			a.t.Fatalf("waited %s in vain for %s: %v %s %q", limit, what, err, st.Sentence, st.Reasons)
		}
	}
}
