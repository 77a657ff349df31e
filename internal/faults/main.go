// Command faults runs the fault catalogue against the built agent: `make faults`. Each
// case has a real database server with a simulated shopper, the real program (built with
// its stop points) and real receivers. It prints one line a case,
//
//	F07 ok lost=0 dup=0 reordered=0 wrong=0 committed=412 recovered=1.8s kills=500
//
// and ends with 1 when one of them is not ok. What is lost or there twice is said by
// package ledger, which shares no code with the agent. docs/faults.md has the table.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fault is a case of the catalogue.
type fault struct {
	number, title string
	run           func(*scene)
	alone         bool // it measures times: nothing else runs beside it
}

// all are the cases, in the order of the catalogue.
func all() []fault {
	list := slices.Concat(kills, disks, agents, databases, holes, fleets, orders, clocks, configs, targets, answers, connectors)
	slices.SortFunc(list, func(a, b fault) int { return cmp.Compare(a.number, b.number) })
	return list
}

// runner is what all cases share.
type runner struct {
	ctx     context.Context
	octail  string // the program, with stop points
	dir     string
	kills   int  // how often F07 kills; other counts follow from it
	short   bool // shorter waits
	verbose bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (ok bool, err error) {
	set := flag.NewFlagSet("faults", flag.ContinueOnError)
	only := set.String("cases", "", "numbers of cases, separated by commas; all")
	killed := set.Int("kills", 0, "how often F07 kills, 500; other counts follow from it")
	short := set.Bool("short", false, "a tenth of the kills, and shorter waits")
	beside := set.Int("parallel", 2, "cases that run beside each other")
	verbose := set.Bool("v", false, "the agents' logs of cases that are not ok")
	keep := set.Bool("keep", false, "leave the cases' folders where they are, and say where")
	if err := set.Parse(args); err != nil {
		return false, err
	}
	todo := all()
	if *only != "" {
		wanted := strings.Split(*only, ",")
		for _, number := range wanted {
			if !slices.ContainsFunc(todo, func(f fault) bool { return f.number == number }) {
				return false, fmt.Errorf("no such case: %s", number)
			}
		}
		todo = slices.DeleteFunc(todo, func(f fault) bool { return !slices.Contains(wanted, f.number) })
	}
	r := &runner{ctx: ctx, kills: *killed, short: *short, verbose: *verbose}
	if r.kills == 0 {
		r.kills = 500
		if r.short {
			r.kills = 50
		}
	}
	if r.dir, err = os.MkdirTemp("", "octail-faults-"); err != nil {
		return false, err
	}
	defer func() {
		if *keep {
			fmt.Println("the folders are in", r.dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(r.dir))
	}()
	r.octail = filepath.Join(r.dir, "octail")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "failpoints", "-o", r.octail, "./cmd/octail")
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("build octail: %w\n%s", err, out)
	}
	began := time.Now()
	bad := r.all(todo, *beside)
	fmt.Printf("%d cases, %d not ok, %.0fs\n", len(todo), bad, time.Since(began).Seconds())
	return bad == 0, ctx.Err()
}

// all runs cases beside each other and says how many are not ok.
func (r *runner) all(todo []fault, beside int) (bad int) {
	var running sync.WaitGroup
	var mu sync.Mutex
	free := make(chan struct{}, beside)
	one := func(f fault) {
		line, ok := r.one(f)
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(line)
		if !ok {
			bad++
		}
	}
	for _, f := range todo {
		if r.ctx.Err() != nil {
			break
		}
		if f.alone {
			running.Wait()
			one(f)
			continue
		}
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			one(f)
		})
	}
	running.Wait()
	return bad
}

// one runs one case and makes its line.
func (r *runner) one(f fault) (line string, ok bool) {
	s := &scene{runner: r, dir: filepath.Join(r.dir, f.number), began: time.Now()}
	why := s.play(f.run)
	word := "ok"
	switch {
	case strings.HasPrefix(why, skipped):
		return fmt.Sprintf("%s skipped: %s", f.number, strings.TrimPrefix(why, skipped)), false
	case why != "":
		word = "FAILED"
	}
	v := s.verdict
	parts := []string{f.number, word, fmt.Sprintf("lost=%d dup=%d reordered=%d wrong=%d committed=%d", v.Lost, v.Duplicated, v.Reordered, v.Wrong, v.Committed)}
	parts = append(parts, s.figures...)
	parts = append(parts, fmt.Sprintf("took=%.0fs (%s)", time.Since(s.began).Seconds(), f.title))
	line = strings.Join(parts, " ")
	if why == "" {
		return line, true
	}
	line += "\n    " + why
	for _, note := range v.Notes {
		line += "\n    " + note
	}
	if r.verbose && s.agent != nil {
		line += "\n" + strings.Join(s.agent.said(""), "\n")
	}
	return line, false
}
