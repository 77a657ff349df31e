package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

var kills = flag.Int("kills", 8, "how often TestKill and TestPolledKill kill the agent, per engine")

// program builds the agent with its stop points compiled in, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "octail-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "octail")
	cmd := exec.Command("go", "build", "-tags", "failpoints", "-o", path, "octail/cmd/octail")
	if o := os.Getenv("OCTAIL_OVERLAY"); o != "" {
		cmd.Args = append(cmd.Args[:2], append([]string{"-overlay", o}, cmd.Args[2:]...)...)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build octail: %w\n%s", err, out)
	}
	return path, nil
})

// process is an octail that runs on its own and can be killed.
type process struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

func launch(t testing.TB, configFile string, env ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path, "--config", configFile, "run")}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// killed starts the agent and kills it, again and again: by turns at a random moment
// within most and at the next of its stop points.
func killed(t *testing.T, file string, seed uint64, most time.Duration) {
	t.Helper()
	points := []string{"after-read", "before-commit", "after-commit", "after-deliver"}
	random := rand.New(rand.NewPCG(seed, seed+1))
	for i := range *kills {
		var env []string
		wait := 10*time.Millisecond + time.Duration(random.Int64N(int64(most)))
		if i%2 == 1 { // should it not be passed in time, at random
			env = append(env, fmt.Sprintf("OCTAIL_FAILPOINT=%s:%d", points[i/2%len(points)], 1+random.IntN(4)))
			wait = 1500 * time.Millisecond
		}
		p := launch(t, file, env...)
		ended := make(chan struct{})
		go func() {
			_ = p.cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(wait):
			_ = p.cmd.Process.Kill()
			<-ended
		}
		if code := p.cmd.ProcessState.ExitCode(); code != -1 {
			t.Fatalf("start %d ended by itself with code %d:\n%s", i, code, p.log.String())
		}
	}
}

// TestKill kills the agent again and again while the shop is in use: at random
// moments, and in turn at each stop point. Nothing may be lost or come twice.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, s := range shopsNamed(t, "3.0 MyISAM", "4.1 InnoDB") {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: s.args})
			database := shoptesting.Database(t, server)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			cfg := configure(t, server, database, settings{dir: dir, prefix: s.prefix, settle: "50ms"})
			file := writeConfig(t, server, database, settings{dir: dir, prefix: s.prefix, settle: "50ms"})
			first := start(t, server, cfg) // from here on nothing may be missed
			first.quiet()
			first.stop()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			shop := shoptest.NewShop(db, s.gen, s.prefix, 11)
			used := make(chan error, 1)
			go func() { used <- shoptest.Run(ctx, shop, 40, func(shoptest.Step) {}) }()

			killed(t, file, 1, 700*time.Millisecond)
			stop()
			if err := <-used; err != nil {
				t.Fatal(err)
			}
			a := start(t, server, cfg)
			a.quiet()
			compareAll(t, a.look(), server, database, s.prefix)
			checkJournal(t, a.look(), a.file)
			missing := 0
			for _, o := range shop.Truth().Orders {
				known, err := a.look().Known(t.Context(), document.OrderEntity, []int64{o.ID})
				if err != nil {
					t.Fatal(err)
				}
				// One that came and went while the agent was dead was never seen.
				if known[o.ID].Revision == 0 && !o.Deleted {
					missing++
				}
			}
			if missing > 0 {
				t.Errorf("%d confirmed orders are not in the journal", missing)
			}
			t.Logf("%s: %d kills, %d orders, %d events, %d missing", s.name, *kills, len(shop.Truth().Orders), a.look().Last(), missing)
		})
	}
}

// checkJournal checks that sequences have no gap, revisions count up, no
// revision repeats the content of the one before, and that the file holds each
// event once, in order.
func checkJournal(t *testing.T, j *journal.Journal, file string) {
	t.Helper()
	var gaps, repeats, wrongRevisions int
	revision := map[document.Key]int64{}
	content := map[document.Key]string{}
	lines := map[int64][]byte{}
	next := int64(1)
	for {
		events, err := j.Events(t.Context(), next-1, 1000, 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			e := &events[i]
			if e.Sequence != next {
				gaps++
			}
			next = e.Sequence + 1
			if e.Revision != revision[e.Key]+1 {
				wrongRevisions++
			}
			revision[e.Key] = e.Revision
			doc, err := document.DocumentOf(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == document.Updated && content[e.Key] == string(doc) {
				repeats++
			}
			content[e.Key] = string(doc)
			e.Shop = "test-shop"
			lines[e.Sequence] = e.AppendJSON(nil)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var repeatedLines, missingLines, strangeLines int
	seen := map[string]bool{}
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 64<<20)
	last := int64(0)
	for scanner.Scan() {
		var e struct{ ID, Sequence string }
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			t.Fatalf("line after sequence %d: %v", last, err)
		}
		if seen[e.ID] {
			repeatedLines++
		}
		seen[e.ID] = true
		var n int64
		fmt.Sscanf(e.Sequence, "%d", &n)
		if n != last+1 {
			missingLines++
		}
		last = n
		if !bytes.Equal(lines[n], scanner.Bytes()) {
			strangeLines++
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if last != j.Last() {
		missingLines++
	}
	t.Logf("%d events: gaps=%d wrong_revisions=%d repeated_entries=%d; file: repeated=%d missing=%d other=%d", next-1, gaps, wrongRevisions, repeats, repeatedLines, missingLines, strangeLines)
	if gaps+wrongRevisions+repeats+repeatedLines+missingLines+strangeLines > 0 {
		t.Error("the journal or the file is not what it must be")
	}
}

// writeConfig writes the file that configure parses.
func writeConfig(t testing.TB, server *shoptest.Server, database string, s settings) string {
	t.Helper()
	path := filepath.Join(s.dir, "config.yaml")
	if err := os.WriteFile(path, []byte(configText(server, database, s)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
