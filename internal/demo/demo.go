// Package demo shows octail at work: a throwaway shop on a real database server,
// visitors and staff who use it, and the agent beside it. Nothing of it stays
// behind.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/shoptest"
	"octail/sinks/all"
)

// Options of a demo.
type Options struct {
	Generation shoptest.Generation
	Duration   time.Duration // 0: until ctx ends
	Rate       float64       // steps of visitors and staff a second
	Version    string        // of octail
	Out        io.Writer
}

// Shop user of the demo: the same rights the README grants.
const (
	user     = "octail"
	password = "demo-password"
	database = "shop"
)

// Run plays the demo until the duration is over or ctx ends. whole is true when
// every order that was confirmed arrived whole. The error is a
// *shoptest.NotFoundError when no database server is installed.
func Run(ctx context.Context, o Options) (whole bool, err error) {
	d := &demo{Options: o, began: time.Now()}
	d.say("starting a private MariaDB on a free port ...")
	server, err := shoptest.Start(ctx, shoptest.Options{Flavor: shoptest.MariaDB, Args: []string{"--default-time-zone=+00:00"}})
	if err != nil {
		return false, err
	}
	defer func() {
		if stopErr := server.Stop(); stopErr != nil {
			err = errors.Join(err, stopErr)
		}
	}()
	dir, err := os.MkdirTemp("", "octail-demo-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	return d.play(ctx, server, dir)
}

// patience is how long the demo waits, once the shop is closed, for what is on its way.
var patience = 30 * time.Second

type demo struct {
	Options
	began time.Time
	mu    sync.Mutex // of Out
	seen  *arrivals
}

func (d *demo) say(format string, args ...any) { d.line("demo", format, args...) }

func (d *demo) line(who, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.Out, "%6.1fs  %-6s  %s\n", time.Since(d.began).Seconds(), who, fmt.Sprintf(format, args...))
}

func (d *demo) play(ctx context.Context, server *shoptest.Server, dir string) (bool, error) {
	setUp := context.WithoutCancel(ctx)
	if err := server.Exec(setUp, "", `CREATE DATABASE `+database+` CHARACTER SET utf8mb4;
		CREATE USER '`+user+`'@'127.0.0.1' IDENTIFIED BY '`+password+`';
		GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '`+user+`'@'127.0.0.1';
		GRANT SELECT ON `+database+`.* TO '`+user+`'@'127.0.0.1'`); err != nil {
		return false, err
	}
	db, err := server.Open(database, true)
	if err != nil {
		return false, err
	}
	defer db.Close()
	d.say("loading an %s shop ...", d.Generation)
	if err := shoptest.Load(setUp, db, d.Generation, "oc_"); err != nil {
		return false, err
	}
	cfg, err := configure(server, dir, d.Generation)
	if err != nil {
		return false, err
	}

	agentCtx, stopAgent := context.WithCancel(setUp)
	ended := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		ended <- app.Run(agentCtx, cfg, app.Options{Version: d.Version, Log: slog.New(&problems{d: d})})
	}()
	defer func() { // its files can be removed only when it has closed them
		stopAgent()
		<-over
	}()
	events := filepath.Join(dir, "events.jsonl")
	d.seen = newArrivals()
	follow := d.follow(agentCtx, events)
	if err := d.quiet(ctx, server, cfg, ended); err != nil {
		if ctx.Err() != nil {
			err = errors.New("ended before the shop was open")
		}
		return false, err
	}
	d.say("the agent has read the catalogue (%d documents) and follows every change; here are the visitors", d.seen.total())
	d.seen.show(d)

	shop := shoptest.NewShop(db, d.Generation, "oc_", uint64(time.Now().UnixNano()))
	shopCtx, close := ctx, context.CancelFunc(func() {})
	if d.Duration > 0 {
		shopCtx, close = context.WithTimeout(ctx, d.Duration)
	}
	defer close()
	if err := shoptest.Run(shopCtx, shop, d.Rate, func(s shoptest.Step) {
		if s.Text != "" {
			d.line("shop", "%s", s.Text)
		}
	}); err != nil {
		return false, fmt.Errorf("the simulated shop: %w", err)
	}
	d.say("the shop closes; waiting for what is on its way ...")
	bounded, cancel := context.WithTimeout(setUp, patience)
	defer cancel()
	quietErr := d.quiet(bounded, server, cfg, ended)
	stopAgent()
	if err := <-ended; err != nil {
		return false, err
	}
	if err := <-follow; err != nil {
		return false, err
	}
	return d.sum(shop.Truth()), quietErr
}

func configure(server *shoptest.Server, dir string, gen shoptest.Generation) (*config.Config, error) {
	zone := config.TimezoneAuto
	if gen.Zone() == "" {
		zone = "UTC" // that of the server
	}
	text := fmt.Sprintf(`
shop:
  name: demo-shop
  timezone: %s
  mysql: {address: "%s", user: %s, password: %s, database: %s}
journal: {path: %s}
http: {listen: "127.0.0.1:0"}
sinks:
  - {name: events, type: file, path: %s}
`, zone, server.Addr(), user, password, database, filepath.Join(dir, "octail.db"), filepath.Join(dir, "events.jsonl"))
	cfg, _, err := config.Parse("demo", []byte(text), all.Types())
	return cfg, err
}

// problems shows the agent's warnings and errors among the demo's lines.
type problems struct {
	d    *demo
	with string // attributes of the logger
}

func (p *problems) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (p *problems) WithGroup(string) slog.Handler                { return p }
func (p *problems) WithAttrs(attrs []slog.Attr) slog.Handler {
	q := *p
	for _, a := range attrs {
		q.with += " " + a.String()
	}
	return &q
}
func (p *problems) Handle(_ context.Context, r slog.Record) error {
	text := r.Message + p.with
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	p.d.line("octail", "%s: %s", r.Level, text)
	return nil
}
