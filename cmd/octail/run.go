package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"octail/internal/app"
	"octail/internal/check"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/logging"
	"octail/internal/notify"
)

func (p *program) run() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Runs the agent in the foreground", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			var out io.Writer = p.stderr
			var onFill func([]console.Fill)
			if logging.IsTerminal(out) {
				bar := logging.NewBar(out)
				out, onFill = bar, func(all []console.Fill) {
					var lines []string
					for _, f := range all {
						lines = append(lines, f.Bar())
					}
					bar.Set(strings.Join(lines, "  "))
				}
			}
			level := new(slog.LevelVar)
			level.Set(logging.Level(cfg.Log.Level))
			log := logging.NewAt(out, level, cfg.Log.Format)
			logging.Libraries(log)
			// A soft limit: the collector works harder rather than let an import
			// grow the heap. GOMEMLIMIT in the environment overrides it.
			if os.Getenv("GOMEMLIMIT") == "" {
				debug.SetMemoryLimit(72 << 20)
			}
			signal.Ignore(syscall.SIGPIPE) // a reader of our messages that went away ends nothing
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			err = app.Run(cmd.Context(), cfg, app.Options{Version: version, Log: log, Level: level, Load: p.loadAnew, Hangup: hangup, OnFill: onFill, Failpoint: failpoint, Service: notify.FromEnv(), Patience: patience, Hurry: hurry, Housekeeping: housekeeping})
			return p.runError(err)
		},
	}
}

// runError says what kept the agent from running.
func (p *program) runError(err error) error {
	var findings *app.FindingsError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, journal.ErrLocked):
		return journalError(err)
	case errors.As(err, &findings):
		r := findings.Report
		r.Findings = slices.DeleteFunc(r.Findings, func(f check.Finding) bool { return f.Level == check.OK })
		r.LeftOut = nil
		r.Text(p.stderr)
		return &exitError{error: err, code: findings.Report.ExitCode()}
	}
	return &exitError{error: err, code: exitFailure}
}
