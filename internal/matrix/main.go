// Command matrix runs the main paths of the tests on several real servers: `make matrix`.
// It prints a line for each server, path and generation of OpenCart (or other variant),
// and a table at the end. Its exit code is 1 when one of them fails.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"octail/internal/shoptest"
)

// path is something that has to work on every server. Its variants are what its test
// runs below it, generations of OpenCart mostly: the lists are the tests' own.
type path struct {
	name  string
	pkg   string
	run   string   // -test.run
	args  []string // further arguments of the test binary
	short bool     // part of the short form
}

var paths = []path{
	{"first-start", "internal/app", "^TestFirstStart$", nil, true},
	{"check", "internal/app", "^TestCheckCommand$", nil, true},
	{"shop-in-use", "internal/app", "^TestShopInUse$", nil, true},
	{"reconcile", "internal/app", "^TestReconcile$", nil, false},
	{"sync", "internal/app", "^TestSync$", nil, false},
	{"poll", "internal/app", "^TestPolledChanges$", nil, false},
	{"hole", "internal/app", "^TestFaults$/^F2(2_purged|3_log_begun_anew)$", []string{"-faults"}, true},
	{"doubt", "internal/app", "^TestFaults$/^F2(6_one_session_in_statement_format|6_one_session_with_minimal_images|7_TRUNCATE)$", []string{"-faults"}, false},
	{"fail-over", "internal/app", "^TestFailOver$/^F24_while_it_(runs|is_stopped)$", []string{"-faults"}, false},
	{"kill", "internal/app", "^TestKill$", []string{"-kills", "8"}, false},
	{"restart-of-the-server", "internal/app", "^TestDatabaseComesAndGoes$", nil, false},
	{"tables-change", "internal/app", "^Test(Tables|Columns)ComeAndGo$", nil, false},
	{"capture", "canal", "^Test(Cases|LostPlaces|Interruptions)$", nil, false},
	{"read", "internal/shop", "^Test(Proven|NotVisible|Sets|Snapshot)$", nil, false},
	{"findings", "internal/check", "^Test(Sound|Position|Grants)$", nil, false},
}

// usual are the servers of the matrix.
var usual = []string{"mariadb-10.5", "mariadb-10.11", "mariadb-11.8", "mysql-9.7"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// cell is the result of one variant of a path on one server.
type cell struct {
	path, variant string
	took          string
	ok            bool
}

func run(ctx context.Context, args []string) (ok bool, err error) {
	set := flag.NewFlagSet("matrix", flag.ContinueOnError)
	servers := set.String("servers", strings.Join(usual, ","), "where to run")
	only := set.String("paths", "", "names of paths, separated by commas; all")
	short := set.Bool("short", false, "the short form alone")
	if err := set.Parse(args); err != nil {
		return false, err
	}
	todo := slices.DeleteFunc(slices.Clone(paths), func(p path) bool {
		return *short && !p.short || *only != "" && !slices.Contains(strings.Split(*only, ","), p.name)
	})
	if len(todo) == 0 {
		return false, fmt.Errorf("no such path: %s", *only)
	}
	dir, err := os.MkdirTemp("", "octail-matrix-")
	if err != nil {
		return false, fmt.Errorf("make a folder for the test binaries: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binaries := map[string]string{}
	for _, p := range todo {
		if binaries[p.pkg] != "" {
			continue
		}
		binaries[p.pkg] = filepath.Join(dir, strings.ReplaceAll(p.pkg, "/", "-")+".test")
		if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binaries[p.pkg], "./"+p.pkg).CombinedOutput(); err != nil {
			return false, fmt.Errorf("build the tests of %s: %w\n%s", p.pkg, err, out)
		}
	}
	list, results := strings.Split(*servers, ","), map[string][]cell{}
	ok = true
	for _, server := range list {
		if err := fetch(ctx, server); err != nil {
			return false, err
		}
		for _, p := range todo {
			cells, output := try(ctx, server, p, binaries[p.pkg])
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			good := true
			for _, c := range cells {
				fmt.Printf("%s %s %s %s %s\n", server, c.path, c.variant, word(c.ok), c.took)
				good = good && c.ok
			}
			if !good {
				ok = false
				fmt.Println(output)
			}
			results[server] = append(results[server], cells...)
		}
	}
	table(list, results)
	return ok, nil
}

func word(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAILED"
}

// fetch unpacks a server that is not there yet.
func fetch(ctx context.Context, server string) error {
	flavor, version, _ := strings.Cut(server, "-")
	_, err := shoptest.Find(flavor, version)
	var missing *shoptest.NotFoundError
	if !errors.As(err, &missing) {
		return err
	}
	began := time.Now()
	cmd := exec.CommandContext(ctx, "internal/shoptest/fetch.sh", flavor, version)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("fetch %s: %w", server, err)
	}
	fmt.Printf("%s fetched %.1fs\n", server, time.Since(began).Seconds())
	return nil
}

// result is a line of the tests' output.
var result = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): (Test\S+) \(([0-9.]+s)\)$`)

// try runs one path on one server.
func try(ctx context.Context, server string, p path, binary string) (cells []cell, output string) {
	began := time.Now()
	cmd := exec.CommandContext(ctx, binary, append([]string{"-test.v", "-test.count=1", "-test.timeout=15m", "-test.run", p.run}, p.args...)...)
	cmd.Dir = p.pkg
	cmd.Env = append(os.Environ(), "OCTAIL_TEST_SERVER="+server)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	all := result.FindAllStringSubmatch(out.String(), -1)
	for _, m := range all {
		name, variant, below := strings.Cut(m[2], "/")
		whole := p.pkg != "internal/app" // of a package's own tests each as a whole
		if whole && below || !whole && slices.ContainsFunc(all, func(other []string) bool { return strings.HasPrefix(other[2], m[2]+"/") }) {
			continue
		}
		if !below {
			variant = name
		}
		cells = append(cells, cell{p.name, variant, m[3], m[1] == "PASS"})
	}
	failed := slices.ContainsFunc(cells, func(c cell) bool { return !c.ok })
	if len(cells) == 0 || err != nil && !failed { // it did not come so far, or died
		cells = append(cells, cell{p.name, "-", fmt.Sprintf("%.2fs", time.Since(began).Seconds()), false})
	}
	return cells, out.String()
}

// table prints all results: a line for each path and variant, a column for each server.
func table(servers []string, results map[string][]cell) {
	var rows []string
	of := map[string]cell{}
	width := 0
	for _, server := range servers {
		for _, c := range results[server] {
			row := c.path + " " + c.variant
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
			of[server+" "+row] = c
			width = max(width, len(row))
		}
	}
	fmt.Printf("\n%-*s", width, "")
	for _, server := range servers {
		fmt.Printf("  %-14s", server)
	}
	fmt.Println()
	for _, row := range rows {
		fmt.Printf("%-*s", width, row)
		for _, server := range servers {
			text := "" // not there on this server
			if c, there := of[server+" "+row]; there {
				text = word(c.ok) + " " + c.took
			}
			fmt.Printf("  %-14s", text)
		}
		fmt.Println()
	}
}
