package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestNeverRun: without journal and agent.
func TestNeverRun(t *testing.T) {
	path := writeConfig(t, "")
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"trace", "1042"}} {
		code, stdout, stderr := octail(t, append([]string{"--config", path}, args...)...)
		if code != 1 || stdout != "" {
			t.Errorf("%s: %d %s", args, code, stdout)
		}
		has(t, stderr, "octail: the agent has never run: there is no journal ", "octail.db")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("looking left something behind: %v %v", entries, err)
	}
}

// TestWithoutAgent: status and trace read the journal, without the agent's secrets.
func TestWithoutAgent(t *testing.T) {
	path := writeConfig(t, "")
	j, err := journal.Open(t.Context(), filepath.Join(filepath.Dir(path), "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.RegisterSink(t.Context(), "log", "file", 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: document.Key{Entity: document.OrderEntity, ID: 1042}, Kind: document.Created,
		Time: time.Now(), Origin: document.FromShop, Schema: 1, Fields: []byte{}, Number: "INV-7", Data: []byte(`{"changed":["id"],"document":{"id":1042}}`)}}}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv("OCTAIL_TEST_PASSWORD")

	code, stdout, stderr := octail(t, "--config", path, "status")
	if code != 1 || stderr != "" {
		t.Errorf("%d %s", code, stderr)
	}
	has(t, stdout, "The agent is not running: start it with", "sink      log (file): 1 pending", "sequence 1, 1 documents", "shop      main-shop: stopped")
	var st console.Status
	code, stdout, _ = octail(t, "--config", path, "status", "--json")
	if err := json.Unmarshal([]byte(stdout), &st); err != nil || code != 1 || st.Level != console.Red || st.Running || st.Sinks[0].Pending != 1 {
		t.Errorf("%d %v %s", code, err, stdout)
	}

	// The agent is well, and somebody has to act all the same.
	dead, _ := answering(t, `{"running":true,"level":"amber","sentence":"Sink log was refused 1 delivery.","sinks":[{"name":"log","dead":1}]}`)
	if code, stdout, _ := octail(t, "--config", dead, "status"); code != 1 || !strings.HasPrefix(stdout, "Sink log was refused") {
		t.Errorf("dead letters: %d %s", code, stdout)
	}
	paused, _ := answering(t, `{"running":true,"level":"amber","sentence":"Sink log is paused.","sinks":[{"name":"log","paused":true}]}`)
	if code, stdout, _ := octail(t, "--config", paused, "status"); code != 0 {
		t.Errorf("paused: %d %s", code, stdout)
	}

	for _, args := range [][]string{{"1042"}, {"order", "1042"}, {"order/1042"}, {"INV-7"}} {
		code, stdout, stderr := octail(t, append([]string{"--config", path, "trace"}, args...)...)
		if code != 0 || stderr != "" {
			t.Errorf("trace %s: %d %s", args, code, stderr)
		}
		has(t, stdout, "order/1042: 1 revision", "created  order/1042@1", "log: waiting")
	}
	var traces []console.Trace
	code, stdout, _ = octail(t, "--config", path, "trace", "--json", "1042")
	if err := json.Unmarshal([]byte(stdout), &traces); err != nil || code != 0 || len(traces) != 1 || !strings.Contains(string(traces[0].Revisions[0].Data), "1042") {
		t.Errorf("%d %s", code, stdout)
	}
	code, stdout, stderr = octail(t, "--config", path, "trace", "--json", "product", "1042")
	if code != 1 || strings.TrimSpace(stdout) != "[]" {
		t.Errorf("%d %s", code, stdout)
	}
	has(t, stderr, "nothing known of product 1042")
}

// TestStrangeAgent: answers that are none.
func TestStrangeAgent(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		code   int
		part   string
	}{
		{"an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "read the journal: disk I/O error", 500) }, 1, "the running agent answers 500 Internal Server Error: read the journal: disk I/O error"},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, 1, "read the running agent's answer"},
		{"without its database", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/status" {
				fmt.Fprint(w, `{"level":"red","sentence":"The shop's database is not connected","unreachable":true}`)
				return
			}
			http.Error(w, "no", 500)
		}, 3, ""},
		{"nothing", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, "ask the running agent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeConfig(t, "")
			l, err := net.Listen("unix", filepath.Join(filepath.Dir(path), "s"))
			if err != nil {
				t.Fatal(err)
			}
			srv := &http.Server{Handler: c.answer}
			go srv.Serve(l)
			defer srv.Close()
			for _, args := range [][]string{{"status"}, {"trace", "1042"}} {
				code, stdout, stderr := octail(t, append([]string{"--config", path}, args...)...)
				if c.part == "" { // told in full, to those who ask for the status
					if args[0] == "status" && (code != c.code || !strings.Contains(stdout, "not connected") || stderr != "") {
						t.Errorf("%s: %d %s%s", args, code, stdout, stderr)
					}
					continue
				}
				if code != c.code || stdout != "" {
					t.Errorf("%s: %d %s", args, code, stdout)
				}
				has(t, stderr, c.part)
			}
		})
	}
}

// TestDeadSocket: a socket that a killed agent left is no agent.
func TestDeadSocket(t *testing.T) {
	path := writeConfig(t, "")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(filepath.Dir(path), "s")})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	code, _, stderr := octail(t, "--config", path, "status")
	if code != 1 {
		t.Error(code)
	}
	has(t, stderr, "the agent has never run")
}
