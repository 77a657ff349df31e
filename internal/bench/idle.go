package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"octail/canal"
)

// idle prints what the agent takes on a quiet shop: after its first snapshot is
// delivered and the garbage of it is gone, over so long a time. A webhook sink would
// be as idle as the file sink it has.
func (b *bench) idle(ctx context.Context, length time.Duration) error {
	a, err := b.newAgent(ctx, "idle", "customer, product, stock, category")
	if err != nil {
		return err
	}
	identity, err := canal.Inspect(ctx, b.server.DB())
	if err != nil {
		return err
	}
	here, err := canal.Here(ctx, b.server.DB(), identity)
	if err != nil {
		return err
	}
	r, err := a.run(ctx)
	if err != nil {
		return err
	}
	if err := r.reach(ctx, here); err != nil {
		return r.kill(err)
	}
	pid := r.cmd.Process.Pid
	time.Sleep(5 * time.Second)
	before, err := cpuSoFar(pid)
	if err != nil {
		return r.kill(err)
	}
	queries, err := b.questions(ctx)
	if err != nil {
		return r.kill(err)
	}
	select {
	case <-ctx.Done():
		return r.kill(ctx.Err())
	case <-time.After(length):
	}
	after, err := cpuSoFar(pid)
	if err != nil {
		return r.kill(err)
	}
	asked, err := b.questions(ctx)
	if err != nil {
		return r.kill(err)
	}
	rss, err := memoryOf(pid, "VmRSS")
	if err != nil {
		return r.kill(err)
	}
	perMinute := float64(after-before) / float64(length) * 60
	fmt.Printf("idle: %.3f s CPU a minute (aim 0.05), %.1f MiB resident (aim 40), %.1f statements a minute at the database; over %s, load average %s\n",
		perMinute, mib(rss), float64(asked-queries-1)/length.Minutes(), length, loadAverage())
	return r.end()
}

// questions counts the statements the server was sent.
func (b *bench) questions(ctx context.Context) (n int64, err error) {
	var name string
	err = b.server.DB().QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&name, &n)
	return n, err
}

// cpuSoFar is the CPU time, user and system, a running process has taken. The
// scheduler counts it in nanoseconds per thread; /proc/<pid>/stat has only
// hundredths of a second.
func cpuSoFar(pid int) (time.Duration, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(dir + "/" + thread.Name() + "/schedstat")
		if err != nil {
			return 0, err
		}
		var ns int64
		if _, err := fmt.Sscanf(string(text), "%d", &ns); err != nil {
			return 0, fmt.Errorf("schedstat of thread %s: %w", thread.Name(), err)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// loadAverage is that of the last minute: on a busy machine figures are worse.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(bytes.TrimSpace(text)), " ")
	return first
}
