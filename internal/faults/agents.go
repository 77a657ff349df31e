package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"os/exec"

	"octail/internal/faults/ledger"
)

// agents are the cases with two agents.
var agents = []fault{
	{"F17", "two agents on one state directory", twoOnOneState, false},
	{"F18", "two agents with one server_id", twins, false},
}

func twoOnOneState(s *scene) {
	s.openDefault()
	s.ready()
	s.settle()
	began := time.Now()
	code, out := s.command("run")
	took := time.Since(began)
	s.want(code == 4, "the second agent ends with code %d: %s", code, out)
	s.want(took < time.Second, "the second agent ends after %s", took)
	s.want(strings.Contains(out, fmt.Sprint(s.agent.cmd.Process.Pid)), "the message does not name pid %d: %s", s.agent.cmd.Process.Pid, out)
	s.place(3)
	s.recover()
	s.figure("exit", code)
	s.figure("within", fmt.Sprintf("%.2fs", took.Seconds()))
}

// twins lets two agents with states of their own read the log under one server_id. The
// server throws one out when the other comes.
func twins(s *scene) {
	s.openDefault()
	s.conf.mysql = ", server_id: 77001"
	first := s.ready()
	s.settle()
	other := filepath.Join(s.dir, "other")
	s.must(os.Mkdir(other, 0o700))
	conf := s.conf
	conf.sinks = []string{fmt.Sprintf("{name: log, type: file, path: %q}", filepath.Join(other, "events.jsonl"))}
	s.must(os.WriteFile(configFile(other), []byte(conf.text(other, "", s.database)), 0o600))

	check, err := exec.CommandContext(s.ctx, s.octail, "--config", configFile(other), "check").CombinedOutput()
	s.want(strings.Contains(string(check), "server id 77001"), "check does not warn of the other client (%v): %s", err, check)
	second := s.startIn(other, exec.Command(s.octail, "--config", configFile(other), "run"))
	named := func() (line string) {
		for _, a := range []*agent{first, second} {
			for _, l := range a.said("server_id") {
				line = l
			}
		}
		return line
	}
	s.figure("said", s.until("one of them to name server_id", func() bool { return named() != "" }))
	second.kill()
	s.place(2)
	s.recover() // the first goes on without a restart
	lines, err := ledger.Lines(filepath.Join(other, "events.jsonl"))
	s.must(err)
	s.figure("other_events", len(lines))
}
