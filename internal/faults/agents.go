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
	s.figure("said", s.until("one of them to say that the two throw each other out", func() bool {
		return len(first.said("server_id", "77001")) > 0 || len(second.said("server_id", "77001")) > 0
	}))
	s.figure("kicks", len(first.said("reason=twin"))+len(second.said("reason=twin")))
	second.kill()
	s.place(2)
	if first.over() { // the service manager starts it again
		s.want(first.code() == 1, "the agent ends with code %d", first.code())
		s.ready()
	}
	s.recover()
	lines, err := ledger.Lines(filepath.Join(other, "events.jsonl"))
	s.must(err)
	s.figure("other_events", len(lines))
}
