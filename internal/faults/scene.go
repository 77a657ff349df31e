package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"octail/internal/faults/ledger"
	"octail/internal/shoptest"
)

// scene is the stage of one case: a shop on a server of its own, an agent, receivers. Its
// methods end the case when something fails that must not; they are called by the case's
// own goroutine alone.
type scene struct {
	*runner
	began time.Time
	dir   string

	gen      shoptest.Generation
	server   *shoptest.Server
	database string
	db       *sql.DB
	shop     *shoptest.Shop

	conf   conf
	disk   string   // a folder in dir for journal and file sink; empty: dir itself
	root   string   // in front of the file sink's path, for an agent in a mount namespace
	hook   *webhook // of the sink "hook"
	mirror *mirror  // of the sink "mirror", in cases that have one
	// mirrorTakes are the kinds that the mirror is given, nil: all. mirrorPart: it is not
	// given what it does not read, so that its content is not compared.
	mirrorTakes []string
	mirrorPart  bool
	agent       *agent // the last one that was started
	verdict     ledger.Verdict
	figures     []string
	after       []func()
	started     time.Time // when an agent was started, or a fault was over; zero: settled since
}

// ended is how a case leaves its function when it cannot go on.
type ended struct{ why string }

const skipped = "skipped: "

// play runs a case to its end, clears up, and says why it is not ok.
func (s *scene) play(do func(*scene)) (why string) {
	defer func() {
		for i := len(s.after) - 1; i >= 0; i-- {
			s.after[i]()
		}
	}()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case ended:
			why = e.why
		default:
			panic(e)
		}
	}()
	s.must(os.MkdirAll(s.dir, 0o700))
	do(s)
	return ""
}

// part plays a part of a case with a shop and an agent of its own. Its verdict and figures
// are the case's too.
func (s *scene) part(name string, do func(*scene)) {
	p := &scene{runner: s.runner, began: time.Now(), dir: filepath.Join(s.dir, name)}
	why := p.play(do)
	v := s.verdict.Add(p.verdict)
	v.Committed, v.Delivered = s.verdict.Committed+p.verdict.Committed, s.verdict.Delivered+p.verdict.Delivered
	s.verdict = v
	s.figures = append(s.figures, name+":")
	s.figures = append(s.figures, p.figures...)
	switch {
	case strings.HasPrefix(why, skipped):
		s.skipf("%s: %s", name, strings.TrimPrefix(why, skipped))
	case why != "":
		s.agent = p.agent
		s.failf("%s: %s", name, why)
	}
}

func (s *scene) failf(format string, args ...any) { panic(ended{fmt.Sprintf(format, args...)}) }
func (s *scene) skipf(format string, args ...any) {
	panic(ended{skipped + fmt.Sprintf(format, args...)})
}

// must ends the case when err is one.
func (s *scene) must(err error) {
	if err != nil {
		s.failf("%v", err)
	}
}

// want ends the case when something is not so.
func (s *scene) want(so bool, format string, args ...any) {
	if !so {
		s.failf(format, args...)
	}
}

// figure adds one to the case's line.
func (s *scene) figure(name string, value any) {
	switch v := value.(type) {
	case time.Duration:
		value = fmt.Sprintf("%.1fs", v.Seconds())
	case string:
		value = strings.ReplaceAll(v, " ", "_")
	}
	s.figures = append(s.figures, fmt.Sprintf("%s=%v", name, value))
}

// until waits until something is so.
func (s *scene) until(what string, so func() bool) time.Duration {
	return s.within(time.Minute, what, so)
}

func (s *scene) within(d time.Duration, what string, so func() bool) time.Duration {
	began := time.Now()
	for !so() {
		if s.ctx.Err() != nil {
			s.failf("interrupted")
		}
		if time.Since(began) > d {
			s.failf("waited %s in vain for %s%s", d, what, s.latest())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

// latest is what the agent says of itself, for messages.
func (s *scene) latest() string {
	if s.agent == nil {
		return ""
	}
	st, err := s.agent.status()
	if err != nil {
		return "; the agent does not answer"
	}
	return "; the agent says: " + st.Sentence + " " + strings.Join(st.Reasons, "; ")
}

// open makes a shop of a generation on a server of its own. The agent reads it over TCP.
func (s *scene) open(gen shoptest.Generation, args ...string) {
	s.openOn(s.newServer(shoptest.Options{Args: args}), gen)
}

// newServer starts a database server that ends with the case.
func (s *scene) newServer(o shoptest.Options) *shoptest.Server {
	if o.Version == "" && (o.Flavor == "" || o.Flavor == shoptest.MariaDB) {
		o.Version = os.Getenv("OCTAIL_TEST_MARIADB")
	}
	server, err := shoptest.Start(s.ctx, o)
	s.must(err)
	s.after = append(s.after, func() { _ = server.Stop() })
	return server
}

func (s *scene) openOn(server *shoptest.Server, gen shoptest.Generation) {
	s.gen, s.server, s.database = gen, server, "shop"
	s.sql(server.DB(), "CREATE DATABASE shop CHARACTER SET utf8mb4")
	s.goTo(server)
	s.must(shoptest.Load(s.ctx, s.db, gen, "oc_"))
	s.conf = conf{settle: "50ms", hold: "5s", snapshot: "[customer, product, stock, category]", address: server.Addr(), user: "root", prefix: "oc_"}
	s.hook = s.newReceiver("hook")
	s.conf.sinks = []string{
		fmt.Sprintf("{name: log, type: file, path: %q}", s.file()),
		s.hook.sink(),
	}
}

// goTo makes the shop of another server the one that is used and judged.
func (s *scene) goTo(server *shoptest.Server) {
	db, err := server.Open(s.database, true)
	s.must(err)
	s.after = append(s.after, func() { _ = db.Close() })
	s.server, s.db, s.shop = server, db, shoptest.NewShop(db, s.gen, "oc_", uint64(len(s.after)))
}

// file is what the file sink writes.
func (s *scene) file() string { return filepath.Join(s.dir, s.disk, "events.jsonl") }

// sql runs statements on one connection.
func (s *scene) sql(db *sql.DB, statements ...string) {
	conn, err := db.Conn(s.ctx)
	s.must(err)
	defer conn.Close()
	for _, q := range statements {
		if _, err := conn.ExecContext(s.ctx, q); err != nil {
			s.failf("%s: %v", q, err)
		}
	}
}

// ask reads one value.
func (s *scene) ask(db *sql.DB, query string) (value string) {
	var v sql.NullString
	if err := db.QueryRowContext(s.ctx, query).Scan(&v); err != nil {
		s.failf("%s: %v", query, err)
	}
	return v.String
}

// place lets visitors place orders, one after the other.
func (s *scene) place(n int) (ids []int64) {
	for range n {
		c, err := s.shop.RandomCheckout(s.ctx)
		s.must(err)
		id, err := s.shop.Order(s.ctx, c)
		s.must(err)
		ids = append(ids, id)
	}
	return ids
}

// use lets visitors and staff use the shop until stop is called.
func (s *scene) use(rate float64) (stop func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() { done <- shoptest.Run(ctx, s.shop, rate, func(shoptest.Step) {}) }()
	var over bool
	stop = func() {
		if over {
			return
		}
		over = true
		cancel()
		s.must(<-done)
	}
	s.after = append(s.after, func() {
		if !over {
			cancel()
			<-done
		}
	})
	return stop
}

// judge compares all targets with the shop as they are now.
func (s *scene) judge() ledger.Verdict {
	shop, err := ledger.Read(s.ctx, s.server.DSN(s.database), s.conf.prefix)
	if err != nil { // it may be down
		return ledger.Verdict{Lost: 1, Notes: []string{err.Error()}}
	}
	lines, err := ledger.Lines(s.root + s.file())
	s.must(err)
	v := ledger.Judge(shop, lines, ledger.Options{})
	if s.hook != nil {
		requests, err := ledger.Requests(s.hook.records)
		s.must(err)
		v = v.Add(ledger.Judge(shop, requests, ledger.Options{}))
	}
	if s.mirror != nil {
		v = v.Add(s.mirrorVerdict(shop))
	}
	return v
}

// settle waits until all that the shop has committed is in every target and the agent
// has nothing left to do, and keeps the verdict. It ends the case when that does not come,
// or when something is wrong that no waiting heals.
func (s *scene) settle() (took time.Duration) { return s.settleWithin(90 * time.Second) }

func (s *scene) settleWithin(limit time.Duration) (took time.Duration) {
	began := time.Now()
	for {
		idle := s.agent.idle(s.position())
		s.verdict = s.judge()
		if idle && s.verdict.Clean() {
			s.started = time.Time{}
			return time.Since(began)
		}
		if s.ctx.Err() != nil {
			s.failf("interrupted")
		}
		if s.agent.over() {
			s.failf("the agent has ended: %s", s.agent.tail())
		}
		if time.Since(began) > limit {
			s.failf("not equal after %s (idle: %v)%s", limit, idle, s.latest())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// recover is settle for what comes after a fault: the time is a figure of the case. It is
// that from the agent's start when it was started since the last settle, else from now.
func (s *scene) recover() {
	began := time.Now()
	if !s.started.IsZero() {
		began = s.started
	}
	s.settle()
	s.figure("recovered", time.Since(began))
}

// position is the GTID of the last transaction in the server's log, "" where there is none.
func (s *scene) position() string {
	if s.server.Flavor() != shoptest.MariaDB {
		return ""
	}
	var gtid sql.NullString
	_ = s.server.DB().QueryRowContext(s.ctx, "SELECT @@gtid_binlog_pos").Scan(&gtid)
	return gtid.String
}

// pick chooses a count or a time by the length of the run.
func pick[T any](s *scene, long, short T) T {
	if s.short {
		return short
	}
	return long
}
