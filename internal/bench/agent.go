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
	a := &agent{bench: b, dir: filepath.Join(b.dir, name)}
	if err := os.Mkdir(a.dir, 0o700); err != nil {
		return nil, err
	}
	a.config = filepath.Join(a.dir, "config.yaml")
	text := fmt.Sprintf(`
shop:
  name: bench-shop
  mysql: {address: "unix:%s", user: root, password: "", database: %s}
capture: {snapshot: [%s]}
journal: {path: %s}
http: {listen: "127.0.0.1:0", socket: %s}
log: {level: warn}
sinks:
  - {name: events, type: file, path: %s}
`, b.server.Socket(), database, snapshot, filepath.Join(a.dir, "octail.db"), filepath.Join(a.dir, "s"), filepath.Join(a.dir, "events.jsonl"))
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	a.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(a.dir, "s"))
	}}}
	var err error
	a.first, err = a.catchUp(ctx, 0)
	return a, err
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
	cmd := exec.CommandContext(ctx, a.bench.octail, "--config", a.config, "run")
	var log bytes.Buffer
	cmd.Stderr = &log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return used{}, err
	}
	fail := func(err error) (used, error) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return used{}, fmt.Errorf("%w\n%s", err, log.String())
	}
	for {
		time.Sleep(200 * time.Millisecond)
		if ctx.Err() != nil {
			return fail(ctx.Err())
		}
		if time.Since(began) > 10*time.Minute {
			return fail(fmt.Errorf("octail did not catch up in ten minutes"))
		}
		st, err := a.status(ctx)
		if err == nil && st.Source.State == "connected" && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) == 1 && st.Sinks[0].Pending == 0 &&
			bytes.Contains([]byte(st.Source.Position), []byte("(GTID "+here.GTID+")")) {
			break
		}
	}
	wall := time.Since(began)
	peak, err := peakOf(cmd.Process.Pid)
	if err != nil {
		return fail(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fail(err)
	}
	if err := cmd.Wait(); err != nil {
		return fail(err)
	}
	after, err := lines(filepath.Join(a.dir, "events.jsonl"))
	if err != nil {
		return used{}, err
	}
	if after["octail.order.created"]-before["octail.order.created"] != orders {
		return used{}, fmt.Errorf("%d orders arrived instead of %d", after["octail.order.created"]-before["octail.order.created"], orders)
	}
	return used{cpuOf(cmd), peak, wall}, nil
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

// peakOf is the highest resident memory a running process has had. (The kernel's
// ru_maxrss of a child begins with its parent's.)
func peakOf(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		var kib int64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("no VmHWM for process %d", pid)
}
