package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"octail/internal/journal"
)

// outage prints what it takes to start behind a target that was down for 72 hours:
// so many revisions of so many entities wait, all but those of the last hour packed
// as retention does. Journal and lane are in a process of their own, whose highest
// resident memory counts. keep, when given, is a folder for the journal, which is
// made once: another run finds it there.
func outage(ctx context.Context, entities, revisions int, keep string) error {
	dir, err := os.MkdirTemp("", "octail-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	made := dir
	if keep != "" {
		made = keep
	}
	source := filepath.Join(made, fmt.Sprintf("outage-%d-%d.db", entities, revisions))
	if _, err := os.Stat(source); err != nil {
		if err := makeOutage(ctx, source, entities, revisions); err != nil {
			return errors.Join(err, os.Remove(source))
		}
	}
	path := source
	if keep != "" { // it is to be found as it was made
		path = filepath.Join(dir, "octail.db")
		if err := copyFile(source, path); err != nil {
			return err
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, exe, "after-outage", path, strconv.Itoa(entities))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func makeOutage(ctx context.Context, path string, entities, revisions int) error {
	j, err := journal.Open(ctx, path)
	if err != nil {
		return err
	}
	defer j.Close()
	if err := register(ctx, j, sinkName); err != nil {
		return err
	}
	began, h := time.Now(), newHistory(j)
	lastHour := revisions - revisions/72
	bytes := 0
	err = h.spread(ctx, keys(entities), revisions, func(done int) error {
		h.at = began.Add(time.Duration(done-revisions) * (72 * time.Hour / time.Duration(revisions)))
		if done%10_000 != 0 || done > lastHour {
			return nil
		}
		// To retention it is days later.
		_, err := j.Retain(ctx, time.Now().Add(72*time.Hour), 30*24*time.Hour, 0, []string{sinkName})
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range h.newest {
		bytes += len(r.enc.JSON)
	}
	counts, err := j.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("outage: made %d revisions of %d entities, %d bytes a document, in %.0f s; the journal has %.0f MiB\n",
		counts.Events, counts.Documents, bytes/len(h.newest), time.Since(began).Seconds(), mib(counts.Bytes))
	return j.Close()
}

// afterOutage is the process that is measured.
func afterOutage(ctx context.Context, path string, entities int64) error {
	began := time.Now()
	j, err := journal.Open(ctx, path)
	if err != nil {
		return err
	}
	defer j.Close()
	opened := time.Since(began)
	peakOpen, err := memoryOf(os.Getpid(), "VmHWM")
	if err != nil {
		return err
	}
	target := newTarget()
	l, err := startLane(ctx, j, sinkName, target, states)
	if err != nil {
		return err
	}
	defer l.end()
	err = until(ctx, 10*time.Minute, func() bool { return target.newest(j.Last()) && l.Status(ctx).Pending == 0 })
	if err != nil {
		return fmt.Errorf("%w: %d deliveries, %d pending", err, target.deliveries(), l.Status(ctx).Pending)
	}
	took := time.Since(began)
	peak, err := memoryOf(os.Getpid(), "VmHWM")
	if err != nil {
		return err
	}
	n, distinct := target.deliveries(), target.entities()
	fmt.Printf("outage: start %.2f s (journal open %.2f s, aim 5), %.1f MiB peak (%.1f when open, aim 128), %d deliveries of %d entities (aim %d) in %.1f s\n",
		target.first.Sub(began).Seconds(), opened.Seconds(), mib(peak), mib(peakOpen), n, distinct, entities, took.Seconds())
	if int64(distinct) != entities {
		return fmt.Errorf("%d entities were delivered, there are %d", distinct, entities)
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := exec.Command("cp", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, b)
	}
	return nil
}
