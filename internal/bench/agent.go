package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"octail/canal"
	"octail/internal/console"
)

// agent is octail with its own journal and events file.
type agent struct {
	bench  *bench
	dir    string
	config string
	client *http.Client
	first  used // by the first start
}

// newAgent writes a config and starts octail once, so that it follows from here, with
// a snapshot of the entities named ("": of none).
func (b *bench) newAgent(ctx context.Context, name, snapshot string) (*agent, error) {
	sink := fmt.Sprintf("{name: events, type: file, path: %s}", filepath.Join(b.dir, name, "events.jsonl"))
	a, err := b.configure(name, fmt.Sprintf("{snapshot: [%s]}", snapshot), sink)
	if err != nil {
		return nil, err
	}
	a.first, err = a.catchUp(ctx, 0)
	return a, err
}

// configure writes a config with the given section capture and one sink.
func (b *bench) configure(name, capture, sink string) (*agent, error) {
	a := &agent{bench: b, dir: filepath.Join(b.dir, name)}
	if err := os.Mkdir(a.dir, 0o700); err != nil {
		return nil, err
	}
	a.config = filepath.Join(a.dir, "config.yaml")
	text := fmt.Sprintf(`
shop:
  name: bench-shop
  mysql: {address: "unix:%s", user: root, password: "", database: %s}
capture: %s
journal: {path: %s}
http: {listen: "127.0.0.1:0", socket: %s}
log: {level: warn}
sinks:
  - %s
`, b.server.Socket(), database, capture, filepath.Join(a.dir, "octail.db"), filepath.Join(a.dir, "s"), sink)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	a.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(a.dir, "s"))
	}}}
	return a, nil
}

// catchUp runs octail until everything the shop has committed is in the file,
// ends it, and checks that so many orders arrived.
func (a *agent) catchUp(ctx context.Context, orders int64) (used, error) {
	identity, err := canal.Inspect(ctx, a.bench.server.DB())
	if err != nil {
		return used{}, err
	}
	here, err := canal.Here(ctx, a.bench.server.DB(), identity)
	if err != nil {
		return used{}, err
	}
	before, err := lines(filepath.Join(a.dir, "events.jsonl"))
	if err != nil {
		return used{}, err
	}
	began := time.Now()
	r, err := a.run(ctx)
	if err != nil {
		return used{}, err
	}
	if err := r.reach(ctx, here); err != nil {
		return used{}, r.kill(err)
	}
	wall := time.Since(began)
	peak, err := memoryOf(r.cmd.Process.Pid, "VmHWM")
	if err != nil {
		return used{}, r.kill(err)
	}
	if err := r.end(); err != nil {
		return used{}, err
	}
	after, err := lines(filepath.Join(a.dir, "events.jsonl"))
	if err != nil {
		return used{}, err
	}
	if after["octail.order.created"]-before["octail.order.created"] != orders {
		return used{}, fmt.Errorf("%d orders arrived instead of %d", after["octail.order.created"]-before["octail.order.created"], orders)
	}
	return used{cpuOf(r.cmd), peak, wall}, nil
}

// running is an octail at work.
type running struct {
	*agent
	cmd *exec.Cmd
	log bytes.Buffer
}

// run starts octail.
func (a *agent) run(ctx context.Context) (*running, error) {
	r := &running{agent: a, cmd: exec.CommandContext(ctx, a.bench.octail, "--config", a.config, "run")}
	r.cmd.Stderr = &r.log
	return r, r.cmd.Start()
}

// reach waits until everything the shop had committed at a place is delivered.
func (r *running) reach(ctx context.Context, here canal.Position) error {
	for began := time.Now(); time.Since(began) < 10*time.Minute; {
		time.Sleep(200 * time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		st, err := r.status(ctx)
		if err == nil && st.Source.State == "connected" && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) == 1 && st.Sinks[0].Pending == 0 &&
			bytes.Contains([]byte(st.Source.Position), []byte("(GTID "+here.GTID+")")) {
			return nil
		}
	}
	return fmt.Errorf("octail did not catch up in ten minutes")
}

// end stops octail in good order.
func (r *running) end() error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return r.kill(err)
	}
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, r.log.String())
	}
	return nil
}

// kill ends octail because of an error, which it returns with octail's log.
func (r *running) kill(err error) error {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	return fmt.Errorf("%w\n%s", err, r.log.String())
}

func (a *agent) status(ctx context.Context) (st console.Status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://octail/api/v1/status", nil)
	if err != nil {
		return st, err
	}
	res, err := a.client.Do(req)
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	return st, json.NewDecoder(res.Body).Decode(&st)
}

// lines counts the events in a file by type.
func lines(path string) (map[string]int64, error) {
	n := map[string]int64{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	scanner.Buffer(make([]byte, 64<<10), 64<<20)
	for scanner.Scan() {
		_, rest, _ := bytes.Cut(scanner.Bytes(), []byte(`"type":"`))
		typ, _, _ := bytes.Cut(rest, []byte(`"`))
		n[string(typ)]++
	}
	return n, scanner.Err()
}

// memoryOf is what the kernel says of a running process: VmHWM is the highest
// resident memory it has had (ru_maxrss of a child begins with its parent's), VmRSS
// the present one.
func memoryOf(pid int, what string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		var kib int64
		if n, _ := fmt.Sscanf(string(line), what+": %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("no %s for process %d", what, pid)
}
