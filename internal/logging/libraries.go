package logging

import (
	"context"
	"log/slog"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Libraries makes what libraries log by themselves (go-mysql through slog's
// default logger, the database driver through its own, others through package
// log) debug messages of log: they speak of single connections and events, and
// whoever reads octail's messages needs its own words for them. main calls it
// before anything runs, and again when the agent's logger is made; the default
// loggers belong to the process.
func Libraries(log *slog.Logger) {
	quiet := slog.New(debug{log.Handler()})
	slog.SetDefault(quiet)
	_ = mysql.SetLogger(slog.NewLogLogger(quiet.Handler(), slog.LevelDebug)) // refuses nil only
}

// debug turns every record into a debug message.
type debug struct{ slog.Handler }

func (d debug) Enabled(ctx context.Context, _ slog.Level) bool {
	return d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d debug) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	// net/http quotes what a target sent unasked, which may hold anything.
	r.Message, _, _ = strings.Cut(r.Message, " starting with ")
	return d.Handler.Handle(ctx, r)
}

func (d debug) WithAttrs(a []slog.Attr) slog.Handler { return debug{d.Handler.WithAttrs(a)} }
func (d debug) WithGroup(n string) slog.Handler      { return debug{d.Handler.WithGroup(n)} }
