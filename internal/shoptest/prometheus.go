package shoptest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// prometheusTree is the one version of Prometheus the tests use: another one may
// judge rules and metrics differently.
const prometheusTree = "prometheus-2.42"

// PrometheusTool builds a call of a program of the unpacked Prometheus package,
// "prometheus" or "promtool". The error says how to get it.
func PrometheusTool(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	b := &Binaries{tree: filepath.Join(cache, prometheusTree)}
	program := filepath.Join(b.tree, "usr/bin", name)
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("find %s (unpack it with `make tools`): %w", name, err)
	}
	if err := b.libraries(); err != nil {
		return nil, err
	}
	return b.command(ctx, program, args...), nil
}

// Prometheus is a running Prometheus server.
type Prometheus struct {
	URL     string // e.g. "http://127.0.0.1:9090"
	process *process
}

// StartPrometheus starts a Prometheus on a configuration file and a free port. Its
// data, and its log prometheus.log, are in dir. It may need a moment until it
// answers. It does not outlive this process.
func StartPrometheus(ctx context.Context, dir, config string) (*Prometheus, error) {
	port, err := FreePort(ctx)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	cmd, err := PrometheusTool(context.WithoutCancel(ctx), "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "prometheus.log"))
	if err != nil {
		return nil, fmt.Errorf("open the log of Prometheus: %w", err)
	}
	defer log.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	p, err := startProcess(cmd)
	if err != nil {
		return nil, err
	}
	return &Prometheus{URL: "http://" + address, process: p}, nil
}

// Running reports whether the server has not ended.
func (p *Prometheus) Running() bool { return p.process.running() }

// Stop ends the server.
func (p *Prometheus) Stop() error {
	p.process.signal(syscall.SIGTERM)
	select {
	case <-p.process.exited:
		if p.process.err != nil {
			return fmt.Errorf("prometheus ended: %w", p.process.err)
		}
		return nil
	case <-time.After(stopTimeout):
		p.process.signal(syscall.SIGKILL)
		<-p.process.exited
		return fmt.Errorf("prometheus did not end within %s of being asked to, and was killed", stopTimeout)
	}
}
