// Command bench measures octail against a reference in the same run and prints
// ratios: `make bench`.
//
//	bench catchup   CPU per 100,000 row changes, beside a go-mysql canal loop that prints each row as JSON
//	bench memory    peak memory while catching up on 300,000 and 600,000 row changes, and of the
//	                first snapshot of 200 products of 1 MB and 2,000 of 120 KB
//	bench wide      the latter alone
//	bench latency   commit in the shop to the request at a webhook receiver, beside a bare binlog reader; see latency.go
//	bench idle      CPU and memory of the agent on a shop where nothing happens
//	bench outage    start, memory and deliveries behind a target that was down for 72 hours: 1,000,000 revisions of 20,000 entities
//	bench beside    throughput of a sink beside another one that hangs or is down, and alone
//	bench poison    delay of live changes with an entity among them that the target refuses, and without
//	bench bulk      delay of live orders while a fill of 50,000 entities runs in the same sink, and alone
//	bench poll      what a sweep of 20,000 products and 20,000 orders costs (capture.mode: poll)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"octail/canal"
	"octail/internal/shoptest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	octail := set.String("octail", "./octail", "the agent's binary")
	rounds := set.Int("rounds", 3, "how often to measure; the median counts")
	changes := set.Int("changes", 100_000, "row changes of the order load, for catchup")
	length := set.Duration("for", time.Minute, "how long to measure, for latency and idle")
	rate := set.Int("rate", 50, "orders a second, for latency")
	entities := set.Int("entities", 20_000, "entities that wait, for outage and beside")
	revisions := set.Int("revisions", 1_000_000, "revisions that wait, for outage")
	filled := set.Int("filled", 50_000, "entities of the fill, for bulk")
	brief := set.Duration("brief", 5*time.Second, "how long to measure, for poison and bulk")
	keep := set.String("keep", "", "a folder in which the journal of outage stays for the next run")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.Arg(0) == "reference" { // we run ourselves as the reference
		return reference(set.Args()[1:])
	}
	if set.Arg(0) == "after-outage" { // we run ourselves as the process that is measured
		entities, err := strconv.ParseInt(set.Arg(2), 10, 64)
		if err != nil {
			return err
		}
		return afterOutage(ctx, set.Arg(1), entities)
	}
	todo := set.Args()
	if len(todo) == 0 {
		todo = []string{"catchup", "memory", "beside", "poison", "bulk", "outage"}
	}
	for _, what := range todo {
		var err error
		switch what { // these need no shop
		case "outage":
			err = outage(ctx, *entities, *revisions, *keep)
		case "beside":
			err = beside(ctx, *entities, *rounds)
		case "poison":
			err = poison(ctx, *rounds, *brief)
		case "bulk":
			err = bulk(ctx, *filled, *brief)
		default:
			err = withShop(ctx, *octail, func(b *bench) error {
				switch what {
				case "catchup":
					return b.catchup(ctx, *changes, *rounds)
				case "memory":
					return errors.Join(b.memory(ctx), b.wide(ctx))
				case "poll":
					return b.poll(ctx)
				case "wide":
					return b.wide(ctx)
				case "latency":
					return b.latency(ctx, *rate, *length)
				case "idle":
					return b.idle(ctx, *length)
				}
				return fmt.Errorf("unknown benchmark %q", what)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withShop measures on a shop of its own.
func withShop(ctx context.Context, octail string, measure func(*bench) error) error {
	b, err := newBench(ctx, octail)
	if err != nil {
		return err
	}
	return errors.Join(measure(b), b.close())
}

// bench is a shop on a private server.
type bench struct {
	octail string
	dir    string
	server *shoptest.Server
}

const database = "shop"

func newBench(ctx context.Context, octail string) (*bench, error) {
	path, err := exec.LookPath(octail)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "octail-bench-")
	if err != nil {
		return nil, err
	}
	server, err := shoptest.Start(ctx, shoptest.Options{Flavor: shoptest.MariaDB, Args: []string{"--max-binlog-size=1G"}})
	if err != nil {
		return nil, err
	}
	b := &bench{octail: path, dir: dir, server: server}
	if err := server.Exec(ctx, "", "CREATE DATABASE "+database+" CHARACTER SET utf8mb4"); err != nil {
		return nil, errors.Join(err, b.close())
	}
	db, err := server.Open(database, true)
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	defer db.Close()
	if err := shoptest.Load(ctx, db, shoptest.V4, "oc_"); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) close() error { return errors.Join(b.server.Stop(), os.RemoveAll(b.dir)) }

// used is what a process took.
type used struct {
	cpu  time.Duration // user and system
	peak int64         // resident memory, bytes
	wall time.Duration
}

func cpuOf(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// catchup compares the CPU of octail with that of the reference for one binlog.
func (b *bench) catchup(ctx context.Context, changes, rounds int) error {
	a, err := b.newAgent(ctx, "agent", "")
	if err != nil {
		return err
	}
	identity, err := canal.Inspect(ctx, b.server.DB())
	if err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for range rounds {
		from, err := canal.Here(ctx, b.server.DB(), identity)
		if err != nil {
			return err
		}
		filled, err := shoptest.FillOrders(ctx, b.server, database, shoptest.V4, "oc_", shoptest.FillOptions{Orders: (changes + 5) / 6, Transactions: true})
		if err != nil {
			return err
		}
		agent, err := a.catchUp(ctx, int64(filled.Orders))
		if err != nil {
			return err
		}
		ref, err := b.runReference(ctx, from, filled.Changes)
		if err != nil {
			return err
		}
		per := func(u used) time.Duration { return u.cpu * 100_000 / time.Duration(filled.Changes) }
		ours, theirs = append(ours, per(agent)), append(theirs, per(ref))
		fmt.Printf("catchup: %d row changes, %d orders: octail %.2f s CPU per 100,000 (%.1f s wall, peak %.0f MiB), canal loop %.2f s CPU (%.1f s wall)\n",
			filled.Changes, filled.Orders, per(agent).Seconds(), agent.wall.Seconds(), mib(agent.peak), per(ref).Seconds(), ref.wall.Seconds())
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	o, t := ours[len(ours)/2], theirs[len(theirs)/2]
	fmt.Printf("catchup: median octail %.2f s, canal loop %.2f s CPU per 100,000 row changes; ratio %.2f\n", o.Seconds(), t.Seconds(), o.Seconds()/t.Seconds())
	return nil
}

// memory prints the agent's peak while it catches up.
func (b *bench) memory(ctx context.Context) error {
	a, err := b.newAgent(ctx, "agent", "")
	if err != nil {
		return err
	}
	var first int64
	for _, changes := range []int{300_000, 600_000} {
		filled, err := shoptest.FillOrders(ctx, b.server, database, shoptest.V4, "oc_", shoptest.FillOptions{Orders: changes / 6, Transactions: true})
		if err != nil {
			return err
		}
		u, err := a.catchUp(ctx, int64(filled.Orders))
		if err != nil {
			return err
		}
		if first == 0 {
			first = u.peak
		}
		fmt.Printf("memory: peak %.1f MiB while catching up on %d row changes (%.1f s, %.2f s CPU); ratio to the first %.2f\n",
			mib(u.peak), filled.Changes, u.wall.Seconds(), u.cpu.Seconds(), float64(u.peak)/float64(first))
	}
	return nil
}

// wide prints the agent's peak while it takes its first snapshot of products with long
// descriptions in two languages.
func (b *bench) wide(ctx context.Context) error {
	conn, err := b.server.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, q := range []string{
		"USE " + database, "SET sql_log_bin = 0, sql_mode = ''",
		"ALTER TABLE oc_product_description MODIFY description mediumtext",
		"INSERT INTO oc_product (product_id, model, status) SELECT 100000 + seq, CONCAT('wide-', seq), 1 FROM seq_1_to_2200",
		"INSERT INTO oc_product_description (product_id, language_id, name, description) SELECT 100000 + seq, language_id, CONCAT('wide ', seq), REPEAT('0123456789abcde ', IF(seq <= 200, 32000, 3750)) FROM seq_1_to_2200, oc_language",
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	a, err := b.newAgent(ctx, "wide", "product")
	if err != nil {
		return err
	}
	n, err := lines(filepath.Join(a.dir, "events.jsonl"))
	if err != nil {
		return err
	}
	fmt.Printf("memory: peak %.1f MiB for the first snapshot of %d products, 200 of them of 1 MB and 2,000 of 120 KB (%.1f s, %.2f s CPU)\n",
		mib(a.first.peak), n["octail.product.created"], a.first.wall.Seconds(), a.first.cpu.Seconds())
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
