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
	"strings"
	"sync"
	"syscall"
	"time"
)

// conf is what the agent's configuration is made of.
type conf struct {
	settle, hold, snapshot  string
	address, user, password string // of the database
	prefix                  string
	journal                 string   // further settings of the journal
	http                    string   // further settings of http
	mysql                   string   // further settings of shop.mysql
	extra                   string   // further sections
	sinks                   []string // in flow style
}

// text is the configuration for an agent in a folder, with its journal on a disk in it.
func (c conf) text(dir, disk, database string) string {
	journal := fmt.Sprintf("path: %q", filepath.Join(dir, disk, "octail.db"))
	if c.journal != "" {
		journal += ", " + c.journal
	}
	web := fmt.Sprintf(`listen: "127.0.0.1:0", socket: %q`, filepath.Join(dir, "s"))
	if c.http != "" {
		web = c.http + fmt.Sprintf(", socket: %q", filepath.Join(dir, "s"))
	}
	return fmt.Sprintf(`shop:
  name: test-shop
  table_prefix: %q
  mysql: {address: %q, user: %s, password: %q, database: %s%s}
capture: {settle: %s, edit_hold: %s, snapshot: %s}
journal: {%s}
http: {%s}
log: {format: text}
%ssinks:
  - %s
`, c.prefix, c.address, c.user, c.password, database, c.mysql, c.settle, c.hold, c.snapshot, journal, web, c.extra, strings.Join(c.sinks, "\n  - "))
}

// configFile is where a folder's configuration lies.
func configFile(dir string) string { return filepath.Join(dir, "config.yaml") }

// configure writes the scene's configuration.
func (s *scene) configure() {
	s.must(os.WriteFile(configFile(s.dir), []byte(s.conf.text(s.dir, s.disk, s.database)), 0o600))
}

// agent is octail at work.
type agent struct {
	cmd     *exec.Cmd
	dir     string
	log     output
	started time.Time
	ended   chan struct{}
}

// output keeps what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the agent on the scene's configuration, with further environment.
func (s *scene) start(env ...string) *agent {
	s.configure()
	s.started = time.Now()
	s.agent = s.startIn(s.dir, exec.Command(s.octail, "--config", configFile(s.dir), "run"), env...)
	return s.agent
}

// ready starts the agent and waits until it reads the shop.
func (s *scene) ready(env ...string) *agent {
	a := s.start(env...)
	s.until("the agent to be ready", func() bool {
		if a.over() {
			s.failf("the agent has ended: %s", a.tail())
		}
		return a.answers("/readyz")
	})
	return a
}

// startIn runs a command that is an agent with its state in a folder.
func (s *scene) startIn(dir string, cmd *exec.Cmd, env ...string) *agent {
	a := &agent{cmd: cmd, dir: dir, started: time.Now(), ended: make(chan struct{})}
	a.cmd.Env = append(os.Environ(), env...)
	a.cmd.Stderr = &a.log
	s.must(a.cmd.Start())
	go func() {
		_ = a.cmd.Wait()
		close(a.ended)
	}()
	s.after = append(s.after, a.kill)
	return a
}

func (a *agent) over() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// kill ends the agent at once.
func (a *agent) kill() {
	if !a.over() {
		_ = a.cmd.Process.Signal(syscall.SIGCONT) // it may be stopped
		_ = a.cmd.Process.Kill()
		<-a.ended
	}
}

// dies waits for the agent to end by itself.
func (a *agent) dies(within time.Duration) bool {
	select {
	case <-a.ended:
		return true
	case <-time.After(within):
		return false
	}
}

// signal sends one to the agent.
func (a *agent) signal(sig syscall.Signal) { _ = a.cmd.Process.Signal(sig) }

// stop ends the agent in good order.
func (s *scene) stop() (took time.Duration) {
	began := time.Now()
	s.agent.signal(syscall.SIGTERM)
	s.want(s.agent.dies(25*time.Second), "the agent does not end within 25 s of SIGTERM")
	s.want(s.agent.code() == 0, "the agent ends with code %d: %s", s.agent.code(), s.agent.tail())
	return time.Since(began)
}

// code is the exit code of an agent that is over, -1 after a signal.
func (a *agent) code() int { return a.cmd.ProcessState.ExitCode() }

// said lists the lines of the log that hold all of some texts.
func (a *agent) said(texts ...string) (found []string) {
lines:
	for line := range strings.Lines(a.log.String()) {
		for _, t := range texts {
			if !strings.Contains(line, t) {
				continue lines
			}
		}
		found = append(found, strings.TrimRight(line, "\n"))
	}
	return found
}

// tail is the end of the log.
func (a *agent) tail() string {
	all := a.said("")
	return strings.Join(all[max(0, len(all)-5):], "\n    ")
}

// status is what the agent says of itself; of its form the runner knows the public part.
type status struct {
	Level    string
	Sentence string
	Reasons  []string
	PID      int
	Source   struct {
		State, Error, Position string
		Lag                    *struct{ Seconds float64 }
		Hole                   *struct {
			Found, Closed             time.Time
			ReadUpTo                  time.Time `json:"read_up_to"`
			Created, Changed, Deleted int
			Why                       string
			Known, Compared           int
		}
		TablesUnseen string `json:"tables_unseen"`
	}
	Documents struct{ Pending int }
	Journal   struct{ Sequence, Dirty int64 }
	Sinks     []sinkStatus
}

type sinkStatus struct {
	Name      string
	Pending   int64
	Parked    int64
	Dead      int64
	Paused    bool
	Stopped   string
	Waiting   string
	Next      time.Time
	LastError string `json:"last_error"`
}

func (st status) sink(name string) sinkStatus {
	for _, s := range st.Sinks {
		if s.Name == name {
			return s
		}
	}
	return sinkStatus{}
}

// get asks the agent over its socket.
func (a *agent) get(path string) (code int, body []byte, err error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(a.dir, "s"))
		}}}
	res, err := client.Get("http://octail" + path)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

func (a *agent) answers(path string) bool {
	code, _, err := a.get(path)
	return err == nil && code == http.StatusOK
}

func (a *agent) status() (st status, err error) {
	_, body, err := a.get("/api/v1/status")
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal(body, &st)
}

// metric is the value of a series, "" when there is none.
func (a *agent) metric(series string) string {
	_, body, err := a.get("/metrics")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(body)) {
		if value, found := strings.CutPrefix(line, series+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// reads reports whether the agent has read, and journaled, up to a GTID.
func (a *agent) reads(gtid string) bool {
	st, err := a.status()
	return err == nil && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && strings.Contains(st.Source.Position, "(GTID "+gtid+")")
}

// idle reports whether the agent has read up to a GTID ("": it is enough that it reads)
// and has nothing left to do.
func (a *agent) idle(gtid string) bool {
	st, err := a.status()
	if err != nil || st.Source.State != "connected" || st.Documents.Pending > 0 || st.Journal.Dirty > 0 || len(st.Sinks) == 0 {
		return false
	}
	for _, s := range st.Sinks {
		if s.Pending > 0 {
			return false
		}
	}
	return gtid == "" || strings.Contains(st.Source.Position, "(GTID "+gtid+")")
}

// program is a call of the program with a configuration file.
func (s *scene) program(file string, args ...string) *exec.Cmd {
	return exec.CommandContext(s.ctx, s.octail, append([]string{"--config", file}, args...)...)
}

// command runs one on the scene's configuration, to its end.
func (s *scene) command(args ...string) (code int, out string) {
	return s.commandOn(configFile(s.dir), args...)
}

// commandOn runs one on a configuration file, to its end.
func (s *scene) commandOn(file string, args ...string) (code int, out string) {
	cmd := s.program(file, args...)
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		s.must(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}
